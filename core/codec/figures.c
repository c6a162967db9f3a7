/* SPDX-License-Identifier: MIT */
/*
 * Cheap figures of data, by which the planner decides what to try: entropy, runs, and
 * repeats at a distance. All are estimates from samples where there is much data. They
 * must be the same on every CPU level, or the same data would be stored differently.
 *
 *   entropy      bits per byte if bytes were independent: what ans would reach
 *   chance       Σ p², the share of equal neighbours if they were independent
 *   run_excess   the share that there is, divided by that; above 1 there are runs
 *   repeats      of sampled anchors, the share whose four or eight bytes came before
 */
#include "codec/figures.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/le.h"
#include "base/simd.h"
#include "coder/histogram.h"

#if CPU_X86
#include <immintrin.h>
#endif

enum { ANCHOR_TABLE = 4096, MANY_ELEMS = 32 << 10, MANY_BYTES = 32 << 10 };

#define ANCHOR_HASH 0x9e3779b1u
#define MANY_SYMBOLS_BITS 5

#if CPU_X86

/* The number of bytes that equal the one before; n > 0. */
static CPU_TARGET_AVX512 uint32_t count_equal_avx512(const uint8_t *in, uint32_t n)
{
	uint32_t equal = 0;

	for (uint32_t i = 1; i < n; i += 64) {
		__mmask64 here = n - i < 64 ? ((uint64_t)1 << (n - i)) - 1 : UINT64_MAX;
		__m512i a = _mm512_maskz_loadu_epi8(here, in + i);
		__m512i b = _mm512_maskz_loadu_epi8(here, in + i - 1);

		equal += (uint32_t)_mm_popcnt_u64(_mm512_mask_cmpeq_epi8_mask(here, a, b));
	}
	return equal;
}

#else

static uint32_t count_equal_avx512(const uint8_t *in, uint32_t n)
{
	(void)in, (void)n;
	return 0;
}

#endif

SIMD_CLONES static uint32_t count_equal_portable(const uint8_t *in, uint32_t n)
{
	uint32_t equal = 0;

	for (uint32_t i = 1; i < n; i++)
		equal += in[i] == in[i - 1];
	return equal;
}

static uint32_t count_equal(const uint8_t *in, uint32_t n)
{
	return cpu_level() == CPU_AVX512 ? count_equal_avx512(in, n)
									 : count_equal_portable(in, n);
}

/* Set the other figures, from the counts and the share of bytes that equal the one
   before. */
static void set_figures(struct figures *f, double equal)
{
	uint32_t n = 0;

	for (unsigned s = 0; s < 256; s++)
		n += f->counts[s];
	f->entropy = f->chance = 0;
	for (unsigned s = 0; s < 256; s++) {
		double p = (double)f->counts[s] / n;

		if (f->counts[s]) {
			f->entropy -= p * log2(p);
			f->chance += p * p;
		}
	}
	f->run_excess = equal / f->chance;
}

/* n is at least 2. */
static double share_equal(const uint8_t *in, uint32_t n)
{
	return (double)count_equal(in, n) / (n - 1);
}

/* The same, from the pieces that the histogram samples. */
static double share_equal_in_sample(const uint8_t *in, uint32_t n)
{
	uint32_t n_pieces = n / HISTOGRAM_SPACING, equal = 0;

	for (uint32_t k = 0; k < n_pieces; k++)
		equal += count_equal(in + histogram_piece(k), HISTOGRAM_PIECE);
	return (double)equal / ((double)n_pieces * (HISTOGRAM_PIECE - 1));
}

void figures_measure(const uint8_t *in, uint32_t n, struct figures *f)
{
	if (n >= MANY_BYTES) {
		histogram_estimate(in, n, f->counts);
		set_figures(f, share_equal_in_sample(in, n));
	}
	/* Estimated counts cost more with more symbols, so those planes are counted exactly.
	   Noise isn't coded at all. */
	if (n < MANY_BYTES ||
		(f->entropy > MANY_SYMBOLS_BITS && f->entropy < FIGURES_NOISE_BITS)) {
		histogram_of(in, n, f->counts);
		set_figures(f, n > 1 ? share_equal(in, n) : 1);
	}
}

bool figures_noise_in_sample(const uint8_t *in, uint32_t n)
{
	enum { PIECES = 8, PIECE = FIGURES_SAMPLE / PIECES };
	uint8_t sample[FIGURES_SAMPLE];
	uint32_t equal = 0;
	struct figures f;

	for (uint32_t k = 0; k < PIECES; k++) {
		const uint8_t *piece = in + (uint64_t)(n - PIECE) * k / (PIECES - 1);

		memcpy(sample + k * PIECE, piece, PIECE);
		equal += count_equal(piece, PIECE);
	}
	histogram_of(sample, FIGURES_SAMPLE, f.counts);
	set_figures(&f, (double)equal / (FIGURES_SAMPLE - PIECES));
	return f.entropy > FIGURES_NOISE_BITS + 0.03 &&
		!figures_have_runs(&f, FIGURES_SAMPLE);
}

