/* SPDX-License-Identifier: MIT */
/*
 * Blobs of lossy profiles: a save, its quantisation, and writing into it again, with a
 * crash after each change of the store. What opens is one of the committed states, the
 * newest whose trailer got there; values that nobody wrote again keep their bits, new
 * ones keep the bound.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "blob/blob.h"
#include "model.h"
#include "store_crash.h"
#include "store_mem.h"

enum { HEADER = 128, MAX_ROWS = 120, MAX_COLS = 700, MAX_STATES = 16 };
enum { MAX_BYTES = HEADER + 4 * MAX_ROWS * MAX_COLS };

/* What the file was after some commit. */
struct state {
	size_t n_ops; /* of the store until then */
	uint64_t size;
	uint8_t bytes[MAX_BYTES];
};

struct run {
	struct model m; /* of it only name, seed and step, for messages, and the rng */
	struct store_crash *crash;
	struct alcm_blob *blob;
	struct alcm_profile profile;
	uint32_t rows, cols;
	uint64_t size;
	unsigned n_states;
	struct state states[MAX_STATES];
	uint8_t written[MAX_BYTES], buf[MAX_BYTES];
};

static const char *const profiles[] = { "paper", "alcm", "bounded:0.01",
	"bounded-abs:0.001" };

static float normal(struct rng *rng)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += (double)rng_below(rng, 1 << 20) / (1 << 20);
	return (float)(sum - 5.9);
}

static void make_file(struct run *r)
{
	char dict[HEADER];
	int n = snprintf(dict, sizeof(dict),
		"{'descr': '<f4', 'fortran_order': False, 'shape': (%u, %u), }", r->rows,
		r->cols);

	memset(r->written, ' ', HEADER);
	memcpy(r->written, "\x93NUMPY\x01\x00v\x00", 10);
	memcpy(r->written + 10, dict, (size_t)n);
	r->written[HEADER - 1] = '\n';
	r->size = HEADER + 4ull * r->rows * r->cols;
	for (uint32_t i = 0; i < r->rows * r->cols; i++) {
		float v = rng_below(&r->m.rng, 4) ? normal(&r->m.rng) : 0;

		memcpy(r->written + HEADER + 4 * i, &v, 4);
	}
}

static void check(struct run *r, int err, const char *what)
{
	if (err < 0)
		die(&r->m, "%s: %s", what, strerror(-err));
}

static void write_range(struct run *r, uint64_t from, uint64_t n)
{
	ssize_t done = alcm_blob_pwrite(r->blob, r->written + from, n, from, NULL);

	check(r, done == (ssize_t)n ? 0 : -EIO, "write");
}

static void commit(struct run *r, bool quantise)
{
	bool sync = rng_below(&r->m.rng, 2), changed;
	struct state *s = &r->states[r->n_states++];

	if (quantise)
		check(r, alcm_blob_quantise(r->blob, 0.01, &changed, NULL), "quantise");
	check(r, alcm_blob_commit(r->blob, sync, NULL), "commit");
	s->size = alcm_blob_size(r->blob);
	s->n_ops = store_crash_n_ops(r->crash);
	if (alcm_blob_pread(r->blob, s->bytes, s->size, 0, NULL) != (ssize_t)s->size)
		die(&r->m, "a committed state can't be read");
}

static float value_at(const uint8_t *bytes, uint64_t at)
{
	float v;

	memcpy(&v, bytes + at, sizeof(v));
	return v;
}

/* Bits outside [from, to) are those of the state before; values inside keep an absolute
   bound. */
static void check_untouched(struct run *r, uint64_t from, uint64_t to)
{
	const struct state *now = &r->states[r->n_states - 1], *before = now - 1;

	for (uint64_t at = HEADER; at < now->size; at += 4) {
		bool inside = at + 4 > from && at < to;

		if (!inside && memcmp(now->bytes + at, before->bytes + at, 4) != 0)
			die(&r->m, "%s: a value at %llu moved that nobody wrote", r->profile.name,
				(unsigned long long)at);
		if (inside && r->profile.bound > 0 && r->profile.id == 3 &&
			fabs((double)value_at(now->bytes, at) - (double)value_at(r->written, at)) >
				r->profile.bound)
			die(&r->m, "%s: a value at %llu is out of bound", r->profile.name,
				(unsigned long long)at);
	}
}

