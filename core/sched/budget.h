/* SPDX-License-Identifier: MIT */
/*
 * The memory budget: all chunk buffers of all blobs come from here, and their total stays
 * within a limit. A thread that needs one waits, holding no lock, until others give
 * theirs back; the budget asks its clients for that.
 */
#ifndef ALCM_SCHED_BUDGET_H
#define ALCM_SCHED_BUDGET_H

#include <stddef.h>
#include <stdint.h>

struct budget;

/* A holder of buffers. Embedded in the caller's object. */
struct budget_client {
	/*
	 * Release what is possible: free clean buffers, start the encoding of dirty ones.
	 * Called with the registry lock held. It may take the client's own locks and call
	 * budget_put(), but no function that waits.
	 */
	void (*reclaim)(struct budget_client *client);
	struct budget_client *prev, *next; /* guarded by the registry lock */
};

/* `pooled_bytes`: buffers of this size are kept for reuse. -ENOMEM. */
int budget_new(size_t limit_bytes, size_t pooled_bytes, struct budget **out);

/* All buffers must have been put back. NULL is fine. */
void budget_free(struct budget *budget);

void budget_register(struct budget *budget, struct budget_client *client);

/* When this returns, reclaim() isn't running and won't be called again. A second call
   does nothing. */
void budget_unregister(struct budget *budget, struct budget_client *client);

/*
 * A buffer of len_bytes, aligned to 64. Waits while the limit is reached (a buffer larger
 * than the whole limit is granted when nothing else is out). NULL: the system has no
 * memory.
 */
void *budget_get(struct budget *budget, size_t len_bytes);

/* As budget_get(), but NULL instead of waiting, and only while a quarter of the limit is
   free. */
void *budget_try_get(struct budget *budget, size_t len_bytes);

/* Give a buffer back. Never waits. */
void budget_put(struct budget *budget, void *buf, size_t len_bytes);

/* Free the buffers kept for reuse. */
void budget_trim(struct budget *budget);

void budget_use(struct budget *budget, size_t *used, size_t *peak, size_t *limit);

#endif
