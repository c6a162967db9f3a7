/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

/*
 * libfuse has handlers for SIGHUP, SIGINT and SIGTERM, ignores SIGPIPE, and leaves all others
 * alone. Nobody sends the signals below on purpose: they come from a limit of CPU time, from a log
 * rotation that guesses, or from a timer that the program before us left running.
 */
static const int ignored[] = { SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR,
	SIGSTKFLT, SIGXCPU, SIGXFSZ };

/* Those by which somebody asks for the end. */
static const int ending[] = { SIGHUP, SIGINT, SIGTERM };

int signals_set(struct fs *fs)
{
	struct sigaction end;

	for (size_t k = 0; k < sizeof(ignored) / sizeof(ignored[0]); k++)
		signal(ignored[k], SIG_IGN);
	for (int k = SIGRTMIN; k <= SIGRTMAX; k++)
		signal(k, SIG_IGN);
	/*
	 * A shell starts background commands with SIGINT ignored, nohup with SIGHUP, and libfuse
	 * leaves ignored signals alone. A daemon has no terminal whose wishes that could be.
	 */
	for (size_t k = 0; !fs->opt.foreground && k < sizeof(ending) / sizeof(ending[0]); k++)
		signal(ending[k], SIG_DFL);
	if (fuse_set_signal_handlers(fs->session))
		return -EIO;
	/* By default SIGQUIT dumps core. */
	if (!sigaction(SIGTERM, NULL, &end) && end.sa_handler != SIG_IGN)
		(void)sigaction(SIGQUIT, &end, NULL);
	return 0;
}
