/* SPDX-License-Identifier: MIT */
/*
 * Decoding of coder `ans`: the fields in front of the words, all hostile, then the loops.
 *
 *   n_tables │ map, if > 1 │ tables │ states │ words
 *                              ▼
 *       slots[table][2^11]: symbol 8 │ frequency 12 │ place within the symbol 12
 *
 * A state x finds its slot by x mod 2^11. Each table is checked to fill all its slots,
 * and each class to have a table, so the loops need no checks but for the end of the
 * words.
 *
 * States may be anything at the start. A frequency is at most 2^11 and ⌊x / 2^11⌋ below
 * 2^21, so nothing overflows. A state below 2^16 takes one word only, in all forms of the
 * loops, even if it is still too small then. It finds slots all the same, and the check
 * at the end refuses the plane. Wrong bytes that pass it are caught by the record's hash.
 */
#include <errno.h>

#include "base/alloc.h"
#include "base/le.h"
#include "coder/ans_kernels.h"

/* One thread's tables; an entry is written before it is read. */
struct ans_scratch {
	uint32_t slots[ANS_MAX_TABLES * ANS_SLOTS];
	struct ans_few few;
};

struct ans_scratch *ans_scratch_new(void)
{
	return mem_zalloc(1, sizeof(struct ans_scratch));
}

void ans_scratch_free(struct ans_scratch *scratch)
{
	mem_free(scratch);
}

/* ---- the portable loops ------------------------------------------------------------ */

bool ans_decode_portable(struct ans_decoding *d, const uint8_t *tables, uint8_t *out,
	uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t *state = &d->states[i & (d->n_states - 1)], x = *state;
		uint32_t table = tables ? tables[i] : 0;
		uint32_t slot = d->slots[table * ANS_SLOTS + x % ANS_SLOTS];

		out[i] = (uint8_t)slot;
		x = (slot >> 8 & 0xfff) * (x >> ANS_BITS) + (slot >> 20);
		if (x < ANS_STATE_MIN) {
			if (d->words_end - d->words < 2)
				return false;
			x = x << 16 | le_get16(d->words);
			d->words += 2;
		}
		*state = x;
	}
	return true;
}

void ans_row_tables_portable(const struct ans_map *m, unsigned row, uint32_t column,
	uint32_t n, uint8_t *out)
{
	const uint8_t *table_of = m->table_of + row;

	for (uint32_t i = 0; i < n; i++)
		out[i] = table_of[m->columns[column + i]];
}

const struct ans_kernels *ans_kernels(void)
{
	static const struct ans_kernels kernels[] = {
		[CPU_PORTABLE] = { ans_encode_portable, ans_decode_portable,
			ans_row_tables_portable },
#if CPU_X86
		[CPU_AVX2] = { ans_encode_avx2, ans_decode_avx2, ans_row_tables_avx2 },
		[CPU_AVX512] = { ans_encode_avx512, ans_decode_avx512, ans_row_tables_avx2 },
#endif
	};

	return &kernels[cpu_level()];
}

/* ---- what is in front of the words ------------------------------------------------- */

struct cursor {
	const uint8_t *at, *end;
};

/* The next n bytes of the input, or NULL when there are fewer. */
static const uint8_t *take(struct cursor *c, size_t n)
{
	const uint8_t *taken = c->at;

	if ((size_t)(c->end - c->at) < n)
		return NULL;
	c->at += n;
	return taken;
}

/* Fill `freq` slots from `at` on with a symbol. False: there is no room, or freq is 0. A
   frequency has at most 12 bits then, and a place 11, so the three fit into 32 bits. */
static bool fill_slots(uint32_t *slots, uint32_t *at, uint32_t symbol, uint32_t freq)
{
	if (!freq || freq > ANS_SLOTS - *at)
		return false;
	slots += *at;
	for (uint32_t k = 0; k < freq; k++)
		slots[k] = symbol | freq << 8 | k << 20;
	*at += freq;
	return true;
}

/* Read a table: the number of symbols less one, then each symbol, rising, with its
   frequency. */
static bool get_table(struct cursor *c, uint32_t *slots)
{
	const uint8_t *head = take(c, 1);
	uint32_t n = head ? *head + 1u : 0, at = 0;
	const uint8_t *rows = head ? take(c, 3 * (size_t)n) : NULL;

	if (!rows)
		return false;
	for (uint32_t i = 0; i < n; i++, rows += 3) {
		if ((i && rows[0] <= rows[-3]) ||
			!fill_slots(slots, &at, rows[0], le_get16(rows + 1)))
			return false;
	}
	return at == ANS_SLOTS;
}

