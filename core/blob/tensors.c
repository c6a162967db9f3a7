/* SPDX-License-Identifier: MIT */
/*
 * What each tensor of a container takes in the store. A record's part table gives the
 * stored length of each plane; a tensor's share of a part is its share of those bytes.
 *
 * Tensors are shown in few rows: beyond ALCM_MAX_TENSOR_ROWS, names that differ only in
 * numbers share one. There may be a million tensors, so shares are summed by row, not by
 * tensor.
 *
 *   h.0.attn.w, h.1.attn.w, … h.95.attn.w   ──►   h.*.attn.w   96 tensors
 *   part of 256 KiB, stored in 170 KiB: 192 KiB of h.3.mlp.w, 64 KiB of h.4.attn.w
 *                                       ──►   h.*.mlp.w 127.5 KiB, h.*.attn.w 42.5
 *
 * The shares of one part are an estimate, since its tensors share tables and matches.
 * Their sum over all rows is exact but for bytes that belong to no tensor.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/lock.h"
#include "blob/plane_sums.h"
#include "blob/record.h"

_Static_assert(ALCM_MAX_TENSOR_ROWS <= 256, "a row's number is a byte");

/* The listing while it is made. */
struct listing {
	const struct segments *segments;
	struct alcm_info *info;
	uint8_t *row_of; /* row number by segment */
	struct plane_sums planes[ALCM_MAX_TENSOR_ROWS];
};

/* ---- rows -------------------------------------------------------------------------- */

/* The name; with `pattern` each number in it becomes a star: "h.*.w" for "h.12.w". */
static void set_name(const char *name, bool pattern, char out[ALCM_TENSOR_NAME])
{
	size_t n = 0;

	while (*name && n + 1 < ALCM_TENSOR_NAME) {
		if (pattern && isdigit((unsigned char)*name)) {
			out[n++] = '*';
			while (isdigit((unsigned char)*name))
				name++;
			continue;
		}
		out[n++] = *name++;
	}
	out[n] = '\0';
}

static bool same_shape(const struct alcm_tensor *row, const struct segment *s,
	const uint64_t *dims)
{
	return row->n_dims == s->n_dims &&
		memcmp(row->shape, dims, s->n_dims * sizeof(*dims)) == 0;
}

/*
 * The row of a tensor, made if needed. The last row collects what has no row of its own.
 */
static struct alcm_tensor *row_of(struct alcm_info *info, const struct segments *l,
	const struct segment *s, bool pattern)
{
	struct alcm_tensor row = { 0 };

	set_name(l->texts + s->name, pattern, row.name);
	snprintf(row.dtype, sizeof(row.dtype), "%s", l->texts + s->type);
	for (unsigned i = 0; i < info->n_rows && pattern; i++) {
		struct alcm_tensor *old = &info->rows[i];

		if (strcmp(old->name, row.name) == 0 && strcmp(old->dtype, row.dtype) == 0)
			return old;
	}
	if (info->n_rows == ALCM_MAX_TENSOR_ROWS) {
		struct alcm_tensor *rest = &info->rows[ALCM_MAX_TENSOR_ROWS - 1];

		snprintf(rest->name, sizeof(rest->name), "others");
		rest->dtype[0] = '\0';
		rest->n_dims = ALCM_NO_SHAPE;
		return rest;
	}
	info->rows[info->n_rows] = row;
	return &info->rows[info->n_rows++];
}

/* A row shows a shape only if all its tensors have the same one. */
static void add_to_row(struct alcm_tensor *row, const struct segments *l,
	const struct segment *s)
{
	const uint64_t *dims = l->dims + s->shape;
	bool fits = s->n_dims <= ALCM_TENSOR_DIMS;

	if (!row->n_tensors && fits && row->n_dims != ALCM_NO_SHAPE) {
		row->n_dims = s->n_dims;
		memcpy(row->shape, dims, s->n_dims * sizeof(*dims));
	} else if (!fits || !same_shape(row, s, dims)) {
		row->n_dims = ALCM_NO_SHAPE;
	}
	row->n_tensors++;
	row->bytes += s->bytes;
}

