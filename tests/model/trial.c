/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "blob/blob.h"

enum { N_STEPS = 40, N_TENSORS = 12 };

void trial_init(struct trial *t, const char *name, uint64_t seed, struct alcm *alcm,
	struct blob_io store)
{
	memset(t, 0, sizeof(*t));
	model_init_arrays(&t->m, name, seed, alcm, store, TRIAL_MAX_SIZE);
}

static void forget_attempts(struct trial *t)
{
	while (t->n_attempts)
		free(t->attempts[--t->n_attempts].bytes);
}

void trial_release(struct trial *t)
{
	forget_attempts(t);
	model_release(&t->m);
}

static void clear(struct trial *t)
{
	if (t->clear)
		t->clear(t->ctx);
}

/* ---- calls that may fail ----------------------------------------------------------- */

static bool write_bytes(struct trial *t, const uint8_t *bytes, uint64_t n, uint64_t off)
{
	struct model *m = &t->m;
	ssize_t put = alcm_blob_pwrite(m->blob, bytes, n, off, NULL);

	if (put > (ssize_t)n || put == 0)
		die(m, "pwrite = %lld of %llu", (long long)put, (unsigned long long)n);
	if (put > 0)
		model_wrote(m, bytes, (uint64_t)put, off);
	t->n_errors += put != (ssize_t)n;
	return put == (ssize_t)n;
}

bool trial_write(struct trial *t, uint64_t n, uint64_t off)
{
	content_fill(&t->m.rng, t->m.buf, n, off);
	return write_bytes(t, t->m.buf, n, off);
}

static void try_truncate(struct trial *t)
{
	struct model *m = &t->m;
	uint64_t size = rng_below(&m->rng, m->size + 1000);

	size = min_u64(size, m->max_size);
	if (alcm_blob_truncate(m->blob, size, NULL))
		t->n_errors++;
	else
		model_resized(m, size);
}

/* Within a chunk: of a longer run, a part may be done when another fails. */
static void try_zero(struct trial *t)
{
	struct model *m = &t->m;
	uint64_t off = rng_below(&m->rng, m->size + 1);
	uint64_t n = MODEL_CHUNK - off % MODEL_CHUNK;

	n = min_u64(n, m->size - off);
	if (alcm_blob_zero(m->blob, off, n, NULL))
		t->n_errors++;
	else
		memset(m->bytes + off, 0, n);
}

static void note_attempt(struct trial *t)
{
	if (t->n_attempts == TRIAL_MAX_ATTEMPTS)
		return;

	uint8_t *bytes = malloc(TRIAL_MAX_SIZE);

	if (!bytes)
		die(&t->m, "out of memory");
	memcpy(bytes, t->m.bytes, TRIAL_MAX_SIZE);
	t->attempts[t->n_attempts].bytes = bytes;
	t->attempts[t->n_attempts++].size = t->m.size;
}

int trial_commit(struct trial *t, bool sync)
{
	int err = alcm_blob_commit(t->m.blob, sync, NULL);

	if (err) {
		t->n_errors++;
		note_attempt(t);
		return err;
	}
	if (alcm_blob_dirty(t->m.blob))
		die(&t->m, "dirty after a commit");
	model_committed(&t->m);
	forget_attempts(t);
	return 0;
}

/* Bytes that are read are right, whatever failed. */
static void try_read(struct trial *t)
{
	struct model *m = &t->m;
	uint64_t off = rng_below(&m->rng, m->size + 1);
	uint64_t n = 1 + rng_below(&m->rng, 2 * MODEL_CHUNK);
	uint64_t want;

	n = min_u64(n, m->max_size);
	want = min_u64(n, m->size - off);

	ssize_t got = alcm_blob_pread(m->blob, m->buf, n, off, NULL);

	if (got > (ssize_t)want)
		die(m, "pread = %lld of %llu", (long long)got, (unsigned long long)want);
	t->n_errors += got != (ssize_t)want;
	if (got > 0 && memcmp(m->buf, m->bytes + off, (size_t)got) != 0)
		die(m, "pread(%llu, %llu) gave wrong bytes", (unsigned long long)off,
			(unsigned long long)n);
}

/* ---- opening again ----------------------------------------------------------------- */

static bool blob_equals(struct trial *t, const uint8_t *bytes, uint64_t size)
{
	struct model *m = &t->m;
	struct alcm_diag diag = { 0 };

	if (alcm_blob_size(m->blob) != size)
		return false;

	ssize_t got = alcm_blob_pread(m->blob, m->buf, m->max_size, 0, &diag);

	if (got != (ssize_t)size) {
		t->n_errors++;
		clear(t);
		got = alcm_blob_pread(m->blob, m->buf, m->max_size, 0, &diag);
	}
	if (got != (ssize_t)size)
		die(m, "pread = %lld of %llu: %s", (long long)got, (unsigned long long)size,
			diag.cause);
	return memcmp(m->buf, bytes, size) == 0;
}

