/* SPDX-License-Identifier: MIT */
/* Random numbers and the bytes that tests write. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "model.h"

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift
   generators"). */
uint64_t rng_next(struct rng *rng)
{
	rng->state ^= rng->state >> 12;
	rng->state ^= rng->state << 25;
	rng->state ^= rng->state >> 27;
	return rng->state * 0x2545f4914f6cdd1du;
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
	return rng_next(rng) % n;
}

/* Sum of uniform values: near enough to the weights of a network. */
static float rng_weight(struct rng *rng)
{
	uint64_t r = rng_next(rng);
	double sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (double)(r >> (16 * i) & 0xffff) / 65536 - 0.5;
	return (float)(sum * 0.04);
}

static void fill_floats(struct rng *rng, uint8_t *buf, size_t n)
{
	for (size_t at = 0; at < n; at += sizeof(float)) {
		float f = rng_weight(rng);

		memcpy(buf + at, &f, min_u64(sizeof(f), n - at));
	}
}

static void fill_noise(struct rng *rng, uint8_t *buf, size_t n)
{
	for (size_t at = 0; at < n; at += sizeof(uint64_t)) {
		uint64_t r = rng_next(rng);

		memcpy(buf + at, &r, min_u64(sizeof(r), n - at));
	}
}

static void fill_header(struct rng *rng, uint8_t *buf, size_t n)
{
	static const char *const types[] = { "<f4", "<f8", ">f4", "<f2", "<i8", "|u1", "<c8",
		"|V2" };
	uint8_t header[128];
	int len;

	memset(header, ' ', sizeof(header));
	memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
	len = snprintf((char *)header + 10, sizeof(header) - 10,
		"{'descr': '%s', 'fortran_order': False, 'shape': (%u, 64), }",
		types[rng_below(rng, 8)], (unsigned)rng_below(rng, 5000));
	header[10 + len] = ' ';
	header[127] = '\n';
	memcpy(buf, header, min_u64(n, sizeof(header)));
}

/* Floats from a random place of a run that is always the same: the file comes to hold
   pieces of it several times. */
enum { REPEATED_BYTES = 256 << 10 };

static uint8_t repeated[REPEATED_BYTES];

static void make_repeated(void)
{
	struct rng rng = { 20240601 };

	fill_floats(&rng, repeated, sizeof(repeated));
}

static void fill_repeated(struct rng *rng, uint8_t *buf, size_t n)
{
	static pthread_once_t made = PTHREAD_ONCE_INIT;
	size_t from = rng_below(rng, REPEATED_BYTES / 4) * 4;

	pthread_once(&made, make_repeated);
	for (size_t at = 0, piece; at < n; at += piece, from = 0) {
		piece = min_u64(n - at, REPEATED_BYTES - from);
		memcpy(buf + at, repeated + from, piece);
	}
}

void content_fill(struct rng *rng, uint8_t *buf, size_t n, uint64_t off)
{
	switch (rng_below(rng, 8)) {
	case 0:
		memset(buf, 0, n);
		break;
	case 1:
		memset(buf, (int)rng_below(rng, 256), n);
		break;
	case 2:
		fill_noise(rng, buf, n);
		break;
	case 3:
		for (size_t i = 0; i < n; i++)
			buf[i] = (uint8_t)("checkpoint "[(off + i) % 11]);
		break;
	case 4:
	case 5:
		fill_repeated(rng, buf, n);
		break;
	default:
		fill_floats(rng, buf, n);
	}
	if (off == 0 && rng_below(rng, 4))
		fill_header(rng, buf, n);
}

/* ---- a container ------------------------------------------------------------------- */

enum { TENSOR = 12 << 10 }; /* two types take turns, so that a chunk looks like neither */

static void fill_tensor(struct rng *rng, uint8_t *buf, bool counts)
{
	for (size_t at = 0; at < TENSOR; at += counts ? 8 : 2) {
		uint64_t count = rng_below(rng, 50000);
		float weight = rng_weight(rng);

		if (counts)
			memcpy(buf + at, &count, 8);
		else
			memcpy(buf + at, (uint8_t *)&weight + 2, 2); /* as bfloat16 */
	}
}

void content_container(struct rng *rng, uint8_t *buf, unsigned n_tensors)
{
	char *head = (char *)buf;
	size_t len = 8;

	memset(head, ' ', CONTENT_HEAD);
	memset(head, 0, 8);
	head[0] = (char)((CONTENT_HEAD - 8) & 0xff);
	head[1] = (char)((CONTENT_HEAD - 8) >> 8);
	for (unsigned i = 0; i < n_tensors; i++) {
		bool counts = i % 2;

		len += (size_t)snprintf(head + len, CONTENT_HEAD - len,
			"%c\"%u\":{\"dtype\":\"%s\",\"shape\":[%u],\"data_offsets\":[%u,%u]}",
			i ? ',' : '{', i, counts ? "I64" : "BF16", TENSOR / (counts ? 8 : 2),
			i * TENSOR, (i + 1) * TENSOR);
		fill_tensor(rng, buf + CONTENT_HEAD + (size_t)i * TENSOR, counts);
	}
	head[len] = '}';
}

size_t content_container_bytes(unsigned n_tensors)
{
	return CONTENT_HEAD + (size_t)n_tensors * TENSOR;
}
