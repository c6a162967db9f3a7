/* SPDX-License-Identifier: MIT */
/*
 * A blob's metrics, from the figures that its last commit wrote down. Nothing is decoded,
 * so this is cheap for a file of any size; shares of single tensors, which read every
 * record's part table, are made only when asked for (tensors.c).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/lock.h"
#include "blob/plane_sums.h"
#include "blob/quantise.h"
#include "profile/profile.h"
#include "transform/transform_table.h"

/* Describe the file's format and tensors. Returns the bytes of an element, or 1 unless
   the file is one tensor. No lock is held. */
static uint32_t describe_tensors(struct alcm_blob *blob, struct alcm_info *out)
{
	const struct tensor_map *map = &blob->map;
	const struct segments *l = &map->segments;
	uint32_t elem_bytes = 1;

	tensor_map_enter(&blob->map);
	snprintf(out->format, sizeof(out->format), "%s",
		map->format ? map->format->name : "bytes");
	if (map->format && !map->format->one)
		out->n_tensors = l->n;
	if (map->format && map->format->one && l->n) {
		const struct segment *s = &l->items[0];

		snprintf(out->dtype, sizeof(out->dtype), "%s", l->texts + s->type);
		out->n_dims = s->n_dims;
		memcpy(out->shape, l->dims + s->shape, s->n_dims * sizeof(*out->shape));
		out->fortran_order = s->order == ORDER_FORTRAN;
		elem_bytes = s->elem_bytes;
	}
	tensor_map_leave(&blob->map);
	return elem_bytes;
}

/* Rows of different transforms and coders become one row per plane. */
static void describe_planes(const struct totals *t, struct alcm_info *out)
{
	struct plane_sums sums = { 0 };

	for (unsigned i = 0; i < t->n_planes; i++)
		plane_sums_add(&sums, &t->planes[i], 1, ALCM_MAX_PLANES);
	plane_sums_report(&sums, out->planes);
	out->n_planes = sums.n;
}

/* The coder that saved most bytes; raw when none saved any. */
static void describe_codec(const struct totals *t, struct alcm_info *out)
{
	uint64_t saved[256] = { 0 };
	unsigned best = 0;

	for (unsigned i = 0; i < t->n_planes; i++) {
		const struct plane_use *use = &t->planes[i];

		if (use->raw_bytes > use->stored_bytes && use->transform != TRANSFORM_COPY)
			saved[use->coder] += use->raw_bytes - use->stored_bytes;
	}
	for (unsigned i = 1; i < 256; i++) {
		if (saved[i] > saved[best])
			best = i;
	}
	snprintf(out->codec, sizeof(out->codec), "%s", codec_coder_name((uint8_t)best));
}

/* Ratios follow from sizes, so they are computed here and not stored. */
static void describe_result(const struct alcm *alcm, const struct totals *t,
	uint32_t elem_bytes, struct alcm_info *out)
{
	double logical = (double)out->logical_bytes, stored = (double)out->stored_bytes;
	uint64_t values = out->logical_bytes / elem_bytes;

	out->cpu_seconds = (double)t->metrics.cpu_ns / 1e9;
	out->wall_seconds = (double)t->metrics.wall_ns / 1e9;
	out->ratio = out->logical_bytes ? logical / stored : 1;
	out->caq = alcm_caq(out->ratio, out->cpu_seconds);
	out->bits_per_value = values ? 8 * stored / (double)values : 0;
	out->mb_per_s = out->cpu_seconds > 0 ? logical / 1e6 / out->cpu_seconds : 0;
	moments_stats(&t->metrics.moments, &out->stats);
	if (out->stats.n)
		out->predicted_entropy = engine_entropy(alcm, &out->stats);
	out->baseline_sample_bytes = t->metrics.baseline_raw;
	out->baseline_stored_bytes = t->metrics.baseline_stored;
	out->baseline_cpu_seconds = (double)t->metrics.baseline_cpu_ns / 1e9;
}

/* A container's totals come from the last pass; those of a kept grid from the grid
   itself. */
static void describe_profile(const struct alcm_blob *blob, struct alcm_info *out)
{
	struct alcm_quantisation *q = &out->quantisation;
	struct alcm_profile profile = { 0 };

	if (profile_of_id(blob->profile, blob->bound, &profile))
		snprintf(out->profile, sizeof(out->profile), "%s", profile.name);
	distortion_figures(&blob->totals.metrics.distortion, &q->distortion);
	out->lossy = q->distortion.max_error > 0;
	q->n_tensors = blob->lossy.grid ? 1 : blob->lossy.totals.n_tensors;
	q->prune_share = blob->lossy.totals.prune_share;
	q->n_scales = blob->lossy.totals.n_scales;
	if (!blob->lossy.grid)
		return;
	q->entropy = blob->lossy.grid->params.entropy;
	q->prune_share = blob->lossy.grid->params.prune_share;
	q->prune_capped = blob->lossy.grid->params.capped;
	q->n_scales = blob->lossy.grid->params.n_scales;
	q->bound = fmax(blob->lossy.grid->params.bounds[0],
		blob->lossy.grid->params.bounds[1]);
}

/* Bytes on the disk. A store that compresses itself, or counts blocks only when it writes
   them, reports less than the frames have; then the frames count. */
static uint64_t stored_bytes(const struct alcm_blob *blob)
{
	const struct blob_io *s = &blob->log.io;
	int64_t used = s->ops->used ? s->ops->used(s->ctx) : -1;

	return used > 0 ? max_u64((uint64_t)used, blob->last.live_bytes)
					: blob->last.live_bytes;
}

int alcm_blob_info(struct alcm_blob *blob, struct alcm_info *out, struct alcm_diag *diag)
{
	const char *why_not = blob->profile ? quantise_refusal(blob) : NULL;
	uint32_t elem_bytes;

	(void)diag;
	/* Rows of tensors are most of the struct; alcm_blob_list_tensors() fills them. */
	memset(out, 0, offsetof(struct alcm_info, tensor_planes));
	elem_bytes = describe_tensors(blob, out);
	WITH_LOCK(&blob->lock);
	if (!blob->last.no)
		return -ENODATA;
	out->logical_bytes = blob->last.size;
	out->stored_bytes = stored_bytes(blob);
	out->live_bytes = blob->last.live_bytes;
	out->n_chunks = blob->table.n_records;
	out->chunk_bytes = blob->chunk_bytes;
	out->format_version = DISK_VERSION;
	memcpy(out->uuid, blob->uuid, sizeof(out->uuid));
	out->commit_no = blob->last.no;
	out->threads = blob->last.threads;

	describe_profile(blob, out);
	if (blob->profile && !out->quantisation.n_tensors)
		snprintf(out->quantisation.why_not, sizeof(out->quantisation.why_not), "%s",
			why_not ? why_not : "nothing for the profile to change");
	describe_result(blob->alcm, &blob->totals, elem_bytes, out);
	describe_planes(&blob->totals, out);
	describe_codec(&blob->totals, out);
	return 0;
}

uint64_t alcm_blob_encoded_bytes(const struct alcm_blob *blob)
{
	return atomic_load_explicit(&blob->encoded_bytes, memory_order_relaxed);
}
