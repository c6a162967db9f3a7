/* SPDX-License-Identifier: MIT */
#include "summaries.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "fs.h"

/* After a change, so that a run of saves costs one round; and as a share of the time that a round takes. */
enum { PAUSE_MS = 500, PAUSE_ROUNDS = 10 };

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void summaries_refresh(struct fs *fs, const char *dir)
{
	int err;

	pthread_mutex_lock(&fs->summaries.making);
	err = alcm_summary_refresh(fs->store_fd, dir);
	pthread_mutex_unlock(&fs->summaries.making);
	if (err && err != -ENODATA && err != -ENOENT && err != -EAGAIN && err != -ENOTDIR)
		fs_log(fs, ALCM_LOG_WARNING, "%s: no summary: %s", *dir ? dir : ".",
			strerror(-err));
}

/* Wait until it ends, or for so long; lock held. */
static void pause_locked(struct summaries *s, uint64_t ms)
{
	uint64_t until = now_ms() + ms;
	struct timespec t = { .tv_sec = (time_t)(until / 1000),
		.tv_nsec = (long)(until % 1000) * 1000000 };

	while (!s->ending && pthread_cond_timedwait(&s->changed, &s->lock, &t) != ETIMEDOUT)
		;
}

/* All that is missing is found from the top. */
static void *run(void *arg)
{
	struct fs *fs = arg;
	struct summaries *s = &fs->summaries;
	uint64_t round_ms = 0;

	pthread_mutex_lock(&s->lock);
	while (!s->ending || s->due) {
		if (!s->due) {
			pthread_cond_wait(&s->changed, &s->lock);
			continue;
		}
		pause_locked(s, PAUSE_MS + PAUSE_ROUNDS * round_ms);
		s->due = false;
		pthread_mutex_unlock(&s->lock);
		round_ms = now_ms();
		summaries_refresh(fs, "");
		round_ms = now_ms() - round_ms;
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int summaries_start(struct fs *fs)
{
	struct summaries *s = &fs->summaries;
	pthread_condattr_t attr;
	int err;

	pthread_mutex_init(&s->making, NULL);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &attr);
	pthread_condattr_destroy(&attr);
	err = pthread_create(&s->thread, NULL, run, fs);
	s->running = !err;
	return -err;
}

void summaries_stop(struct fs *fs)
{
	struct summaries *s = &fs->summaries;

	if (!s->running)
		return;
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->running = false;
}

void summaries_changed(struct fs *fs)
{
	pthread_mutex_lock(&fs->summaries.lock);
	fs->summaries.due = true;
	pthread_cond_signal(&fs->summaries.changed);
	pthread_mutex_unlock(&fs->summaries.lock);
}
