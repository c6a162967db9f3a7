/* SPDX-License-Identifier: MIT */
/*
 * Operations on a blob, and then a crash. Input: a byte for the profile, three for the
 * crash (where in the store's changes, and how much of the last one), then operations of
 * 8 bytes each:
 *
 *   what (write, truncate, zero, commit, sync, quantise, reopen, read), kind of content,
 *   u32 offset, u16 length
 *
 * An array says what must be read. After the crash one of the last committed states is
 * there, whole.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/le.h"
#include "blob/blob.h"
#include "store_crash.h"

enum {
	CHUNK = 64 << 10,
	SIZE_MAX_BYTES = 2 * CHUNK + 77,
	MAX_OPS = 16,
	MAX_STATES = MAX_OPS + 2
};

struct state {
	size_t n_changes; /* of the store, when the commit returned */
	uint64_t size;
	uint8_t *bytes;
};

struct run {
	struct store_crash *crash;
	struct blob_io store;
	struct alcm_blob *blob;
	struct alcm_profile profile;
	uint64_t size;
	unsigned n_states;
	struct state states[MAX_STATES];
	uint8_t bytes[SIZE_MAX_BYTES], buf[SIZE_MAX_BYTES];
};

static struct alcm *alcm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "fuzz_operations: %s\n", what);
		abort();
	}
}

/* ---- content ----------------------------------------------------------------------- */

static void put_header(uint8_t *buf, uint32_t n_values)
{
	char text[128];
	int n = snprintf(text, sizeof(text),
		"{'descr': '<f4', 'fortran_order': False, 'shape': (%u,), }", n_values);

	memset(buf, ' ', 128);
	memcpy(buf, "\x93NUMPY\x01\x00v\x00", 10);
	memcpy(buf + 10, text, (size_t)n);
	buf[127] = '\n';
}

static void fill(uint8_t *buf, size_t n, uint64_t off, uint8_t kind)
{
	uint32_t x = kind * 2654435761u + (uint32_t)off;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		switch (kind % 5) {
		case 0:
			buf[i] = kind;
			break;
		case 1: /* floats between 0.5 and 2 */
			buf[i] = (off + i) % 4 == 3 ? 0x3f : (uint8_t)(x >> 24);
			break;
		case 2:
			buf[i] = (uint8_t)((off + i) / 9);
			break;
		case 3: /* NaN, Inf and denormals among others */
			buf[i] = (off + i) % 4 == 3 ? (x >> 30 ? 0x7f : 0) : (uint8_t)(x >> 24);
			break;
		default:
			buf[i] = (uint8_t)(x >> 24);
		}
	}
	if (off == 0 && n >= 128)
		put_header(buf, (SIZE_MAX_BYTES - 128) / 4);
}

/* ---- operations -------------------------------------------------------------------- */

static void compare(struct run *r)
{
	ssize_t n = alcm_blob_pread(r->blob, r->buf, SIZE_MAX_BYTES, 0, NULL);

	require(alcm_blob_size(r->blob) == r->size, "size");
	require(n == (ssize_t)r->size && !memcmp(r->buf, r->bytes, r->size), "content");
}

static void remember(struct run *r)
{
	struct state *s = &r->states[r->n_states++];

	s->n_changes = store_crash_n_ops(r->crash);
	s->size = r->size;
	s->bytes = malloc(r->size + 1);
	require(s->bytes, "memory");
	memcpy(s->bytes, r->bytes, r->size);
}

static void commit(struct run *r, bool sync)
{
	bool dirty = alcm_blob_dirty(r->blob);

	require(!alcm_blob_commit(r->blob, sync, NULL), "commit");
	require(!alcm_blob_dirty(r->blob), "dirty after a commit");
	if (dirty)
		remember(r);
}

static void write_piece(struct run *r, uint8_t kind, uint64_t off, uint64_t n)
{
	off %= SIZE_MAX_BYTES;
	n = min_u64(n * 3, SIZE_MAX_BYTES - off);
	if (!n)
		return;
	fill(r->bytes + off, n, off, kind);
	require(alcm_blob_pwrite(r->blob, r->bytes + off, n, off, NULL) == (ssize_t)n,
		"write");
	r->size = max_u64(r->size, off + n);
}

static void truncate_to(struct run *r, uint64_t size)
{
	size %= SIZE_MAX_BYTES + 1;
	require(!alcm_blob_truncate(r->blob, size, NULL), "truncate");
	if (size < r->size)
		memset(r->bytes + size, 0, r->size - size);
	r->size = size;
}

static void zero(struct run *r, uint64_t off, uint64_t n)
{
	off %= SIZE_MAX_BYTES;
	n *= 3;
	require(!alcm_blob_zero(r->blob, off, n, NULL), "zero");
	if (off < r->size)
		memset(r->bytes + off, 0, min_u64(n, r->size - off));
}