static void write_again(struct run *r)
{
	uint64_t value = rng_below(&r->m.rng, r->rows * r->cols), at = HEADER + 4 * value;
	uint64_t n = 4 * (1 + rng_below(&r->m.rng, min_u64(500, r->rows * r->cols - value)));

	memcpy(r->written, r->states[r->n_states - 1].bytes, r->size);
	for (uint64_t i = at; i < at + n; i += 4) {
		float v = normal(&r->m.rng);

		memcpy(r->written + i, &v, 4);
	}
	write_range(r, at, n);
	commit(r, true);
	check_untouched(r, at, at + n);
}

/* The store after its first n changes, opened. */
static void check_prefix(struct run *r, struct store_mem *image, size_t n)
{
	struct alcm_blob *blob = NULL;
	const struct state *want = NULL;
	uint64_t size;

	for (unsigned i = 0; i < r->n_states && r->states[i].n_ops <= n; i++)
		want = &r->states[i];
	if (!want)
		return; /* nothing was committed: whatever is rebuilt */
	/* The trailer may be there before the commit has returned: then it is the next
	   state. */
	if (blob_open_on(r->m.alcm, store_mem_store(image), false, &blob, NULL))
		die(&r->m, "does not open after %zu changes", n);
	size = alcm_blob_size(blob);
	if (size > MAX_BYTES || alcm_blob_pread(blob, r->buf, size, 0, NULL) != (ssize_t)size)
		die(&r->m, "can't be read after %zu changes", n);
	if ((size != want->size || memcmp(r->buf, want->bytes, size) != 0) &&
		(want == &r->states[r->n_states - 1] || size != want[1].size ||
			memcmp(r->buf, want[1].bytes, size) != 0))
		die(&r->m, "%s: after %zu changes it is no committed state", r->profile.name, n);
	alcm_blob_close(blob);
}

static void replay(struct run *r)
{
	struct store_mem *image = store_mem_new();
	size_t n_ops = store_crash_n_ops(r->crash);

	store_crash_rewind(r->crash, image);
	for (size_t i = 0; i < n_ops; i++) {
		store_crash_apply(r->crash, i, CRASH_WHOLE, 0, image);
		check_prefix(r, image, i + 1);
	}
	store_mem_free(image);
}

static void reopen(struct run *r)
{
	alcm_blob_close(r->blob);
	check(r, blob_open_on(r->m.alcm, store_crash_store(r->crash), true, &r->blob, NULL),
		"open");
}

static void one_file(struct run *r)
{
	r->rows = 1 + (uint32_t)rng_below(&r->m.rng, MAX_ROWS);
	r->cols = 16 + (uint32_t)rng_below(&r->m.rng, MAX_COLS - 16);
	check(r, alcm_profile_parse(profiles[rng_below(&r->m.rng, 4)], &r->profile, NULL),
		"profile");
	r->n_states = 0;
	r->crash = store_crash_new(NULL);
	make_file(r);
	check(r,
		blob_create_on(r->m.alcm, store_crash_store(r->crash), &r->profile, &r->blob),
		"new");
	write_range(r, 0, r->size / 2);
	if (rng_below(&r->m.rng, 2))
		commit(r, true); /* incomplete: stays as it is */
	write_range(r, r->size / 2, r->size - r->size / 2);
	if (rng_below(&r->m.rng, 2))
		commit(r, false);
	commit(r, true);
	for (int i = 0; i < 6; i++) {
		write_again(r);
		if (rng_below(&r->m.rng, 3) == 0)
			reopen(r);
	}
	alcm_blob_close(r->blob);
	replay(r);
	store_crash_free(r->crash);
}

void model_lossy(const struct options *o)
{
	struct run *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->m = (struct model){ .name = "lossy", .seed = o->seed, .rng = { o->seed } };
	r->m.alcm = model_engine(2, 32 << 20, MODEL_CHUNK);
	for (r->m.step_no = 0; r->m.step_no < o->n_ops; r->m.step_no++)
		one_file(r);
	alcm_free(r->m.alcm);
	free(r);
}
