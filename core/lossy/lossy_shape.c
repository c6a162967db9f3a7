/* SPDX-License-Identifier: MIT */
/*
 * How a lossy profile divides a tensor into channels, or why it leaves it alone.
 *
 *   float32 (64, 128), C order         64 channels of 128 values, in runs
 *   complex64 (64, 128), C order       64 channels of 128 elements of 2 components
 *   float32 (128, 64), Fortran order   128 channels of 64 values, alternating
 *
 * A scalar or a profile with one scale has one channel. The reasons are shown to users,
 * in the order in which they are tested.
 */
#include "lossy/lossy.h"

/* Scales cost bits too; with fewer values per scale nothing is gained. */
enum { MIN_VALUES_PER_SCALE = 16 };

bool lossy_shape_of(const struct segment *t, const uint64_t *dims, bool per_channel,
	struct lossy_shape *out, const char **why)
{
	const struct dtype *type = dtype_get((enum dtype_id)t->dtype);
	/* In other orders it isn't known where the channels are. */
	bool has_channels = per_channel && t->n_dims && t->order != ORDER_OTHER;

	*why = "not a tensor of floats";
	if (!type->lossy_no || t->opaque || !t->elem_bytes ||
		t->elem_bytes % type->width_bytes)
		return false;
	*why = "the tensor is empty or its size is not known";
	if (!t->bytes || t->bytes == UINT64_MAX)
		return false;

	uint64_t n_elements = t->bytes / t->elem_bytes;

	*out = (struct lossy_shape){
		.dtype = (enum dtype_id)t->dtype,
		.n_components = t->elem_bytes / type->width_bytes,
		.n_channels = has_channels ? dims[0] : 1,
		.fortran_order = per_channel && t->order == ORDER_FORTRAN,
	};
	*why = per_channel ? "fewer than 16 values per channel" : "fewer than 16 values";
	if (!out->n_channels || n_elements / out->n_channels < MIN_VALUES_PER_SCALE)
		return false;
	out->channel_len = n_elements / out->n_channels;
	*why = NULL;
	return true;
}
