/* SPDX-License-Identifier: MIT */
/*
 * Crashes: a run of random operations on a store that logs its changes; then everything
 * that a crash could have left is opened and must hold what docs/format.md promises:
 *
 *   - the process dies (a prefix of the log, its last write torn): exactly the last
 *     commit, or before the first one the consecutive chunks that were written;
 *   - the power fails (any subset of what was written since the last sync): the last
 *     synced commit or a later one, exactly. Where nothing was synced ever, chunks may be
 *     lost, but what can be read was once written there.
 *
 * One run changes noise in place, which makes the log move what lies between holes.
 *
 * Then a second generation goes on from some of these images, and crashes again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "blob/blob.h"
#include "crash_run.h"

enum {
	FIRST_STEPS = 70,
	SECOND_STEPS = 30,
	N_SUBSETS = 60,
	N_SECOND = 4,
	N_TENSORS = 20,
	IN_PLACE_STEPS = 40
};

/* ---- the process dies -------------------------------------------------------------- */

static void check_torn(struct crash_run *r, size_t i, struct store_mem *before,
	struct store_mem *image)
{
	struct crash_op op = store_crash_op(r->crash, i);
	uint64_t cuts[6];
	int state = crash_run_state_at(r, i);

	if (op.kind != CRASH_WRITE || op.len < 2)
		return;
	cuts[0] = 1;
	cuts[1] = op.len - 1;
	cuts[2] = op.len / 2;
	cuts[3] = 1 + rng_below(&r->m.rng, op.len - 1);
	cuts[4] = min_u64(64, op.len - 1);
	cuts[5] = op.len > 128 ? op.len - 128 : 1;
	for (size_t k = 0; k < 6; k++) {
		store_mem_copy(image, before);
		store_crash_apply(r->crash, i, CRASH_CUT, cuts[k], image);
		r->what = "torn write";
		crash_run_check(r, image, r->boot + k % 2, state, state, true);
	}
}

static void check_prefixes(struct crash_run *r)
{
	struct store_mem *before = store_mem_new(), *image = store_mem_new();
	size_t n = store_crash_n_ops(r->crash);

	store_crash_rewind(r->crash, before);
	for (size_t i = 0;; i++) {
		int state = crash_run_state_at(r, i);

		r->at = i;
		r->what = "prefix";
		crash_run_check(r, before, r->boot + i % 2, state, state, true);
		if (i % 8 == 0 && state >= 0)
			crash_run_check_repair(r, before, state, state);
		if (i == n)
			break;
		check_torn(r, i, before, image);
		store_crash_apply(r->crash, i, CRASH_WHOLE, 0, before);
	}
	store_mem_free(before);
	store_mem_free(image);
}

/* ---- the power fails --------------------------------------------------------------- */

/* Ops before the result are on the disk when the first n ops have been done. */
static size_t synced_before(const struct crash_run *r, size_t n)
{
	while (n && store_crash_op(r->crash, n - 1).kind != CRASH_SYNC)
		n--;
	return n;
}

static void make_base(struct crash_run *r, size_t n, struct store_mem *image)
{
	store_crash_rewind(r->crash, image);
	for (size_t i = 0; i < n; i++)
		store_crash_apply(r->crash, i, CRASH_WHOLE, 0, image);
}

static enum crash_fate some_fate(struct rng *rng, uint64_t lose)
{
	static const enum crash_fate losses[] = { CRASH_LOST, CRASH_ZEROS, CRASH_SECTORS,
		CRASH_CUT };

	return rng_below(rng, 8) < lose ? losses[rng_below(rng, 4)] : CRASH_WHOLE;
}

/* An image of a power failure after n ops; the state that it must at least have. */
static int make_subset(struct crash_run *r, size_t n, struct store_mem *image)
{
	size_t durable = synced_before(r, n);
	uint64_t lose = 1 + rng_below(&r->m.rng, 7);

	make_base(r, durable, image);
	for (size_t i = durable; i < n; i++) {
		uint64_t len = store_crash_op(r->crash, i).len;

		store_crash_apply(r->crash, i, some_fate(&r->m.rng, lose),
			rng_below(&r->m.rng, len + 1), image);
	}
	return crash_run_state_at(r, durable);
}

static void check_subsets(struct crash_run *r)
{
	struct store_mem *image = store_mem_new();
	size_t n_ops = store_crash_n_ops(r->crash);

	for (int i = 0; i < N_SUBSETS; i++) {
		size_t n = rng_below(&r->m.rng, n_ops + 1);
		int lo = make_subset(r, n, image);

		r->what = "random subset";
		r->at = n;
		int hi = crash_run_state_at(r, n);
		int state = crash_run_check(r, image, r->boot + 1, lo, hi, false);

		if (lo < 0 || i % 4)
			continue;
		crash_run_check_allocs(r, image, r->boot + 1, state, state);
		crash_run_check_repair(r, image, lo, hi);
	}
	store_mem_free(image);
}

