/* SPDX-License-Identifier: MIT */
/* The plan for coding a plane: with one table, or with a map of rows and columns and a
   few tables. */
#ifndef ALCM_CODER_ANS_PLAN_H
#define ALCM_CODER_ANS_PLAN_H

#include "coder/ans.h"
#include "coder/ans_map.h"

enum { ANS_MAP_HEAD = 10 }; /* bytes in front of a map's tables */

struct ans_counts {
	uint32_t of[256], total;
};

struct ans_plan {
	struct ans_map map;
	unsigned first_symbol, last_symbol;        /* of all that occur */
	unsigned n_tables, symbol_bits;            /* bits of a symbol in a table */
	struct ans_counts tables[ANS_MAX_CLASSES]; /* by class first, then by table */
	double table_bits[ANS_MAX_CLASSES];        /* of its symbols and itself */
	double bits;                               /* of everything */
	uint8_t rows[ANS_MAX_ROW / 2];             /* nibbles */
};

void ans_plan_make(const struct ans_plane *plane, struct ans_plan *out);

#endif
