/* SPDX-License-Identifier: MIT */
/*
 * What each tensor of a container takes in the store: a record's parts tell how long their stored bytes
 * are, and what a part holds of a tensor is its share of them. Many tensors are shown as few rows: those
 * whose names differ in numbers only are one.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/lock.h"
#include "blob/blob_state.h"

/* Where a record lies, noted while the blob was locked. */
struct place {
	uint64_t off;
	uint32_t frame_len, chunk_no;
};

/* Every record of the blob; the caller's, freed with mem_free(). */
static int list_records(struct alcm_blob *blob, struct place **out, size_t *n)
{
	WITH_LOCK(&blob->lock);
	AUTO_FREE struct place *places = mem_zalloc(blob->table.n_records + (size_t)1,
		sizeof(*places));
	struct slot *s;

	*n = 0;
	if (!places)
		return -ENOMEM;
	for (uint32_t k = 0; (s = table_next(&blob->table, &k)); k++) {
		if (s->off && *n < blob->table.n_records)
			places[(*n)++] = (struct place){ s->off, s->frame_len, k };
		if (k == UINT32_MAX)
			break;
	}
	*out = steal(places);
	return 0;
}

/* Give each tensor its share of a part that holds file bytes [at, at + raw_len). */
static void share_part(const struct segments *l, double *stored, uint64_t at,
	const struct codec_part *part)
{
	uint64_t end = at + part->raw_len;

	for (size_t i = segments_find(l->items, l->n, at); i < l->n; i++) {
		const struct segment *s = &l->items[i];
		uint64_t from = max_u64(s->offset, at), to = min_u64(segment_end(s), end);

		if (s->offset >= end)
			break;
		if (to > from)
			stored[i] += (double)part->stored_len * (double)(to - from) /
				(double)part->raw_len;
	}
}

/* Add up `stored`, one for each segment. A record that can't be read is left out. */
static int share_records(struct alcm_blob *blob, const struct segments *l, double *stored)
{
	AUTO_FREE struct place *places = NULL;
	size_t n;
	int err = list_records(blob, &places, &n);

	for (size_t i = 0; i < n && !err; i++) {
		struct codec_part parts[CODEC_MAX_PARTS];
		uint64_t at = (uint64_t)places[i].chunk_no << blob->chunk_log2;
		unsigned n_parts = 0;

		(void)record_read_parts(blob, places[i].off, places[i].frame_len,
			places[i].chunk_no, parts, &n_parts);
		for (unsigned k = 0; k < n_parts; at += parts[k++].raw_len)
			share_part(l, stored, at, &parts[k]);
	}
	return err;
}

/* ---- rows ------------------------------------------------------------------------------------------ */

/* The name, or with `pattern` the name with a star for each number. */
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

/* The row that a tensor belongs to, made if need be; the last one takes what has no place of its own. */
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

static void add_to_row(struct alcm_tensor *row, const struct segments *l, const struct segment *s,
	double stored)
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
	row->stored_bytes += stored;
}

int alcm_blob_list_tensors(struct alcm_blob *blob, struct alcm_info *info)
{
	const struct segments *l = &blob->container.segments;
	AUTO_FREE double *stored = NULL;
	bool pattern;
	int err;

	info->n_rows = 0;
	WITH_LOCK(&blob->container_lock);
	layout_update_container(blob);
	if (!l->n)
		return 0;
	stored = mem_zalloc(l->n, sizeof(*stored));
	err = stored ? share_records(blob, l, stored) : -ENOMEM;
	if (err)
		return err;
	pattern = l->n > ALCM_MAX_TENSOR_ROWS;
	for (size_t i = 0; i < l->n; i++)
		add_to_row(row_of(info, l, &l->items[i], pattern), l, &l->items[i], stored[i]);
	return 0;
}
