/* SPDX-License-Identifier: MIT */
/*
 * Where a directory lies: names for it and for every directory above it. The names are
 * the same through every mount, bind mount and mount namespace.
 *
 * A directory has two such names. Its device and inode number survive a rename. Its path
 * within its filesystem, from /proc/self/mountinfo, shows what lies above a bind mount.
 * Each name becomes a hash. A directory above a bind mount also gets its inode number if
 * another mount shows it.
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

/* The directory's own key by its inode number, without the directories above. 0 or a
   negative errno. */
int place_own_key(int dirfd, struct place_key *out);

#endif
