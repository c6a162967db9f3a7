/* SPDX-License-Identifier: MIT */
/*
 * What choosing costs: the codec, which tries what figures of the data suggest, beside an oracle that
 * tries every transform, and for each plane every coder at every effort, and keeps the smallest.
 *
 *     oracle FILE.npy…     a row per file: sizes, CPU time, and their quotients; then the sum
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "codec/body.h"
#include "codec/codec.h"
#include "coder/coder_table.h"
#include "format/format.h"
#include "transform/bits.h"
#include "transform/deltas.h"
#include "transform/planes.h"
#include "transform/sparse.h"

enum { CHUNK = 256 << 10, ROOM = 2 * CHUNK };

struct sum {
	uint64_t ours, oracle, ours_ns, oracle_ns;
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

/* ---- the oracle ------------------------------------------------------------------------------- */

static size_t best_plane(const uint8_t *in, size_t n)
{
	size_t best = n;

	for (size_t i = 0; n && i < sizeof(tries) / sizeof(tries[0]); i++) {
		size_t len = coder_find(tries[i].coder)
				     ->encode(coders, tries[i].effort, in, n, coded,
					     sizeof(coded));

		if (len && len < best)
			best = len;
	}
	return BODY_PLANE_BYTES + best;
}

static size_t best_planes(const uint8_t *raw, const struct span *span, unsigned width, bool rotate)
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

/* ---- both -------------------------------------------------------------------------------------- */

static void add_chunk(struct sum *sum, const uint8_t *raw, uint32_t n,
	const struct layout *layout, uint64_t off)
{
	struct span spans[SPAN_MAX];
	unsigned n_spans = format_spans(layout, off, n, spans);
	uint64_t start = clock_thread_cpu_ns(), between;
	struct codec_result r;

	if (codec_encode(codec, raw, n, spans, n_spans, body, &r))
		die("out of memory");
	between = clock_thread_cpu_ns();
	sum->ours += r.body_len;
	sum->oracle += 1;
	for (unsigned i = 0; i < n_spans; raw += spans[i++].len_bytes)
		sum->oracle += best_part(raw, &spans[i]);
	sum->ours_ns += between - start;
	sum->oracle_ns += clock_thread_cpu_ns() - between;
}

static void print(const char *name, const struct sum *s)
{
	printf("%-44.44s %10llu %10llu %+7.2f%% %9.1f %9.1f %6.3f\n", name,
		(unsigned long long)s->ours, (unsigned long long)s->oracle,
		100 * ((double)s->ours / (double)s->oracle - 1), (double)s->ours_ns / 1e6,
		(double)s->oracle_ns / 1e6, (double)s->ours_ns / (double)s->oracle_ns);
}

static void add_file(struct sum *all, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct sum sum = { 0 };
	struct layout layout;
	struct stat st;
	uint8_t *bytes;

	if (!f || fstat(fileno(f), &st))
		die(path);
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes || fread(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		die(path);
	fclose(f);
	format_parse(bytes, (size_t)st.st_size < CHUNK ? (size_t)st.st_size : CHUNK, &layout);
	for (uint64_t off = 0; off < (uint64_t)st.st_size; off += CHUNK) {
		uint64_t left = (uint64_t)st.st_size - off;

		add_chunk(&sum, bytes + off, left < CHUNK ? (uint32_t)left : CHUNK, &layout, off);
	}
	free(bytes);
	print(strlen(path) > 44 ? path + strlen(path) - 44 : path, &sum);
	all->ours += sum.ours;
	all->oracle += sum.oracle;
	all->ours_ns += sum.ours_ns;
	all->oracle_ns += sum.oracle_ns;
}

int main(int argc, char **argv)
{
	struct sum all = { 0 };

	if (argc < 2)
		die("usage: oracle FILE.npy…");
	if (codec_new(CHUNK, &codec) || coder_state_new(&coders))
		die("out of memory");
	printf("%-44s %10s %10s %8s %9s %9s %6s\n", "file", "ours", "oracle", "larger", "ms",
		"oracle's", "share");
	for (int i = 1; i < argc; i++)
		add_file(&all, argv[i]);
	print("all", &all);
	coder_state_free(coders);
	codec_free(codec);
	return 0;
}
