/* SPDX-License-Identifier: MIT */
/*
 * The loops of coder `ans` for machines with AVX-512: 32 states at a time. Tables of few
 * symbols are held in registers, which is faster than gathering from memory. As with
 * AVX2, vectors do whole rounds and the portable loop does the rest.
 */
#include "coder/ans_kernels.h"

#if CPU_X86

#include <immintrin.h>
#include <string.h>

enum { GROUP = 32 };

#define INLINE static inline __attribute__((always_inline)) CPU_TARGET_AVX512

/* Sixteen lanes of 32 bits from memory and back. */
INLINE __m512i load(const void *from)
{
	return _mm512_loadu_si512(from);
}

/* ---- decoding by gathering --------------------------------------------------------- */

struct group {
	__m512i low, high; /* states 0 … 15, 16 … 31 */
};

/* Look up the slots of sixteen states; each table has 2^11 slots. */
INLINE __m512i find_slots(const uint32_t *slots, const uint8_t *tables, __m512i x)
{
	__m512i at = _mm512_and_si512(x, _mm512_set1_epi32(ANS_SLOTS - 1));

	if (tables) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)tables);

		at = _mm512_or_si512(at,
			_mm512_slli_epi32(_mm512_cvtepu8_epi32(bytes), ANS_BITS));
	}
	return _mm512_i32gather_epi32(at, slots, 4);
}

/* The state without its symbol, before it takes a word. */
INLINE __m512i step_back(__m512i x, __m512i slot)
{
	__m512i freq = _mm512_and_si512(_mm512_srli_epi32(slot, 8), _mm512_set1_epi32(0xfff));

	return _mm512_add_epi32(_mm512_mullo_epi32(freq, _mm512_srli_epi32(x, ANS_BITS)),
		_mm512_srli_epi32(slot, 20));
}

/* Decode one value from each of 32 states. All of them take their words in one load. */
INLINE void decode_group(const uint32_t *slots, const uint8_t *tables, struct group *g,
	const uint8_t **words, uint8_t *out)
{
	__m512i low_slots = find_slots(slots, tables, g->low);
	__m512i high_slots = find_slots(slots, tables ? tables + GROUP / 2 : NULL, g->high);
	__m512i low = step_back(g->low, low_slots), high = step_back(g->high, high_slots),
			given;
	__mmask16 low_wants, high_wants;
	__mmask32 wants;

	low_wants = _mm512_cmplt_epu32_mask(low, _mm512_set1_epi32(ANS_STATE_MIN));
	high_wants = _mm512_cmplt_epu32_mask(high, _mm512_set1_epi32(ANS_STATE_MIN));
	wants = _mm512_kunpackw(high_wants, low_wants);
	given = _mm512_maskz_expand_epi16(wants, load(*words));
	*words += 2 * (size_t)_mm_popcnt_u32(wants);
	g->low = _mm512_mask_or_epi32(low, low_wants, _mm512_slli_epi32(low, 16),
		_mm512_cvtepu16_epi32(_mm512_castsi512_si256(given)));
	g->high = _mm512_mask_or_epi32(high, high_wants, _mm512_slli_epi32(high, 16),
		_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(given, 1)));
	_mm_storeu_si128((__m128i *)(void *)out, _mm512_cvtepi32_epi8(low_slots));
	_mm_storeu_si128((__m128i *)(void *)(out + GROUP / 2),
		_mm512_cvtepi32_epi8(high_slots));
}

/* Decode whole rounds of all states, while there are words for one. Returns the number of
   values. */
INLINE uint32_t decode_gathering(struct ans_decoding *d, unsigned n_states,
	const uint8_t *tables, uint8_t *out, uint32_t n)
{
	const uint8_t *words = d->words;
	struct group groups[ANS_WIDE_STATES / GROUP];
	uint32_t i = 0;

	for (unsigned k = 0; k < n_states / GROUP; k++) {
		groups[k].low = load(d->states + GROUP * k);
		groups[k].high = load(d->states + GROUP * k + GROUP / 2);
	}
	for (; n - i >= n_states && d->words_end - words >= 2 * (ptrdiff_t)n_states;
		 i += n_states) {
		for (unsigned k = 0; k < n_states / GROUP; k++)
			decode_group(d->slots, tables ? tables + i + GROUP * k : NULL, &groups[k],
				&words, out + i + GROUP * k);
	}
	for (unsigned k = 0; k < n_states / GROUP; k++) {
		_mm512_storeu_si512(d->states + GROUP * k, groups[k].low);
		_mm512_storeu_si512(d->states + GROUP * k + GROUP / 2, groups[k].high);
	}
	d->words = words;
	return i;
}

