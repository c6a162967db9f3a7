/* SPDX-License-Identifier: MIT */
/*
 * Sums over planes of one name, whatever transform and coder each chunk chose. The sums
 * are for a whole file or for one tensor. A tensor gets a share of each record part that
 * it lies in.
 */
#ifndef ALCM_BLOB_PLANE_SUMS_H
#define ALCM_BLOB_PLANE_SUMS_H

#include "alcm.h"
#include "codec/codec.h"

struct plane_sum {
	char name[32];
	double n_values, raw_bytes, stored_bytes;
	/* by coder; the last is for unknown coders */
	double stored_by[CODEC_CODERS + 1];
};

/* All zero means empty. */
struct plane_sums {
	unsigned n;
	struct plane_sum items[ALCM_MAX_PLANES];
};

/*
 * Add a share, up to 1, of a plane. There are no more than `most` (1 … ALCM_MAX_PLANES)
 * of them: the last one then is "others".
 */
void plane_sums_add(struct plane_sums *sums, const struct plane_use *use, double share,
	unsigned most);

/* The sums as reports show them; `out` has room for sums->n. */
void plane_sums_report(const struct plane_sums *sums, struct alcm_plane *out);

#endif
