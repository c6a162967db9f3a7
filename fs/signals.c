/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

/*
 * Nobody sends the signals below on purpose: they come from a limit of CPU time, from a
 * log rotation that guesses, from a reader that went away, or from a timer that the
 * program before us left running.
 */
static const int ignored[] = { SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO,
	SIGPIPE, SIGPWR, SIGSTKFLT, SIGXCPU, SIGXFSZ };

/* Those by which somebody asks for the end. By default SIGQUIT dumps core. */
static const int ending[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT };

static struct workers *served;

static void end(int sig)
{
	(void)sig;
	workers_end(served);
}

/*
 * A shell starts background commands with SIGINT ignored, nohup with SIGHUP: in the
 * foreground that is kept. A daemon has no terminal whose wishes that could be.
 */
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
