/* SPDX-License-Identifier: MIT */
#include "activity.h"

#include <errno.h>
#include <time.h>

uint64_t activity_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void activity_init(struct activity *s)
{
	lock_init(&s->lock, LOCK_QUEUE);
	s->start_ns = activity_now_ns();
}

void activity_count(struct activity *s, enum activity_counter what, uint64_t n)
{
	atomic_fetch_add_explicit(&s->counters[what], n, memory_order_relaxed);
}

void activity_count_result(struct activity *s, int result)
{
	if (result == -EIO)
		activity_count(s, ACTIVITY_N_IO_ERRORS, 1);
	else if (result == -ENOSPC || result == -EDQUOT)
		activity_count(s, ACTIVITY_N_SPACE_ERRORS, 1);
}

void activity_writing_begin(struct activity *s, struct activity_writing *w)
{
	lock_take(&s->lock);
	atomic_store_explicit(&w->written_bytes, 0, memory_order_relaxed);
	w->since_ns = activity_now_ns();
	w->prev = NULL;
	w->next = s->writing;
	if (w->next)
		w->next->prev = w;
	s->writing = w;
	s->n_writing++;
	lock_drop(&s->lock);
}

void activity_writing_end(struct activity *s, struct activity_writing *w)
{
	lock_take(&s->lock);
	if (w->prev)
		w->prev->next = w->next;
	else
		s->writing = w->next;
	if (w->next)
		w->next->prev = w->prev;
	s->n_writing--;
	lock_drop(&s->lock);
}
