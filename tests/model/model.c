/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "blob/blob.h"

enum { BLOCK = 4096 };

void model_die(const struct model *m, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: %s, seed %llu, step %llu: ", file, line, m->name,
		(unsigned long long)m->seed, (unsigned long long)m->step_no);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

static void log_line(void *ctx, int fd, enum alcm_log_level level, const char *text)
{
	(void)ctx;
	(void)fd;
	(void)level;
	if (getenv("ALCM_MODEL_VERBOSE"))
		fprintf(stderr, "log: %s\n", text);
}

struct alcm *model_engine(unsigned threads, size_t budget_bytes, uint32_t chunk_bytes)
{
	struct alcm_params params;
	struct alcm *alcm = NULL;

	alcm_params_default(&params);
	params.threads = threads;
	params.budget_bytes = budget_bytes;
	params.chunk_bytes = chunk_bytes;
	params.log = log_line;

	int err = alcm_new(&params, &alcm);

	if (err) {
		fprintf(stderr, "alcm_new: %s\n", strerror(-err));
		abort();
	}
	return alcm;
}

void model_init_arrays(struct model *m, const char *name, uint64_t seed,
	struct alcm *alcm, struct blob_io store, uint64_t max_size)
{
	memset(m, 0, sizeof(*m));
	m->name = name;
	m->seed = seed;
	/* Any state but 0; neighbouring seeds must not look alike. */
	m->rng.state = (seed + 1) * 0x9e3779b97f4a7c15u;
	m->alcm = alcm;
	m->store = store;
	m->max_size = max_size;
	m->bytes = calloc(1, max_size);
	m->committed = calloc(1, max_size);
	m->buf = calloc(1, max_size);
	if (!m->bytes || !m->committed || !m->buf || max_size > (1024 << 16))
		die(m, "out of memory");
}

void model_init(struct model *m, const char *name, uint64_t seed, struct alcm *alcm,
	struct blob_io store, uint64_t max_size)
{
	struct alcm_profile profile;

	model_init_arrays(m, name, seed, alcm, store, max_size);
	alcm_profile_default(&profile);

	int err = blob_create_on(alcm, store, &profile, &m->blob);

	if (err)
		die(m, "create: %s", strerror(-err));
	if (!alcm_blob_unwritten(m->blob) || alcm_blob_size(m->blob))
		die(m, "a new blob isn't empty");
}

void model_release(struct model *m)
{
	alcm_blob_close(m->blob);
	free(m->bytes);
	free(m->committed);
	free(m->buf);
}

/* ---- the array --------------------------------------------------------------------- */

void model_wrote(struct model *m, const uint8_t *buf, uint64_t n, uint64_t off)
{
	if (!n)
		return;
	memcpy(m->bytes + off, buf, n);
	m->size = max_u64(m->size, off + n);
	for (uint64_t k = off / MODEL_CHUNK; k <= (off + n - 1) / MODEL_CHUNK; k++)
		m->seen[k] = SEEN_DATA;
}

void model_resized(struct model *m, uint64_t size)
{
	uint64_t n_kept = (size + MODEL_CHUNK - 1) / MODEL_CHUNK;

	if (size < m->size) {
		memset(m->bytes + size, 0, m->size - size);
		memset(m->seen + n_kept, SEEN_HOLE, sizeof(m->seen) - n_kept);
	}
	m->size = size;
}

static void model_zeroed(struct model *m, uint64_t off, uint64_t len)
{
	uint64_t end = min_u64(off + len, m->size);

	if (off >= end)
		return;
	memset(m->bytes + off, 0, end - off);
	for (uint64_t k = off / MODEL_CHUNK; k <= (end - 1) / MODEL_CHUNK; k++) {
		bool whole = k * MODEL_CHUNK >= off && (k + 1) * MODEL_CHUNK <= end;

		m->seen[k] = whole ? SEEN_HOLE : SEEN_EITHER;
	}
}

