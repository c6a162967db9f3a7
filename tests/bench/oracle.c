/* SPDX-License-Identifier: MIT */
/*
 * What choosing costs: the codec, which tries what figures of the data suggest, by its
 * network and by rules alone, beside an oracle that tries every transform, and for each
 * plane every coder at every effort, and keeps the smallest.
 *
 *     oracle FILE.npy…     a row per file: the oracle's bytes, by how much the others'
 *                          are more, milliseconds of CPU time, and their share of the
 *                          oracle's; then the sum
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "codec/codec_state.h"
#include "coder/coder_table.h"
#include "format/npy.h"
#include "transform/bits.h"
#include "transform/deltas.h"
#include "transform/planes.h"
#include "transform/sparse.h"

enum { CHUNK = 256 << 10, ROOM = 2 * CHUNK };

enum { NETWORK, RULES, ORACLE, N_WAYS };

struct sum {
	uint64_t bytes[N_WAYS], ns[N_WAYS];
};

static struct codec *codec;
static struct coder_state *coders;
static uint8_t planes[ROOM], coded[ROOM], maps[2][CHUNK], values[CHUNK], body[ROOM];

static const struct {
	uint8_t coder;
	int effort;
} tries[] = {
	{ CODER_RAW, 0 },
	{ CODER_CONSTANT, 0 },
	{ CODER_DEFLATE, 1 },
	{ CODER_DEFLATE, 6 },
	{ CODER_DEFLATE, 9 },
	{ CODER_ZSTD, CODER_SYMBOLS_ONLY },
	{ CODER_ZSTD, 1 },
	{ CODER_ZSTD, 5 },
	{ CODER_ZSTD, 9 },
	{ CODER_ZSTD, 16 },
	{ CODER_ZSTD, 19 },
	{ CODER_ANS, 0 },
	{ CODER_ANS_WIDE, 0 },
};

static void die(const char *what)
{
	fprintf(stderr, "oracle: %s\n", what);
	exit(2);
}

/* ---- the oracle -------------------------------------------------------------------- */

static size_t best_plane(const uint8_t *in, size_t n)
{
	size_t best = n;

	for (size_t i = 0; n && i < sizeof(tries) / sizeof(tries[0]); i++) {
		size_t len = coder_find(tries[i].coder)
						 ->encode(coders, tries[i].effort, in, n, coded, sizeof(coded));

		if (len && len < best)
			best = len;
	}
	return BODY_PLANE_BYTES + best;
}

static size_t best_planes(const uint8_t *raw, const struct span *span, unsigned width,
	bool rotate)
{
	size_t n = span->len_bytes / width, len = BODY_PART_BYTES;

	planes_split(raw, planes, n, width, rotate, span->big_endian);
	coder_set_rows(coders, span->row_len, span->row_skip);
	for (unsigned p = 0; p < width; p++)
		len += best_plane(planes + p * n, n);
	coder_set_rows(coders, 0, 0);
	return len;
}

static size_t best_sparse(const uint8_t *raw, const struct span *span, unsigned width)
{
	size_t n = span->len_bytes / width, n_values, len = BODY_PART_BYTES;

	sparse_split(raw, n, width, span->big_endian, maps[0], maps[1], values);
	n_values = sparse_count_map(maps[0], n);
	len += best_plane(maps[0], sparse_map_bytes(n));
	len += best_plane(maps[1], sparse_map_bytes(n - n_values));
	planes_split(values, planes, n_values, width, true, span->big_endian);
	for (unsigned p = 0; p < width; p++)
		len += best_plane(planes + p * n_values, n_values);
	return len;
}

