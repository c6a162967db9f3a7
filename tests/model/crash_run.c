/* SPDX-License-Identifier: MIT */
#include "crash_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "blob/blob.h"
#include "blob/disk.h"

#define crash_die(r, ...) (report_place(r), die(&(r)->m, __VA_ARGS__))

static void report_place(const struct crash_run *r)
{
	fprintf(stderr, "%s at op %zu of %zu, boot %llu:\n", r->what ? r->what : "-", r->at,
		store_crash_n_ops(r->crash), (unsigned long long)r->boot);
}

static void set_boot(uint64_t no)
{
	uint8_t id[16] = "boot";

	id[15] = (uint8_t)(no + 1);
	blob_set_boot_id_for_tests(id);
}

/* ---- history ----------------------------------------------------------------------- */

static uint64_t key_of(uint64_t chunk_no, const uint8_t *bytes)
{
	uint64_t key = disk_hash(bytes, MODEL_CHUNK) * 31 + chunk_no;

	return key ? key : 1;
}

static uint64_t *find_key(const struct crash_history *h, uint64_t key)
{
	size_t i = key % h->max;

	while (h->keys[i] && h->keys[i] != key)
		i = (i + 1) % h->max;
	return &h->keys[i];
}

static void history_add(struct crash_history *h, uint64_t key)
{
	uint64_t *at = find_key(h, key);

	if (*at)
		return;
	*at = key;
	/* Room for every chunk of every step; running over would loop for ever. */
	if (++h->n == h->max)
		abort();
}

static void history_add_all(struct crash_run *r, const uint8_t *bytes)
{
	uint8_t last[MODEL_CHUNK] = { 0 };
	uint64_t n = CRASH_MAX_SIZE / MODEL_CHUNK;

	for (uint64_t k = 0; k < n; k++)
		history_add(&r->history, key_of(k, bytes + k * MODEL_CHUNK));
	memcpy(last, bytes + n * MODEL_CHUNK, CRASH_MAX_SIZE % MODEL_CHUNK);
	history_add(&r->history, key_of(n, last));
}

/* ---- the run ----------------------------------------------------------------------- */

static void add_state(struct crash_run *r, size_t from, const uint8_t *bytes,
	uint64_t size)
{
	struct crash_state *s = &r->states[r->n_states++];

	s->from = from;
	s->size = size;
	s->bytes = malloc(CRASH_MAX_SIZE);
	if (!s->bytes || r->n_states == CRASH_MAX_STATES)
		abort();
	memcpy(s->bytes, bytes, CRASH_MAX_SIZE);
}

static void init_history(struct crash_run *r)
{
	r->history.max = 1 << 14;
	r->history.keys = calloc(r->history.max, sizeof(uint64_t));
	if (!r->history.keys)
		abort();
	history_add_all(r, r->m.bytes);
}

void crash_run_init(struct crash_run *r, uint64_t seed, struct alcm *alcm)
{
	memset(r, 0, sizeof(*r));
	set_boot(0);
	r->crash = store_crash_new(NULL);
	model_init(&r->m, "crash", seed, alcm, store_crash_store(r->crash), CRASH_MAX_SIZE);
	r->m.may_abandon = true;
	init_history(r);
}

void crash_run_init_from(struct crash_run *r, const struct crash_run *first,
	struct store_mem *image, int state, uint64_t boot, uint64_t seed)
{
	const struct crash_state *s = &first->states[state];
	struct model *m = &r->m;

	memset(r, 0, sizeof(*r));
	r->boot = boot;
	set_boot(r->boot);
	r->crash = store_crash_new(image);
	model_init_arrays(m, "crash, second", seed, first->m.alcm,
		store_crash_store(r->crash), CRASH_MAX_SIZE);
	m->may_abandon = true;
	memcpy(m->bytes, s->bytes, CRASH_MAX_SIZE);
	memset(m->seen, SEEN_EITHER, sizeof(m->seen));
	m->size = s->size;
	model_committed(m);
	add_state(r, 0, s->bytes, s->size);
	init_history(r);

