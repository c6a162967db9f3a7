/* SPDX-License-Identifier: MIT */
/*
 * The verdict on a whole file from pieces of it. A magic names compressed files and files
 * that look numeric in parts, such as programs. Otherwise most pieces decide.
 *
 * The rules in their order, with n pieces:
 *
 *   magic of a file without numbers             other
 *   magic of a compressor, ≤ n/2 numbers        compressed
 *   noise in at least 7/8 of the pieces         compressed
 *   numbers of two bytes or more in over n/2    numeric
 *   anything else                               other
 *
 * Spans of single bytes don't count as numbers here: almost anything resembles them.
 */
#include <stdio.h>
#include <string.h>

#include "predict/infer.h"

enum { MAX_MAGIC = 10 };

/*
 * Files that are compressed, or hold no array of numbers although parts look like one, by
 * the bytes at an offset from their start. A zip archive of stored members, the kind that
 * holds tensors, is a format of its own and isn't looked for here.
 */
static const struct magic {
	const char *name;
	uint8_t at, len, bytes[MAX_MAGIC];
	/* whatever its content looks like: the magic is too long to be chance */
	bool no_numbers;
} magics[] = {
	{ "a program (ELF)", 0, 4, { 0x7f, 'E', 'L', 'F' }, true },
	{ "a program (PE)", 0, 4, { 'M', 'Z', 0x90, 0 }, true },
	{ "a program (Mach-O)", 0, 4, { 0xcf, 0xfa, 0xed, 0xfe }, true },
	{ "a program (Mach-O)", 0, 4, { 0xce, 0xfa, 0xed, 0xfe }, true },
	{ "a program (Mach-O or Java class)", 0, 4, { 0xca, 0xfe, 0xba, 0xbe }, true },
	{ "a program (WebAssembly)", 0, 4, { 0, 'a', 's', 'm' }, true },
	{ "a program (Python's byte code)", 1, 3, { 0x0d, 0x0d, 0x0a }, true },
	{ "an archive (ar, deb)", 0, 8, { '!', '<', 'a', 'r', 'c', 'h', '>', '\n' }, true },
	{ "an archive (rpm)", 0, 4, { 0xed, 0xab, 0xee, 0xdb }, true },
	{ "an archive (squashfs)", 0, 4, { 'h', 's', 'q', 's' }, true },
	{ "a database (SQLite)", 0, 10, { 'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f', 'o', 'r' },
		true },
	{ "a document (PDF)", 0, 5, { '%', 'P', 'D', 'F', '-' }, true },
	{ "zip", 0, 4, { 'P', 'K', 3, 4 } },
	{ "Parquet", 0, 4, { 'P', 'A', 'R', '1' } },
	{ "Matroska", 0, 4, { 0x1a, 0x45, 0xdf, 0xa3 } },
	{ "gzip", 0, 3, { 0x1f, 0x8b, 8 } },
	{ "zstd", 0, 4, { 0x28, 0xb5, 0x2f, 0xfd } },
	{ "xz", 0, 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
	{ "bzip2", 4, 6, { 0x31, 0x41, 0x59, 0x26, 0x53, 0x59 } },
	{ "lz4", 0, 4, { 0x04, 0x22, 0x4d, 0x18 } },
	{ "lzip", 0, 4, { 'L', 'Z', 'I', 'P' } },
	{ "lzop", 0, 9, { 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n' } },
	{ "snappy", 0, 10, { 0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y' } },
	{ "blosc2", 0, 10, { 0x9e, 0xa8, 'b', '2', 'f', 'r', 'a', 'm', 'e', 0 } },
	{ "7z", 0, 6, { '7', 'z', 0xbc, 0xaf, 0x27, 0x1c } },
	{ "rar", 0, 6, { 'R', 'a', 'r', '!', 0x1a, 7 } },
	{ "JPEG", 0, 3, { 0xff, 0xd8, 0xff } },
	{ "PNG", 0, 8, { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' } },
	{ "GIF", 0, 4, { 'G', 'I', 'F', '8' } },
	{ "WebP", 8, 4, { 'W', 'E', 'B', 'P' } },
	{ "MP4", 4, 4, { 'f', 't', 'y', 'p' } },
	{ "FLAC", 0, 4, { 'f', 'L', 'a', 'C' } },
	{ "Ogg", 0, 4, { 'O', 'g', 'g', 'S' } },
};

void infer_survey_begin(struct infer_survey *survey, const uint8_t *prefix, size_t n)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *m = &magics[i];

		if (n < (size_t)m->at + m->len || memcmp(prefix + m->at, m->bytes, m->len) != 0)
			continue;
		if (m->no_numbers)
			survey->no_numbers = m->name;
		else
			survey->packed_by = m->name;
	}
}

void infer_survey_add(struct infer_survey *survey, const uint8_t *piece, uint32_t n)
{
	struct inference in;

	infer_chunk(piece, n, &in);
	survey->n_pieces++;
	survey->n_kinds[in.kind]++;
	survey->n_dtypes[in.dtype]++;
}

/* The most common of the known element types; the reason names it. */
static enum dtype_id commonest(const struct infer_survey *s)
{
	enum dtype_id best = DTYPE_U8;

	for (unsigned id = DTYPE_BYTES + 1; id < DTYPE_COUNT; id++) {
		if (s->n_dtypes[id] > s->n_dtypes[best])
			best = id;
	}
	return best;
}

enum infer_verdict infer_survey_verdict(const struct infer_survey *s,
	char reason[INFER_REASON_BYTES])
{
	uint32_t n_noise = s->n_kinds[INFER_NOISE], n = s->n_pieces;
	uint32_t n_numbers = s->n_kinds[INFER_FLOATS] + s->n_kinds[INFER_INTEGERS];

	if (s->no_numbers) {
		snprintf(reason, INFER_REASON_BYTES, "%s", s->no_numbers);
		return INFER_VERDICT_OTHER;
	}
	/* A short magic can be chance, so the content must not contradict it. */
	if (s->packed_by && 2 * n_numbers <= n) {
		snprintf(reason, INFER_REASON_BYTES, "already compressed: %s", s->packed_by);
		return INFER_VERDICT_COMPRESSED;
	}
	if (n && n_noise >= n - n / 8) {
		snprintf(reason, INFER_REASON_BYTES,
			"already compressed: noise at %u of %u places", n_noise, n);
		return INFER_VERDICT_COMPRESSED;
	}
	if (n && 2 * n_numbers > n) {
		enum dtype_id id = commonest(s);

		snprintf(reason, INFER_REASON_BYTES, "%s at %u of %u places", dtype_get(id)->name,
			s->n_dtypes[id], n);
		return INFER_VERDICT_NUMERIC;
	}
	snprintf(reason, INFER_REASON_BYTES, "%s", "no numbers recognised");
	return INFER_VERDICT_OTHER;
}