/* ---- decoding within registers ----------------------------------------------------- */

/* struct ans_few in registers; symbols have ranks below 64, frequencies and starts 16
   bits. */
struct few {
	__m512i low[2], bucket[2], freqs[2], starts[2], symbols;
};

/* 32 states, split into the low and high 16 bits of each. */
struct halves {
	__m512i low, high;
};

INLINE void load_pair(__m512i to[2], const void *from)
{
	to[0] = load(from);
	to[1] = load((const uint8_t *)from + 64);
}

/* For each lane, the entry whose number is in the lane's low six bits. */
INLINE __m512i look_up(__m512i ranks, const __m512i table[2])
{
	return _mm512_permutex2var_epi16(table[0], ranks, table[1]);
}

/* The figures of the symbols of 32 slots. */
struct found {
	__m512i rank, freq, start; /* only the low six bits of a rank count */
};

/*
 * A slot in the middle of a bucket can have the next rank. That rank's figures are looked
 * up at the same time, because decoding is limited by how long a state waits for its own
 * last step.
 */
INLINE struct found find(const struct few *f, __m512i slot)
{
	__m512i low = _mm512_permutex2var_epi8(f->low[0], slot, f->low[1]);
	__m512i bucket = _mm512_permutex2var_epi8(f->bucket[0], _mm512_srli_epi16(slot, 4),
		f->bucket[1]);
	__m512i rank = _mm512_mask_blend_epi16(_mm512_cmplt_epu16_mask(slot,
											   _mm512_set1_epi16(128)),
		bucket, low);
	__m512i next = _mm512_add_epi16(rank, _mm512_set1_epi16(1));
	__m512i start = look_up(rank, f->starts), next_start = look_up(next, f->starts);
	__mmask32 is_next = _mm512_cmpge_epu16_mask(slot, next_start);

	return (struct found){
		_mm512_mask_blend_epi16(is_next, rank, next),
		_mm512_mask_blend_epi16(is_next, look_up(rank, f->freqs),
			look_up(next, f->freqs)),
		_mm512_mask_blend_epi16(is_next, start, next_start),
	};
}

/* The carry of a + b = sum out of each lane's highest bit, in its lowest bit. */
INLINE __m512i carry_of(__m512i a, __m512i b, __m512i sum)
{
	enum { CARRIES = 0xd4 }; /* a and b are set, or one is and the sum isn't */

	return _mm512_srli_epi16(_mm512_ternarylogic_epi32(a, b, sum, CARRIES), 15);
}

INLINE void decode_few_group(const struct few *f, struct halves *x, const uint8_t **words,
	uint8_t *out)
{
	__m512i slot = _mm512_and_si512(x->low, _mm512_set1_epi16(ANS_SLOTS - 1));
	struct found s = find(f, slot);
	__m512i place = _mm512_sub_epi16(slot, s.start);
	/* A state without the slot's bits has 21 bits; times the frequency, at most 32. */
	__m512i quotient = _mm512_shldi_epi16(x->high, x->low, 16 - ANS_BITS);
	__m512i product = _mm512_mullo_epi16(s.freq, quotient);
	__m512i low = _mm512_add_epi16(product, place);
	__m512i high = _mm512_add_epi16(_mm512_mulhi_epu16(s.freq, quotient),
		_mm512_mullo_epi16(s.freq, _mm512_srli_epi16(x->high, ANS_BITS)));
	__mmask32 wants;

	high = _mm512_add_epi16(high, carry_of(product, place, low));
	wants = _mm512_testn_epi16_mask(high, high);
	x->high = _mm512_mask_mov_epi16(high, wants, low);
	x->low = _mm512_mask_expand_epi16(low, wants, load(*words));
	*words += 2 * (size_t)_mm_popcnt_u32(wants);
	_mm256_storeu_si256((__m256i *)(void *)out,
		_mm512_cvtepi16_epi8(_mm512_permutexvar_epi8(s.rank, f->symbols)));
}

