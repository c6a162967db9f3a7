/* SPDX-License-Identifier: MIT */
/*
 * Figures over all live records. Adding a record is cheap; removing one isn't possible,
 * as minima and maxima can't be taken back. Replacing a record marks the totals stale,
 * and the next commit recounts them (commit.c).
 */
#include "blob/totals.h"

/* The row of planes coded like this one, made if needed; NULL when the list is full. */
static struct plane_use *plane_row(struct totals *t, const struct plane_use *like)
{
	for (unsigned i = 0; i < t->n_planes; i++) {
		struct plane_use *p = &t->planes[i];

		if (p->transform == like->transform && p->plane == like->plane &&
			p->coder == like->coder && p->value_bits == like->value_bits)
			return p;
	}
	if (t->n_planes == DISK_MAX_PLANES)
		return NULL;

	struct plane_use *p = &t->planes[t->n_planes++];

	*p = *like;
	p->n_values = p->raw_bytes = p->stored_bytes = 0;
	return p;
}

void totals_add(struct totals *t, const struct metrics *m,
	const struct codec_result *planes)
{
	moments_merge(&t->metrics.moments, &m->moments);
	distortion_merge(&t->metrics.distortion, &m->distortion);
	t->metrics.baseline_raw += m->baseline_raw;
	t->metrics.baseline_stored += m->baseline_stored;
	t->metrics.baseline_cpu_ns += m->baseline_cpu_ns;
	t->metrics.cpu_ns += m->cpu_ns;
	for (unsigned i = 0; i < planes->n_planes; i++) {
		const struct plane_use *use = &planes->planes[i];
		struct plane_use *row = plane_row(t, use);

		if (!row)
			continue;
		row->n_values += use->n_values;
		row->raw_bytes += use->raw_bytes;
		row->stored_bytes += use->stored_bytes;
	}
}
