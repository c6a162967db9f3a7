/* SPDX-License-Identifier: MIT */
/*
 * Counters of a mount's activity, and the list of files open for writing. Counters are
 * relaxed atomics, since requests of all threads count and no one compares two of them.
 *
 * A counter is a value of enum activity_counter, counted where the event happens, and a
 * row of the table in mount_stats.c, by which users see it. The list has one entry per
 * file, not per handle: from the first writer's open to the last one's close. Newest
 * first, so a list cut at its end shows what happens now.
 */
#include "activity.h"

#include <errno.h>

#include "base/clock.h"

void activity_init(struct activity *s)
{
	lock_init(&s->lock, LOCK_QUEUE);
	LIST_INIT(&s->writing);
	s->start_ns = clock_wall_ns();
}

void activity_count(struct activity *s, enum activity_counter what, uint64_t n)
{
	atomic_fetch_add_explicit(&s->counters[what], n, memory_order_relaxed);
}

/* The two kinds of failure that an administrator can do something about. The others are
   answers that programs expect, such as ENOENT. */
void activity_count_result(struct activity *s, int result)
{
	if (result == -EIO)
		activity_count(s, ACTIVITY_N_IO_ERRORS, 1);
	else if (result == -ENOSPC || result == -EDQUOT)
		activity_count(s, ACTIVITY_N_SPACE_ERRORS, 1);
}

void activity_writing_begin(struct activity *s, struct activity_writing *w)
{
	WITH_LOCK(&s->lock);
	atomic_store_explicit(&w->written_bytes, 0, memory_order_relaxed);
	w->since_ns = clock_wall_ns();
	LIST_INSERT_HEAD(&s->writing, w, list);
	s->n_writing++;
}

void activity_writing_end(struct activity *s, struct activity_writing *w)
{
	WITH_LOCK(&s->lock);
	LIST_REMOVE(w, list);
	s->n_writing--;
}
