/* SPDX-License-Identifier: MIT */
/*
 * The check of the lock order, in debug builds. Each thread keeps a bit mask of the
 * levels that it holds. Taking a level is wrong if any bit from that level on is set.
 *
 *   holds MAP and BLOB   takes LEAF: later than both, right
 *                        takes REGISTRY, or another BLOB: aborts
 *
 * The order is checked before waiting, so a wrong one shows in every run that comes by
 * it, and not only when two threads meet. A bit per level is enough, since a thread never
 * holds two locks of one level.
 */
#include "base/lock.h"

#ifdef ALCM_CHECK_LOCKS
#include <stdio.h>
#include <stdlib.h>

static _Thread_local unsigned held; /* a bit per level */

static void fail(const char *what, unsigned level_or_levels)
{
	fprintf(stderr, "lock order: %s %#x while holding %#x\n", what, level_or_levels,
		held);
	abort();
}

void lock_check_order(enum lock_level level)
{
	if (held & LOCK_FROM(level))
		fail("taking", 1u << level);
}

void lock_note_taken(enum lock_level level)
{
	held |= 1u << level;
}

void lock_note_dropped(enum lock_level level)
{
	if (!(held & 1u << level))
		fail("dropping", 1u << level);
	held &= ~(1u << level);
}

void lock_assert_free(unsigned levels)
{
	if (held & levels)
		fail("entering what needs none of", levels);
}
#endif