/* Values may change, then, but what is no value doesn't, and the bound is kept. */
static void quantise(struct run *r)
{
	bool changed = false;
	ssize_t n;

	require(!alcm_blob_quantise(r->blob, 0.01, &changed, NULL), "quantise");
	n = alcm_blob_pread(r->blob, r->buf, SIZE_MAX_BYTES, 0, NULL);
	require(n == (ssize_t)r->size, "size after quantising");
	require(changed || !memcmp(r->buf, r->bytes, r->size), "changed unsaid");
	require(!memcmp(r->buf, r->bytes, min_u64(r->size, 128)), "the header was quantised");
	require(r->profile.lossy || !changed, "a lossless profile changed values");
	memcpy(r->bytes, r->buf, r->size);
}

static void reopen(struct run *r, bool keep)
{
	if (keep)
		commit(r, false);
	if (!r->n_states)
		return;
	alcm_blob_close(r->blob);
	require(!blob_open_on(alcm, r->store, true, &r->blob, NULL), "open");

	const struct state *s = &r->states[r->n_states - 1];

	memset(r->bytes, 0, sizeof(r->bytes));
	memcpy(r->bytes, s->bytes, s->size);
	r->size = s->size;
	compare(r);
}

static void operate(struct run *r, const uint8_t op[8])
{
	uint32_t off = le_get32(op + 2);
	uint16_t n = le_get16(op + 6);

	switch (op[0] % 10) {
	case 0:
	case 1:
	case 2:
		write_piece(r, op[1], op[0] & 0x40 ? off / CHUNK * CHUNK : off, n);
		break;
	case 3:
		truncate_to(r, off);
		break;
	case 4:
		zero(r, off, n);
		break;
	case 5:
	case 6:
		commit(r, op[0] % 10 == 6);
		break;
	case 7:
		quantise(r);
		break;
	case 8:
		reopen(r, op[1] & 1);
		break;
	default:
		compare(r);
	}
}

/* ---- the crash --------------------------------------------------------------------- */

/* The last state of which the store's first n changes have everything; -1: none. */
static int state_at(const struct run *r, size_t n)
{
	int k = (int)r->n_states - 1;

	while (k >= 0 && r->states[k].n_changes > n)
		k--;
	return k;
}

static bool holds(struct run *r, struct alcm_blob *blob, int k)
{
	const struct state *s = &r->states[k];

	return alcm_blob_size(blob) == s->size &&
		alcm_blob_pread(blob, r->buf, SIZE_MAX_BYTES, 0, NULL) == (ssize_t)s->size &&
		!memcmp(r->buf, s->bytes, s->size);
}

static void crash(struct run *r, const uint8_t where[3])
{
	size_t n = (size_t)le_get16(where) % (store_crash_n_ops(r->crash) + 1);
	struct store_mem *image = store_mem_new();
	struct alcm_blob *blob;
	struct alcm_check check;
	int k = state_at(r, n);

	store_crash_rewind(r->crash, image);
	for (size_t i = 0; i < n; i++)
		store_crash_apply(r->crash, i, CRASH_WHOLE, 0, image);
	if (n < store_crash_n_ops(r->crash) && where[2])
		store_crash_apply(r->crash, n, CRASH_CUT,
			store_crash_op(r->crash, n).len * where[2] / 256, image);
	if (!blob_open_on(alcm, store_mem_store(image), true, &blob, NULL)) {
		bool newer = k + 1 < (int)r->n_states && holds(r, blob, k + 1);

		require(k < 0 || newer || holds(r, blob, k), "no committed state after a crash");
		alcm_blob_close(blob);
	} else {
		require(k < 0, "can't be opened after a crash");
	}
	/* Before the first commit there may be half a header. */
	require(k < 0 ||
			(!blob_check_on(alcm, store_mem_store(image), false, &check) && !check.n_bad),
		"a crash made damage");
	store_mem_free(image);
}

static void begin(struct run *r, uint8_t profile)
{
	static const char *const names[] = { "lossless", "paper", "alcm", "bounded:0.01",
		"bounded-abs:0.001" };

	if (!alcm) {
		struct alcm_params params;

		alcm_params_default(&params);
		params.threads = 1;
		params.budget_bytes = 8 << 20;
		params.chunk_bytes = CHUNK;
		require(!alcm_new(&params, &alcm), "engine");
	}
	require(!alcm_profile_parse(names[profile % 5], &r->profile, NULL), "profile");
	r->crash = store_crash_new(NULL);
	r->store = store_crash_store(r->crash);
	require(!blob_create_on(alcm, r->store, &r->profile, &r->blob), "create");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *r;

	if (size < 4 + 8)
		return 0;
	r = calloc(1, sizeof(*r));
	require(r, "memory");
	begin(r, data[0]);
	for (size_t i = 0; i < MAX_OPS && 4 + 8 * (i + 1) <= size; i++)
		operate(r, data + 4 + 8 * i);
	compare(r);
	alcm_blob_close(r->blob);
	crash(r, data + 1);
	for (unsigned k = 0; k < r->n_states; k++)
		free(r->states[k].bytes);
	store_crash_free(r->crash);
	free(r);
	return 0;
}
