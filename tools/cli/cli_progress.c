/* SPDX-License-Identifier: MIT */
#include "cli_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define LINE_WIDTH 78
#define INTERVAL_SECONDS 0.2

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

bool progress_wanted(void)
{
	return isatty(STDERR_FILENO) == 1;
}

void progress_start(struct progress *p, uint64_t total_bytes)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	*p = (struct progress){
		.on = progress_wanted(),
		.color = term && strcmp(term, "dumb") != 0 && !(no_color && no_color[0]),
		.total_bytes = total_bytes,
		.started = now(),
	};
}

/* "1:05", or "?:??" as long as nothing can be said. */
static void format_eta(char *buf, size_t n, const struct progress *p, double elapsed)
{
	double left;

	if (elapsed < 1 || p->done_bytes == 0) {
		snprintf(buf, n, "?:??");
		return;
	}
	left = elapsed * (double)(p->total_bytes - p->done_bytes) / (double)p->done_bytes;
	snprintf(buf, n, "%d:%02d", (int)(left / 60), (int)left % 60);
}

static void show(struct progress *p, double t)
{
	char done[16], total[16], speed[16], eta[16], line[LINE_WIDTH + 1];
	double elapsed = t - p->started;
	double rate = elapsed > 0 ? (double)p->done_bytes / elapsed : 0;

	format_eta(eta, sizeof(eta), p, elapsed);
	snprintf(line, sizeof(line), "%3.0f %%  %s of %s, %s/s, %s left",
		p->total_bytes ? 100.0 * (double)p->done_bytes / (double)p->total_bytes : 100.0,
		cli_bytes(p->done_bytes, done), cli_bytes(p->total_bytes, total),
		cli_bytes((uint64_t)rate, speed), eta);
	fprintf(stderr, "\r%s%-*s%s", p->color ? "\033[36m" : "", LINE_WIDTH, line,
		p->color ? "\033[m" : "");
	fflush(stderr);
	p->printed = t;
	p->shown = true;
}

void progress_add(struct progress *p, uint64_t n_bytes)
{
	double t;

	if (!p->on)
		return;
	p->done_bytes += n_bytes;
	if (p->done_bytes > p->total_bytes)
		p->total_bytes = p->done_bytes;
	t = now();
	if (t - p->printed >= INTERVAL_SECONDS)
		show(p, t);
}

void progress_hide(struct progress *p)
{
	if (!p->shown)
		return;
	fprintf(stderr, "\r%*s\r", LINE_WIDTH, "");
	fflush(stderr);
	p->shown = false;
	p->printed = 0;
}

void progress_end(struct progress *p)
{
	progress_hide(p);
	p->on = false;
}
