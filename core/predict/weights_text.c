/* SPDX-License-Identifier: MIT */
/*
 * Weights as a text of numbers. The text has matrices to multiply rows by, as NumPy users
 * write them; in memory w1 is transposed, so each hidden unit's weights lie together.
 *
 *   number 0 … 383     W1[i, h]     384 … 447   b1     448 … 511   W2     512   b2
 *
 * A text is taken as a whole or not at all. Faults are named by line, or by the place in
 * its matrix, not by their count. Lines don't matter otherwise.
 */
#include "predict/weights_text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

/* The parts of the text, for messages. W1 and W2 multiply rows of values. */
static const struct {
	const char *name;
	int n_rows, n_columns;
} parts[] = {
	{ "W1", PREDICT_INPUTS, PREDICT_HIDDEN },
	{ "b1", 1, PREDICT_HIDDEN },
	{ "W2", PREDICT_HIDDEN, 1 },
	{ "b2", 1, 1 },
};

void weights_to_values(const struct predict_weights *w, double values[WEIGHTS_N])
{
	double *at = values;

	for (int i = 0; i < PREDICT_INPUTS; i++) {
		for (int h = 0; h < PREDICT_HIDDEN; h++)
			*at++ = w->w1[h][i];
	}
	memcpy(at, w->b1, sizeof(w->b1));
	memcpy(at + PREDICT_HIDDEN, w->w2, sizeof(w->w2));
	at[2 * PREDICT_HIDDEN] = w->b2;
}

static void weights_from_values(const double values[WEIGHTS_N],
	struct predict_weights *out)
{
	const double *at = values;

	for (int i = 0; i < PREDICT_INPUTS; i++) {
		for (int h = 0; h < PREDICT_HIDDEN; h++)
			out->w1[h][i] = *at++;
	}
	memcpy(out->b1, at, sizeof(out->b1));
	memcpy(out->w2, at + PREDICT_HIDDEN, sizeof(out->w2));
	out->b2 = at[2 * PREDICT_HIDDEN];
}

/* Name the n-th weight of the text, such as "W1[2, 7]" or "b1[5]". */
static int bad_weight(struct alcm_diag *diag, int n, double value)
{
	int p = 0;

	for (; n >= parts[p].n_rows * parts[p].n_columns; p++)
		n -= parts[p].n_rows * parts[p].n_columns;
	if (parts[p].n_rows == 1)
		return diag_set(diag, -EINVAL, 0, "weight %s[%d] is %g", parts[p].name, n, value);
	return diag_set(diag, -EINVAL, 0, "weight %s[%d, %d] is %g", parts[p].name,
		n / parts[p].n_columns, n % parts[p].n_columns, value);
}

int weights_check(const struct predict_weights *w, struct alcm_diag *diag)
{
	double values[WEIGHTS_N];

	weights_to_values(w, values);
	for (int n = 0; n < WEIGHTS_N; n++) {
		if (!isfinite(values[n]))
			return bad_weight(diag, n, values[n]);
	}
	return 0;
}

/* Skip white space and comments, and count lines. */
static const char *skip(const char *at, unsigned *line)
{
	for (; *at == '#' || isspace((unsigned char)*at); at++) {
		if (*at == '#')
			at += strcspn(at, "\n");
		if (!*at)
			return at;
		*line += *at == '\n';
	}
	return at;
}

/* Too many numbers are counted to the end, for the message. */
int weights_parse(const char *text, struct predict_weights *out, struct alcm_diag *diag)
{
	struct predict_weights w;
	double values[WEIGHTS_N];
	unsigned line = 1;
	char *end;
	int n = 0;

	for (const char *at = skip(text, &line); *at; at = skip(end, &line), n++) {
		double value = strtod(at, &end);

		/* A number must end there: strchr() also finds the NUL that ends the text. */
		if (end == at || !strchr(" \t\r\n#", *end))
			return diag_set(diag, -EINVAL, 0, "line %u: no number", line);
		if (n < WEIGHTS_N)
			values[n] = value;
	}
	if (n != WEIGHTS_N)
		return diag_set(diag, -EINVAL, 0, "%d numbers instead of %d", n, WEIGHTS_N);
	weights_from_values(values, &w);
	if (weights_check(&w, diag))
		return -EINVAL;
	*out = w;
	return 0;
}