static size_t best_bits(const uint8_t *raw, size_t n)
{
	size_t len = BODY_PART_BYTES;

	if (bits_only(raw, n)) {
		bits_pack(raw, n, planes);
		return len + best_plane(planes, bits_bytes(n));
	}
	bits_split(raw, n, planes);
	for (unsigned p = 0; p < 8; p++)
		len += best_plane(planes + p * bits_bytes(n), bits_bytes(n));
	return len;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t best_part(const uint8_t *raw, const struct span *span)
{
	const struct dtype *type = dtype_get(span->dtype);
	unsigned width = type->class == DTYPE_OPAQUE ? span->elem_bytes : type->width_bytes;
	size_t len = BODY_PART_BYTES + best_plane(raw, span->len_bytes);
	struct span little = *span;

	if (width < 2)
		return least(len, best_bits(raw, span->len_bytes));
	if (width > 32 || span->len_bytes % width)
		return len;
	len = least(len, best_planes(raw, span, width, false));
	if (type->class == DTYPE_OPAQUE || (width != 2 && width != 4 && width != 8))
		return len;
	deltas_make(raw, values, span->len_bytes / width, width, span->big_endian);
	little.big_endian = false;
	len = least(len, best_planes(values, &little, width, false));
	if (type->class != DTYPE_FLOAT)
		return len;
	len = least(len, best_planes(raw, span, width, true));
	return least(len, best_sparse(raw, span, width));
}

/* ---- both -------------------------------------------------------------------------- */

/* What the codec makes of a chunk, and in what time. */
static void add_ours(struct sum *sum, unsigned way, const uint8_t *raw, uint32_t n,
	const struct span *spans, unsigned n_spans)
{
	const struct codec_context with = {
		.codec = codec, .spans = spans, .n_spans = n_spans
	};
	uint64_t start = clock_thread_cpu_ns();
	struct codec_result r;

	codec->chooser = way == NETWORK ? CHOOSER_NETWORK : CHOOSER_RULES;
	if (codec_encode(&with, raw, n, body, &r))
		die("out of memory");
	sum->bytes[way] += r.body_len;
	sum->ns[way] += clock_thread_cpu_ns() - start;
}

static void add_chunk(struct sum *sum, const uint8_t *raw, uint32_t n,
	const struct segment_cut *cut, uint64_t off)
{
	struct span spans[SPAN_MAX];
	unsigned n_spans = format_spans(cut, off, n, spans);
	uint64_t start;

	/* Who comes second finds the bytes in the cache: take turns. */
	for (unsigned turn = 0; turn < ORACLE; turn++)
		add_ours(sum, (turn + off / CHUNK) % ORACLE, raw, n, spans, n_spans);
	start = clock_thread_cpu_ns();
	sum->bytes[ORACLE] += 1;
	for (unsigned i = 0; i < n_spans; raw += spans[i++].len_bytes)
		sum->bytes[ORACLE] += best_part(raw, &spans[i]);
	sum->ns[ORACLE] += clock_thread_cpu_ns() - start;
}

static void print(const char *name, const struct sum *s)
{
	printf("%-36.36s %10llu", name, (unsigned long long)s->bytes[ORACLE]);
	for (unsigned k = 0; k < ORACLE; k++)
		printf(" %+7.2f%%", 100 * ((double)s->bytes[k] / (double)s->bytes[ORACLE] - 1));
	for (unsigned k = 0; k < N_WAYS; k++)
		printf(" %9.1f", (double)s->ns[k] / 1e6);
	for (unsigned k = 0; k < ORACLE; k++)
		printf(" %7.4f", (double)s->ns[k] / (double)s->ns[ORACLE]);
	printf("\n");
}

static void add_file(struct sum *all, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct sum sum = { 0 };
	struct npy npy;
	struct segment array;
	struct segment_cut cut = { &array, 0 };
	struct stat st;
	uint8_t *bytes;

	if (!f || fstat(fileno(f), &st))
		die(path);
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes || fread(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		die(path);
	fclose(f);
	if (npy_parse(bytes, (size_t)st.st_size, &npy)) {
		array = npy_segment(&npy);
		cut.n = 1;
	}
	for (uint64_t off = 0; off < (uint64_t)st.st_size; off += CHUNK) {
		uint64_t left = (uint64_t)st.st_size - off;

		add_chunk(&sum, bytes + off, left < CHUNK ? (uint32_t)left : CHUNK, &cut, off);
	}
	free(bytes);
	print(strlen(path) > 36 ? path + strlen(path) - 36 : path, &sum);
	for (unsigned k = 0; k < N_WAYS; k++) {
		all->bytes[k] += sum.bytes[k];
		all->ns[k] += sum.ns[k];
	}
}

int main(int argc, char **argv)
{
	struct sum all = { 0 };

	if (argc < 2)
		die("usage: oracle FILE.npy…");
	if (codec_new(CHUNK, &codec) || coder_state_new(&coders))
		die("out of memory");
	printf("%-36s %10s %8s %8s %9s %9s %9s %7s %7s\n", "file", "oracle", "network",
		"rules", "ms netw.", "rules", "oracle", "netw./o", "rules/o");
	for (int i = 1; i < argc; i++)
		add_file(&all, argv[i]);
	print("all", &all);
	coder_state_free(coders);
	codec_free(codec);
	return 0;
}
