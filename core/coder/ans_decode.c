/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/le.h"
#include "coder/ans_map.h"

#if defined(__x86_64__) && !defined(ALCM_NO_SIMD)
#include <immintrin.h>
#define HAVE_AVX2 1
#endif

#define STATE_MIN ((uint32_t)1 << 16)

/* ---- the loops ----------------------------------------------------------------------------------- */

bool ans_loop_portable(struct ans_loop *l, const uint8_t *tables, uint8_t *out, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t x = l->states[i % ANS_STATES];
		uint32_t table = tables ? tables[i] : 0;
		uint32_t slot = l->slots[table * ANS_SLOTS + x % ANS_SLOTS];

		out[i] = (uint8_t)slot;
		x = (slot >> 8 & 0xfff) * (x >> ANS_BITS) + (slot >> 20);
		if (x < STATE_MIN) {
			if (l->words_end - l->words < 2)
				return false;
			x = x << 16 | le_get16(l->words);
			l->words += 2;
		}
		l->states[i % ANS_STATES] = x;
	}
	return true;
}

#ifdef HAVE_AVX2

/* For each set of lanes that want a word: which of the next words each lane gets. */
#define LANE(m, i) ((m) >> (i)&1 ? __builtin_popcount((m) & ((1u << (i)) - 1)) : 0)
#define LANES(m)                                                                        \
	{                                                                               \
		LANE(m, 0), LANE(m, 1), LANE(m, 2), LANE(m, 3), LANE(m, 4), LANE(m, 5), \
			LANE(m, 6), LANE(m, 7)                                          \
	}
#define LANES4(m) LANES(m), LANES((m) + 1), LANES((m) + 2), LANES((m) + 3)
#define LANES16(m) LANES4(m), LANES4((m) + 4), LANES4((m) + 8), LANES4((m) + 12)
#define LANES64(m) LANES16(m), LANES16((m) + 16), LANES16((m) + 32), LANES16((m) + 48)

static const uint8_t lane_words[256][8] = { LANES64(0u), LANES64(64u), LANES64(128u),
	LANES64(192u) };

bool ans_has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

/* Eight states take a step; the symbols in the low bytes of the result. */
static inline __attribute__((always_inline, target("avx2"))) __m256i step(const uint32_t *slots,
	const uint8_t *tables, __m256i *state, const uint8_t **words)
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
	/* Below 2^16: no bit above them. */
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

/* Symbols of 32 slots, which are their low bytes, in order. */
static inline __attribute__((always_inline, target("avx2"))) void put_symbols(const __m256i slots[4],
	uint8_t *out)
{
	const __m256i low = _mm256_set1_epi32(0xff);
	__m256i a = _mm256_packus_epi32(_mm256_and_si256(slots[0], low),
		_mm256_and_si256(slots[1], low));
	__m256i b = _mm256_packus_epi32(_mm256_and_si256(slots[2], low),
		_mm256_and_si256(slots[3], low));
	/* Packing works on halves of 128 bits. */
	__m256i all = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, b),
		_mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));

	_mm256_storeu_si256((__m256i *)(void *)out, all);
}

__attribute__((target("avx2"))) static uint32_t whole_groups(struct ans_loop *l,
	const uint8_t *tables, uint8_t *out, uint32_t n)
{
	const uint8_t *words = l->words;
	__m256i states[4], slots[4];
	uint32_t i = 0;

	for (unsigned k = 0; k < 4; k++)
		states[k] = _mm256_loadu_si256((const __m256i *)(const void *)(l->states + 8 * k));
	/* Each step may read eight words, whether it takes them or not. */
	for (; n - i >= ANS_STATES && l->words_end - words >= 4 * 16; i += ANS_STATES) {
		for (unsigned k = 0; k < 4; k++)
			slots[k] = step(l->slots, tables ? tables + i + 8 * k : NULL, &states[k],
				&words);
		put_symbols(slots, out + i);
	}
	for (unsigned k = 0; k < 4; k++)
		_mm256_storeu_si256((__m256i *)(void *)(l->states + 8 * k), states[k]);
	l->words = words;
	return i;
}

bool ans_loop_avx2(struct ans_loop *l, const uint8_t *tables, uint8_t *out, uint32_t n)
{
	uint32_t done = tables ? whole_groups(l, tables, out, n) : whole_groups(l, NULL, out, n);

	return ans_loop_portable(l, tables ? tables + done : NULL, out + done, n - done);
}

