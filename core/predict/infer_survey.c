/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "predict/infer.h"

enum { MAX_MAGIC = 8 };

/* Containers whose content is compressed, by how they begin. A zip isn't one: members may be stored. */
static const struct magic {
	const char *name;
	uint8_t len, bytes[MAX_MAGIC];
} magics[] = {
	{ "gzip", 3, { 0x1f, 0x8b, 8 } },
	{ "zstd", 4, { 0x28, 0xb5, 0x2f, 0xfd } },
	{ "xz", 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
	{ "bzip2", 3, { 'B', 'Z', 'h' } },
	{ "lz4", 4, { 0x04, 0x22, 0x4d, 0x18 } },
	{ "7z", 6, { '7', 'z', 0xbc, 0xaf, 0x27, 0x1c } },
	{ "JPEG", 3, { 0xff, 0xd8, 0xff } },
	{ "PNG", 8, { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' } },
	{ "GIF", 4, { 'G', 'I', 'F', '8' } },
};

void infer_survey_begin(struct infer_survey *survey, const uint8_t *prefix, size_t n)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (n >= magics[i].len && !memcmp(prefix, magics[i].bytes, magics[i].len))
			survey->packed_by = magics[i].name;
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

/* The commonest of the element types that say something. */
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

	/* A magic can be chance: the content must not speak against it. */
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
