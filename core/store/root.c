/* SPDX-License-Identifier: MIT */
/* Whether a directory is the root of a store. */
#include "alcm.h"
#include "base/beneath.h"

bool alcm_store_is_root(int dirfd)
{
	return beneath_exists(dirfd, ".alcm/lock") || beneath_exists(dirfd, ".alcm/caq");
}
