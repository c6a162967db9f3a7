/* SPDX-License-Identifier: MIT */
/*
 * Where a directory lies: names of it, and of every directory above it, that are the same
 * for all who look, whichever mount, bind mount or mount namespace they look through.
 *
 * A directory has two such names: its device and inode number (which survive a rename),
 * and its path within its filesystem, from /proc/self/mountinfo (which tells what lies
 * above a bind mount). Each becomes a hash. What lies above a bind mount has its inode
 * number, too, where another mount shows it.
 */
#ifndef ALCM_STORE_PLACE_H
#define ALCM_STORE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACE_KEY_BITS = 45 };

struct place_key {
	uint64_t hash; /* of PLACE_KEY_BITS bits */
	bool self;     /* a name of the directory itself; else of one above it */
};

struct place {
	struct place_key *keys;
	size_t n_keys;
};

/*
 * Fill `out` for the open directory `dirfd` (O_PATH is enough). Free with
 * place_release(). -ENOMEM; -ENOSYS: there is no /proc; other errors of open(2) and
 * statx(2).
 */
int place_find(int dirfd, struct place *out);
void place_release(struct place *place);

/* The directory's own key by its inode number, without all that lies above. 0 or a
   negative errno. */
int place_own_key(int dirfd, struct place_key *out);

#endif