void model_committed(struct model *m)
{
	memcpy(m->committed, m->bytes, m->max_size);
	memcpy(m->committed_seen, m->seen, sizeof(m->seen));
	m->committed_size = m->size;
	m->n_commits++;
}

static void model_abandoned(struct model *m)
{
	memcpy(m->bytes, m->committed, m->max_size);
	memcpy(m->seen, m->committed_seen, sizeof(m->seen));
	m->size = m->committed_size;
}

/* ---- comparing --------------------------------------------------------------------- */

static void compare_range(struct model *m, uint64_t off, uint64_t n)
{
	struct alcm_diag diag = { 0 };
	uint64_t want = off >= m->size ? 0 : min_u64(n, m->size - off);

	memset(m->buf, 0xa5, n);

	ssize_t got = alcm_blob_pread(m->blob, m->buf, n, off, &diag);

	if (got < 0)
		die(m, "pread(%llu, %llu): %s: %s", (unsigned long long)off,
			(unsigned long long)n, strerror((int)-got), diag.cause);
	if ((uint64_t)got != want)
		die(m, "pread(%llu, %llu) = %lld, not %llu", (unsigned long long)off,
			(unsigned long long)n, (long long)got, (unsigned long long)want);
	for (uint64_t i = 0; i < want; i++) {
		if (m->buf[i] != m->bytes[off + i])
			die(m, "byte %llu is %02x, not %02x (read at %llu, size %llu)",
				(unsigned long long)(off + i), m->buf[i], m->bytes[off + i],
				(unsigned long long)off, (unsigned long long)m->size);
	}
	for (uint64_t i = want; i < n; i++) {
		if (m->buf[i] != 0xa5)
			die(m, "pread wrote beyond what it returned");
	}
}

static void compare_size(struct model *m)
{
	if (alcm_blob_size(m->blob) != m->size)
		die(m, "size is %llu, not %llu", (unsigned long long)alcm_blob_size(m->blob),
			(unsigned long long)m->size);
}

void model_compare(struct model *m)
{
	compare_size(m);
	compare_range(m, 0, m->max_size);
}

static uint8_t seen_at(const struct model *m, uint64_t off)
{
	return m->seen[off / MODEL_CHUNK];
}

/* Chunks in [off, end) that `which` says must not be among them. */
static void check_none(struct model *m, uint64_t off, uint64_t end, enum chunk_seen which)
{
	for (uint64_t at = off; at < end; at = (at / MODEL_CHUNK + 1) * MODEL_CHUNK) {
		if (seen_at(m, at) == which)
			die(m, "seek from %llu to %llu skips %s at %llu", (unsigned long long)off,
				(unsigned long long)end, which == SEEN_DATA ? "data" : "a hole",
				(unsigned long long)at);
	}
}

static void step_seek(struct model *m)
{
	uint64_t off = rng_below(&m->rng, m->size + MODEL_CHUNK);
	bool data = rng_below(&m->rng, 2);
	int64_t at = alcm_blob_seek(m->blob, off, data ? SEEK_DATA : SEEK_HOLE);

	if (off >= m->size) {
		if (at != -ENXIO)
			die(m, "seek beyond the end: %lld", (long long)at);
		return;
	}
	if (at == -ENXIO && data) {
		check_none(m, off, m->size, SEEN_DATA);
		return;
	}
	if (at < (int64_t)off || at > (int64_t)m->size || (data && at == (int64_t)m->size))
		die(m, "seek(%llu) = %lld", (unsigned long long)off, (long long)at);
	check_none(m, off, (uint64_t)at, data ? SEEN_DATA : SEEN_HOLE);
	if ((uint64_t)at < m->size &&
		seen_at(m, (uint64_t)at) == (data ? SEEN_HOLE : SEEN_DATA))
		die(m, "seek(%llu, %s) = %lld, which isn't", (unsigned long long)off,
			data ? "data" : "hole", (long long)at);
}

