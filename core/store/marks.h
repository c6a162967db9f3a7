/* SPDX-License-Identifier: MIT */
/*
 * Which stores are in use on this machine, and how: a registry that the kernel keeps.
 *
 * A user of a store holds read locks (open file description locks, fcntl(2)) on the
 * descriptor of its root directory. They lie at offsets that nothing else locks. The
 * offset says which store is used, and how:
 *
 *     bits 48…62   a magic number
 *          45…47   enum mark
 *           0…44   the hash of a name (place.h)
 *
 * Read locks never make anything wait. fcntl(2) answers for locks on the same root.
 * /proc/locks shows the rest, including those of other PID and mount namespaces. The
 * kernel removes the locks of a process that ends. Of two processes that start at the
 * same time, each sets its marks before it looks, so at least one sees the other.
 */
#ifndef ALCM_STORE_MARKS_H
#define ALCM_STORE_MARKS_H

#include "store/place.h"

enum mark {
	MARK_MOUNT, /* this store is mounted */
	MARK_VERB,  /* a command changes files of this store, for a while */
	MARK_READ,  /* this store is mounted, from a place where nothing can be written */
	/* The same, for a store somewhere below this directory. */
	MARK_BELOW_MOUNT,
	MARK_BELOW_VERB,
	MARK_BELOW_READ,
	MARKS,
};

/* The marks of other processes that concern a place. */
struct marks_seen {
	bool self[MARKS]; /* marks on the place itself */
	/* on a directory above it; MARK_BELOW_… mean nothing there */
	bool above[MARKS];
	bool device[MARKS]; /* of stores anywhere on the device of the root */
};

/* Mark the place of the open directory `rootfd` (for reading) as used. 0 or a negative
   errno. */
int marks_set(int rootfd, const struct place *place, enum mark use);

/* Remove all marks of this descriptor. */
void marks_clear(int rootfd);

/* Whether the directory `dirfd`, open for reading, is marked as the root of a mounted
   store. */
bool marks_of_mount(int dirfd, const struct place_key *key);

/* Collect the marks of others. The caller's own, set on `rootfd`, are left out. -ENOSYS:
   there is no /proc/locks to read. */
int marks_look(int rootfd, const struct place *place, struct marks_seen *out);

#endif
