/* SPDX-License-Identifier: MIT */
/*
 * The loops of coder `ans`, each in a portable form and for vectors. All forms of one
 * give the same bytes and leave the same state behind, with hostile input too.
 */
#ifndef ALCM_CODER_ANS_KERNELS_H
#define ALCM_CODER_ANS_KERNELS_H

#include "base/cpu.h"
#include "coder/ans.h"
#include "coder/ans_map.h"

#define ANS_STATE_MIN ((uint32_t)1 << 16)

enum { ANS_FEW = 64 };

/*
 * One table of less than ANS_FEW symbols, small enough for registers. The rank of a
 * slot's symbol is in `low` for the first slots; for the others `bucket` has that of the
 * first of sixteen slots, of which some may have the next rank. Behind the last rank
 * starts ANS_SLOTS.
 */
struct ans_few {
	uint8_t low[128], bucket[128];
	uint8_t symbols[ANS_FEW];
	uint16_t freqs[ANS_FEW], starts[ANS_FEW];
};

/*
 * The table of the slots in that form. False: it has more symbols, or two of them begin
 * within one bucket, which is no bucket's beginning.
 */
bool ans_few_make(const uint32_t slots[ANS_SLOTS], struct ans_few *out);

/* Where decoding is. */
struct ans_decoding {
	/* Per table and slot: symbol | frequency << 8 | place within the symbol << 20. */
	const uint32_t *slots;
	const struct ans_few *few; /* the only table, if it is of that kind, or NULL */
	unsigned n_states;
	uint32_t states[ANS_WIDE_STATES];
	const uint8_t *words, *words_end;
};

/*
 * Decode n bytes, the first of which is a multiple of the states from the plane's
 * beginning, by tables tables[i] (NULL: all by the first). False: the words ran out.
 */
typedef bool ans_decode_fn(struct ans_decoding *d, const uint8_t *tables, uint8_t *out,
	uint32_t n);

/* Where encoding is: words follow each other in the order in which they are given
   away. */
struct ans_encoding {
	const uint32_t *symbols; /* per table 256: frequency | start << 16 */
	unsigned first, last;    /* symbols that occur are among these */
	unsigned n_states;
	uint32_t states[ANS_WIDE_STATES];
	uint8_t *words, *end;
};

/* Encode n bytes, the last first; otherwise as ans_decode_fn. False: no room. */
typedef bool ans_encode_fn(struct ans_encoding *e, const uint8_t *tables,
	const uint8_t *in, uint32_t n);

struct ans_kernels {
	ans_encode_fn *encode;
	ans_decode_fn *decode;
	ans_row_tables *row_tables;
};

ans_encode_fn ans_encode_portable, ans_encode_avx2, ans_encode_avx512;
ans_decode_fn ans_decode_portable, ans_decode_avx2, ans_decode_avx512;
ans_row_tables ans_row_tables_portable, ans_row_tables_avx2;

/* The decoder takes words in the opposite order. */
void ans_reverse_words(uint8_t *from, uint8_t *end);

/* Those for the machine (base/cpu.h). */
const struct ans_kernels *ans_kernels(void);

#endif