/* ---- operations -------------------------------------------------------------------- */

static uint64_t some_length(struct model *m)
{
	switch (rng_below(&m->rng, 8)) {
	case 0:
		return 1;
	case 1:
	case 2:
		return 1 + rng_below(&m->rng, 100);
	case 3:
	case 4:
		return 1 + rng_below(&m->rng, MODEL_CHUNK);
	case 5:
		return (1 + rng_below(&m->rng, 3)) * MODEL_CHUNK;
	case 6:
		return 4096 * (1 + rng_below(&m->rng, 8));
	default:
		return 1 + rng_below(&m->rng, 4 * MODEL_CHUNK);
	}
}

static uint64_t some_offset(struct model *m, uint64_t n)
{
	uint64_t last = m->max_size - n;

	switch (rng_below(&m->rng, 8)) {
	case 0:
	case 1:
		return min_u64(m->cursor, last);
	case 2:
	case 3: /* backwards */
		return m->cursor > n ? min_u64(m->cursor - n, last) : 0;
	case 4:
		return rng_below(&m->rng, last + 1) / MODEL_CHUNK * MODEL_CHUNK;
	case 5:
		return min_u64(m->size, last);
	case 6:
		return rng_below(&m->rng, min_u64(m->size, last) + 1);
	default:
		return rng_below(&m->rng, last + 1);
	}
}

static void step_write(struct model *m)
{
	struct alcm_diag diag = { 0 };
	uint64_t n = min_u64(some_length(m), m->max_size), off = some_offset(m, n);
	bool forward = rng_below(&m->rng, 3);

	content_fill(&m->rng, m->buf, n, off);

	ssize_t put = alcm_blob_pwrite(m->blob, m->buf, n, off, &diag);

	if (put != (ssize_t)n)
		die(m, "pwrite(%llu, %llu) = %lld: %s", (unsigned long long)off,
			(unsigned long long)n, (long long)put, diag.cause);
	model_wrote(m, m->buf, n, off);
	m->cursor = forward ? off + n : off;
	if (!alcm_blob_dirty(m->blob))
		die(m, "clean after a write");
}

static void step_truncate(struct model *m)
{
	uint64_t size = rng_below(&m->rng, m->max_size + 1);

	/* Mostly near to the present size, or the file would be short all the time. */
	if (rng_below(&m->rng, 4))
		size = min_u64(m->size + rng_below(&m->rng, 200), m->max_size);
	if (rng_below(&m->rng, 4) == 0)
		size = size / MODEL_CHUNK * MODEL_CHUNK;

	int err = alcm_blob_truncate(m->blob, size, NULL);

	if (err)
		die(m, "truncate(%llu): %s", (unsigned long long)size, strerror(-err));
	model_resized(m, size);
}

static void step_zero(struct model *m)
{
	uint64_t n = some_length(m), off = rng_below(&m->rng, m->size + 1);

	if (rng_below(&m->rng, 2))
		off = off / MODEL_CHUNK * MODEL_CHUNK;

	int err = alcm_blob_zero(m->blob, off, n, NULL);

	if (err)
		die(m, "zero(%llu, %llu): %s", (unsigned long long)off, (unsigned long long)n,
			strerror(-err));
	model_zeroed(m, off, n);
}

static void step_info(struct model *m)
{
	struct alcm_info info;
	struct alcm_diag diag = { 0 };
	int err = alcm_blob_info(m->blob, &info, &diag);

	if (err == -ENODATA && !m->n_commits)
		return;
	if (err)
		die(m, "info: %s: %s", strerror(-err), diag.cause);
	if (info.logical_bytes != m->committed_size)
		die(m, "info says %llu bytes, not %llu", (unsigned long long)info.logical_bytes,
			(unsigned long long)m->committed_size);
}

void model_salvage(struct model *m, struct alcm_blob *blob)
{
	uint8_t byte;
	ssize_t n = alcm_blob_pread(blob, &byte, 1, 0, NULL);

	if (blob_salvage(blob) && n != -EIO)
		die(m, "what was never committed is shown");
}