/* Levels are below 16, so a row's part of the table fits into a register that is looked up in. */
__attribute__((target("avx2"))) static void row_tables_avx2(const struct ans_map *m, unsigned row,
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

#else

static ans_row_tables *const row_tables_avx2 = ans_row_tables_portable;

bool ans_has_avx2(void)
{
	return false;
}

bool ans_loop_avx2(struct ans_loop *l, const uint8_t *tables, uint8_t *out, uint32_t n)
{
	return ans_loop_portable(l, tables, out, n);
}

#endif

/* ---- what is in front of the words --------------------------------------------------------------- */

struct cursor {
	const uint8_t *at, *end;
};

static const uint8_t *take(struct cursor *c, size_t n)
{
	const uint8_t *taken = c->at;

	if ((size_t)(c->end - c->at) < n)
		return NULL;
	c->at += n;
	return taken;
}

/* A table: how many symbols, less one; then each symbol, rising, with its frequency. */
static bool get_table(struct cursor *c, uint32_t *slots)
{
	const uint8_t *head = take(c, 1);
	uint32_t n = head ? *head + 1u : 0, at = 0;
	const uint8_t *rows = head ? take(c, 3 * (size_t)n) : NULL;

	if (!rows)
		return false;
	for (uint32_t i = 0; i < n; i++, rows += 3) {
		uint32_t freq = le_get16(rows + 1);

		if (!freq || freq > ANS_SLOTS - at || (i && rows[0] <= rows[-3]))
			return false;
		for (uint32_t k = 0; k < freq; k++)
			slots[at++] = rows[0] | freq << 8 | k << 20;
	}
	return at == ANS_SLOTS;
}

/* Rows and columns, and the table of each class; `*rows` are the rows' levels. */
static bool get_map(struct cursor *c, unsigned n_tables, uint32_t n, struct ans_map *m,
	const uint8_t **rows)
{
	const uint8_t *head = take(c, 9), *tables, *columns;
	uint32_t n_rows;

	if (!head)
		return false;
	m->row_len = le_get32(head);
	m->row_skip = le_get32(head + 4);
	m->n_classes = head[8];
	if (!m->row_len || m->row_len > ANS_MAX_ROW || m->row_skip >= m->row_len ||
		!m->n_classes || m->n_classes > ANS_MAX_CLASSES)
		return false;
	tables = take(c, m->n_classes);
	n_rows = ans_n_rows(m, n);
	columns = tables ? take(c, (m->row_len + 1) / 2) : NULL;
	*rows = columns ? take(c, ((size_t)n_rows + 1) / 2) : NULL;
	if (!*rows)
		return false;
	/* Classes beyond those that are listed have the first table: nothing codes by them. */
	memset(m->table_of, 0, sizeof(m->table_of));
	for (unsigned i = 0; i < m->n_classes; i++) {
		m->table_of[i] = tables[i];
		if (tables[i] >= n_tables)
			return false;
	}
	for (uint32_t i = 0; i < m->row_len; i++)
		m->columns[i] = (uint8_t)ans_nibble(columns, i);
	return true;
}

static bool run(struct ans_loop *l, const struct ans_map *m, const uint8_t *rows, uint8_t *out,
	uint32_t n)
{
	bool avx2 = ans_has_avx2();
	ans_loop_fn *loop = avx2 ? ans_loop_avx2 : ans_loop_portable;
	uint8_t tables[ANS_WINDOW];

	if (!m)
		return loop(l, NULL, out, n);
	for (uint32_t i = 0, count; i < n; i += count) {
		count = n - i < ANS_WINDOW ? n - i : ANS_WINDOW;
		ans_tables_of(m, rows, i, count, avx2 ? row_tables_avx2 : ans_row_tables_portable,
			tables);
		if (!loop(l, tables, out + i, count))
			return false;
	}
	return true;
}

int ans_decode(struct ans_scratch *scratch, const uint8_t *in, size_t len, uint8_t *out,
	uint32_t n)
{
	struct cursor c = { in, in + len };
	const uint8_t *head = take(&c, 1), *rows = NULL, *states;
	struct ans_loop l = { .slots = scratch->slots };
	unsigned n_tables = head ? *head : 0;
	struct ans_map map;

	if (!n || !n_tables || n_tables > ANS_MAX_TABLES)
		return -EIO;
	if (n_tables > 1 && !get_map(&c, n_tables, n, &map, &rows))
		return -EIO;
	for (unsigned t = 0; t < n_tables; t++) {
		if (!get_table(&c, scratch->slots + t * ANS_SLOTS))
			return -EIO;
	}
	states = take(&c, 4 * ANS_STATES);
	if (!states)
		return -EIO;
	for (unsigned i = 0; i < ANS_STATES; i++)
		l.states[i] = le_get32(states + 4 * i);
	l.words = c.at;
	l.words_end = c.end;
	if (!run(&l, n_tables > 1 ? &map : NULL, rows, out, n) || l.words != l.words_end)
		return -EIO;
	for (unsigned i = 0; i < ANS_STATES; i++) {
		if (l.states[i] != STATE_MIN)
			return -EIO;
	}
	return 0;
}
