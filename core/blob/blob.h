/* SPDX-License-Identifier: MIT */
/* What tests need of a blob beyond alcm.h: the same blobs on any store. */
#ifndef ALCM_BLOB_BLOB_H
#define ALCM_BLOB_BLOB_H

#include "alcm.h"
#include "blob/blob_io.h"

/* alcm_blob_create() and alcm_blob_open() on a store other than POSIX; `store` is
   copied. */
int blob_create_on(struct alcm *alcm, struct blob_io store,
	const struct alcm_profile *profile, struct alcm_blob **out);
int blob_open_on(struct alcm *alcm, struct blob_io store, bool writable,
	struct alcm_blob **out, struct alcm_diag *diag);
int blob_check_on(struct alcm *alcm, struct blob_io store, bool repair,
	struct alcm_check *out);

/* Pretend to be on another boot of the machine, as after a power failure; NULL: the real
   one. */
void blob_set_boot_id_for_tests(const uint8_t id[16]);

/*
 * Take a blob that was rebuilt without any commit for what there is of it, as alcm check
 * --repair does: until then nothing is read from it. False: it has a commit.
 */
bool blob_salvage(struct alcm_blob *blob);

#endif
