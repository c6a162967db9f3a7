/* SPDX-License-Identifier: MIT */
/* Finding the state of a blob when it is opened (docs/format.md, section 4). */
#ifndef ALCM_BLOB_RECOVER_H
#define ALCM_BLOB_RECOVER_H

#include "blob/disk.h"
#include "blob/engine.h"
#include "blob/table.h"
#include "blob/totals.h"

struct recovered {
	struct disk_header header;
	bool header_bad; /* the header was repaired, or rebuilt from a trailer */
	bool tail_bad;   /* a flipped bit in the newest trailer or its index was repaired */
	bool has_trailer;
	bool has_index;   /* in a scan: a commit was there, whole or not */
	bool scanned;     /* the trailer didn't end the file */
	bool rolled_back; /* to an older commit, after a power failure */
	/* there was a newer commit; damage, not a crash, made it unreadable */
	bool commit_damaged;
	struct disk_trailer trailer;
	struct table table; /* the caller releases it */
	struct totals totals;
	uint64_t size; /* logical */
	uint64_t file_size;
};

/*
 * Find the state of a blob (docs/format.md, section 4). -EMEDIUMTYPE: not a blob. -EIO:
 * corrupt or newer, see `diag`. On failure nothing needs releasing.
 */
int recover_state(const struct blob_io *store, struct recovered *out,
	struct alcm_diag *diag);

/* Log that the state isn't the newest, if so. */
void recover_say(struct alcm *alcm, const struct blob_io *store,
	const struct recovered *rec);

/* Only what alcm_probe() needs: the header and the trailer that counts. */
int recover_probe(const struct blob_io *store, struct alcm_probe *out,
	struct alcm_diag *diag);

#endif
