/* SPDX-License-Identifier: MIT */
/*
 * Who uses which store on this machine: a registry that the kernel keeps.
 *
 * A user of a store holds read locks (open file description locks, fcntl(2)) on the
 * descriptor of its root directory, at offsets that nothing else locks: an offset says
 * what is used, and how.
 *
 *     bits 48…62   a magic number
 *          45…47   enum mark
 *           0…44   the hash of a name (place.h)
 *
 * Read locks never make anybody wait. Those on the same root are asked for by fcntl(2);
 * all others everybody sees in /proc/locks, also those of other PID and mount namespaces.
 * They go with their process. Two users who come at once each set their marks first and
 * look then, so at least one of them sees the other.
 */
#ifndef ALCM_STORE_MARKS_H
#define ALCM_STORE_MARKS_H

#include "store/place.h"

enum mark {
	MARK_MOUNT, /* this store is mounted */
	MARK_VERB,  /* a command changes files of this store, for a while */
	MARK_READ,  /* this store is mounted, from a place where nothing can be written */
	/* The same of a store somewhere below this directory. */
	MARK_BELOW_MOUNT,
	MARK_BELOW_VERB,
	MARK_BELOW_READ,
	MARKS,
};

/* What others do that bears on a place. */
struct marks_seen {
	bool self[MARKS]; /* marks on the place itself */
	/* on a directory above it; those of a store below mean nothing there */
	bool above[MARKS];
	bool device[MARKS]; /* of stores anywhere on the device of the root */
};

/* Mark the place of the open directory `rootfd` (for reading) as used. 0 or a negative
   errno. */
int marks_set(int rootfd, const struct place *place, enum mark use);

/* Take the marks back. */
void marks_clear(int rootfd);

/* Whether the open directory `dirfd` (for reading) is marked as the root of a mounted
   store. */
bool marks_of_mount(int dirfd, const struct place_key *key);

/*
 * What others have marked; the caller's own marks, set on `rootfd`, are left out.
 * -ENOSYS: there is no /proc/locks to read.
 */
int marks_look(int rootfd, const struct place *place, struct marks_seen *out);

#endif