/* Each single change between two syncs lost, the others there. */
static void check_single_losses(struct crash_run *r)
{
	struct store_mem *base = store_mem_new(), *image = store_mem_new();
	size_t n_ops = store_crash_n_ops(r->crash), end;

	for (size_t begin = 0; begin < n_ops; begin = end + 1) {
		end = begin;
		while (end < n_ops && store_crash_op(r->crash, end).kind != CRASH_SYNC)
			end++;
		make_base(r, begin, base);
		for (size_t lost = begin; lost < end; lost++) {
			store_mem_copy(image, base);
			for (size_t i = begin; i < end; i++)
				store_crash_apply(r->crash, i,
					i != lost ? CRASH_WHOLE : some_fate(&r->m.rng, 8), 1, image);
			r->what = "single loss";
			r->at = lost;
			crash_run_check(r, image, r->boot + 1, crash_run_state_at(r, begin),
				crash_run_state_at(r, end), false);
		}
	}
	store_mem_free(base);
	store_mem_free(image);
}

/* ---- runs -------------------------------------------------------------------------- */

static void write_part(struct crash_run *r, uint64_t off, uint64_t n, bool sync)
{
	struct model *m = &r->m;

	if (alcm_blob_pwrite(m->blob, m->buf + off, n, off, NULL) != (ssize_t)n)
		die(m, "pwrite");
	model_wrote(m, m->buf + off, n, off);
	crash_run_note(r);
	model_commit(m, sync);
	crash_run_note(r);
}

/* A container whose header comes last: what was committed before it is encoded again. */
static void write_container(struct crash_run *r, bool sync)
{
	uint64_t n = content_container_bytes(N_TENSORS);

	content_container(&r->m.rng, r->m.buf, N_TENSORS);
	write_part(r, CONTENT_HEAD, n - CONTENT_HEAD, sync);
	write_part(r, 0, CONTENT_HEAD, sync);
}

/* Noise that is changed here and there, again and again: live records with holes around
   them. */
static void work_in_place(struct crash_run *r, uint64_t n_steps)
{
	struct model *m = &r->m;
	uint64_t size = CRASH_MAX_SIZE;

	for (uint64_t i = 0; i < size; i++)
		m->buf[i] = (uint8_t)rng_next(&m->rng);
	write_part(r, 0, size, false);
	for (uint64_t i = 0; i < n_steps; i++) {
		uint64_t chunk = rng_below(&m->rng, size / MODEL_CHUNK);

		m->buf[chunk * MODEL_CHUNK] = (uint8_t)i;
		write_part(r, chunk * MODEL_CHUNK, 100, rng_below(&m->rng, 8) == 0);
		model_close(m);
		crash_run_note(r);
	}
	model_compare(m);
	crash_run_note(r);
	alcm_blob_close(m->blob);
	m->blob = NULL;
}

static void work(struct crash_run *r, uint64_t n_steps)
{
	struct model *m = &r->m;
	/* Some runs sync often, some never. */
	uint64_t syncing = rng_below(&m->rng, 4);

	for (uint64_t i = 0; i < n_steps; i++) {
		if (i == n_steps / 2)
			write_container(r, syncing > 1);
		else if (rng_below(&m->rng, 6) == 0)
			model_commit(m, rng_below(&m->rng, 4) < syncing);
		else
			model_step(m);
		crash_run_note(r);
	}
	alcm_blob_close(m->blob);
	m->blob = NULL;
}

static void check_all(struct crash_run *r)
{
	check_prefixes(r);
	check_subsets(r);
	check_single_losses(r);
}

static void check_in_place(uint64_t seed, struct alcm *alcm)
{
	struct crash_run r;

	crash_run_init(&r, seed, alcm);
	work_in_place(&r, IN_PLACE_STEPS);
	check_all(&r);
	crash_run_release(&r);
}

/* Go on from what a power failure left, or the end of the process. */
static void second_generation(struct crash_run *first, uint64_t seed, bool power)
{
	struct store_mem *image = store_mem_new();
	size_t n = rng_below(&first->m.rng, store_crash_n_ops(first->crash) + 1);
	int hi = crash_run_state_at(first, n), lo = hi;

	if (power)
		lo = make_subset(first, n, image);
	else
		make_base(first, n, image);
	/* Without a commit that must be there, one can't tell a state from a rebuilt one. */
	if (lo >= 0) {
		struct crash_run r;

		first->what = "second generation";
		first->at = n;

		int state = crash_run_check(first, image, first->boot + power, lo, hi, !power);

		crash_run_init_from(&r, first, image, state, first->boot + power, seed);
		work(&r, SECOND_STEPS);
		check_all(&r);
		crash_run_release(&r);
	}
	store_mem_free(image);
}

void model_crash(const struct options *o)
{
	uint64_t n_runs = (o->n_ops + 999) / 1000;

	for (uint64_t i = 0; i < n_runs; i++) {
		uint64_t seed = o->seed * 1000 + i;
		struct alcm *alcm = model_engine(2, 8 << 20, MODEL_CHUNK);
		struct crash_run r;

		crash_run_init(&r, seed, alcm);
		work(&r, FIRST_STEPS);
		check_all(&r);
		for (uint64_t k = 0; k < N_SECOND; k++)
			second_generation(&r, seed + 500 + k, k % 2);
		crash_run_release(&r);
		if (i == 0)
			check_in_place(seed, alcm);
		alcm_free(alcm);
	}
	blob_set_boot_id_for_tests(NULL);
}
