/* SPDX-License-Identifier: MIT */
/*
 * A lossy profile on an archive whose checksums change with its values: whatever call
 * fails on the way, and whatever allocation, the archive is the one that was written or
 * the one that it becomes, whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/le.h"
#include "blob/blob.h"
#include "format/zip.h"
#include "model.h"
#include "npz_write.h"
#include "store_faulty.h"
#include "store_mem.h"

enum { N_ARRAYS = 3, N_VALUES = 40000, N_INTS = 3000, N_FINE = 24 };

struct archive {
	struct model m; /* for die() */
	struct alcm_profile profile;
	uint8_t *written, *becomes, *buf;
	size_t size;
};

struct fault {
	const char *name;
	unsigned kinds; /* 0: allocations */
	uint64_t count, stride;
	int err;
};

static const struct fault faults[] = {
	{ "ENOSPC", FAULTY_PWRITE | FAULTY_RESERVE, 1, 1, -ENOSPC },
	{ "ENOSPC to the end", FAULTY_PWRITE | FAULTY_RESERVE, UINT64_MAX, 1, -ENOSPC },
	{ "EIO at a read", FAULTY_PREAD, 1, 1, -EIO },
	{ "allocation", 0, 1, 1, -ENOMEM },
};

static void make_archive(struct archive *a)
{
	static float values[2][N_VALUES];
	static int64_t ints[N_INTS];
	struct npz_array arrays[N_ARRAYS] = {
		{ "w", "<f4", 2, { 200, N_VALUES / 200 }, values[0], sizeof(values[0]) },
		{ "ints", "<i8", 1, { N_INTS }, ints, sizeof(ints) },
		{ "b", "<f4", 1, { N_VALUES }, values[1], sizeof(values[1]) },
	};

	for (size_t i = 0; i < 2 * N_VALUES; i++)
		values[i / N_VALUES][i % N_VALUES] = (float)rng_below(&a->m.rng, 1 << 20) /
				65536 -
			8;
	for (size_t i = 0; i < N_INTS; i++)
		ints[i] = (int64_t)rng_below(&a->m.rng, 50000);
	if (npz_write(arrays, N_ARRAYS, false, &a->written, &a->size))
		die(&a->m, "npz_write");
	a->becomes = malloc(a->size);
	a->buf = malloc(a->size);
	if (!a->becomes || !a->buf)
		die(&a->m, "no memory");
}

/* Written, not committed. */
static struct alcm_blob *save(struct archive *a, struct blob_io store)
{
	struct alcm_blob *blob;

	if (blob_create_on(a->m.alcm, store, &a->profile, &blob) ||
		alcm_blob_pwrite(blob, a->written, a->size, 0, NULL) != (ssize_t)a->size)
		die(&a->m, "save");
	return blob;
}

static bool holds(struct archive *a, struct alcm_blob *blob, const uint8_t *bytes)
{
	if (alcm_blob_pread(blob, a->buf, a->size, 0, NULL) != (ssize_t)a->size)
		die(&a->m, "pread");
	return memcmp(a->buf, bytes, a->size) == 0;
}

/* Whether each member, by the directory, has the checksum that the directory tells. */
static bool checksums_are_right(const uint8_t *zip, size_t size)
{
	const uint8_t *end = zip + size - ZIP_END_BYTES, *entry = zip + le_get32(end + 16);
	unsigned n = 0;

	for (; le_get32(entry) == ZIP_CENTRAL; n++) {
		const uint8_t *local = zip + le_get32(entry + 42);
		uint32_t around = le_get16(local + 26) + le_get16(local + 28);
		uLong crc = crc32(0, local + ZIP_LOCAL_BYTES + around, le_get32(entry + 20));

		if (crc != le_get32(entry + 16) || crc != le_get32(local + 14))
			return false;
		entry += ZIP_CENTRAL_BYTES + le_get16(entry + 28) + le_get16(entry + 30);
	}
	return n == N_ARRAYS;
}

