/* SPDX-License-Identifier: MIT */
/*
 * The lossy section of an index, and which scales a chunk's values have. Two forms, told
 * apart by their length:
 *
 *   one tensor    distortion 64 │ shape, parameters 72 │ scales: channels × components
 *   a container   distortion 64 │ totals 24
 *
 * (docs/format.md, section 2.6.) A float32 matrix of 64 rows has 64 + 72 + 64 · 4 = 392
 * bytes under profile paper. The scales are kept so that values which are written later
 * go on the same grid, and so that chunks can be coded as multiples of them. A
 * container's aren't: it may have thousands of tensors.
 *
 * Records hold the values themselves, so a decoder skips the section. Here an impossible
 * one is an error all the same: values written later would go on a wrong grid.
 */
#include "blob/lossy_section.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "tensor/values.h"

enum { FLAG_FORTRAN = 1, FLAG_CAPPED = 2 };

void lossy_free(struct lossy *l)
{
	if (!l)
		return;
	lossy_params_release(&l->params);
	mem_free(l);
}

void lossy_tensors_release(struct lossy_tensors *tensors)
{
	for (size_t i = 0; i < tensors->n && !tensors->borrowed; i++)
		lossy_free(tensors->items[i].about);
	mem_free(tensors->items);
	*tensors = (struct lossy_tensors){ 0 };
}

