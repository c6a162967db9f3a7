/* SPDX-License-Identifier: MIT */
#include "blob/anchors.h"

#include <errno.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/le.h"
#include "base/lock.h"
#include "base/simd.h"
#include "blob/disk.h"

enum {
	PATTERN_BITS = 0x003f003f, /* in mantissas only, of 32-bit and of 16-bit floats */
	PATTERN = 0x0015002a,
	LOOK = 128, /* places that are looked at together */
	CLOSE = 16, /* of those, where one is */
	STEP = 4,   /* bytes from one to the next */
};

struct entry {
	uint32_t check; /* the hash's upper half; 0: no entry, but by chance */
	struct anchor_place place;
};

struct anchors {
	struct lock lock; /* guards the entries; a leaf */
	size_t n;         /* a power of two */
	struct entry *entries;
};

int anchors_new(size_t bytes, struct anchors **out)
{
	struct anchors *a = mem_zalloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->n = 1;
	while (2 * a->n * sizeof(*a->entries) <= bytes)
		a->n *= 2;
	a->entries = mem_zalloc(a->n, sizeof(*a->entries));
	if (!a->entries) {
		mem_free(a);
		return -ENOMEM;
	}
	lock_init(&a->lock, LOCK_LEAF);
	*out = a;
	return 0;
}

void anchors_free(struct anchors *a)
{
	if (!a)
		return;
	lock_destroy(&a->lock);
	mem_free(a->entries);
	mem_free(a);
}

/* ---- in a chunk -------------------------------------------------------------------- */

/* 0 where there is an anchor. */
static uint32_t unlike(const uint8_t *p)
{
	return (le_get32(p) ^ PATTERN) & PATTERN_BITS;
}

/* Whether any of LOOK places is one: the smallest of them tells, which vectors find. */
SIMD_CLONES static bool has_anchor(const uint8_t *p)
{
	uint32_t least = UINT32_MAX;

#pragma GCC unroll 4
	for (unsigned i = 0; i < LOOK; i++) {
		uint32_t u = unlike(p + STEP * i);

		least = u < least ? u : least;
	}
	return !least;
}

/* The same of the few places that are then looked at one by one. */
SIMD_CLONES static bool has_close_anchor(const uint8_t *p)
{
	uint32_t least = UINT32_MAX;

	for (unsigned i = 0; i < CLOSE; i++) {
		uint32_t u = unlike(p + STEP * i);

		least = u < least ? u : least;
	}
	return !least;
}

/* Those of LOOK places from `at` on; returns how many there are by then. */
static unsigned find_in(const uint8_t *data, uint32_t at, struct anchor out[ANCHORS_MAX],
	unsigned n)
{
	for (uint32_t p = at; p < at + LOOK * STEP; p += CLOSE * STEP) {
		if (!has_close_anchor(data + p))
			continue;
		for (unsigned i = 0; i < CLOSE && n < ANCHORS_MAX; i++) {
			uint32_t pos = p + STEP * i;

			if (!unlike(data + pos))
				out[n++] = (struct anchor){ disk_hash(data + pos, ANCHOR_BYTES), pos };
		}
	}
	return n;
}

/* Those at places `first`, `first` + STEP, …; returns how many there are by then. */
static unsigned find_from(const uint8_t *data, uint32_t len, uint32_t first,
	struct anchor out[ANCHORS_MAX], unsigned n)
{
	for (uint32_t at = first; at + LOOK * STEP + ANCHOR_BYTES <= len && n < ANCHORS_MAX;
		 at += LOOK * STEP) {
		if (has_anchor(data + at))
			n = find_in(data, at, out, n);
	}
	return n;
}

unsigned anchors_find(const uint8_t *data, uint32_t len, uint64_t whole_hash,
	uint32_t grain, uint32_t first, struct anchor out[ANCHORS_MAX])
{
	unsigned n = 0;

	out[n++] = (struct anchor){ whole_hash, ANCHOR_WHOLE };
	for (uint32_t phase = first % grain; phase < STEP && n < ANCHORS_MAX; phase += grain)
		n = find_from(data, len, phase, out, n);
	return n;
}

/* ---- in the table ------------------------------------------------------------------ */

static struct entry *entry_of(const struct anchors *a, uint64_t hash)
{
	return &a->entries[hash & (a->n - 1)];
}

void anchors_put(struct anchors *a, uint32_t file, uint32_t chunk_no,
	const struct anchor *list, unsigned n)
{
	WITH_LOCK(&a->lock);
	for (unsigned i = 0; i < n; i++)
		*entry_of(a, list[i].hash) = (struct entry){ (uint32_t)(list[i].hash >> 32),
			{ file, chunk_no, list[i].pos } };
}

unsigned anchors_look_up(struct anchors *a, uint32_t file, const struct anchor *list,
	unsigned n, struct anchor_place *places)
{
	unsigned n_met = 0;

	/* Each is a miss of the cache: all at once cost little more than one. */
	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(entry_of(a, list[i].hash));
	WITH_LOCK(&a->lock);
	for (unsigned i = 0; i < n; i++) {
		const struct entry *e = entry_of(a, list[i].hash);
		bool met = e->check == (uint32_t)(list[i].hash >> 32) && e->place.file == file &&
			(e->place.pos == ANCHOR_WHOLE) == (list[i].pos == ANCHOR_WHOLE);

		places[i] = met ? e->place : (struct anchor_place){ .chunk_no = UINT32_MAX };
		n_met += met;
	}
	return n_met;
}
