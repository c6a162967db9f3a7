/* SPDX-License-Identifier: MIT */
/*
 * Printing weights. Both forms restore every bit: hexadecimal in C, 17 digits in the
 * text.
 *
 *   weights_source()   C, for core/predict/weights.c: 0x1.91eb851eb851fp-1
 *   weights_print()    a number a line, for -o predictor=FILE: 0.78500000000000003
 *
 * The text is what people edit and compare, so it has decimal digits; 17 of them identify
 * any double. The order is W1 row by row, b1, W2, b2, as weights_to_values() has it.
 */
#include "weights_write.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"

/* Room for "-0x1.0123456789abcp-1022, " or 17 digits, and for the text around the
   numbers. */
enum { PER_VALUE = 32, AROUND = 4096 };

/* A text in a buffer of fixed size. */
struct text {
	char *bytes;
	size_t len, capacity;
};

static void add(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->bytes + t->len, t->capacity - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < t->capacity - t->len ? (size_t)n : t->capacity - t->len - 1;
}

/* Hexadecimal keeps every bit. */
static void add_row(struct text *t, const char *before, const double *values, int n)
{
	enum { PER_LINE = 3 };

	add(t, "%s", before);
	for (int i = 0; i < n; i++)
		add(t, "%s%a", !i ? "" : i % PER_LINE ? ", " : ",\n\t\t", values[i]);
}

static void add_units(struct text *t, const char *member, const double *values)
{
	add(t, "\t.%s = {\n", member);
	add_row(t, "\t\t", values, PREDICT_HIDDEN);
	add(t, ",\n\t},\n");
}

int weights_source(const struct predict_weights *w, char **out)
{
	struct text t = { .capacity = WEIGHTS_N * PER_VALUE + AROUND };

	t.bytes = mem_alloc(t.capacity);
	if (!t.bytes)
		return -ENOMEM;
	add(&t,
		"/* SPDX-License-Identifier: MIT */\n"
		"/* Written by `alcm-lab train --c core/predict/weights.c`; not edited. */\n"
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

int weights_print(const struct predict_weights *w, char **out, struct alcm_diag *diag)
{
	struct text t = { .capacity = WEIGHTS_N * PER_VALUE + AROUND };
	double values[WEIGHTS_N];
	int err = weights_check(w, diag);

	if (err)
		return err;
	t.bytes = mem_alloc(t.capacity);
	if (!t.bytes)
		return -ENOMEM;
	weights_to_values(w, values);
	add(&t,
		"# Weights of the predictor: W1 (%d, %d), b1 (%d), W2 (%d, 1), b2 (1), row by "
		"row.\n",
		PREDICT_INPUTS, PREDICT_HIDDEN, PREDICT_HIDDEN, PREDICT_HIDDEN);
	for (int n = 0; n < WEIGHTS_N; n++)
		add(&t, "%.17g\n", values[n]);
	*out = t.bytes;
	return 0;
}