void model_commit(struct model *m, bool sync)
{
	struct alcm_diag diag = { 0 };
	bool dirty = alcm_blob_dirty(m->blob);
	int err = alcm_blob_commit(m->blob, sync, &diag);

	if (err)
		die(m, "commit: %s: %s", strerror(-err), diag.cause);
	if (alcm_blob_dirty(m->blob))
		die(m, "dirty after a commit");
	if (dirty)
		model_committed(m);
	else if (m->size != m->committed_size || memcmp(m->bytes, m->committed, m->size) != 0)
		die(m, "there were changes, but the blob said it was clean");
}

/* In whole blocks, as a plain file would take them; what was never written is none of
   them. */
static uint64_t plain_bytes(const struct model *m)
{
	uint64_t n = 0;

	for (uint64_t k = 0; k * MODEL_CHUNK < m->size; k++) {
		if (m->seen[k] != SEEN_HOLE)
			n += round_up(min_u64(MODEL_CHUNK, m->size - k * MODEL_CHUNK), BLOCK);
	}
	return n;
}

void model_close(struct model *m)
{
	struct alcm_diag diag = { 0 };
	bool changed;
	int err;

	model_commit(m, false);
	err = alcm_blob_reclaim(m->blob, &changed, &diag);
	if (err)
		die(m, "reclaim: %s: %s", strerror(-err), diag.cause);

	uint64_t used = (uint64_t)blob_io_used(&m->store), plain = plain_bytes(m);

	if (used > plain + max_u64(plain / 20, 2 * BLOCK))
		die(m, "a closed file takes %llu bytes, and %llu as it is",
			(unsigned long long)used, (unsigned long long)plain);
}

static void check_store(struct model *m)
{
	struct alcm_check check;
	int err = blob_check_on(m->alcm, m->store, false, &check);

	if (err || check.n_bad || check.header_bad || check.trailer_lost)
		die(m, "check: %d, %llu bad: %s", err, (unsigned long long)check.n_bad,
			check.first.cause);
}

void model_reopen(struct model *m, bool commit)
{
	struct alcm_diag diag = { 0 };

	if (commit)
		model_commit(m, false);
	else
		model_abandoned(m);
	/* Before the first commit there is no state to come back to. */
	if (!m->n_commits)
		return;
	alcm_blob_close(m->blob);
	m->blob = NULL;
	if (rng_below(&m->rng, 8) == 0)
		check_store(m);

	int err = blob_open_on(m->alcm, m->store, true, &m->blob, &diag);

	if (err)
		die(m, "open: %s: %s", strerror(-err), diag.cause);
	if (alcm_blob_dirty(m->blob) || alcm_blob_unwritten(m->blob))
		die(m, "not clean after opening");
	compare_size(m);
}

static void step_reopen(struct model *m)
{
	bool abandon = m->may_abandon && m->n_commits && rng_below(&m->rng, 2);

	model_reopen(m, !abandon);
	if (rng_below(&m->rng, 4) == 0)
		model_compare(m);
}

static void step_read(struct model *m)
{
	uint64_t n = min_u64(some_length(m), m->max_size);

	compare_range(m, some_offset(m, n), n);
}

void model_step(struct model *m)
{
	uint64_t dice = rng_below(&m->rng, 1000);

	m->step_no++;
	if (dice < 500)
		step_write(m);
	else if (dice < 750)
		step_read(m);
	else if (dice < 810)
		step_truncate(m);
	else if (dice < 850)
		step_zero(m);
	else if (dice < 900)
		step_seek(m);
	else if (dice < 920)
		step_info(m);
	else if (dice < 950)
		model_commit(m, rng_below(&m->rng, 3) == 0);
	else if (dice < 965)
		step_reopen(m);
	else if (dice < 975)
		model_close(m);
	else
		compare_size(m);
}
