/* SPDX-License-Identifier: MIT */
/* Generated data of known element types, to train and test inference. */
#ifndef ALCM_LAB_KINDS_H
#define ALCM_LAB_KINDS_H

#include "mt19937.h"
#include "predict/infer.h"

/* A kind of content, and its name in tables. */
struct kind {
	const char *name;
	enum infer_kind kind;
	enum dtype_id dtype;
	bool big_endian;
};

extern const struct kind kinds[];
extern const unsigned n_kinds;

/* Normal, mean 0, variance 1; the same on every machine. */
double kinds_normal(struct mt19937 *mt);

/* Store the number as one element of the kind's type. */
void kinds_store(const struct kind *kind, double v, uint8_t *out);

/* Make n bytes of the kind, at most 256 KiB, with a distribution chosen by `mt`. Elements
   begin at out[0]; the last may be truncated. */
void kinds_make(struct mt19937 *mt, const struct kind *kind, uint8_t *out, uint32_t n);

#endif
