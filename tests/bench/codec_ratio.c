/* SPDX-License-Identifier: MIT */
/*
 * Our size and speed beside zlib -6 and zstd -3, each plain and byte-shuffled by item
 * size, in chunks as ours and over the whole file; one row per folder of the corpus.
 *
 *     codec_ratio CORPUS        sizes in bytes; speeds in MB/s, median of interleaved
 *                               rounds
 *
 * Exit status 1 when a class is larger than the best of the others.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include "base/clock.h"
#include "codec/codec.h"
#include "format/npy.h"

enum { CHUNK = 256 << 10, ROUNDS = 5, MAX_CLASSES = 64 };

enum method { ZLIB, ZLIB_SHUFFLE, ZSTD, ZSTD_SHUFFLE, METHODS };

struct class
{
	char name[256];
	uint64_t raw, ours, others[METHODS][2]; /* [1]: whole file */
	uint64_t encode_ns[ROUNDS], decode_ns[ROUNDS];
	bool wrong;
};

static struct class classes[MAX_CLASSES];
static unsigned n_classes;
static struct codec *codec;
static uint8_t *scratch_body;

static void die(const char *what)
{
	fprintf(stderr, "codec_ratio: %s\n", what);
	exit(2);
}

static void *need(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		die("out of memory");
	return p;
}

static uint8_t *read_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	struct stat st;

	if (!f || fstat(fileno(f), &st))
		die(path);
	*n = (size_t)st.st_size;

	uint8_t *bytes = need(*n);

	if (fread(bytes, 1, *n, f) != *n)
		die(path);
	fclose(f);
	return bytes;
}

/* Byte i of every item, then byte i + 1, …; what is left over at the end as it is. */
static void shuffle(const uint8_t *in, uint8_t *out, size_t n, size_t item)
{
	size_t items = n / item;

	for (size_t b = 0; b < item; b++) {
		for (size_t i = 0; i < items; i++)
			out[b * items + i] = in[i * item + b];
	}
	memcpy(out + items * item, in + items * item, n - items * item);
}

static size_t size_by(enum method m, const uint8_t *in, size_t n, size_t item)
{
	size_t capacity = compressBound(n) + ZSTD_compressBound(n), len = 0;
	uint8_t *out = need(capacity), *shuffled = need(n);
	uLongf zlib_len = capacity;

	if (m == ZLIB_SHUFFLE || m == ZSTD_SHUFFLE) {
		shuffle(in, shuffled, n, item);
		in = shuffled;
	}
	if (m == ZLIB || m == ZLIB_SHUFFLE)
		len = compress2(out, &zlib_len, in, n, 6) == Z_OK ? zlib_len : 0;
	else
		len = ZSTD_compress(out, capacity, in, n, 3);
	if (!len || ZSTD_isError(len))
		die("a library failed");
	free(out);
	free(shuffled);
	return len;
}

static void measure_others(struct class *c, const uint8_t *in, size_t n, size_t item)
{
	for (enum method m = 0; m < METHODS; m++) {
		c->others[m][1] += size_by(m, in, n, item);
		for (size_t at = 0; at < n; at += CHUNK)
			c->others[m][0] += size_by(m, in + at, n - at < CHUNK ? n - at : CHUNK, item);
	}
}

static void measure_ours(struct class *c, const uint8_t *in, size_t n,
	const struct segment_cut *cut, unsigned round)
{
	static uint8_t back[CHUNK];

	for (size_t at = 0; at < n; at += CHUNK) {
		uint32_t len = (uint32_t)(n - at < CHUNK ? n - at : CHUNK);
		struct span spans[SPAN_MAX];
		struct codec_result result;
		const struct codec_context with = {
			.codec = codec, .spans = spans, .n_spans = format_spans(cut, at, len, spans)
		};
		uint64_t start = clock_thread_cpu_ns();
		int err = codec_encode(&with, in + at, len, scratch_body, &result);
		uint64_t encoded = clock_thread_cpu_ns();

		if (!err)
			err = codec_decode(&with, scratch_body, result.body_len, back, len);
		c->decode_ns[round] += clock_thread_cpu_ns() - encoded;
		c->encode_ns[round] += encoded - start;
		c->wrong |= err || memcmp(back, in + at, len) != 0;
		if (round == 0)
			c->ours += result.body_len;
	}
}

