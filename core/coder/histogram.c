/* SPDX-License-Identifier: MIT */
/*
 * Counts of byte values, exact or from a sample. A sample alone may miss rare symbols,
 * which then could not be coded. So the estimate is followed by a fast search for symbols
 * that the sample doesn't have.
 *
 * The sample is a quarter: 64 of each 256 bytes, in a place that varies. Its counts are
 * multiplied by four. A table from it codes slightly worse than one from all bytes, never
 * wrongly: every symbol that occurs has a count.
 */
#include "coder/histogram.h"

#include <string.h>

#include "base/cpu.h"
#include "base/le.h"

#if CPU_X86
#include <immintrin.h>
#endif

/* An increment must wait for the last one of the same counter. With few frequent symbols
   that takes most of the time, so eight tables take turns. */
enum { N_TABLES = 8 };

struct tables {
	uint32_t of[N_TABLES][256];
};

/* Count the n bytes as far as they are whole groups of eight; returns how many were
   counted. */
static inline size_t count_eights(const uint8_t *in, size_t n, struct tables *t)
{
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t eight = le_get64(in + i);

		for (unsigned k = 0; k < N_TABLES; k++)
			t->of[k][eight >> 8 * k & 0xff]++;
	}
	return i;
}

static void add_up(const struct tables *t, uint32_t counts[256])
{
	for (unsigned s = 0; s < 256; s++) {
		counts[s] = 0;
		for (unsigned k = 0; k < N_TABLES; k++)
			counts[s] += t->of[k][s];
	}
}

void histogram_of(const uint8_t *in, size_t n, uint32_t counts[256])
{
	struct tables t = { .of = { { 0 } } };

	for (size_t i = count_eights(in, n, &t); i < n; i++)
		t.of[0][in[i]]++;
	add_up(&t, counts);
}

/* ---- symbols that a sample has missed ---------------------------------------------- */

#if CPU_X86

/*
 * A table of 256 entries is four registers; the highest bit of a byte selects the pair. A
 * look-up takes the low seven bits and finds one of the 128 entries of a pair.
 */
CPU_TARGET_AVX512 static size_t count_missing_avx512(const uint8_t *in, size_t n,
	const uint8_t known[256], uint32_t counts[256])
{
	const __m512i a = _mm512_loadu_si512(known), b = _mm512_loadu_si512(known + 64);
	const __m512i c = _mm512_loadu_si512(known + 128),
				  d = _mm512_loadu_si512(known + 192);
	size_t i = 0;

	for (; i + 64 <= n; i += 64) {
		__m512i bytes = _mm512_loadu_si512(in + i);
		__m512i is_known = _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes),
			_mm512_permutex2var_epi8(a, bytes, b), _mm512_permutex2var_epi8(c, bytes, d));
		uint64_t missing = _mm512_testn_epi8_mask(is_known, is_known);

		for (; missing; missing &= missing - 1)
			counts[in[i + (unsigned)__builtin_ctzll(missing)]]++;
	}
	return i;
}

#else

static size_t count_missing_avx512(const uint8_t *in, size_t n, const uint8_t known[256],
	uint32_t counts[256])
{
	(void)in, (void)n, (void)known, (void)counts;
	return 0;
}

#endif

/* Count the bytes that aren't known. */
static void count_missing(const uint8_t *in, size_t n, const uint8_t known[256],
	uint32_t counts[256])
{
	size_t i = cpu_level() == CPU_AVX512 ? count_missing_avx512(in, n, known, counts) : 0;

	for (; i < n; i++) {
		if (!known[in[i]])
			counts[in[i]]++;
	}
}

/* Symbols found only afterwards are counted exactly, and they are rare. */
void histogram_estimate(const uint8_t *in, size_t n, uint32_t counts[256])
{
	struct tables t = { .of = { { 0 } } };
	uint8_t known[256];

	for (size_t k = 0; k < n / HISTOGRAM_SPACING; k++)
		(void)count_eights(in + histogram_piece(k), HISTOGRAM_PIECE, &t);
	add_up(&t, counts);
	for (unsigned s = 0; s < 256; s++) {
		counts[s] *= HISTOGRAM_SPACING / HISTOGRAM_PIECE;
		known[s] = counts[s] != 0;
	}
	count_missing(in, n, known, counts);
}