	int err = blob_open_on(m->alcm, m->store, true, &m->blob, NULL);

	if (err)
		die(m, "open to go on: %s", strerror(-err));
}

void crash_run_release(struct crash_run *r)
{
	for (int i = 0; i < r->n_states; i++)
		free(r->states[i].bytes);
	free(r->history.keys);
	model_release(&r->m);
	store_crash_free(r->crash);
}

static bool is_commit(const struct crash_op *op)
{
	struct disk_trailer t;
	uint64_t at = op->len - DISK_TRAILER_BYTES;

	return op->kind == CRASH_WRITE && op->len >= DISK_TRAILER_BYTES &&
		disk_trailer_get(&t, op->data + at, DISK_TRAILER_BYTES, op->off + at) == DISK_OK;
}

void crash_run_note(struct crash_run *r)
{
	size_t n = store_crash_n_ops(r->crash);

	history_add_all(r, r->m.bytes);
	for (; r->n_seen < n; r->n_seen++) {
		struct crash_op op = store_crash_op(r->crash, r->n_seen);

		if (is_commit(&op))
			add_state(r, r->n_seen + 1, r->m.committed, r->m.committed_size);
	}
}

int crash_run_state_at(const struct crash_run *r, size_t n)
{
	int i = r->n_states - 1;

	while (i >= 0 && r->states[i].from > n)
		i--;
	return i;
}

/* ---- what can be rebuilt without a commit ------------------------------------------ */

/* An independent reading of docs/format.md, section 4, step 4; all frames are whole. */
static uint64_t rebuilt_size(struct store_mem *image)
{
	struct blob_io s = store_mem_store(image);
	uint64_t size = store_mem_size(image), at = DISK_HEADER_BYTES, end = 0;
	uint32_t raw_len[CRASH_MAX_SIZE / MODEL_CHUNK + 1] = { 0 };

	while (size > at && size - at >= DISK_RECORD_BYTES) {
		uint8_t head[DISK_RECORD_BYTES];
		struct disk_record rec;
		uint64_t len = DISK_ALIGN;

		if (blob_io_read(&s, head, sizeof(head), at))
			abort();
		if (disk_record_get(&rec, head, sizeof(head), MODEL_CHUNK) == DISK_OK) {
			raw_len[rec.chunk_no] = rec.raw_len;
			len = round_up(DISK_RECORD_BYTES + rec.body_len, DISK_ALIGN);
		}
		at += len;
	}
	for (size_t k = 0; k < sizeof(raw_len) / sizeof(*raw_len) && raw_len[k]; k++) {
		end = k * MODEL_CHUNK + raw_len[k];
		if (raw_len[k] < MODEL_CHUNK)
			break;
	}
	return end;
}

/* ---- checking images --------------------------------------------------------------- */

static int open_image(struct crash_run *r, struct store_mem *image, uint64_t boot,
	struct alcm_blob **out, struct alcm_diag *diag)
{
	set_boot(boot);
	store_mem_set_readonly(image, true);
	return blob_open_on(r->m.alcm, store_mem_store(image), false, out, diag);
}

/* Nothing was ever synced (or committed): each chunk is lost, or was once so. */
static void check_against_history(struct crash_run *r, struct alcm_blob *blob, bool exact)
{
	uint64_t size = alcm_blob_size(blob);

	for (uint64_t k = 0; k * MODEL_CHUNK < size; k++) {
		uint8_t chunk[MODEL_CHUNK] = { 0 };
		struct alcm_diag diag = { 0 };
		ssize_t n = alcm_blob_pread(blob, chunk, MODEL_CHUNK, k * MODEL_CHUNK, &diag);

		if (n == -EIO && !exact)
			continue;
		if (n < 0)
			crash_die(r, "chunk %llu: %s", (unsigned long long)k, diag.cause);
		if (!*find_key(&r->history, key_of(k, chunk)))
			crash_die(r, "chunk %llu was never like this", (unsigned long long)k);
	}
}

