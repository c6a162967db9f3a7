/* SPDX-License-Identifier: MIT */
/* The n-th store call fails, the n-th allocation fails, the disk is full: for every n. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store_faulty.h"
#include "store_mem.h"
#include "trial.h"

/* ---- failing calls ----------------------------------------------------------------- */

struct fault_case {
	const char *name;
	unsigned kinds;
	uint64_t count;   /* this many calls in a row fail */
	int err;          /* 0 = short */
	bool must_commit; /* afterwards, with everything */
	bool must_report; /* to somebody */
	uint64_t stride;  /* try every stride-th call only */
};

enum { SPACE = FAULTY_PWRITE | FAULTY_RESERVE };

static const struct fault_case cases[] = {
	{ "short transfers", FAULTY_PREAD | FAULTY_PWRITE, 1, 0, true, false, 1 },
	{ "only short transfers", FAULTY_PREAD | FAULTY_PWRITE, UINT64_MAX, 0, true, false,
		16 },
	{ "interrupted", FAULTY_PREAD | FAULTY_PWRITE, 3, -EINTR, true, false, 3 },
	{ "ENOSPC once", SPACE, 1, -ENOSPC, true, false, 1 },
	{ "ENOSPC for a while", SPACE, 9, -ENOSPC, true, false, 1 },
	{ "ENOSPC to the end", SPACE, UINT64_MAX, -ENOSPC, true, true, 1 },
	{ "EDQUOT for a while", SPACE, 5, -EDQUOT, true, false, 2 },
	{ "EFBIG at writes", FAULTY_PWRITE, 5, -EFBIG, true, false, 1 },
	{ "can't reserve", FAULTY_RESERVE, UINT64_MAX, -EOPNOTSUPP, true, false, 8 },
	{ "can't punch", FAULTY_PUNCH, UINT64_MAX, -EOPNOTSUPP, true, false, 1 },
	{ "EIO once", FAULTY_ALL, 1, -EIO, false, false, 1 },
	{ "EIO to the end", FAULTY_ALL, UINT64_MAX, -EIO, false, true, 1 },
	{ "EIO at a write", FAULTY_PWRITE, 1, -EIO, false, true, 1 },
	{ "EIO at a sync", FAULTY_SYNC, 1, -EIO, false, true, 1 },
	{ "EIO at a read", FAULTY_PREAD, 1, -EIO, true, false, 1 },
};

static void clear_fault(void *ctx)
{
	struct store_faulty *f = ctx;

	store_faulty_set(f, f->kinds, 0, 0, 0);
}

/* False: there were fewer than n calls. */
static bool try_fault(const struct fault_case *c, void (*run)(struct trial *), uint64_t n,
	uint64_t seed, struct alcm *alcm)
{
	struct store_mem *mem = store_mem_new();
	struct store_faulty faulty;
	struct trial t;
	char name[64];

	store_faulty_init(&faulty, store_mem_store(mem));
	store_faulty_set(&faulty, c->kinds, n, c->count, c->err);
	(void)snprintf(name, sizeof(name), "%s, call %llu", c->name, (unsigned long long)n);
	trial_init(&t, name, seed, alcm, store_faulty_store(&faulty));
	t.clear = clear_fault;
	t.ctx = &faulty;
	run(&t);

	/* Opening clears the fault when it can't be done otherwise; then count what was
	   seen. */
	uint64_t failed = store_faulty_failed(&faulty);

	if (failed >= c->count && failed && c->must_report && !t.n_errors)
		die(&t.m, "nobody was told");
	if (c->count == UINT64_MAX && failed && c->must_report && !t.n_errors)
		die(&t.m, "nobody was told");
	if (!c->err && t.n_errors)
		die(&t.m, "a short transfer became an error");

	bool struck = failed || t.n_errors;

	trial_finish(&t, c->must_commit);
	trial_release(&t);
	store_faulty_release(&faulty);
	store_mem_free(mem);
	return struck;
}

void model_fault(const struct options *o)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct alcm *alcm = model_engine((unsigned)(1 + i % 2), 8 << 20, MODEL_CHUNK);
		uint64_t n = 1, in_container = 1;

		while (try_fault(&cases[i], trial_run, n, o->seed, alcm))
			n += cases[i].stride;
		while (try_fault(&cases[i], trial_run_container, in_container, o->seed, alcm))
			in_container++;
		printf("%s: %llu calls, %llu in a container\n", cases[i].name,
			(unsigned long long)n - 1, (unsigned long long)in_container - 1);
		alcm_free(alcm);
	}
}