/* The low 16 bits of each of 32 lanes. */
INLINE __m512i narrow(__m512i a, __m512i b)
{
	return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(a)),
		_mm512_cvtepi32_epi16(b), 1);
}

INLINE struct halves get_states(const uint32_t *states)
{
	__m512i a = load(states), b = load(states + GROUP / 2);

	return (struct halves){ narrow(a, b),
		narrow(_mm512_srli_epi32(a, 16), _mm512_srli_epi32(b, 16)) };
}

INLINE void put_states(const struct halves *x, uint32_t *states)
{
	for (unsigned k = 0; k < 2; k++) {
		__m256i low = k ? _mm512_extracti64x4_epi64(x->low, 1)
						: _mm512_castsi512_si256(x->low);
		__m256i high = k ? _mm512_extracti64x4_epi64(x->high, 1)
						 : _mm512_castsi512_si256(x->high);

		_mm512_storeu_si512(states + GROUP / 2 * k,
			_mm512_or_si512(_mm512_cvtepu16_epi32(low),
				_mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16)));
	}
}

/* As decode_gathering(), with one table that fits into registers. */
INLINE uint32_t decode_few(struct ans_decoding *d, unsigned n_states, uint8_t *out,
	uint32_t n)
{
	const uint8_t *words = d->words;
	struct halves x[ANS_WIDE_STATES / GROUP];
	struct few f;
	uint32_t i = 0;

	load_pair(f.low, d->few->low);
	load_pair(f.bucket, d->few->bucket);
	load_pair(f.freqs, d->few->freqs);
	load_pair(f.starts, d->few->starts);
	f.symbols = load(d->few->symbols);
	for (unsigned k = 0; k < n_states / GROUP; k++)
		x[k] = get_states(d->states + GROUP * k);
	for (; n - i >= n_states && d->words_end - words >= 2 * (ptrdiff_t)n_states;
		 i += n_states) {
		for (unsigned k = 0; k < n_states / GROUP; k++)
			decode_few_group(&f, &x[k], &words, out + i + GROUP * k);
	}
	for (unsigned k = 0; k < n_states / GROUP; k++)
		put_states(&x[k], d->states + GROUP * k);
	d->words = words;
	return i;
}

CPU_TARGET_AVX512 bool ans_decode_avx512(struct ans_decoding *d, const uint8_t *tables,
	uint8_t *out, uint32_t n)
{
	bool wide = d->n_states == ANS_WIDE_STATES, few = d->few && !tables;
	uint32_t done = few && wide ? decode_few(d, ANS_WIDE_STATES, out, n)
		: few                   ? decode_few(d, ANS_STATES, out, n)
		: wide && tables        ? decode_gathering(d, ANS_WIDE_STATES, tables, out, n)
		: wide                  ? decode_gathering(d, ANS_WIDE_STATES, NULL, out, n)
		: tables                ? decode_gathering(d, ANS_STATES, tables, out, n)
								: decode_gathering(d, ANS_STATES, NULL, out, n);

	return ans_decode_portable(d, tables ? tables + done : NULL, out + done, n - done);
}

/* ---- encoding ---------------------------------------------------------------------- */

