/* SPDX-License-Identifier: MIT */
/*
 * Hostile blobs. The first byte of the input says what the rest is:
 *
 *   bit 0 = 0   the whole file
 *   bit 0 = 1   damage to a blob of ours: one byte chooses which of several, and how many
 *               edits at most; then the edits, 6 bytes each (u32 place, what, value)
 *   bit 1       make every checksum right afterwards, so that the damage gets further
 *
 * Opening, reading, checking and repairing must end, within memory that the file's size
 * and the chunk's bound. Without bit 1, whatever is read of a damaged blob was once
 * written there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/le.h"
#include "blob/blob.h"
#include "blob/disk.h"
#include "store_mem.h"

enum {
	CHUNK = 64 << 10,
	N_SEEDS = 8,
	FIRST_REPEATED = 6, /* of the seeds */
	N_STATES = 4,
	SEED_MAX = 3 * CHUNK,
	MAX_FILE = 4 << 20,
	MAX_RUNS = 64, /* of data that are read of one blob */
};

/* A blob of ours, and the states that it was committed in. */
struct seed {
	uint8_t *bytes;
	size_t n;
	uint8_t states[N_STATES][SEED_MAX];
};

static struct alcm *alcm;
static struct seed *seeds;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "fuzz_blob: %s\n", what);
		abort();
	}
}

/* ---- blobs of ours ----------------------------------------------------------------- */

static void write_piece(struct alcm_blob *blob, uint8_t *state, unsigned no,
	unsigned round)
{
	uint64_t off = (uint64_t)(no * 7919 + round * 40961) % (SEED_MAX - 70000);
	uint32_t n = 1000 + (no * 3331 + round * 20011) % 66000;

	if (!round)
		off = 0;
	for (uint32_t i = 0; i < n; i++)
		state[off + i] = (uint8_t)((no & 1) && round ? (i * i * (no + 3)) >> 5
													 : i / 40 + no);
	if (!round)
		memcpy(state, "\x93NUMPY\x01\x00", 8);
	require(alcm_blob_pwrite(blob, state + off, n, off, NULL) == (ssize_t)n, "pwrite");
}

static uint8_t noise(uint32_t i)
{
	uint32_t x = (i / 4 + 1) * 2654435761u;

	return (uint8_t)((x ^ x >> 15) * 2246822519u >> 8 * (i % 4));
}

/* Records that refer to others: the same noise at three places, of which the first is
   overwritten before the last is there. */
static void write_repeated(struct alcm_blob *blob, uint8_t *state, unsigned no,
	unsigned round)
{
	static const uint32_t places[N_STATES] = { 0, CHUNK, 0, 2 * CHUNK };
	uint32_t off = places[round] + (round % 2 ? 52 * (no % 2) : 0);
	uint32_t n = CHUNK - 52;

	for (uint32_t i = 0; i < n; i++)
		state[off + i] = round == 2 && no % 2 ? (uint8_t)(i / 40) : noise(i);
	require(alcm_blob_pwrite(blob, state + off, n, off, NULL) == (ssize_t)n, "pwrite");
}

static void make_seed(unsigned no)
{
	struct seed *seed = &seeds[no];
	struct store_mem *mem = store_mem_new();
	struct blob_io s = store_mem_store(mem);
	struct alcm_profile profile;
	struct alcm_blob *blob = NULL;

	alcm_profile_default(&profile);
	require(!blob_create_on(alcm, s, &profile, &blob), "create");
	for (unsigned round = 0; round < N_STATES; round++) {
		if (round)
			memcpy(seed->states[round], seed->states[round - 1], SEED_MAX);
		if (no < FIRST_REPEATED)
			write_piece(blob, seed->states[round], no, round);
		else
			write_repeated(blob, seed->states[round], no, round);
		/* Some seeds have records only, or a tail behind the last commit. */
		if (no >= round + 1)
			require(!alcm_blob_commit(blob, round & 1, NULL), "commit");
	}
	alcm_blob_close(blob);
	seed->n = store_mem_size(mem);
	seed->bytes = malloc(seed->n + 1);
	require(seed->bytes && !blob_io_read(&s, seed->bytes, seed->n, 0), "read");
	store_mem_free(mem);
}

static void init(void)
{
	struct alcm_params params;

	alcm_params_default(&params);
	params.threads = 1;
	params.budget_bytes = 8 << 20;
	params.chunk_bytes = CHUNK;
	require(!alcm_new(&params, &alcm), "engine");
	seeds = calloc(N_SEEDS, sizeof(*seeds));
	require(seeds, "memory");
	for (unsigned i = 0; i < N_SEEDS; i++)
		make_seed(i);
}

/* ---- damage ------------------------------------------------------------------------ */

