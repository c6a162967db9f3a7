/* SPDX-License-Identifier: MIT */
/*
 * The loops of coder `ans` for machines with AVX2: eight states in a register.
 *
 * Vectors do whole rounds of all states, while there are words or space for a full round.
 * The portable loop does the rest, so the checks at the ends are in one place only, and
 * both give the same bytes.
 *
 * Words are in the order of values, so among eight states the first that wants a word
 * takes the first. A table of 256 masks says which that is, for each lane:
 *
 *   decoding, lanes 0 and 2 want:   lane_words[5]  = 0 _ 1 _ …   word of the lane
 *   encoding, lanes 0 and 2 give:   giver_lanes[5] = 0 2 _ _ …   lane of the word
 *
 * The entries of other lanes don't matter: they are blended away, or lie behind the words
 * that count and are overwritten by the next step.
 */
#include "base/le.h"
#include "coder/ans_kernels.h"

#if CPU_X86

#include <immintrin.h>

/* For each set of lanes that want a word: the index of the word that each lane gets. */
#define LANE(m, i) ((m) >> (i)&1 ? __builtin_popcount((m) & ((1u << (i)) - 1)) : 0)
#define LANES(m)                                                                \
	{                                                                           \
		LANE(m, 0), LANE(m, 1), LANE(m, 2), LANE(m, 3), LANE(m, 4), LANE(m, 5), \
			LANE(m, 6), LANE(m, 7)                                              \
	}
#define LANES4(m) LANES(m), LANES((m) + 1), LANES((m) + 2), LANES((m) + 3)
#define LANES16(m) LANES4(m), LANES4((m) + 4), LANES4((m) + 8), LANES4((m) + 12)
#define LANES64(m) LANES16(m), LANES16((m) + 16), LANES16((m) + 32), LANES16((m) + 48)

static const uint8_t lane_words[256][8] = { LANES64(0u), LANES64(64u), LANES64(128u),
	LANES64(192u) };

/* Decode one value from each of eight states; the symbols are the low bytes of the
   result. */
static inline __attribute__((always_inline)) CPU_TARGET_AVX2 __m256i
step(const uint32_t *slots, const uint8_t *tables, __m256i *state, const uint8_t **words)
{
	const __m256i low = _mm256_set1_epi32(ANS_SLOTS - 1);
	__m256i x = *state, at = _mm256_and_si256(x, low), slot, freq, wanted, more;
	unsigned lanes;

	if (tables)
		at = _mm256_or_si256(at,
			_mm256_slli_epi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i
									  *)(const void *)tables)),
				ANS_BITS));
	slot = _mm256_i32gather_epi32((const int *)(const void *)slots, at, 4);
	freq = _mm256_and_si256(_mm256_srli_epi32(slot, 8), _mm256_set1_epi32(0xfff));
	x = _mm256_add_epi32(_mm256_mullo_epi32(freq, _mm256_srli_epi32(x, ANS_BITS)),
		_mm256_srli_epi32(slot, 20));
	/* A lane wants a word if it is below 2^16, that is if its upper half is zero. */
	wanted = _mm256_cmpeq_epi32(_mm256_srli_epi32(x, 16), _mm256_setzero_si256());
	lanes = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(wanted));
	more = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)*words));
	more = _mm256_permutevar8x32_epi32(more,
		_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)
				lane_words[lanes])));
	more = _mm256_or_si256(_mm256_slli_epi32(x, 16), more);
	*state = _mm256_blendv_epi8(x, more, wanted);
	*words += 2 * (size_t)__builtin_popcount(lanes);
	return slot;
}

/* Store the symbols of 32 slots in order; they are the slots' low bytes. */
static inline __attribute__((always_inline)) CPU_TARGET_AVX2 void
put_symbols(const __m256i slots[4], uint8_t *out)
{
	const __m256i low = _mm256_set1_epi32(0xff);
	__m256i a = _mm256_packus_epi32(_mm256_and_si256(slots[0], low),
		_mm256_and_si256(slots[1], low));
	__m256i b = _mm256_packus_epi32(_mm256_and_si256(slots[2], low),
		_mm256_and_si256(slots[3], low));
	/* Packing works on each half of 128 bits, so the result is put in order. */
	__m256i all = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, b),
		_mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));

	_mm256_storeu_si256((__m256i *)(void *)out, all);
}

/* Decode whole rounds of n_states values while there are words for one. Returns the
   number of values. */
