/* SPDX-License-Identifier: MIT */
#include "lossy/lossy.h"

/* Scales cost bits too: with fewer values to share one there is nothing to be gained. */
enum { MIN_VALUES_PER_SCALE = 16 };

bool lossy_shape_of(const struct layout *l, bool per_channel, struct lossy_shape *out,
	const char **why)
{
	const struct dtype *type = dtype_get(l->dtype);

	*why = "not a tensor of floats";
	if (!type->lossy_no || l->opaque || !l->elem_bytes || l->elem_bytes % type->width_bytes)
		return false;
	*why = "the tensor is empty or its size is not known";
	if (!l->data_bytes || l->data_bytes == UINT64_MAX)
		return false;
	/* Values must not lie across the border of two chunks. */
	*why = "the tensor's data are not aligned";
	if (l->data_offset % type->width_bytes)
		return false;

	uint64_t n_elements = l->data_bytes / l->elem_bytes;

	*out = (struct lossy_shape){
		.dtype = l->dtype,
		.n_components = l->elem_bytes / type->width_bytes,
		.n_channels = per_channel && l->n_dims ? l->shape[0] : 1,
		.fortran_order = per_channel && l->fortran_order,
	};
	*why = per_channel ? "fewer than 16 values per channel" : "fewer than 16 values";
	if (!out->n_channels || n_elements / out->n_channels < MIN_VALUES_PER_SCALE)
		return false;
	out->channel_len = n_elements / out->n_channels;
	*why = NULL;
	return true;
}