/* Binary search: tensors are sorted and disjoint, so their ends rise as well. */
size_t lossy_tensors_find(const struct lossy_tensors *tensors, uint64_t off)
{
	size_t lo = 0, hi = tensors->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (tensors->items[mid].offset + tensors->items[mid].bytes > off)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/*
 * In C order a channel is a run of values, so scales follow one another. In Fortran order
 * axis 0 varies fastest, so the scales repeat in a cycle. A cycle must be met several
 * times to be worth storing.
 */
bool lossy_map(const struct lossy_tensors *tensors, const struct span *span, uint64_t off,
	struct grid_map *out)
{
	size_t i = lossy_tensors_find(tensors, off);
	const struct lossy_tensor *t = i < tensors->n ? &tensors->items[i] : NULL;

	if (!t || !t->about || off < t->offset ||
		span->len_bytes > t->offset + t->bytes - off)
		return false;

	const struct lossy_shape *s = &t->about->shape;
	const struct lossy_params *params = &t->about->params;
	unsigned width = lossy_width(s);
	uint64_t n = span->len_bytes / width, first = (off - t->offset) / width, channel;

	if (span->dtype != s->dtype || (off - t->offset) % (width * s->n_components))
		return false;
	*out = (struct grid_map){ .scales = params->scales, .n_components = s->n_components };
	if (s->fortran_order) {
		out->cycle = true;
		out->n_scales = params->n_scales;
		out->skip = first % out->n_scales;
		return out->n_scales <= n / 4;
	}
	out->run = s->channel_len * s->n_components;
	channel = first / out->run;
	out->skip = first % out->run;
	out->scales += channel * s->n_components;
	out->n_scales = s->n_components * ((out->skip + n - 1) / out->run + 1);
	out->row_len = s->n_channels == 1 && s->n_components == 1 ? t->row_elems : 0;
	return true;
}

/* ---- on disk ----------------------------------------------------------------------- */

uint32_t lossy_section_bytes(const struct lossy *l, const struct lossy_totals *totals)
{
	if (l)
		return (uint32_t)(DISK_LOSSY_BYTES + l->params.n_scales * lossy_width(&l->shape));
	return totals->n_tensors ? DISK_LOSSY_TOTALS_BYTES : 0;
}

/* The three figures of a container, behind the distortion. */
static void put_totals(uint8_t *head, const struct lossy_totals *totals)
{
	le_put64(head, totals->n_tensors);
	le_put64(head + 8, totals->n_scales);
	le_put_double(head + 16, totals->prune_share);
}

/* Offsets here are those of docs/format.md less 64, the distortion's length. */
static void put_grid(uint8_t *head, const struct lossy *l)
{
	const struct lossy_params *p = &l->params;

	memset(head, 0, DISK_LOSSY_BYTES - DISK_DISTORTION_BYTES);
	head[0] = dtype_get(l->shape.dtype)->lossy_no;
	head[1] = (uint8_t)l->shape.n_components;
	head[2] = (uint8_t)((l->shape.fortran_order ? FLAG_FORTRAN : 0) |
		(p->capped ? FLAG_CAPPED : 0));
	le_put64(head + 8, l->shape.n_channels);
	le_put64(head + 16, l->shape.channel_len);
	le_put_double(head + 24, p->entropy);
	le_put_double(head + 32, p->prune_share);
	le_put_double(head + 40, p->thresholds[0]);
	le_put_double(head + 48, p->thresholds[1]);
	le_put_double(head + 56, p->bounds[0]);
	le_put_double(head + 64, p->bounds[1]);
	values_put(head + DISK_LOSSY_BYTES - DISK_DISTORTION_BYTES, p->scales,
		(unsigned)p->n_scales, l->shape.dtype, false);
}

void lossy_section_put(uint8_t *out, const struct lossy *l,
	const struct lossy_totals *totals, const struct distortion *distortion)
{
	disk_distortion_put(out, distortion);
	if (l)
		put_grid(out + DISK_DISTORTION_BYTES, l);
	else
		put_totals(out + DISK_DISTORTION_BYTES, totals);
}

/* No value is a multiple of a scale of 0, NaN or infinity. */
static bool scales_possible(const struct lossy_params *p)
{
	for (uint64_t i = 0; i < p->n_scales; i++) {
		if (!(p->scales[i] > 0) || !isfinite(p->scales[i]))
			return false;
	}
	return true;
}

/* The fixed fields; false when they are impossible or contradict the section's length.
   The length is what bounds the memory for scales. */
static bool get_head(const uint8_t *head, uint32_t len, struct lossy *l)
{
	struct lossy_params *p = &l->params;
	enum dtype_id dtype = dtype_by_lossy_no(head[0]);
	uint64_t n_values;

	if (dtype == DTYPE_BYTES || !head[1] || head[1] > LOSSY_MAX_COMPONENTS ||
		(head[2] & ~(FLAG_FORTRAN | FLAG_CAPPED)))
		return false;
	l->shape = (struct lossy_shape){
		.dtype = dtype,
		.n_components = head[1],
		.fortran_order = head[2] & FLAG_FORTRAN,
		.n_channels = le_get64(head + 8),
		.channel_len = le_get64(head + 16),
	};
	*p = (struct lossy_params){
		.entropy = le_get_double(head + 24),
		.prune_share = le_get_double(head + 32),
		.thresholds = { le_get_double(head + 40), le_get_double(head + 48) },
		.bounds = { le_get_double(head + 56), le_get_double(head + 64) },
		.capped = head[2] & FLAG_CAPPED,
	};
	if (!l->shape.n_channels || !l->shape.channel_len ||
		l->shape.n_channels > UINT32_MAX ||
		__builtin_mul_overflow(l->shape.n_channels, l->shape.channel_len, &n_values) ||
		n_values > DISK_MAX_LOGICAL)
		return false;
	p->n_scales = lossy_n_scales(&l->shape);
	return p->bounds[0] >= 0 && p->bounds[1] >= 0 && isfinite(p->thresholds[0]) &&
		isfinite(p->thresholds[1]) &&
		len == DISK_LOSSY_BYTES + p->n_scales * lossy_width(&l->shape);
}

/* A section exists only if something was quantised, so 0 tensors is damage. */
static int get_totals(const uint8_t *head, struct lossy_totals *out)
{
	out->n_tensors = le_get64(head);
	out->n_scales = le_get64(head + 8);
	out->prune_share = le_get_double(head + 16);
	return out->n_tensors ? 0 : -EIO;
}

int lossy_section_get(const uint8_t *in, uint32_t len, struct lossy **out,
	struct lossy_totals *totals)
{
	struct lossy *l;

	*out = NULL;
	*totals = (struct lossy_totals){ 0 };
	if (len == DISK_LOSSY_TOTALS_BYTES)
		return get_totals(in + DISK_DISTORTION_BYTES, totals);
	l = mem_zalloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	if (len < DISK_LOSSY_BYTES || !get_head(in + DISK_DISTORTION_BYTES, len, l)) {
		mem_free(l);
		return -EIO;
	}
	l->params.scales = mem_zalloc(l->params.n_scales, sizeof(double));
	if (!l->params.scales) {
		mem_free(l);
		return -ENOMEM;
	}
	(void)values_get(l->params.scales, in + DISK_LOSSY_BYTES,
		(unsigned)l->params.n_scales, l->shape.dtype, false);
	if (!scales_possible(&l->params)) {
		lossy_free(l);
		return -EIO;
	}
	*out = l;
	return 0;
}