/* Read a table of the wide form: the first symbol, then the frequencies of it and the
   next ones. A frequency 0 is followed by the number of further symbols to skip. */
static bool get_wide_table(struct cursor *c, uint32_t *slots)
{
	const uint8_t *byte = take(c, 1);
	uint32_t symbol = byte ? *byte : 256, at = 0;

	while (at < ANS_SLOTS) {
		uint32_t low, high;

		byte = symbol < 256 ? take(c, 1) : NULL;
		low = byte ? *byte : 0;
		byte = byte && (low >= 128 || !low) ? take(c, 1) : byte;
		if (!byte)
			return false;
		high = low >= 128 ? *byte : 0;
		if (!low)
			symbol += *byte;
		else if (!fill_slots(slots, &at, symbol, low % 128 + high * 128))
			return false;
		symbol++;
	}
	return true;
}

/* Read the map: levels of columns, `*rows` with those of rows, and the table of each
   class. */
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
	/* Unlisted classes get the first table. An encoder doesn't use them, but a hostile
	   map can. */
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

/* `low` gives the rank of each slot below 128. For others `bucket` gives the rank of the
   first slot of sixteen; find() in ans_avx512.c tests whether the next rank has begun. */
bool ans_few_make(const uint32_t slots[ANS_SLOTS], struct ans_few *f)
{
	enum { LOW = sizeof(f->low), BUCKET = 16 };
	uint32_t last_bucket = 0;
	unsigned rank = 0;

	for (uint32_t at = 0, freq; at < ANS_SLOTS; at += freq, rank++) {
		uint32_t bucket = at / BUCKET;

		freq = slots[at] >> 8 & 0xfff;
		if (rank == ANS_FEW - 1 || (at >= LOW && at % BUCKET && bucket == last_bucket))
			return false;
		last_bucket = at % BUCKET ? bucket : last_bucket;
		f->symbols[rank] = (uint8_t)slots[at];
		f->freqs[rank] = (uint16_t)freq;
		f->starts[rank] = (uint16_t)at;
		if (at < LOW)
			memset(f->low + at, (int)rank, at + freq < LOW ? freq : LOW - at);
		bucket += at % BUCKET != 0;
		memset(f->bucket + bucket, (int)rank, (at + freq + BUCKET - 1) / BUCKET - bucket);
	}
	f->starts[rank] = ANS_SLOTS;
	return true;
}

/* With a map, the table of each value is looked up for a window of values at a time. */
static bool run(struct ans_decoding *d, const struct ans_map *m, const uint8_t *rows,
	uint8_t *out, uint32_t n)
{
	const struct ans_kernels *k = ans_kernels();
	uint8_t tables[ANS_WINDOW];

	if (!m)
		return k->decode(d, NULL, out, n);
	for (uint32_t i = 0, count; i < n; i += count) {
		count = n - i < ANS_WINDOW ? n - i : ANS_WINDOW;
		ans_tables_of(m, rows, i, count, k->row_tables, tables);
		if (!k->decode(d, tables, out + i, count))
			return false;
	}
	return true;
}

/*
 * Ending in the start states with all words used is the check that the input was valid.
 */
int ans_decode(struct ans_scratch *scratch, unsigned n_states, const uint8_t *in,
	size_t len, uint8_t *out, uint32_t n)
{
	struct cursor c = { in, in + len };
	const uint8_t *head = take(&c, 1), *rows = NULL, *states;
	struct ans_decoding d = { .slots = scratch->slots, .n_states = n_states };
	unsigned n_tables = head ? *head : 0;
	struct ans_map map;

	if (!n || !n_tables || n_tables > ANS_MAX_TABLES)
		return -EIO;
	if (n_tables > 1 && !get_map(&c, n_tables, n, &map, &rows))
		return -EIO;
	for (unsigned t = 0; t < n_tables; t++) {
		if (!(n_states == ANS_WIDE_STATES ? get_wide_table : get_table)(&c,
				scratch->slots + t * ANS_SLOTS))
			return -EIO;
	}
	states = take(&c, 4 * n_states);
	if (!states)
		return -EIO;
	for (unsigned i = 0; i < n_states; i++)
		d.states[i] = le_get32(states + 4 * i);
	d.words = c.at;
	d.words_end = c.end;
	if (n_tables == 1 && ans_few_make(scratch->slots, &scratch->few))
		d.few = &scratch->few;
	if (!run(&d, n_tables > 1 ? &map : NULL, rows, out, n) || d.words != d.words_end)
		return -EIO;
	for (unsigned i = 0; i < n_states; i++) {
		if (d.states[i] != ANS_STATE_MIN)
			return -EIO;
	}
	return 0;
}
