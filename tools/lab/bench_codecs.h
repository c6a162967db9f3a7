/* SPDX-License-Identifier: MIT */
/* The codecs that alcm-lab bench measures: ours, and the usual libraries. A codec is one
   row in bench_codecs.c. A library that was missing at build time has no row. */
#ifndef ALCM_LAB_BENCH_CODECS_H
#define ALCM_LAB_BENCH_CODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_CHUNK (256u << 10) /* the pieces that every codec gets, as in a blob */

struct bench_coder;

struct bench_codec {
	const char *name;
	bool ours;
	bool slow; /* BENCH_SLOW_ROUNDS are enough */
	int level;
	int shuffle; /* only for blosc */
	const char *(*version)(void);
	size_t (*bound)(size_t n);
	/* Both return the length of their output; 0: failed. */
	size_t (*encode)(struct bench_coder *c, const uint8_t *raw, size_t n, uint64_t off,
		uint8_t *out, size_t capacity);
	size_t (*decode)(struct bench_coder *c, const uint8_t *in, size_t len, uint8_t *raw,
		size_t n);
};

/* Ours comes first. */
extern const struct bench_codec bench_codecs[];
extern const size_t bench_n_codecs;

/* One thread's state for a codec and a file whose first chunk is the n bytes at `prefix`.
   NULL: out of memory. */
struct bench_coder *bench_coder_new(const struct bench_codec *codec, const void *prefix,
	size_t n);
void bench_coder_free(struct bench_coder *c);

#endif
