/* SPDX-License-Identifier: MIT */
/* A walk over all frames of a blob, where no trailer says what there is
   (docs/format.md, section 4, step 2). */
#ifndef ALCM_BLOB_WALK_H
#define ALCM_BLOB_WALK_H

#include "blob/blob_io.h"
#include "blob/disk.h"
#include "blob/table.h"

/* A walk over frames: for trailers, or the second time for records. */
struct walk {
	const struct blob_io *store;
	uint64_t file_size, tag;
	uint32_t chunk_bytes;
	uint8_t *body; /* for the body of one record */
	int err;       /* -ENOMEM, …: the walk is incomplete */
	/* The last trailer with a valid index. */
	struct disk_trailer trailer;
	bool has_trailer;
	bool has_index; /* of any commit, with a trailer or without */
	/* In the second walk: the newest record of each chunk. */
	struct table *records;
};

/* Walk from the header to file_size. What couldn't be read is an error. -ENOMEM, … */
int walk_frames(struct walk *w);

#endif
