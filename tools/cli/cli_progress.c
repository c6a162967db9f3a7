/* SPDX-License-Identifier: MIT */
/*
 * The progress line: 78 columns, redrawn four times a second over itself.
 *
 *      42 %  53.1 MiB of 126.4 MiB, 20.0 MiB/s, 0:04 left
 *
 * Library calls say nothing about how far they are. So a call's progress is what the
 * process has read in the meantime, by /proc/self/io, divided by how often the call reads
 * the file. When it ends, progress_add() replaces that guess by the file's size.
 *
 * The lock is recursive, because messages are printed between pause and resume, and may
 * come from code that has paused already. It is held through the pause: the thread can't
 * draw into a message.
 */
#include "cli_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/lock.h"
#include "cli.h"

#define LINE_WIDTH 78
#define INTERVAL_MS 250

/* Bytes that this process has read so far; 0 if /proc doesn't tell. */
static uint64_t bytes_read(void)
{
	FILE *io = fopen("/proc/self/io", "re");
	unsigned long long n = 0;

	if (!io)
		return 0;
	if (fscanf(io, "rchar: %llu", &n) != 1)
		n = 0;
	fclose(io);
	return n;
}

bool progress_wanted(void)
{
	return isatty(STDERR_FILENO) == 1;
}

/* "1:05", or "?:??" in the first second or percent, when an estimate means nothing. */
static void format_eta(char *buf, size_t n, uint64_t done, uint64_t total, double elapsed)
{
	double left;

	if (elapsed < 1 || done < total / 100) {
		snprintf(buf, n, "?:??");
		return;
	}
	left = done ? elapsed * (double)(total - done) / (double)done : 0;
	snprintf(buf, n, "%d:%02d", (int)(left / 60), (int)left % 60);
}

/* Never beyond the file or the total, since n_passes is only an estimate. */
static uint64_t done_so_far(const struct progress *p)
{
	uint64_t in_file = p->file_bytes ? (bytes_read() - p->read_base) / p->n_passes : 0;
	uint64_t done = p->done_bytes + (in_file < p->file_bytes ? in_file : p->file_bytes);

	return done < p->total_bytes ? done : p->total_bytes;
}

/* One write per line, padded to the full width, so nothing of a longer line stays. */
static void show_locked(struct progress *p)
{
	char done_text[16], total_text[16], speed[16], eta[16], line[LINE_WIDTH + 1];
	uint64_t done = done_so_far(p);
	double elapsed = clock_seconds(clock_wall_ns() - p->started_ns);
	double rate = elapsed > 0 ? (double)done / elapsed : 0;

	format_eta(eta, sizeof(eta), done, p->total_bytes, elapsed);
	snprintf(line, sizeof(line), "%3.0f %%  %s of %s, %s/s, %s left",
		p->total_bytes ? 100.0 * (double)done / (double)p->total_bytes : 100.0,
		cli_bytes(done, done_text), cli_bytes(p->total_bytes, total_text),
		cli_bytes((uint64_t)rate, speed), eta);
	fprintf(stderr, "\r%s%-*s%s", p->color ? "\033[36m" : "", LINE_WIDTH, line,
		p->color ? "\033[m" : "");
	fflush(stderr);
	p->shown = true;
}

static void hide_locked(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r%*s\r", LINE_WIDTH, "");
	fflush(stderr);
	p->shown = false;
}

static void *draw(void *arg)
{
	struct progress *p = arg;
	struct timespec until;

	pthread_mutex_lock(&p->lock);
	while (!p->ending) {
		until = clock_at(clock_ms() + INTERVAL_MS);
		pthread_cond_timedwait(&p->ended, &p->lock, &until);
		if (!p->ending)
			show_locked(p);
	}
	hide_locked(p);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* NO_COLOR: see no-color.org. Without a thread there is no line, which is no failure. */
void progress_start(struct progress *p, uint64_t total_bytes)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	pthread_mutexattr_t attr;

	if (!progress_wanted())
		return;
	memset(p, 0, sizeof(*p));
	p->color = term && strcmp(term, "dumb") != 0 && !(no_color && no_color[0]);
	p->total_bytes = total_bytes;
	p->started_ns = clock_wall_ns();
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&p->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	cond_init(&p->ended);
	p->on = pthread_create(&p->thread, NULL, draw, p) == 0;
}

/* Bytes are counted from here on; what was read before belongs to other files. */
void progress_file(struct progress *p, uint64_t n_bytes, unsigned n_passes)
{
	if (!p->on)
		return;
	pthread_mutex_lock(&p->lock);
	p->file_bytes = n_bytes;
	p->n_passes = n_passes;
	p->read_base = bytes_read();
	pthread_mutex_unlock(&p->lock);
}

void progress_add(struct progress *p, uint64_t n_bytes)
{
	if (!p->on)
		return;
	pthread_mutex_lock(&p->lock);
	p->file_bytes = 0;
	p->done_bytes += n_bytes;
	pthread_mutex_unlock(&p->lock);
}

/* Keeps the lock until progress_resume(), so the thread can't draw in between. */
void progress_pause(struct progress *p)
{
	if (!p->on)
		return;
	pthread_mutex_lock(&p->lock);
	hide_locked(p);
}

void progress_resume(struct progress *p)
{
	if (p->on)
		pthread_mutex_unlock(&p->lock);
}

void progress_end(struct progress *p)
{
	if (!p->on)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_signal(&p->ended);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->ended);
	pthread_mutex_destroy(&p->lock);
	p->on = false;
}