/*
 * Positions whose four bytes have a small hash. The choice depends on the content alone,
 * so a repeated row has the same anchors. Tables are small and keep the newest: a repeat
 * that is missed only lowers the estimate.
 */
struct anchors {
	uint32_t limit; /* hashes below it make anchors */
	uint32_t seen[ANCHOR_TABLE], n, fours, eights;
	uint64_t seen_eights[ANCHOR_TABLE];
};

/* One of 32 elements is an anchor, or one of 128 if there are many. Zeros never are. */
static uint32_t anchor_limit(uint32_t n_elems)
{
	return 1u << (n_elems < MANY_ELEMS ? 27 : 25);
}

/* Counts the anchor, and whether its four and eight bytes were seen before. */
static void add_anchor(struct anchors *a, const uint8_t *at)
{
	uint32_t four = le_get32(at),
			 *slot = &a->seen[(four * ANCHOR_HASH >> 8) % ANCHOR_TABLE];
	uint64_t eight = le_get64(at),
			 *slot_of_eight =
				 &a->seen_eights[(eight * 0x9e3779b97f4a7c15u >> 40) % ANCHOR_TABLE];

	a->n++;
	a->fours += *slot == four;
	a->eights += *slot_of_eight == eight;
	*slot = four;
	*slot_of_eight = eight;
}

#if CPU_X86

/* Which of the eight 32-bit integers at `in` are anchors, as bits. */
static inline CPU_TARGET_AVX2 uint32_t anchors_of_eight(const uint8_t *in, __m256i limit)
{
	__m256i fours = _mm256_loadu_si256((const __m256i *)(const void *)in);
	__m256i hashes = _mm256_mullo_epi32(fours, _mm256_set1_epi32((int)ANCHOR_HASH));
	__m256i none = _mm256_cmpeq_epi32(fours, _mm256_setzero_si256());
	/* Unsigned "hash ≤ limit" as min(hash, limit) == hash: AVX2 compares signed only. */
	__m256i anchors = _mm256_andnot_si256(none,
		_mm256_cmpeq_epi32(_mm256_min_epu32(hashes, limit), hashes));

	return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(anchors));
}

/* Add the anchors among elements of 2 or 4 bytes, in whole vectors. Returns the bytes
   done. */
static CPU_TARGET_AVX2 uint32_t find_anchors(const uint8_t *in, uint32_t n,
	unsigned width, struct anchors *a)
{
	const __m256i limit = _mm256_set1_epi32((int)(a->limit - 1));
	uint32_t i = 0;

	for (; i + 32 + 8 <= n; i += 32) {
		uint32_t found = anchors_of_eight(in + i, limit), between;

		if (width == 2) {
			between = anchors_of_eight(in + i + 2, limit);
			found = _pdep_u32(found, 0x5555) | _pdep_u32(between, 0xaaaa);
		}
		for (; found; found &= found - 1)
			add_anchor(a, in + i + width * (uint32_t)__builtin_ctz(found));
	}
	return i;
}

#else

static uint32_t find_anchors(const uint8_t *in, uint32_t n, unsigned width,
	struct anchors *a)
{
	(void)in, (void)n, (void)width, (void)a;
	return 0;
}

#endif

void figures_repeats(const uint8_t *in, uint32_t n, unsigned width, struct repeats *out)
{
	/* With many short elements only every other one can be an anchor: rows mostly have an
	   even length. */
	unsigned step = width == 2 && n / width >= MANY_ELEMS ? 4 : width;
	bool vectors = cpu_level() >= CPU_AVX2 && (step == 2 || step == 4);
	struct anchors a = { .limit = anchor_limit(n / width) };

	for (uint32_t i = vectors ? find_anchors(in, n, step, &a) : 0; i + 8 <= n;
		 i += step) {
		uint32_t four = le_get32(in + i);

		if (four && four * ANCHOR_HASH < a.limit)
			add_anchor(&a, in + i);
	}
	out->fours = a.n ? (double)a.fours / a.n : 0;
	out->eights = a.n ? (double)a.eights / a.n : 0;
}

bool figures_have_runs(const struct figures *f, uint32_t n)
{
	return f->run_excess > 1.1 + 4 / sqrt(1 + n * f->chance);
}