static struct class *class_named(const char *name)
{
	for (unsigned i = 0; i < n_classes; i++) {
		if (!strcmp(classes[i].name, name))
			return &classes[i];
	}
	if (n_classes == MAX_CLASSES)
		die("too many folders");
	snprintf(classes[n_classes].name, sizeof(classes[0].name), "%s", name);
	return &classes[n_classes++];
}

/* `round` 0 sizes everything up; the others only take our times. */
static void visit(const char *top, const char *below, unsigned round)
{
	char path[4096], sub[4096];
	struct dirent *entry;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", top, below);

	DIR *dir = opendir(path);

	if (!dir)
		die(path);
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name), n;
		struct npy npy;

		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(sub, sizeof(sub), "%s%s%s", below, *below ? "/" : "",
				entry->d_name) >= (int)sizeof(sub) ||
			snprintf(path, sizeof(path), "%s/%s", top, sub) >= (int)sizeof(path))
			die("a path too long");
		if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
			visit(top, sub, round);
		} else if (len > 4 && !strcmp(entry->d_name + len - 4, ".npy")) {
			uint8_t *bytes = read_file(path, &n);
			struct class *c = class_named(below);

			struct segment array = { .elem_bytes = 1 };
			struct segment_cut cut = { &array, 0 };

			if (npy_parse(bytes, n, &npy)) {
				array = npy_segment(&npy);
				cut.n = 1;
			}
			measure_ours(c, bytes, n, &cut, round);
			if (round == 0) {
				c->raw += n;
				measure_others(c, bytes, n, array.elem_bytes);
			}
			free(bytes);
		}
	}
	closedir(dir);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double mb_per_s(uint64_t bytes, uint64_t ns[ROUNDS])
{
	qsort(ns, ROUNDS, sizeof(ns[0]), by_value);
	return (double)bytes * 1e3 / (double)(ns[ROUNDS / 2] ? ns[ROUNDS / 2] : 1);
}

static bool print_class(struct class *c)
{
	uint64_t best = UINT64_MAX;

	printf("%-22s %9llu %9llu", c->name, (unsigned long long)c->raw,
		(unsigned long long)c->ours);
	for (unsigned m = 0; m < METHODS; m++) {
		for (unsigned whole = 0; whole < 2; whole++) {
			uint64_t v = c->others[m][whole];

			best = v < best ? v : best;
			printf(" %9llu", (unsigned long long)v);
		}
	}
	printf(" %6.2f%% %6.0f %6.0f%s%s\n", 100.0 * (double)c->ours / (double)best - 100,
		mb_per_s(c->raw, c->encode_ns), mb_per_s(c->raw, c->decode_ns),
		c->ours > best ? "  LARGER" : "", c->wrong ? "  WRONG" : "");
	return c->ours <= best && !c->wrong;
}

int main(int argc, char **argv)
{
	bool good = true;

	if (argc != 2)
		die("usage: codec_ratio CORPUS");
	scratch_body = need(codec_bound(CHUNK));
	if (codec_new(CHUNK, &codec))
		die("out of memory");
	for (unsigned round = 0; round < ROUNDS; round++)
		visit(argv[1], "", round);
	printf("%-22s %9s %9s %9s %9s %9s %9s %9s %9s %9s %9s %7s %6s %6s\n", "class", "raw",
		"ours", "zlib", "whole", "zlib-shuf", "whole", "zstd", "whole", "zstd-shuf",
		"whole", "to best", "enc", "dec");
	for (unsigned i = 0; i < n_classes; i++)
		good &= print_class(&classes[i]);
	codec_free(codec);
	free(scratch_body);
	return good ? 0 : 1;
}