/* Apply edits; the file's new length. */
static size_t damage(uint8_t *bytes, size_t n, const uint8_t *edits, size_t n_edits)
{
	for (; n_edits && n; n_edits--, edits += 6) {
		size_t at = le_get32(edits) % n;
		uint8_t value = edits[5];

		switch (edits[4] % 6) {
		case 0:
			bytes[at] = value;
			break;
		case 1:
			bytes[at] ^= (uint8_t)(1 << value % 8);
			break;
		case 2: /* near the end, where trailer and index are */
			bytes[n - 1 - at % min_u64(n, 512)] = value;
			break;
		case 3:
			n = at;
			break;
		case 4:
			memset(bytes + at, value, min_u64(n - at, 64 * (size_t)value));
			break;
		default: /* frames in another order */
			at = at / DISK_ALIGN * DISK_ALIGN;
			memmove(bytes + at, bytes + value * DISK_ALIGN % n / DISK_ALIGN * DISK_ALIGN,
				min_u64(n - at, DISK_ALIGN * 3) % (n - value * DISK_ALIGN % n + 1));
		}
	}
	return n;
}

/* A record's or index's head: bytes 16…63, then 0…7. */
static void seal_head(uint8_t *p, size_t body_hash_at, uint64_t body_len, size_t capacity)
{
	uint8_t text[56];

	if (body_len <= capacity - 64)
		le_put64(p + body_hash_at, disk_hash(p + 64, body_len));
	memcpy(text, p + 16, 48);
	memcpy(text + 48, p, 8);
	le_put64(p + 8, disk_hash(text, sizeof(text)));
}

static void seal(uint8_t *bytes, size_t n)
{
	if (n >= 64)
		le_put64(bytes + 8, disk_hash(bytes + 16, 48));
	for (size_t at = 64; at + 64 <= n; at += 64) {
		uint8_t *p = bytes + at;

		if (memcmp(p, "ALR1", 4) == 0)
			seal_head(p, 40, le_get32(p + 28), n - at);
		else if (memcmp(p, "ALI1", 4) == 0)
			seal_head(p, 32, le_get64(p + 24), n - at);
		else if (memcmp(p,
					 "\x89"
					 "ALCMt",
					 6) == 0 &&
			at + 128 <= n)
			le_put64(p + 8, disk_hash(p + 16, 112));
	}
}

/* ---- use --------------------------------------------------------------------------- */

/* Some state had these bytes there, or had nothing there yet. */
static bool once_written(const struct seed *seed, uint64_t off, const uint8_t *got,
	size_t n)
{
	for (unsigned i = 0; i < N_STATES; i++) {
		if (off + n <= SEED_MAX && memcmp(seed->states[i] + off, got, n) == 0)
			return true;
	}
	for (size_t i = 0; i < n; i++) {
		if (got[i])
			return false;
	}
	return true;
}

/* Read every run of data, chunk by chunk; `seed` NULL: whatever comes. */
static void read_all(struct alcm_blob *blob, const struct seed *seed)
{
	static uint8_t buf[CHUNK];
	struct alcm_diag diag;
	struct alcm_info info;
	int64_t at = 0;

	for (unsigned i = 0; i < MAX_RUNS; i++) {
		at = alcm_blob_seek(blob, (uint64_t)at, SEEK_DATA);
		if (at < 0)
			break;

		ssize_t n = alcm_blob_pread(blob, buf, CHUNK, (uint64_t)at, &diag);

		require(n <= CHUNK, "pread returns more than asked for");
		if (n > 0 && seed)
			require(once_written(seed, (uint64_t)at, buf, (size_t)n), "wrong bytes");
		at += CHUNK;
	}
	(void)alcm_blob_info(blob, &info, &diag);
}

static void use(struct store_mem *mem, const struct seed *seed)
{
	struct blob_io s = store_mem_store(mem);
	struct alcm_blob *blob;
	struct alcm_check check;
	struct alcm_diag diag;

	store_mem_set_readonly(mem, true);
	if (!blob_open_on(alcm, s, false, &blob, &diag)) {
		(void)blob_salvage(blob);
		read_all(blob, seed);
		alcm_blob_close(blob);
	}
	(void)blob_check_on(alcm, s, false, &check);
	store_mem_set_readonly(mem, false);
	store_mem_set_limit(mem, MAX_FILE);
	if (!blob_check_on(alcm, s, true, &check) &&
		!blob_open_on(alcm, s, false, &blob, &diag)) {
		read_all(blob, seed);
		alcm_blob_close(blob);
	}
	if (!blob_open_on(alcm, s, true, &blob, &diag)) {
		(void)alcm_blob_pwrite(blob, "x", 1, 100, &diag);
		(void)alcm_blob_truncate(blob, CHUNK + 5, &diag);
		(void)alcm_blob_commit(blob, true, &diag);
		alcm_blob_close(blob);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct seed *seed = NULL;
	struct store_mem *mem;
	uint8_t *bytes;
	size_t n;

	if (!alcm)
		init();
	if (size < 2 || size > MAX_FILE / 2)
		return 0;
	if (data[0] & 1)
		seed = &seeds[data[1] % N_SEEDS];
	n = seed ? seed->n : size - 1;
	bytes = malloc(n + 1);
	require(bytes, "memory");
	memcpy(bytes, seed ? seed->bytes : data + 1, n);
	if (seed)
		n = damage(bytes, n, data + 2,
			min_u64((size - 2) / 6, 1 + data[1] / N_SEEDS % 8));
	if (data[0] & 2)
		seal(bytes, n);
	mem = store_mem_new();
	store_mem_load(mem, bytes, n);
	use(mem, data[0] & 2 ? NULL : seed);
	store_mem_free(mem);
	free(bytes);
	return 0;
}
