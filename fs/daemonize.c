/* SPDX-License-Identifier: MIT */
/*
 * Becoming a daemon. Parent and child share a pipe: one byte means that the mount is
 * served, and its end without a byte means that the child failed.
 *
 *   parent   fork ──► waits at the pipe ─────────────────────► exit 0, or 1 at its end
 *   child    setsid ──► starts threads ──► /dev/null ──► byte ──► serves
 *
 * So mount(8) and scripts may use the mount as soon as the command returns, and a failed
 * start shows in its exit code. Messages of the start still go to the terminal; standard
 * streams are replaced only after it has worked.
 */
#include "daemonize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

/* If the child ends without writing, read() returns the end of the pipe. */
static _Noreturn void wait_for_child(int child)
{
	char word;

	_exit(fd_read(child, &word, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int daemonize_fork(int *parent)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0) {
		int err = -errno;

		close(ends[0]);
		close(ends[1]);
		return err;
	}
	if (pid > 0) {
		close(ends[1]);
		wait_for_child(ends[0]);
	}
	close(ends[0]);
	(void)setsid();
	*parent = ends[1];
	return 0;
}

void daemonize_done(int parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	(void)!write(parent, "", 1);
	close(parent);
}
