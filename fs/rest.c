/* SPDX-License-Identifier: MIT */
/*
 * Giving memory back after a second without a request. A request costs one load of a flag
 * here; only the first one after a look also stores it and makes a look due.
 *
 *   request       sets `ended`, once, and makes a look due in a second
 *   look          `ended` was set: clears it, and looks again in a second
 *   look          it wasn't: trims; then sleeps until the next request
 *
 * So a busy mount has one look a second, and an unused one has none.
 */
#include "rest.h"

#include <malloc.h>

#include "fs.h"

enum { PAUSE_MS = 1000 }; /* time without a request */

static void look(struct fs *fs)
{
	if (atomic_exchange_explicit(&fs->rest.ended, false, memory_order_relaxed)) {
		background_due(&fs->rest.work);
		return;
	}
	alcm_trim(fs->alcm);
	read_buffers_trim(&fs->read_buffers);
	(void)malloc_trim(0);
}

int rest_start(struct fs *fs)
{
	return background_start(&fs->rest.work, fs, look, PAUSE_MS, 0);
}

void rest_stop(struct fs *fs)
{
	background_stop(&fs->rest.work);
}

void rest_end(struct fs *fs)
{
	if (atomic_load_explicit(&fs->rest.ended, memory_order_relaxed))
		return;
	atomic_store_explicit(&fs->rest.ended, true, memory_order_relaxed);
	background_due(&fs->rest.work);
}
