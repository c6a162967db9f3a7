/* SPDX-License-Identifier: MIT */
/* The table of each value for coder `ans`; used by encoding and decoding. */
#ifndef ALCM_CODER_ANS_MAP_H
#define ALCM_CODER_ANS_MAP_H

#include <stdint.h>
#include <string.h>

#include "coder/ans.h"

enum {
	ANS_LEVELS = 16,
	ANS_MAX_CLASSES = 2 * ANS_LEVELS - 1,
	ANS_MIN_ROW = 16,
	ANS_MAX_ROW = 4096,
	/* values whose tables are looked up at a time; a multiple of the states */
	ANS_WINDOW = 4096,
};

struct ans_map {
	uint32_t row_len, row_skip;
	unsigned n_classes;
	/* padded: sixteen entries can be loaded from any level on */
	uint8_t table_of[ANS_LEVELS + ANS_MAX_CLASSES];
	uint8_t columns[ANS_MAX_ROW]; /* levels */
};

static inline uint32_t ans_n_rows(const struct ans_map *m, uint32_t n)
{
	return (uint32_t)(((uint64_t)m->row_skip + n - 1) / m->row_len) + 1;
}

/* Two levels a byte, the lower four bits first. */
static inline unsigned ans_nibble(const uint8_t *nibbles, uint32_t i)
{
	return nibbles[i / 2] >> (i % 2 * 4) & 15;
}

/* Tables of `n` values of one row whose level is `row`. */
typedef void ans_row_tables(const struct ans_map *m, unsigned row, uint32_t column,
	uint32_t n, uint8_t *out);

/* The tables of values [from, from + n), `rows` being the rows' levels. Classes must be
   possible. */
static inline void ans_tables_of(const struct ans_map *m, const uint8_t *rows,
	uint32_t from, uint32_t n, ans_row_tables *row_tables, uint8_t *out)
{
	uint32_t row = (uint32_t)(((uint64_t)m->row_skip + from) / m->row_len);
	uint32_t column = (uint32_t)(((uint64_t)m->row_skip + from) % m->row_len);

	while (n) {
		uint32_t count = m->row_len - column < n ? m->row_len - column : n;

		row_tables(m, ans_nibble(rows, row++), column, count, out);
		out += count;
		n -= count;
		column = 0;
	}
}

#endif
