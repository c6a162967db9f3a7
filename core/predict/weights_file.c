/* SPDX-License-Identifier: MIT */
#include "predict/weights_file.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "base/le.h"
#include "format/npz.h"

static int bad_weight(struct alcm_diag *diag, const char *member, int row, int column, double v)
{
	return diag_set(diag, -EINVAL, 0, "weight %s[%d, %d] is %g", member, row, column, v);
}

int predict_weights_check(const struct predict_weights *w, struct alcm_diag *diag)
{
	for (int h = 0; h < PREDICT_HIDDEN; h++) {
		for (int i = 0; i < PREDICT_INPUTS; i++) {
			if (!isfinite(w->w1[h][i]))
				return bad_weight(diag, "W1", i, h, w->w1[h][i]);
		}
		if (!isfinite(w->b1[h]))
			return diag_set(diag, -EINVAL, 0, "weight b1[%d] is %g", h, w->b1[h]);
		if (!isfinite(w->w2[h]))
			return bad_weight(diag, "W2", h, 0, w->w2[h]);
	}
	if (!isfinite(w->b2))
		return diag_set(diag, -EINVAL, 0, "weight b2[0] is %g", w->b2);
	return 0;
}

/* The members; W1 and W2 are matrices to multiply rows of values by. */
static const uint64_t w1_shape[] = { PREDICT_INPUTS, PREDICT_HIDDEN };
static const uint64_t b1_shape[] = { PREDICT_HIDDEN };
static const uint64_t w2_shape[] = { PREDICT_HIDDEN, 1 };
static const uint64_t b2_shape[] = { 1 };

static void put_doubles(uint8_t *out, const double *values, int n)
{
	for (int i = 0; i < n; i++)
		le_put_double(out + sizeof(double) * i, values[i]);
}

int predict_weights_save(const struct predict_weights *w, uint8_t **out, size_t *out_len,
	struct alcm_diag *diag)
{
	uint8_t w1[sizeof(w->w1)], b1[sizeof(w->b1)], w2[sizeof(w->w2)], b2[sizeof(w->b2)];
	const struct npz_array arrays[] = {
		{ "W1", "<f8", 2, { w1_shape[0], w1_shape[1] }, w1, sizeof(w1) },
		{ "b1", "<f8", 1, { b1_shape[0] }, b1, sizeof(b1) },
		{ "W2", "<f8", 2, { w2_shape[0], w2_shape[1] }, w2, sizeof(w2) },
		{ "b2", "<f8", 1, { b2_shape[0] }, b2, sizeof(b2) },
	};
	int err = predict_weights_check(w, diag);

	if (err)
		return err;
	for (int i = 0; i < PREDICT_INPUTS; i++) {
		for (int h = 0; h < PREDICT_HIDDEN; h++)
			le_put_double(w1 + sizeof(double) * (i * PREDICT_HIDDEN + h), w->w1[h][i]);
	}
	put_doubles(b1, w->b1, PREDICT_HIDDEN);
	put_doubles(w2, w->w2, PREDICT_HIDDEN);
	put_doubles(b2, &w->b2, 1);
	return npz_write(arrays, sizeof(arrays) / sizeof(arrays[0]), false, out, out_len);
}

int predict_weights_load(const uint8_t *file, size_t len, struct predict_weights *out,
	struct alcm_diag *diag)
{
	double w1[PREDICT_INPUTS][PREDICT_HIDDEN];
	struct predict_weights w;
	int err = npz_read(file, len, "W1", 2, w1_shape, w1[0], diag);

	if (!err)
		err = npz_read(file, len, "b1", 1, b1_shape, w.b1, diag);
	if (!err)
		err = npz_read(file, len, "W2", 2, w2_shape, w.w2, diag);
	if (!err)
		err = npz_read(file, len, "b2", 1, b2_shape, &w.b2, diag);
	if (err)
		return err;
	for (int i = 0; i < PREDICT_INPUTS; i++) {
		for (int h = 0; h < PREDICT_HIDDEN; h++)
			w.w1[h][i] = w1[i][h];
	}
	err = predict_weights_check(&w, diag);
	if (!err)
		*out = w;
	return err;
}

/* A text that grows within a buffer of fixed size. */
struct text {
	char *bytes;
	size_t len, room;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->bytes + t->len, t->room - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < t->room - t->len ? (size_t)n : t->room - t->len - 1;
}

/* Hexadecimal, so that every bit arrives. */
static void add_row(struct text *t, const char *before, const double *values, int n)
{
	add(t, "%s", before);
	for (int i = 0; i < n; i++)
		add(t, "%s%a", i ? ", " : "", values[i]);
}

static void add_units(struct text *t, const char *member, const double *values)
{
	enum { PER_LINE = 4 };

	add(t, "\t.%s = {\n", member);
	for (int h = 0; h < PREDICT_HIDDEN; h += PER_LINE) {
		add_row(t, "\t\t", values + h, PER_LINE);
		add(t, ",\n");
	}
	add(t, "\t},\n");
}

int predict_weights_source(const struct predict_weights *w, char **out)
{
	enum { PER_VALUE = 32, AROUND = 4096 }; /* "-0x1.0123456789abcp-1022, " and its line */
	struct text t = { .room = sizeof(*w) / sizeof(double) * PER_VALUE + AROUND };

	t.bytes = mem_alloc(t.room);
	if (!t.bytes)
		return -ENOMEM;
	add(&t,
		"/* SPDX-License-Identifier: MIT */\n"
		"/* Written by `alcm train --c core/predict/weights.c`; not edited. */\n"
		"#include \"predict/predict.h\"\n\n"
		"/* clang-format off */\n"
		"const struct predict_weights predict_default_weights = {\n"
		"\t.w1 = {\n");
	for (int h = 0; h < PREDICT_HIDDEN; h++) {
		add_row(&t, "\t\t{ ", w->w1[h], PREDICT_INPUTS);
		add(&t, " },\n");
	}
	add(&t, "\t},\n");
	add_units(&t, "b1", w->b1);
	add_units(&t, "w2", w->w2);
	add(&t, "\t.b2 = %a,\n};\n", w->b2);
	*out = t.bytes;
	return 0;
}
