/* SPDX-License-Identifier: MIT */
/*
 * Each transform by itself: what it makes of any bytes, its inverse turns back, and what
 * it makes of hostile planes and maps stays in its buffers. Input: width and flags, then
 * the elements.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "transform/bits.h"
#include "transform/deltas.h"
#include "transform/planes.h"
#include "transform/sparse.h"

enum { MAX_WIDTH = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint8_t *block(const uint8_t *from, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	require(p);
	if (from)
		memcpy(p, from, n);
	return p;
}

static void try_planes(const uint8_t *raw, size_t n, unsigned width, bool rotate,
	bool big)
{
	uint8_t *in = block(raw, n * width), *planes = block(NULL, n * width);
	uint8_t *out = block(NULL, n * width);
	const uint8_t *at[MAX_WIDTH];

	planes_split(in, planes, n, width, rotate, big);
	for (unsigned p = 0; p < width; p++)
		at[p] = planes + p * n;
	planes_merge(at, out, n, width, rotate, big);
	require(!memcmp(in, out, n * width));
	free(in);
	free(planes);
	free(out);
}

static void try_deltas(const uint8_t *raw, size_t n, unsigned width, bool big)
{
	uint8_t *in = block(raw, n * width), *out = block(NULL, n * width);

	deltas_make(in, out, n, width, big);
	deltas_undo(out, n, width, big);
	require(!memcmp(in, out, n * width));
	free(in);
	free(out);
}

static void try_sparse(const uint8_t *raw, size_t n, unsigned width, bool big)
{
	size_t zeros = sparse_count_zeros(raw, n, width, big);
	uint8_t *in = block(raw, n * width), *out = block(NULL, n * width);
	uint8_t *map = block(NULL, sparse_map_bytes(n));
	uint8_t *signs = block(NULL, sparse_map_bytes(n)), *few;
	uint8_t *values = block(NULL, (n - zeros) * width);

	require(zeros <= n);
	sparse_split(in, n, width, big, map, signs, values);
	require(sparse_count_map(map, n) == n - zeros);
	/* Merging looks at no more of them than there are zeros. */
	few = block(signs, sparse_map_bytes(zeros));
	sparse_merge(out, n, width, big, map, few, values);
	require(!memcmp(in, out, n * width));
	free(few);
	free(in);
	free(out);
	free(map);
	free(signs);
	free(values);
}

/* A map that nobody made: as many values as it says, no more are looked at. */
static void merge_hostile(const uint8_t *raw, size_t size, unsigned width, bool big)
{
	size_t n = size * 8 > 4096 ? 4096 : size * 8, n_values;
	uint8_t *map = block(raw, sparse_map_bytes(n)), *out = block(NULL, n * width);
	uint8_t *signs, *values;

	n_values = sparse_count_map(map, n);
	signs = block(NULL, sparse_map_bytes(n - n_values));
	values = block(NULL, n_values * width);
	memset(signs, 0xa5, sparse_map_bytes(n - n_values));
	memset(values, 0x5a, n_values * width);
	sparse_merge(out, n, width, big, map, signs, values);
	free(map);
	free(out);
	free(signs);
	free(values);
}

static void try_bits(const uint8_t *raw, size_t n)
{
	size_t len = bits_bytes(n);
	uint8_t *in = block(raw, n), *packed = block(NULL, 8 * len), *out = block(NULL, n);
	const uint8_t *planes[8];

	bits_split(in, n, packed);
	for (unsigned p = 0; p < 8; p++)
		planes[p] = packed + p * len;
	bits_merge(planes, n, out);
	require(!memcmp(in, out, n));
	for (size_t i = 0; i < n; i++)
		in[i] &= 1;
	require(bits_only(in, n));
	bits_pack(in, n, packed);
	bits_unpack(packed, n, out);
	require(!memcmp(in, out, n));
	free(in);
	free(packed);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;

	unsigned width = 1 + data[0] % MAX_WIDTH;
	bool big = data[1] & 1, rotate = data[1] & 2;
	bool number = width == 2 || width == 4 || width == 8;
	size_t n = (size - 2) / width;

	data += 2;
	size -= 2;
	try_planes(data, n, width, rotate && number, big);
	if (number) {
		try_deltas(data, n, width, big);
		try_sparse(data, n, width, big);
		merge_hostile(data, size, width, big);
	}
	try_bits(data, size);
	return 0;
}
