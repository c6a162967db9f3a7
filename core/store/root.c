/* SPDX-License-Identifier: MIT */
/*
 * Whether a directory is the root of a store.
 *
 * A directory .alcm alone doesn't make a root: a command that works outside of every
 * store makes one for its jobs, and removes it again.
 */
#include "alcm.h"
#include "base/beneath.h"

bool alcm_store_is_root(int dirfd)
{
	return beneath_exists(dirfd, ".alcm/lock") || beneath_exists(dirfd, ".alcm/caq");
}
