/* SPDX-License-Identifier: MIT */
/*
 * Coder `ans` (docs/format.md, section 3.6): symbols by their frequencies, with range asymmetric numeral
 * systems (Duda 2013) in 32 interleaved states; of a plane with rows, by one of several tables, which the levels
 * of the value's row and column choose. Exponents of gradients and moments differ by rows and columns.
 */
#ifndef ALCM_CODER_ANS_H
#define ALCM_CODER_ANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ANS_BITS = 11, /* frequencies add up to 2^11 */
	ANS_SLOTS = 1 << ANS_BITS,
	ANS_STATES = 32,
	ANS_MAX_TABLES = 8,
	ANS_MIN_BYTES = 4096, /* of a plane that is worth it */
};

/* Memory for decoding, of one thread. */
struct ans_scratch {
	/* Per table and slot: symbol | frequency << 8 | place within the symbol << 20. */
	uint32_t slots[ANS_MAX_TABLES * ANS_SLOTS];
};

/*
 * Code n bytes; they are rows of row_len bytes, of which the first begins row_skip bytes earlier
 * (row_len 0: there are no rows). The length, or 0 if it would leave less than 68 bytes of `room`.
 */
size_t ans_encode(const uint8_t *in, uint32_t n, uint32_t row_len, uint32_t row_skip,
	uint8_t *out, size_t room);

/* Exactly n bytes. The input is hostile. -EIO. */
int ans_decode(struct ans_scratch *scratch, const uint8_t *in, size_t len, uint8_t *out,
	uint32_t n);

/* Where ans_decode() is: what an implementation of its loop works on. */
struct ans_loop {
	const uint32_t *slots;
	uint32_t states[ANS_STATES];
	const uint8_t *words, *words_end;
};

/*
 * Decode n bytes, the first of which is a multiple of ANS_STATES from the plane's beginning, by tables
 * tables[i] (NULL: all by the first). False: the words ran out. The vector one may be called where
 * ans_has_avx2() only, and gives the same.
 */
typedef bool ans_loop_fn(struct ans_loop *l, const uint8_t *tables, uint8_t *out, uint32_t n);
ans_loop_fn ans_loop_portable, ans_loop_avx2;
bool ans_has_avx2(void);

#endif
