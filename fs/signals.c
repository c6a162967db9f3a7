/* SPDX-License-Identifier: MIT */
/*
 * Signals of the daemon: the ones that end the mount, and the ones that must not. A
 * handler may do hardly anything, so it only posts a semaphore, for which the main thread
 * waits.
 */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

/*
 * These signals aren't sent to end the mount. They come from a CPU time limit, a log
 * rotation that guesses, a reader that went away, or a timer left running by the program
 * before.
 */
static const int ignored[] = { SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO,
	SIGPIPE, SIGPWR, SIGSTKFLT, SIGXCPU, SIGXFSZ };

/* Requests to end. By default SIGQUIT would dump core. */
static const int ending[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT };

/* A handler gets no argument of ours, hence a global. */
static struct workers *served;

static void end(int sig)
{
	(void)sig;
	workers_end(served);
}

/* Shells start background commands with SIGINT ignored, and nohup with SIGHUP; in the
   foreground that is respected. A daemon has no terminal, so there it isn't. */
static void set_ending(const struct fs *fs, int sig)
{
	struct sigaction action = { .sa_handler = end, .sa_flags = SA_RESTART }, before;

	if (fs->opt.foreground && !sigaction(sig, NULL, &before) &&
		before.sa_handler == SIG_IGN)
		return;
	(void)sigaction(sig, &action, NULL);
}

void signals_set(struct fs *fs)
{
	served = &fs->workers;
	for (size_t k = 0; k < sizeof(ignored) / sizeof(ignored[0]); k++)
		signal(ignored[k], SIG_IGN);
	for (int k = SIGRTMIN; k <= SIGRTMAX; k++)
		signal(k, SIG_IGN);
	for (size_t k = 0; k < sizeof(ending) / sizeof(ending[0]); k++)
		set_ending(fs, ending[k]);
}