static inline __attribute__((always_inline)) CPU_TARGET_AVX2 uint32_t
groups(struct ans_decoding *d, unsigned n_states, const uint8_t *tables, uint8_t *out,
	uint32_t n)
{
	const uint8_t *words = d->words;
	__m256i states[ANS_WIDE_STATES / 8], slots[4];
	uint32_t i = 0;

	for (unsigned k = 0; k < n_states / 8; k++)
		states[k] = _mm256_loadu_si256((const __m256i *)(const void *)(d->states +
			8 * k));
	/* Each step may read eight words, whether it takes them or not. */
	for (; n - i >= n_states && d->words_end - words >= 2 * (ptrdiff_t)n_states;
		 i += n_states) {
		for (unsigned k = 0; k < n_states / 8; k++) {
			slots[k % 4] = step(d->slots, tables ? tables + i + 8 * k : NULL, &states[k],
				&words);
			if (k % 4 == 3)
				put_symbols(slots, out + i + 8 * (k - 3));
		}
	}
	for (unsigned k = 0; k < n_states / 8; k++)
		_mm256_storeu_si256((__m256i *)(void *)(d->states + 8 * k), states[k]);
	d->words = words;
	return i;
}

CPU_TARGET_AVX2 bool ans_decode_avx2(struct ans_decoding *d, const uint8_t *tables,
	uint8_t *out, uint32_t n)
{
	bool wide = d->n_states == ANS_WIDE_STATES;
	uint32_t done = wide && tables ? groups(d, ANS_WIDE_STATES, tables, out, n)
		: wide                     ? groups(d, ANS_WIDE_STATES, NULL, out, n)
		: tables                   ? groups(d, ANS_STATES, tables, out, n)
								   : groups(d, ANS_STATES, NULL, out, n);

	return ans_decode_portable(d, tables ? tables + done : NULL, out + done, n - done);
}

/* Levels are below 16, so a row's part of the table fits into one register, and a shuffle
   looks it up. */
CPU_TARGET_AVX2 void ans_row_tables_avx2(const struct ans_map *m, unsigned row,
	uint32_t column, uint32_t n, uint8_t *out)
{
	const __m256i table_of = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i
			*)(const void *)(m->table_of + row)));
	uint32_t i = 0;

	for (; n - i >= 32; i += 32) {
		__m256i levels = _mm256_loadu_si256((const __m256i *)(const void *)(m->columns +
			column + i));

		_mm256_storeu_si256((__m256i *)(void *)(out + i),
			_mm256_shuffle_epi8(table_of, levels));
	}
	ans_row_tables_portable(m, row, column + i, n - i, out + i);
}

/* ---- encoding ---------------------------------------------------------------------- */

/* For each set of lanes that give a word: the numbers of these lanes, without gaps. */
#define GIVER(m, i) /* the lane of the i-th bit that is set */ \
	(__builtin_popcount((m)&1u) > (i)            ? 0           \
			: __builtin_popcount((m)&3u) > (i)   ? 1           \
			: __builtin_popcount((m)&7u) > (i)   ? 2           \
			: __builtin_popcount((m)&15u) > (i)  ? 3           \
			: __builtin_popcount((m)&31u) > (i)  ? 4           \
			: __builtin_popcount((m)&63u) > (i)  ? 5           \
			: __builtin_popcount((m)&127u) > (i) ? 6           \
												 : 7)
#define GIVERS(m)                                                                     \
	{                                                                                 \
		GIVER(m, 0), GIVER(m, 1), GIVER(m, 2), GIVER(m, 3), GIVER(m, 4), GIVER(m, 5), \
			GIVER(m, 6), GIVER(m, 7)                                                  \
	}
#define GIVERS4(m) GIVERS(m), GIVERS((m) + 1), GIVERS((m) + 2), GIVERS((m) + 3)
#define GIVERS16(m) GIVERS4(m), GIVERS4((m) + 4), GIVERS4((m) + 8), GIVERS4((m) + 12)
#define GIVERS64(m) \
	GIVERS16(m), GIVERS16((m) + 16), GIVERS16((m) + 32), GIVERS16((m) + 48)

static const uint8_t giver_lanes[256][8] = { GIVERS64(0u), GIVERS64(64u), GIVERS64(128u),
	GIVERS64(192u) };

/* Eight bytes as lanes, the last one first. */
static inline __attribute__((always_inline)) CPU_TARGET_AVX2 __m256i
backwards(const uint8_t *from)
{
	return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)
			__builtin_bswap64(le_get64(from))));
}

/*
 * The quotient x / freq is below 2^21. It is computed with three roundings to nearest and
 * a reciprocal that is made too small by as much as these can add, 2^-22. The result is
 * ⌊x / freq⌋ or one less, which the last line corrects.
 */