/* The array becomes what the store holds: the last commit, or one that was tried
   since. */
static void settle_on_candidate(struct trial *t)
{
	struct model *m = &t->m;
	bool found = blob_equals(t, m->committed, m->committed_size);

	memcpy(m->bytes, m->committed, m->max_size);
	m->size = m->committed_size;
	for (unsigned i = 0; i < t->n_attempts && !found; i++) {
		found = blob_equals(t, t->attempts[i].bytes, t->attempts[i].size);
		memcpy(m->bytes, t->attempts[i].bytes, m->max_size);
		m->size = t->attempts[i].size;
	}
	if (!found)
		die(m, "neither the last commit nor one tried since; size %llu, committed %llu",
			(unsigned long long)alcm_blob_size(m->blob),
			(unsigned long long)m->committed_size);
	model_committed(m);
	forget_attempts(t);
}

/* False: there is no blob in the store, since none was ever committed. */
static bool reopen(struct trial *t)
{
	struct model *m = &t->m;
	struct alcm_diag diag = { 0 };
	int err;

	alcm_blob_close(m->blob);
	m->blob = NULL;
	err = blob_open_on(m->alcm, m->store, true, &m->blob, &diag);
	if (err) {
		t->n_errors++;
		clear(t);
		err = blob_open_on(m->alcm, m->store, true, &m->blob, &diag);
	}
	if (err && m->n_commits)
		die(m, "open: %s: %s", strerror(-err), diag.cause);
	if (err)
		return false;
	if (m->n_commits) {
		settle_on_candidate(t);
		return true;
	}
	/* Whatever could be rebuilt: take it as it is, if it can be read. */
	model_salvage(m, m->blob);
	m->size = alcm_blob_size(m->blob);
	clear(t);
	if (m->size > m->max_size ||
		alcm_blob_pread(m->blob, m->bytes, m->max_size, 0, &diag) != (ssize_t)m->size)
		die(m, "rebuilt %llu bytes: %s", (unsigned long long)m->size, diag.cause);
	memset(m->bytes + m->size, 0, m->max_size - m->size);
	return true;
}

/* ---- the workload ------------------------------------------------------------------ */

static void step(struct trial *t)
{
	struct model *m = &t->m;
	uint64_t dice = rng_below(&m->rng, 20), n, off;

	m->step_no++;
	switch (dice) {
	case 0:
	case 1:
		try_truncate(t);
		return;
	case 2:
		try_zero(t);
		return;
	case 3:
	case 4:
	case 5:
		(void)trial_commit(t, dice == 3);
		return;
	case 6:
	case 7:
		/* While the fault lasts, what is read is compared without further ado. */
		if (!trial_commit(t, false) && !reopen(t))
			die(m, "no blob after a commit");
		return;
	case 8:
	case 9:
	case 10:
		try_read(t);
		return;
	default:
		n = 1 + rng_below(&m->rng, dice < 15 ? 500 : 5 * MODEL_CHUNK / 2);
		off = dice % 2 ? min_u64(m->size, m->max_size - n)
					   : rng_below(&m->rng, m->max_size - n + 1);
		(void)trial_write(t, n, off);
	}
}

/* False: there is no blob. */
static bool create(struct trial *t)
{
	struct alcm_profile profile;

	alcm_profile_default(&profile);
	if (!blob_create_on(t->m.alcm, t->m.store, &profile, &t->m.blob))
		return true;
	t->n_errors++;
	return false;
}

void trial_run(struct trial *t)
{
	if (!create(t))
		return;
	for (int i = 0; i < N_STEPS; i++)
		step(t);
	(void)trial_commit(t, true);
}

void trial_run_container(struct trial *t)
{
	struct model *m = &t->m;
	uint64_t n = content_container_bytes(N_TENSORS);

	if (!create(t))
		return;
	content_container(&m->rng, m->buf, N_TENSORS);
	(void)write_bytes(t, m->buf + CONTENT_HEAD, n - CONTENT_HEAD, CONTENT_HEAD);
	(void)trial_commit(t, false);
	(void)write_bytes(t, m->buf, CONTENT_HEAD, 0);
	(void)trial_commit(t, true);
}

void trial_finish(struct trial *t, bool must_commit)
{
	struct model *m = &t->m;
	int err;

	clear(t);
	m->step_no++;
	if (!m->blob)
		return;
	err = trial_commit(t, true);
	if (err && must_commit)
		die(m, "everything works again, but commit says %s", strerror(-err));
	if (!err)
		model_compare(m);
	if (!reopen(t))
		return;
	m->step_no++;
	if (!trial_write(t, 3000, m->size / 2) || trial_commit(t, true))
		die(m, "can't go on after opening again");
	model_compare(m);
	alcm_blob_close(m->blob);
	m->blob = NULL;
	if (blob_open_on(m->alcm, m->store, false, &m->blob, NULL))
		die(m, "open at the end");
	model_compare(m);
}
