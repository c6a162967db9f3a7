/* SPDX-License-Identifier: MIT */
#include "background.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Wait until it ends, or for so long; lock held. */
static void pause_locked(struct background *b, uint64_t ms)
{
	uint64_t until = now_ms() + ms;
	struct timespec t = { .tv_sec = (time_t)(until / 1000),
		.tv_nsec = (long)(until % 1000) * 1000000 };

	while (!b->ending && lock_wait_until(&b->lock, &b->changed, &t) != ETIMEDOUT)
		;
}

static void *run(void *arg)
{
	struct background *b = arg;
	uint64_t round_ms = 0;

	lock_take(&b->lock);
	while (!b->ending || b->due) {
		if (!b->due) {
			lock_wait(&b->lock, &b->changed);
			continue;
		}
		pause_locked(b, b->pause_ms + b->rest_rounds * round_ms);
		b->due = false;
		lock_drop(&b->lock);
		round_ms = now_ms();
		b->round(b->fs);
		round_ms = now_ms() - round_ms;
		lock_take(&b->lock);
	}
	lock_drop(&b->lock);
	return NULL;
}

int background_start(struct background *b, struct fs *fs, void (*round)(struct fs *fs),
	unsigned pause_ms, unsigned rest_rounds)
{
	pthread_condattr_t attr;
	int err;

	b->fs = fs;
	b->round = round;
	b->pause_ms = pause_ms;
	b->rest_rounds = rest_rounds;
	lock_init(&b->lock, LOCK_QUEUE);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->changed, &attr);
	pthread_condattr_destroy(&attr);
	err = pthread_create(&b->thread, NULL, run, b);
	b->running = !err;
	return -err;
}

void background_due(struct background *b)
{
	lock_take(&b->lock);
	b->due = true;
	pthread_cond_signal(&b->changed);
	lock_drop(&b->lock);
}

void background_stop(struct background *b)
{
	if (!b->running)
		return;
	lock_take(&b->lock);
	b->ending = true;
	pthread_cond_signal(&b->changed);
	lock_drop(&b->lock);
	pthread_join(b->thread, NULL);
	b->running = false;
}
