/* SPDX-License-Identifier: MIT */
/*
 * The state of the process when main() begins: descriptors, signals, stacks. Programs may
 * be started with closed standard descriptors, a tiny stack or fatal signals; each of
 * these would otherwise show much later, as a damaged file or a crash.
 *
 *   descriptors 0 to 2 closed   opened on /dev/null, before anything else is opened
 *   SIGXFSZ                     ignored: a write beyond ulimit -f fails with EFBIG
 *   stacks of threads           2 MiB, whatever ulimit -s says
 *   stack of main()             8 MiB of its own if ulimit -s gives less
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "alcm.h"

enum {
	/* The deepest chain of calls needs a quarter of this, and half of it under
	   sanitizers. */
	THREAD_STACK_BYTES = 2 << 20,
	MAIN_STACK_BYTES = 8 << 20,
};

static bool lost_output;

/* Without /dev/null (an empty chroot) the root directory serves: reading and writing it
   fail, and nothing else matters. */
static int open_nothing(void)
{
	int fd = open("/dev/null", O_RDWR);

	return fd >= 0 ? fd : open("/", O_RDONLY | O_DIRECTORY);
}

/* Closed ones are filled up: a file of the store must never become descriptor 1 or 2. */
static int open_standard_descriptors(void)
{
	int fd;

	lost_output = fcntl(STDOUT_FILENO, F_GETFD) < 0 && errno == EBADF;
	do
		fd = open_nothing();
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

bool alcm_process_lost_output(void)
{
	return lost_output;
}

bool alcm_process_has_proc(void)
{
	return access("/proc/self/fd/0", F_OK) == 0;
}

/*
 * This also covers threads of libraries, whose stacks would be as large as RLIMIT_STACK.
 */
static int set_thread_stack(void)
{
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	err = pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES)
		?: pthread_setattr_default_np(&attr);
	pthread_attr_destroy(&attr);
	return -err;
}

static bool stack_is_small(void)
{
	struct rlimit r;

	return !getrlimit(RLIMIT_STACK, &r) && r.rlim_cur < MAIN_STACK_BYTES;
}

/* makecontext() can pass integers only, so the call is kept here. */
static struct {
	int (*body)(int argc, char **argv);
	int argc, result;
	char **argv;
} call;

static void run_call(void)
{
	call.result = call.body(call.argc, call.argv);
}

/*
 * Run main() on a stack of our own. A hard limit can't be raised. Running in another
 * thread would give up what belongs to the main thread, such as its signals and
 * capabilities.
 */
static int run_on_own_stack(int (*body)(int argc, char **argv), int argc, char **argv)
{
	void *stack = mmap(NULL, MAIN_STACK_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	ucontext_t caller, callee;

	if (stack == MAP_FAILED || getcontext(&callee))
		return 1;
	callee.uc_stack.ss_sp = stack;
	callee.uc_stack.ss_size = MAIN_STACK_BYTES;
	callee.uc_link = &caller;
	call.body = body;
	call.argc = argc;
	call.argv = argv;
	call.result = 1;
	makecontext(&callee, run_call, 0);
	(void)swapcontext(&caller, &callee);
	return call.result;
}

int alcm_process_run(int (*body)(int argc, char **argv), int argc, char **argv)
{
	if (open_standard_descriptors())
		return 1;
	signal(SIGXFSZ, SIG_IGN);
	if (set_thread_stack())
		return 1;
	return stack_is_small() ? run_on_own_stack(body, argc, argv) : body(argc, argv);
}