/* What it becomes, and that the archive is whole then. */
static void set_reference(struct archive *a)
{
	struct store_mem *mem = store_mem_new();
	struct alcm_blob *blob = save(a, store_mem_store(mem));
	bool changed;

	if (alcm_blob_quantise(blob, 0, &changed, NULL) || !changed ||
		holds(a, blob, a->written))
		die(&a->m, "nothing was quantised");
	memcpy(a->becomes, a->buf, a->size);
	if (!checksums_are_right(a->written, a->size) ||
		!checksums_are_right(a->becomes, a->size))
		die(&a->m, "the archive is broken");
	alcm_blob_close(blob);
	store_mem_free(mem);
}

static void arm(struct store_faulty *faulty, const struct fault *f, uint64_t n)
{
	store_faulty_set(faulty, f->kinds, n, f->count, f->err);
	if (!f->kinds)
		mem_fail_nth(n);
}

/* Close, and open what was committed. */
static void reopen(struct archive *a, struct blob_io store, struct alcm_blob **blob)
{
	alcm_blob_close(*blob);
	if (blob_open_on(a->m.alcm, store, true, blob, NULL))
		die(&a->m, "open");
}

static void must_commit(struct archive *a, struct alcm_blob *blob)
{
	if (alcm_blob_commit(blob, true, NULL))
		die(&a->m, "commit");
}

/* False: there were fewer than n calls. */
static bool try_fault(struct archive *a, const struct fault *f, uint64_t n)
{
	struct store_mem *mem = store_mem_new();
	struct store_faulty faulty;
	struct blob_io store;
	struct alcm_blob *blob;
	bool changed;
	int err;

	store_faulty_init(&faulty, store_mem_store(mem));
	store = store_faulty_store(&faulty);
	blob = save(a, store);
	/* Without memory to note it a tensor isn't known, and stays as it is. */
	if (!f->kinds)
		must_commit(a, blob);
	arm(&faulty, f, n);
	err = alcm_blob_quantise(blob, 0, &changed, NULL);
	mem_fail_nth(0);
	store_faulty_set(&faulty, FAULTY_ALL, 0, 0, 0);
	if (!holds(a, blob, err ? a->written : a->becomes) &&
		(err || !holds(a, blob, a->written)))
		die(&a->m, "%s %llu: neither the one nor the other, after %s", f->name,
			(unsigned long long)n, strerror(-err));
	must_commit(a, blob);
	reopen(a, store, &blob);
	if (alcm_blob_quantise(blob, 0, &changed, NULL))
		die(&a->m, "%s %llu: not even without a fault", f->name, (unsigned long long)n);
	must_commit(a, blob);
	reopen(a, store, &blob);
	if (!holds(a, blob, a->becomes))
		die(&a->m, "%s %llu: not what it becomes", f->name, (unsigned long long)n);
	alcm_blob_close(blob);
	store_faulty_release(&faulty);
	store_mem_free(mem);
	return err;
}

void model_archive(const struct options *o)
{
	struct archive a = { .m = {
							 .name = "archive", .seed = o->seed, .rng = { o->seed } } };

	a.m.alcm = model_engine(2, 8 << 20, MODEL_CHUNK);
	if (alcm_profile_parse("bounded:0.001", &a.profile, NULL))
		die(&a.m, "profile");
	make_archive(&a);
	set_reference(&a);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		uint64_t n = 1;

		/* A fault in what is tried over and again, or isn't needed, is no error. */
		for (uint64_t n_fine = 0; n_fine < N_FINE; n += faults[i].stride)
			n_fine = try_fault(&a, &faults[i], n) ? 0 : n_fine + 1;
		printf("%s: %llu calls\n", faults[i].name, (unsigned long long)n - 1 - N_FINE);
		if (n < 2 + N_FINE)
			die(&a.m, "%s: hardly anything failed", faults[i].name);
	}
	alcm_free(a.m.alcm);
	mem_free(a.written);
	free(a.becomes);
	free(a.buf);
}