/* Which of states[lo … hi] the buffer is; -1 = none. */
static int match_state(const struct crash_run *r, int lo, int hi, const uint8_t *bytes,
	uint64_t size)
{
	for (int i = hi; i >= lo && i >= 0; i--) {
		const struct crash_state *s = &r->states[i];

		if (s->size == size && memcmp(s->bytes, bytes, size) == 0)
			return i;
	}
	return -1;
}

static int check_opened(struct crash_run *r, struct alcm_blob *blob, int lo, int hi,
	bool exact)
{
	uint8_t *buf = r->m.buf;
	struct alcm_diag diag = { 0 };
	uint64_t size = alcm_blob_size(blob);

	if (size > CRASH_MAX_SIZE)
		crash_die(r, "size %llu", (unsigned long long)size);

	ssize_t n = alcm_blob_pread(blob, buf, CRASH_MAX_SIZE, 0, &diag);
	int state = n == (ssize_t)size ? match_state(r, lo < 0 ? 0 : lo, hi, buf, size) : -1;

	if (state >= 0)
		return state;
	if (lo >= 0)
		crash_die(r,
			"none of states %d … %d: size %llu, read %lld (%s); newest size %llu", lo, hi,
			(unsigned long long)size, (long long)n, diag.cause,
			(unsigned long long)r->states[hi].size);
	check_against_history(r, blob, exact);
	return -1;
}

int crash_run_check(struct crash_run *r, struct store_mem *image, uint64_t boot, int lo,
	int hi, bool exact)
{
	struct alcm_blob *blob = NULL;
	struct alcm_diag diag = { 0 };
	int err = open_image(r, image, boot, &blob, &diag), state = -1;

	if (err && (lo >= 0 || (exact && store_mem_size(image) >= DISK_HEADER_BYTES)))
		crash_die(r, "open: %s: %s", strerror(-err), diag.cause);
	if (err && err != -EMEDIUMTYPE && err != -EIO)
		crash_die(r, "open: %s", strerror(-err));
	if (!err) {
		model_salvage(&r->m, blob);
		state = check_opened(r, blob, lo, hi, exact);
		/* A torn frame is only told from a whole one by its hash, which is the blob's
		   job. */
		if (exact && lo < 0 && strcmp(r->what, "prefix") == 0 &&
			alcm_blob_size(blob) != rebuilt_size(image))
			crash_die(r, "rebuilt %llu bytes, not %llu",
				(unsigned long long)alcm_blob_size(blob),
				(unsigned long long)rebuilt_size(image));
		alcm_blob_close(blob);
	}
	store_mem_set_readonly(image, false);
	return state;
}

void crash_run_check_allocs(struct crash_run *r, struct store_mem *image, uint64_t boot,
	int lo, int hi)
{
	enum { MORE_THAN_OPENING_TAKES = 40 };

	r->what = "failing allocation";
	for (unsigned long n = 1; n <= MORE_THAN_OPENING_TAKES; n++) {
		struct alcm_blob *blob = NULL;
		struct alcm_diag diag = { 0 };

		mem_fail_nth(n);

		int err = open_image(r, image, boot, &blob, &diag);
		mem_fail_nth(0);
		if (err && err != -ENOMEM)
			crash_die(r, "open, allocation %lu: %s: %s", n, strerror(-err), diag.cause);
		if (!err)
			(void)check_opened(r, blob, lo, hi, true);
		alcm_blob_close(blob);
	}
	store_mem_set_readonly(image, false);
}

void crash_run_check_repair(struct crash_run *r, struct store_mem *image, int lo, int hi)
{
	struct store_mem *copy = store_mem_new();
	struct alcm_check check;

	r->what = "repair";
	store_mem_copy(copy, image);
	set_boot(r->boot + 1);

	int err = blob_check_on(r->m.alcm, store_mem_store(copy), true, &check);

	if (err || check.n_bad)
		crash_die(r, "check: %s, %llu bad: %s", strerror(-err),
			(unsigned long long)check.n_bad, check.first.cause);
	(void)crash_run_check(r, copy, r->boot + 1, lo, hi, true);
	store_mem_free(copy);
}