/* The 32 bytes of a group, in reverse order. */
INLINE __m256i backwards(const uint8_t *group)
{
	const __m256i order = _mm256_setr_epi8(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20,
		19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

	return _mm256_permutexvar_epi8(order,
		_mm256_loadu_si256((const __m256i *)(const void *)group));
}

enum { DOWN = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC };

/* The figures of the symbols that sixteen states encode next. */
struct symbols {
	__m512i freq, start;
	__m512 reciprocal; /* 1 / freq, rounded down */
};

/* Where to look them up: tables in memory, or one in registers, of symbols from `first`
   to `first` + 63. */
struct symbol_tables {
	const uint32_t *all;
	__m512i first, freqs[2], starts[2];
	__m512 reciprocals[4];
};

/* Rounded down, so that a quotient is never too large. */
INLINE __m512 reciprocals_of(__m512i freq)
{
	return _mm512_div_round_ps(_mm512_set1_ps(1), _mm512_cvt_roundepi32_ps(freq, DOWN),
		DOWN);
}

/* Symbols beyond the last one stay zero; no value has them. */
INLINE void load_few(struct symbol_tables *t, const struct ans_encoding *e)
{
	uint32_t few[ANS_FEW] = { 0 };

	memcpy(few, e->symbols + e->first, (e->last - e->first + 1) * sizeof(few[0]));
	t->first = _mm512_set1_epi16((short)e->first);
	for (unsigned k = 0; k < 2; k++) {
		__m512i a = load(few + 32 * k), b = load(few + 32 * k + 16);

		t->freqs[k] = narrow(a, b);
		t->starts[k] = narrow(_mm512_srli_epi32(a, 16), _mm512_srli_epi32(b, 16));
		t->reciprocals[2 * k] = reciprocals_of(_mm512_and_si512(a,
			_mm512_set1_epi32(0xffff)));
		t->reciprocals[2 * k + 1] = reciprocals_of(_mm512_and_si512(b,
			_mm512_set1_epi32(0xffff)));
	}
}

INLINE struct symbols find_gathering(const struct symbol_tables *t, __m128i bytes,
	__m128i tables)
{
	__m512i at = _mm512_or_si512(_mm512_cvtepu8_epi32(bytes),
		_mm512_slli_epi32(_mm512_cvtepu8_epi32(tables), 8));
	__m512i found = _mm512_i32gather_epi32(at, t->all, 4);
	__m512i freq = _mm512_and_si512(found, _mm512_set1_epi32(0xffff));

	return (struct symbols){ freq, _mm512_srli_epi32(found, 16), reciprocals_of(freq) };
}

INLINE struct symbols find_few(const struct symbol_tables *t, __m256i ranks16,
	__m256i freq, __m256i start)
{
	__m512i ranks = _mm512_cvtepu16_epi32(ranks16);
	__m512 low = _mm512_permutex2var_ps(t->reciprocals[0], ranks, t->reciprocals[1]);
	__m512 high = _mm512_permutex2var_ps(t->reciprocals[2], ranks, t->reciprocals[3]);
	__mmask16 is_high = _mm512_test_epi32_mask(ranks, _mm512_set1_epi32(32));

	return (struct symbols){ _mm512_cvtepu16_epi32(freq), _mm512_cvtepu16_epi32(start),
		_mm512_mask_blend_ps(is_high, low, high) };
}

/* Look up the symbols of a group, in reverse order. */
INLINE void find_symbols(const struct symbol_tables *t, bool few, const uint8_t *in,
	const uint8_t *tables, struct symbols out[2])
{
	__m256i bytes = backwards(in);

	if (few) {
		__m512i ranks = _mm512_sub_epi16(_mm512_cvtepu8_epi16(bytes), t->first);
		__m512i freq = look_up(ranks, t->freqs), start = look_up(ranks, t->starts);

		out[0] = find_few(t, _mm512_castsi512_si256(ranks), _mm512_castsi512_si256(freq),
			_mm512_castsi512_si256(start));
		out[1] = find_few(t, _mm512_extracti64x4_epi64(ranks, 1),
			_mm512_extracti64x4_epi64(freq, 1), _mm512_extracti64x4_epi64(start, 1));
	} else {
		__m256i of = tables ? backwards(tables) : _mm256_setzero_si256();

		out[0] = find_gathering(t, _mm256_castsi256_si128(bytes),
			_mm256_castsi256_si128(of));
		out[1] = find_gathering(t, _mm256_extracti128_si256(bytes, 1),
			_mm256_extracti128_si256(of, 1));
	}
}

/*
 * The quotient x / freq is below 2^21. It is computed with three roundings towards 0;
 * each loses less than 2^-23 of it. The result is ⌊x / freq⌋ or one less, which the last
 * line corrects.
 */
INLINE __m512i encode_step(__m512i x, const struct symbols *s)
{
	__m512i quotient = _mm512_cvttps_epu32(_mm512_mul_round_ps(_mm512_cvt_roundepu32_ps(x,
																   DOWN),
		s->reciprocal, DOWN));
	__m512i rest = _mm512_sub_epi32(x, _mm512_mullo_epi32(quotient, s->freq));
	__mmask16 less = _mm512_cmpge_epu32_mask(rest, s->freq);
	__m512i next = _mm512_add_epi32(_mm512_add_epi32(rest, s->start),
		_mm512_slli_epi32(quotient, ANS_BITS));

	return _mm512_mask_add_epi32(next, less, next,
		_mm512_sub_epi32(_mm512_set1_epi32(ANS_SLOTS), s->freq));
}

/* Encode one value into each of 32 states, whose lanes are in reverse order. */
INLINE void encode_group(const struct symbols s[2], struct group *g, uint8_t **words)
{
	const __m512i low_halves = _mm512_set_epi16(62, 60, 58, 56, 54, 52, 50, 48, 46, 44,
		42, 40, 38, 36, 34, 32, 30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2,
		0);
	__mmask16 low_gives = _mm512_cmpge_epu32_mask(_mm512_srli_epi32(g->low,
													  32 - ANS_BITS),
		s[0].freq);
	__mmask16 high_gives = _mm512_cmpge_epu32_mask(_mm512_srli_epi32(g->high,
													   32 - ANS_BITS),
		s[1].freq);
	__mmask32 gives = _mm512_kunpackw(high_gives, low_gives);
	__m512i given = _mm512_permutex2var_epi16(g->low, low_halves, g->high);

	_mm512_storeu_si512(*words, _mm512_maskz_compress_epi16(gives, given));
	*words += 2 * (size_t)_mm_popcnt_u32(gives);
	g->low = encode_step(_mm512_mask_srli_epi32(g->low, low_gives, g->low, 16), &s[0]);
	g->high = encode_step(_mm512_mask_srli_epi32(g->high, high_gives, g->high, 16),
		&s[1]);
}

INLINE __m512i reversed(__m512i lanes)
{
	return _mm512_permutexvar_epi32(_mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6,
										5, 4, 3, 2, 1, 0),
		lanes);
}

