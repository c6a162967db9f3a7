/* SPDX-License-Identifier: MIT */
/*
 * The memory budget: a count of bytes, and a ring of clients that can give some back.
 *
 *   budget_get():  within the limit? ──► a spare buffer, or a new one
 *                      │ no
 *                      └──► all clients reclaim ──► wait for budget_put(), at most 10 ms
 *
 * A few buffers are kept as spares, since writers take and return them all the time. The
 * count includes only buffers that are lent, so the heap holds up to a quarter more than
 * the limit, and one buffer.
 *
 * No thread waits for ever: one that waits holds no lock of core (asserted), so workers
 * and other requests go on and give their buffers back; every put wakes all waiters; and
 * a waiter asks the clients again at least every 10 ms. A buffer larger than the limit is
 * granted as soon as nothing is lent.
 *
 * Lock order: registry, then a client's own locks (in reclaim), then `lock`, which is a
 * leaf, so that reclaim() can call budget_put(). budget_unregister() takes the registry's
 * lock, too. So it waits for a running reclaim(), and its caller may free the client.
 */
#include "sched/budget.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/lock.h"

/* A spare buffer holds the link to the next one in its own bytes. */
struct spare {
	struct spare *next;
};

struct budget {
	struct lock registry;         /* guards clients; outside every blob's lock */
	struct budget_client clients; /* ring; head is no client */

	struct lock lock; /* guards all below; a leaf */
	pthread_cond_t freed;
	size_t limit, used, peak, pooled_bytes;
	struct spare *spares;
	size_t n_spares;
};

int budget_new(size_t limit_bytes, size_t pooled_bytes, struct budget **out)
{
	struct budget *b = mem_zalloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	lock_init(&b->registry, LOCK_REGISTRY);
	lock_init(&b->lock, LOCK_LEAF);
	cond_init(&b->freed);
	b->clients.prev = b->clients.next = &b->clients;
	b->limit = limit_bytes;
	b->pooled_bytes = pooled_bytes;
	*out = b;
	return 0;
}

static void free_spares(struct spare *s)
{
	while (s) {
		struct spare *next = s->next;

		mem_free(s);
		s = next;
	}
}

void budget_free(struct budget *b)
{
	if (!b)
		return;
	free_spares(b->spares);
	pthread_cond_destroy(&b->freed);
	lock_destroy(&b->lock);
	lock_destroy(&b->registry);
	mem_free(b);
}

void budget_register(struct budget *b, struct budget_client *c)
{
	WITH_LOCK(&b->registry);
	c->next = &b->clients;
	c->prev = b->clients.prev;
	c->prev->next = c->next->prev = c;
}

void budget_unregister(struct budget *b, struct budget_client *c)
{
	WITH_LOCK(&b->registry);
	c->prev->next = c->next;
	c->next->prev = c->prev;
	c->prev = c->next = c;
}

/* Count len_bytes as used if they fit within `limit`. While nothing is lent any length
   fits, or a buffer larger than the limit could never be had. */
static bool take_locked(struct budget *b, size_t len_bytes, size_t limit)
{
	if (b->used && (len_bytes > limit || b->used > limit - len_bytes))
		return false;
	b->used += len_bytes;
	if (b->used > b->peak)
		b->peak = b->used;
	return true;
}

/* Only buffers of the usual size are pooled. */
static void *spare_locked(struct budget *b, size_t len_bytes)
{
	struct spare *s = b->spares;

	if (len_bytes != b->pooled_bytes || !s)
		return NULL;
	b->spares = s->next;
	b->n_spares--;
	return s;
}

/* Ask all clients to give buffers back, starting with the next one in turn. */
static void reclaim(struct budget *b)
{
	WITH_LOCK(&b->registry);
	struct budget_client *head = &b->clients, *c = head->next;

	if (c == head)
		return;
	for (; c != head; c = c->next)
		c->reclaim(c);
	/* The first moves to the back, so that another one is asked first next time. */
	c = head->next;
	head->next = c->next;
	c->next->prev = head;
	c->next = head;
	c->prev = head->prev;
	c->prev->next = head->prev = c;
}

/* Wait for a buffer to come back. The time-out is there because a client may have become
   able to reclaim more in the meantime. */
static void wait_freed_locked(struct budget *b)
{
	enum { PAUSE_MS = 10 };

	(void)lock_wait_until(&b->lock, &b->freed, clock_ms() + PAUSE_MS);
}

/* The bytes are already counted, so a failure must return them. */
static void *allocate(struct budget *b, void *spare, size_t len_bytes)
{
	void *buf = spare ? spare : mem_alloc_aligned(len_bytes);

	if (!buf)
		budget_put(b, NULL, len_bytes);
	return buf;
}

void *budget_get(struct budget *b, size_t len_bytes)
{
	void *spare = NULL;
	bool taken = false;

	lock_assert_free(LOCK_OF_CORE);
	while (!taken) {
		{
			WITH_LOCK(&b->lock);
			taken = take_locked(b, len_bytes, b->limit);
			if (taken)
				spare = spare_locked(b, len_bytes);
		}
		if (taken)
			break;
		reclaim(b);
		WITH_LOCK(&b->lock);
		/* Tested once more under the lock: a put since the first test has already sent
		   its wake-up, and waiting for another would cost the whole pause. */
		if (b->used && b->used + len_bytes > b->limit)
			wait_freed_locked(b);
	}
	return allocate(b, spare, len_bytes);
}

/* Buffers that only make things faster, such as cached chunks, stop at three quarters:
   the last quarter is for callers that can't go on without one. */
void *budget_try_get(struct budget *b, size_t len_bytes)
{
	void *spare;

	{
		WITH_LOCK(&b->lock);
		if (!take_locked(b, len_bytes, b->limit - b->limit / 4))
			return NULL;
		spare = spare_locked(b, len_bytes);
	}
	return allocate(b, spare, len_bytes);
}

void budget_put(struct budget *b, void *buf, size_t len_bytes)
{
	{
		WITH_LOCK(&b->lock);
		b->used -= len_bytes;
		/* Keep about as many as a busy writer needs; the rest goes back to the system. */
		if (buf && len_bytes == b->pooled_bytes &&
			b->n_spares * b->pooled_bytes < b->limit / 4) {
			struct spare *s = buf;

			s->next = b->spares;
			b->spares = s;
			b->n_spares++;
			buf = NULL;
		}
		/* All of them: waiters want different lengths, and the one that a signal wakes
		   might not fit while another would. */
		pthread_cond_broadcast(&b->freed);
	}
	mem_free(buf);
}

void budget_trim(struct budget *b)
{
	struct spare *spares;

	{
		WITH_LOCK(&b->lock);
		spares = b->spares;
		b->spares = NULL;
		b->n_spares = 0;
	}
	free_spares(spares);
}

void budget_use(struct budget *b, size_t *used, size_t *peak, size_t *limit)
{
	WITH_LOCK(&b->lock);
	*used = b->used;
	*peak = b->peak;
	*limit = b->limit;
}
