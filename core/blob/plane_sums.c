/* SPDX-License-Identifier: MIT */
/*
 * Sums of planes by name. A plane's name comes from transform and plane number, so planes
 * of the same meaning are one row although chunks chose different transforms. Sums are
 * doubles because a tensor takes only a share of a part that it has with others.
 */
#include "blob/plane_sums.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The entry of a plane's name, made if needed. A full list collects the rest in its last
   entry. */
static struct plane_sum *sum_of(struct plane_sums *sums, const struct plane_use *use,
	unsigned most)
{
	char name[sizeof(sums->items[0].name)];
	struct plane_sum *last = &sums->items[most - 1];
	unsigned i = 0;

	codec_plane_name(use->transform, use->plane, name);
	while (i < sums->n && strcmp(sums->items[i].name, name) != 0)
		i++;
	if (i == most) {
		snprintf(last->name, sizeof(last->name), "others");
		return last;
	}
	if (i == sums->n) {
		sums->n++;
		memcpy(sums->items[i].name, name, sizeof(name));
	}
	return &sums->items[i];
}

void plane_sums_add(struct plane_sums *sums, const struct plane_use *use, double share,
	unsigned most)
{
	struct plane_sum *s = sum_of(sums, use, most);

	s->n_values += share * (double)use->n_values;
	s->raw_bytes += share * (double)use->raw_bytes;
	s->stored_bytes += share * (double)use->stored_bytes;
	s->stored_by[use->coder < CODEC_CODERS ? use->coder : CODEC_CODERS] += share *
		(double)use->stored_bytes;
}

/* The coder with the most stored bytes stands for the plane. */
static uint8_t main_coder(const struct plane_sum *s)
{
	unsigned best = 0;

	for (unsigned k = 1; k <= CODEC_CODERS; k++) {
		if (s->stored_by[k] > s->stored_by[best])
			best = k;
	}
	return (uint8_t)best;
}

/*
 * Figures of an index are unverified: casting a larger double to an integer is undefined.
 */
static uint64_t whole(double v)
{
	return v < 0x1p63 ? (uint64_t)llround(v) : UINT64_MAX;
}

void plane_sums_report(const struct plane_sums *sums, struct alcm_plane *out)
{
	for (unsigned i = 0; i < sums->n; i++) {
		const struct plane_sum *s = &sums->items[i];
		struct alcm_plane *p = &out[i];

		*p = (struct alcm_plane){ .n_values = whole(s->n_values),
			.raw_bytes = whole(s->raw_bytes),
			.stored_bytes = whole(s->stored_bytes) };
		memcpy(p->name, s->name, sizeof(p->name));
		snprintf(p->coder, sizeof(p->coder), "%s", codec_coder_name(main_coder(s)));
		if (s->n_values > 0) {
			p->bits_before = 8 * s->raw_bytes / s->n_values;
			p->bits_after = 8 * s->stored_bytes / s->n_values;
		}
	}
}