static inline __attribute__((always_inline)) CPU_TARGET_AVX2 __m256i
encode_step(__m256i x, __m256i freq, __m256i start)
{
	__m256 reciprocal = _mm256_div_ps(_mm256_set1_ps(1 - 0x1p-22f),
		_mm256_cvtepi32_ps(freq));
	__m256i quotient = _mm256_cvttps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(x),
		reciprocal));
	__m256i rest = _mm256_sub_epi32(x, _mm256_mullo_epi32(quotient, freq));
	__m256i fits = _mm256_cmpgt_epi32(freq, rest);

	return _mm256_add_epi32(_mm256_add_epi32(rest,
								_mm256_add_epi32(start,
									_mm256_slli_epi32(quotient, ANS_BITS))),
		_mm256_andnot_si256(fits, _mm256_sub_epi32(_mm256_set1_epi32(ANS_SLOTS), freq)));
}

/* Encode one value into each of eight states. The lanes are in reverse order, as encoding
   runs backwards. */
static inline __attribute__((always_inline)) CPU_TARGET_AVX2 void
encode_eight(const uint32_t *symbols, const uint8_t *in, const uint8_t *tables,
	__m256i *state, uint8_t **words)
{
	const __m256i low = _mm256_set1_epi32(0xffff);
	__m256i at = backwards(in), symbol, freq, keeps, given, x = *state;
	unsigned gives;

	if (tables)
		at = _mm256_or_si256(at, _mm256_slli_epi32(backwards(tables), 8));
	symbol = _mm256_i32gather_epi32((const int *)(const void *)symbols, at, 4);
	freq = _mm256_and_si256(symbol, low);
	keeps = _mm256_cmpgt_epi32(freq, _mm256_srli_epi32(x, 32 - ANS_BITS));
	gives = 0xff & ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(keeps));
	given = _mm256_permutevar8x32_epi32(_mm256_and_si256(x, low),
		_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)
				giver_lanes[gives])));
	_mm_storeu_si128((__m128i *)(void *)*words,
		_mm_packus_epi32(_mm256_castsi256_si128(given),
			_mm256_extracti128_si256(given, 1)));
	*words += 2 * (size_t)__builtin_popcount(gives);
	x = _mm256_blendv_epi8(_mm256_srli_epi32(x, 16), x, keeps);
	*state = encode_step(x, freq, _mm256_srli_epi32(symbol, 16));
}

static inline __attribute__((always_inline)) CPU_TARGET_AVX2 __m256i
reversed(__m256i lanes)
{
	return _mm256_permutevar8x32_epi32(lanes, _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0));
}

/* Encode whole rounds from the end of n values, while a full round is sure to fit.
   Returns the number of values left. */
static inline __attribute__((always_inline)) CPU_TARGET_AVX2 uint32_t
encode_rounds(struct ans_encoding *e, unsigned n_states, const uint8_t *tables,
	const uint8_t *in, uint32_t n)
{
	__m256i states[ANS_WIDE_STATES / 8];
	uint8_t *words = e->words;

	for (unsigned k = 0; k < n_states / 8; k++)
		states[k] = reversed(_mm256_loadu_si256((const __m256i *)(const void
				*)(e->states + 8 * k)));
	for (; n && e->end - words >= 2 * (ptrdiff_t)n_states; n -= n_states) {
		for (unsigned k = n_states / 8; k-- > 0;) {
			uint32_t at = n - n_states + 8 * k;

			encode_eight(e->symbols, in + at, tables ? tables + at : NULL, &states[k],
				&words);
		}
	}
	for (unsigned k = 0; k < n_states / 8; k++)
		_mm256_storeu_si256((__m256i *)(void *)(e->states + 8 * k), reversed(states[k]));
	e->words = words;
	return n;
}

/* Only states below 2^31 convert to floats, as the conversion is signed. All states are,
   if no symbol has half of the slots. */
static bool states_fit(const struct ans_encoding *e, bool tables)
{
	for (unsigned s = 0; s < (tables ? ANS_MAX_TABLES : 1) * 256u; s++) {
		if ((e->symbols[s] & 0xffff) >= ANS_SLOTS / 2)
			return false;
	}
	return true;
}

CPU_TARGET_AVX2 bool ans_encode_avx2(struct ans_encoding *e, const uint8_t *tables,
	const uint8_t *in, uint32_t n)
{
	uint32_t whole = n - n % e->n_states;
	bool wide = e->n_states == ANS_WIDE_STATES;

	if (!ans_encode_portable(e, tables ? tables + whole : NULL, in + whole, n - whole))
		return false;
	if (states_fit(e, tables))
		whole = wide && tables ? encode_rounds(e, ANS_WIDE_STATES, tables, in, whole)
			: wide             ? encode_rounds(e, ANS_WIDE_STATES, NULL, in, whole)
			: tables           ? encode_rounds(e, ANS_STATES, tables, in, whole)
							   : encode_rounds(e, ANS_STATES, NULL, in, whole);
	return ans_encode_portable(e, tables, in, whole);
}

#endif
