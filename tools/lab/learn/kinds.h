/* SPDX-License-Identifier: MIT */
/* Data of known element types, made up: what inference is taught with, and first tested
   on. */
#ifndef ALCM_LAB_KINDS_H
#define ALCM_LAB_KINDS_H

#include "mt19937.h"
#include "predict/infer.h"

/* What bytes are, and how a table calls it. */
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

/* The number as one element of the kind's type. */
void kinds_store(const struct kind *kind, double v, uint8_t *out);

/*
 * n bytes of the kind, of a distribution that `mt` chooses, whole elements from out[0] on
 * (the last may be cut). n is at most 256 KiB.
 */
void kinds_make(struct mt19937 *mt, const struct kind *kind, uint8_t *out, uint32_t n);

#endif