/* ---- failing allocations ----------------------------------------------------------- */

static void clear_alloc(void *ctx)
{
	(void)ctx;
	mem_fail_nth(0);
}

/* Whether the n-th allocation is still to come. */
static bool still_armed(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		void *p = mem_alloc(1);

		if (!p)
			return true;
		mem_free(p);
	}
	return false;
}

static bool try_alloc(void (*run)(struct trial *), unsigned long n, uint64_t seed)
{
	struct store_mem *mem = store_mem_new();
	struct alcm *alcm = NULL;
	struct alcm_params params;
	struct trial t;
	char name[64];
	bool armed;

	alcm_params_default(&params);
	params.threads = 1;
	params.budget_bytes = 8 << 20;
	params.chunk_bytes = MODEL_CHUNK;
	mem_fail_nth(n);
	if (alcm_new(&params, &alcm) && alcm_new(&params, &alcm))
		abort();
	(void)snprintf(name, sizeof(name), "allocation %lu", n);
	trial_init(&t, name, seed, alcm, store_mem_store(mem));
	t.clear = clear_alloc;
	run(&t);
	armed = still_armed(n);
	trial_finish(&t, true);
	trial_release(&t);
	alcm_free(alcm);
	store_mem_free(mem);
	return !armed;
}

void model_alloc(const struct options *o)
{
	unsigned long n = 1;

	while (try_alloc(trial_run, n, o->seed))
		n++;
	printf("%lu allocations\n", n - 1);
	for (n = 1; try_alloc(trial_run_container, n, o->seed); n++)
		;
	printf("%lu in a container\n", n - 1);
}

/* ---- a full disk ------------------------------------------------------------------- */

static void clear_space(void *ctx)
{
	store_mem_set_limit(ctx, INT64_MAX);
}

/* The disk fills up right after a write was acknowledged: it must hold what it took. */
static void space_for_acknowledged(struct trial *t, struct store_mem *mem, uint64_t n_ops)
{
	struct model *m = &t->m;

	for (uint64_t i = 0; i < n_ops; i++) {
		uint64_t n = 1 + rng_below(&m->rng, 3 * MODEL_CHUNK);
		bool full = rng_below(&m->rng, 4) == 0;

		m->step_no++;
		if (!trial_write(t, n, rng_below(&m->rng, m->max_size - n + 1)))
			die(m, "a write to a disk with space failed");
		if (full)
			store_mem_fill_up(mem);
		if (full && trial_commit(t, rng_below(&m->rng, 2)))
			die(m, "the disk was full at commit, after it was acknowledged at write");
		clear_space(mem);
	}
}

/* A disk with little room, which gets more now and then. */
static void space_little(struct trial *t, struct store_mem *mem, uint64_t n_ops)
{
	struct model *m = &t->m;

	for (uint64_t i = 0; i < n_ops; i++) {
		uint64_t n = 1 + rng_below(&m->rng, 3 * MODEL_CHUNK);
		uint64_t capacity = rng_below(&m->rng, 4 * MODEL_CHUNK);

		m->step_no++;
		store_mem_set_limit(mem, store_mem_size(mem) + capacity);
		(void)trial_write(t, n, rng_below(&m->rng, m->max_size - n + 1));
		if (rng_below(&m->rng, 4) == 0)
			(void)trial_commit(t, rng_below(&m->rng, 2));
		if (rng_below(&m->rng, 16))
			continue;
		clear_space(mem);

		int err = trial_commit(t, false);

		if (err)
			die(m, "there is space again, but commit says %s", strerror(-err));
		model_compare(m);
	}
}

static void run_space(uint64_t seed, uint64_t n_ops, bool little, struct alcm *alcm)
{
	struct store_mem *mem = store_mem_new();
	struct trial t;

	trial_init(&t, little ? "little space" : "full disk", seed, alcm,
		store_mem_store(mem));
	t.clear = clear_space;
	t.ctx = mem;
	trial_run(&t);
	if (little) {
		store_mem_set_no_reserve(mem, seed % 2);
		space_little(&t, mem, n_ops);
	} else {
		space_for_acknowledged(&t, mem, n_ops);
	}
	trial_finish(&t, true);
	trial_release(&t);
	store_mem_free(mem);
}

void model_space(const struct options *o)
{
	struct alcm *alcm = model_engine(2, 8 << 20, MODEL_CHUNK);

	for (uint64_t i = 0; i < 4; i++)
		run_space(o->seed + i, o->n_ops / 40, i % 2, alcm);
	alcm_free(alcm);
}