/* With few tensors each has its own row, even if names are equal. */
static void make_rows(struct listing *g)
{
	const struct segments *l = g->segments;
	bool pattern = l->n > ALCM_MAX_TENSOR_ROWS;

	for (size_t i = 0; i < l->n; i++) {
		struct alcm_tensor *row = row_of(g->info, l, &l->items[i], pattern);

		add_to_row(row, l, &l->items[i]);
		g->row_of[i] = (uint8_t)(row - g->info->rows);
	}
}

/* ---- what rows take ---------------------------------------------------------------- */

/* The planes are shared evenly, or the first rows would leave none for the last. */
static unsigned most_planes(const struct alcm_info *info)
{
	unsigned fair = ALCM_MAX_TENSOR_PLANES / info->n_rows;

	return fair < ALCM_MAX_PLANES ? fair : ALCM_MAX_PLANES;
}

/* Give each row its share of the part that holds file bytes [at, at + raw_len). */
static void share_part(struct listing *g, uint64_t at, const struct codec_part *part)
{
	const struct segments *l = g->segments;
	uint64_t end = at + part->raw_len, bytes[ALCM_MAX_TENSOR_ROWS] = { 0 };

	for (size_t i = segments_find(l->items, l->n, at); i < l->n; i++) {
		const struct segment *s = &l->items[i];
		uint64_t from = max_u64(s->offset, at), to = min_u64(segment_end(s), end);

		if (s->offset >= end)
			break;
		if (to > from)
			bytes[g->row_of[i]] += to - from;
	}
	for (unsigned r = 0; r < g->info->n_rows; r++) {
		double share = (double)bytes[r] / (double)part->raw_len;

		if (!bytes[r])
			continue;
		g->info->rows[r].stored_bytes += share * (double)part->stored_len;
		for (unsigned p = 0; p < part->n_planes; p++)
			plane_sums_add(&g->planes[r], &part->planes[p], share, most_planes(g->info));
	}
}

/* Sum up all records. A record that can't be read is left out: a report is better than
   none. */
static int share_records(struct alcm_blob *blob, struct listing *g)
{
	const struct record_context with = { .blob = blob };
	AUTO_FREE struct table_record *records = NULL;
	size_t n;
	int err;

	{
		WITH_LOCK(&blob->lock);
		err = table_records(&blob->table, NULL, &records, &n);
	}
	for (size_t i = 0; i < n && !err; i++) {
		struct codec_part parts[CODEC_MAX_PARTS];
		uint64_t at = chunk_start(blob, records[i].chunk_no);
		unsigned n_parts = 0;

		(void)record_read_parts(&with, &records[i], parts, &n_parts);
		for (unsigned k = 0; k < n_parts; at += parts[k++].raw_len)
			share_part(g, at, &parts[k]);
	}
	return err;
}

static void report_planes(const struct listing *g)
{
	struct alcm_info *info = g->info;

	for (unsigned r = 0; r < info->n_rows; r++) {
		plane_sums_report(&g->planes[r], &info->tensor_planes[info->n_tensor_planes]);
		info->rows[r].first_plane = info->n_tensor_planes;
		info->rows[r].n_planes = g->planes[r].n;
		info->n_tensor_planes += g->planes[r].n;
	}
}

/* The caller holds the map, so its segments don't change. */
static int list_tensors(struct alcm_blob *blob, struct listing *g)
{
	int err;

	g->segments = &blob->map.segments;
	g->row_of = mem_zalloc(g->segments->n, 1);
	if (!g->row_of)
		return -ENOMEM;
	make_rows(g);
	err = share_records(blob, g);
	if (err)
		g->info->n_rows = 0;
	else
		report_planes(g);
	mem_free(g->row_of);
	return err;
}

int alcm_blob_list_tensors(struct alcm_blob *blob, struct alcm_info *info)
{
	AUTO_FREE struct listing *g = mem_zalloc(1, sizeof(*g));
	const struct tensor_map *map = &blob->map;
	int err = 0;

	info->n_rows = info->n_tensor_planes = 0;
	if (!g)
		return -ENOMEM;
	g->info = info;
	tensor_map_enter(&blob->map);
	if (map->segments.n && !map->format->one)
		err = list_tensors(blob, g);
	tensor_map_leave(&blob->map);
	return err;
}
