/* SPDX-License-Identifier: MIT */
#include "predict/weights_file.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/diag.h"

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
