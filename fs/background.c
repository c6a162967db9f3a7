/* SPDX-License-Identifier: MIT */
/*
 * A thread that does a round of work a while after it became due.
 *
 *   due ──► pause (and rest after a long round) ──► round ──► due again? …
 *
 * Several events within the pause cost one round. A signal of `changed` during the pause
 * means that the thread should end, or only that another event came: the pause goes on
 * until its time is over. At the end a round that is due is still done, without the
 * pause, so a save's report isn't lost by an unmount.
 */
#include "background.h"

#include <errno.h>
#include <stdint.h>

#include "base/clock.h"

/* Wait for `ms`, or until the thread should end; lock held. */
static void pause_locked(struct background *b, uint64_t ms)
{
	uint64_t until = clock_ms() + ms;

	while (!b->ending && lock_wait_until(&b->lock, &b->changed, until) != ETIMEDOUT)
		;
}

/* `due` is cleared before the round, so an event during the round starts another one. */
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
		round_ms = clock_ms();
		b->round(b->fs);
		round_ms = clock_ms() - round_ms;
		lock_take(&b->lock);
	}
	lock_drop(&b->lock);
	return NULL;
}

int background_start(struct background *b, struct fs *fs, void (*round)(struct fs *fs),
	unsigned pause_ms, unsigned rest_rounds)
{
	int err;

	b->fs = fs;
	b->round = round;
	b->pause_ms = pause_ms;
	b->rest_rounds = rest_rounds;
	lock_init(&b->lock, LOCK_QUEUE);
	cond_init(&b->changed);
	err = pthread_create(&b->thread, NULL, run, b);
	b->running = !err;
	return -err;
}

void background_due(struct background *b)
{
	WITH_LOCK(&b->lock);
	b->due = true;
	pthread_cond_signal(&b->changed);
}

void background_stop(struct background *b)
{
	if (!b->running)
		return;
	{
		WITH_LOCK(&b->lock);
		b->ending = true;
		pthread_cond_signal(&b->changed);
	}
	pthread_join(b->thread, NULL);
	b->running = false;
}
