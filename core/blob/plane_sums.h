/* SPDX-License-Identifier: MIT */
/*
 * What became of planes of one name, whatever transforms and coders the chunks chose: of
 * a whole file, or of a tensor, which has a share of what the parts that it lies in take.
 */
#ifndef ALCM_BLOB_PLANE_SUMS_H
#define ALCM_BLOB_PLANE_SUMS_H

#include "alcm.h"
#include "codec/codec.h"

struct plane_sum {
	char name[32];
	double n_values, raw_bytes, stored_bytes;
	/* by coder; the last: by those that we don't know */
	double stored_by[CODEC_CODERS + 1];
};

/* All zero: none. */
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

/* As reports have them; `out` has room for sums->n. */
void plane_sums_report(const struct plane_sums *sums, struct alcm_plane *out);

#endif