/* Encode whole rounds from the end of n values, a multiple of the states, while a full
   round is sure to fit. Returns the number of values left. */
INLINE uint32_t encode_rounds(struct ans_encoding *e, unsigned n_states, bool few,
	const uint8_t *tables, const uint8_t *in, uint32_t n)
{
	struct symbol_tables t = { .all = e->symbols };
	struct group groups[ANS_WIDE_STATES / GROUP];
	uint8_t *words = e->words;

	if (few)
		load_few(&t, e);
	for (unsigned k = 0; k < n_states / GROUP; k++) {
		groups[k].high = reversed(load(e->states + GROUP * k));
		groups[k].low = reversed(load(e->states + GROUP * k + GROUP / 2));
	}
	for (; n && e->end - words >= 2 * (ptrdiff_t)n_states; n -= n_states) {
		for (unsigned k = n_states / GROUP; k-- > 0;) {
			uint32_t at = n - n_states + k * GROUP;
			struct symbols symbols[2];

			find_symbols(&t, few, in + at, tables ? tables + at : NULL, symbols);
			encode_group(symbols, &groups[k], &words);
		}
	}
	for (unsigned k = 0; k < n_states / GROUP; k++) {
		_mm512_storeu_si512(e->states + GROUP * k, reversed(groups[k].high));
		_mm512_storeu_si512(e->states + GROUP * k + GROUP / 2, reversed(groups[k].low));
	}
	e->words = words;
	return n;
}

CPU_TARGET_AVX512 bool ans_encode_avx512(struct ans_encoding *e, const uint8_t *tables,
	const uint8_t *in, uint32_t n)
{
	uint32_t whole = n - n % e->n_states;
	bool wide = e->n_states == ANS_WIDE_STATES;
	bool few = !tables && e->last - e->first < ANS_FEW;

	if (!ans_encode_portable(e, tables ? tables + whole : NULL, in + whole, n - whole))
		return false;
	whole = few && wide  ? encode_rounds(e, ANS_WIDE_STATES, true, NULL, in, whole)
		: few            ? encode_rounds(e, ANS_STATES, true, NULL, in, whole)
		: wide && tables ? encode_rounds(e, ANS_WIDE_STATES, false, tables, in, whole)
		: wide           ? encode_rounds(e, ANS_WIDE_STATES, false, NULL, in, whole)
		: tables         ? encode_rounds(e, ANS_STATES, false, tables, in, whole)
						 : encode_rounds(e, ANS_STATES, false, NULL, in, whole);
	return ans_encode_portable(e, tables, in, whole);
}

#endif
