/* SPDX-License-Identifier: MIT */
/* Figures over all live records of a blob. */
#ifndef ALCM_BLOB_TOTALS_H
#define ALCM_BLOB_TOTALS_H

#include "blob/disk.h"
#include "codec/codec.h"
#include <stdbool.h>

/* Updated as records are added; recomputed from all records once one was replaced. */
struct totals {
	struct metrics metrics;
	unsigned n_planes;
	struct plane_use planes[DISK_MAX_PLANES];
	bool stale;
	bool repaired; /* the index with these totals had a flipped bit */
};

/* Add a record's figures to the totals. */
void totals_add(struct totals *totals, const struct metrics *m,
	const struct codec_result *planes);

#endif
