/* SPDX-License-Identifier: MIT */
/*
 * Which tensors of a file a lossy profile may change, and which checksums cover them. The
 * reasons for leaving a file alone are static texts, because reports show them.
 *
 * A tensor is taken if all of this holds:
 *
 *   it has floats that profiles know, and enough of them
 *   its name isn't that of an optimizer's state
 *   in a format with checksums (zip): one covers all of it, so that it can be updated
 *
 * The header or the zip directory must be complete, and all tensors within the file. A
 * part of a file that is still being written stays as it is until the next close.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/lock.h"
#include "blob/quantise.h"
#include "lossy/optimizer.h"

static const char no_floats[] = "not a tensor of floats";

void quantise_plan_release(struct quantise_plan *plan)
{
	lossy_tensors_release(&plan->tensors);
	mem_free(plan->shapes);
	mem_free(plan->sums.items);
	mem_free(plan->used);
	*plan = (struct quantise_plan){ 0 };
}

/* Can't wrap: find_sum() has skipped the ranges that end at or before the segment. */
static bool lies_in(const struct segment *s, const struct checksum *sum)
{
	return s->offset >= sum->offset && s->bytes <= sum->offset + sum->bytes - s->offset;
}

/*
 * Find the checksum whose range holds a segment, from `*at` on: both lists are in order.
 */
static bool find_sum(const struct checksums *sums, const struct segment *s, size_t *at)
{
	while (*at < sums->n && sums->items[*at].offset + sums->items[*at].bytes <= s->offset)
		++*at;
	return *at < sums->n && lies_in(s, &sums->items[*at]);
}

/* Tensors of unknown order have no rows. */
static struct lossy_tensor describe(const struct segments *l, const struct segment *s)
{
	return (struct lossy_tensor){
		.offset = s->offset,
		.bytes = s->bytes,
		.row_elems = segments_row_elems(l->dims + s->shape,
			s->order == ORDER_OTHER ? 0 : s->n_dims, s->order == ORDER_FORTRAN),
		.big_endian = s->big_endian,
	};
}

/* Fill the plan with the tensors that may change. Returns why none may, or NULL. A tensor
   whose bytes no checksum covers, in a format that has checksums, isn't touched. */
static const char *add_tensors(const struct alcm_blob *blob, uint64_t size,
	struct quantise_plan *plan)
{
	const struct format *format = blob->map.format;
	const struct segments *l = &blob->map.segments;
	const char *why = format->one ? no_floats : "it has no tensors of floats",
			   *why_not_this;
	size_t at = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct segment *s = &l->items[i];

		if (segment_end(s) > size)
			return "the file is shorter than its header says";
		if (!quantise_shapes_of(blob, s, l->dims + s->shape,
				&plan->shapes[plan->tensors.n], &why_not_this)) {
			if (l->n == 1)
				why = why_not_this;
			continue;
		}
		if (lossy_is_optimizer(l->texts + s->name)) {
			why = "its only floats are an optimizer's state";
			continue;
		}
		if (format->checksums && !find_sum(&plan->sums, s, &at))
			continue;
		if (format->checksums)
			plan->used[at] = true;
		plan->tensors.items[plan->tensors.n++] = describe(l, s);
	}
	return plan->tensors.n ? NULL : why;
}

/* The caller holds the map. A format with checksums finds them itself, in the complete
   file; for others the map must have seen the whole header. */
static const char *make_plan(struct alcm_blob *blob, struct quantise_plan *plan)
{
	const struct tensor_map *map = &blob->map;
	struct format_reader file = tensor_map_reader(map);
	const char *why = NULL;

	if (!map->format)
		return no_floats;
	if (map->format->checksums && !map->format->checksums(&file, &plan->sums, &why))
		return why;
	if (!map->format->checksums && map->wants != TENSOR_MAP_DONE)
		return "its header is incomplete";
	plan->used = mem_zalloc(plan->sums.n + 1, sizeof(*plan->used));
	plan->shapes = mem_alloc((map->segments.n + 1) * sizeof(*plan->shapes));
	plan->tensors.items = mem_alloc((map->segments.n + 1) * sizeof(*plan->tensors.items));
	if (!plan->used || !plan->shapes || !plan->tensors.items)
		return "there was not enough memory to inspect it";
	plan->keeps_grid = map->segments.n == 1 && !map->format->checksums;
	return add_tensors(blob, file.size, plan);
}

const char *quantise_plan_make(struct alcm_blob *blob, struct quantise_plan *plan)
{
	const char *why;

	*plan = (struct quantise_plan){ 0 };
	tensor_map_enter(&blob->map);
	why = make_plan(blob, plan);
	tensor_map_leave(&blob->map);
	return why;
}

const char *quantise_refusal(struct alcm_blob *blob)
{
	struct quantise_plan plan;
	const char *why = quantise_plan_make(blob, &plan);

	quantise_plan_release(&plan);
	if (why)
		return why;
	WITH_LOCK(&blob->lock);
	return blob->lossy.why;
}
