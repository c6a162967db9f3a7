/* SPDX-License-Identifier: MIT */
/* The loops of coder `ans`, in a portable form and for vectors. All forms of a loop give
   the same bytes and leave the same state, also with hostile input. */
#ifndef ALCM_CODER_ANS_KERNELS_H
#define ALCM_CODER_ANS_KERNELS_H

#include "base/cpu.h"
#include "coder/ans.h"
#include "coder/ans_map.h"

#define ANS_STATE_MIN ((uint32_t)1 << 16)

enum { ANS_FEW = 64 };

/*
 * One table of fewer than ANS_FEW symbols, small enough for registers. `low` has the rank
 * of the symbol for each of the first slots. For later slots `bucket` has the rank of the
 * first of sixteen slots, and some of these may have the next rank. The rank after the
 * last starts at ANS_SLOTS.
 */
struct ans_few {
	uint8_t low[128], bucket[128];
	uint8_t symbols[ANS_FEW];
	uint16_t freqs[ANS_FEW], starts[ANS_FEW];
};

/* Convert a table of slots to that form. False: it has too many symbols, or two of them
   begin within one bucket and not at its start. */
bool ans_few_make(const uint32_t slots[ANS_SLOTS], struct ans_few *out);

/* The state of decoding. */
struct ans_decoding {
	/* Per table and slot: symbol | frequency << 8 | place within the symbol << 20. */
	const uint32_t *slots;
	const struct ans_few *few; /* the only table in that form; or NULL */
	unsigned n_states;
	uint32_t states[ANS_WIDE_STATES];
	const uint8_t *words, *words_end;
};

/*
 * Decode n bytes. The first one's position in the plane is a multiple of the states. Byte
 * i is of table tables[i]; `tables` NULL: all are of the first. False: the words ran out.
 */
typedef bool ans_decode_fn(struct ans_decoding *d, const uint8_t *tables, uint8_t *out,
	uint32_t n);

/* The state of encoding: words are in the order in which states give them away. */
struct ans_encoding {
	const uint32_t *symbols; /* per table 256: frequency | start << 16 */
	unsigned first, last;    /* all symbols that occur are within */
	unsigned n_states;
	uint32_t states[ANS_WIDE_STATES];
	uint8_t *words, *end;
};

/* Encode n bytes, the last first; otherwise as ans_decode_fn. False: no space. */
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

/* Reverse the words, as decoding takes them in the opposite order. */
void ans_reverse_words(uint8_t *from, uint8_t *end);

/* The loops for this machine (base/cpu.h). */
const struct ans_kernels *ans_kernels(void);

#endif
