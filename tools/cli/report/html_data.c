/* SPDX-License-Identifier: MIT */
/*
 * The compressed files for report.js, small: 5,000 of them have to fit into 3 MB beside the table
 * for readers without a script. Texts that repeat are numbers that stand for a place in a list, and a
 * histogram is a letter a bin. report.js says the same in its function unpack().
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "html_out.h"
#include "report_words.h"

enum {
	MAX_WORDS = 1024,
	FEW_ROWS = 1000,
	MANY_TENSORS = 8000, /* rows of tensors in all, and files from which on there are none */
	MANY_CONTAINERS = 2000,
	MANY_PLANES = 10, /* of a tensor */
};

/* Planes that take no more of a tensor are of elements that the end of a chunk cut in two. */
#define SMALL_SHARE 1e-3

/* Texts of one kind, each once. */
struct words {
	char *text[MAX_WORDS];
	unsigned n;
};

struct packing {
	FILE *to;
	struct words types, profiles, coders, planes;
	char *last_dir;
	unsigned fold;    /* bins of values that become one */
	unsigned tensors; /* rows of a container that there is room for */
	bool ok;
};

/* The number of `text`; the last one stands for all that there is no room for. */
static unsigned word(struct packing *p, struct words *words, const char *text)
{
	unsigned i = 0;

	while (i < words->n && strcmp(words->text[i], text) != 0)
		i++;
	if (i == words->n && i < MAX_WORDS) {
		words->text[i] = strdup(text);
		p->ok = p->ok && words->text[i];
		words->n += p->ok;
	}
	return i < MAX_WORDS ? i : MAX_WORDS - 1;
}

static void number(struct packing *p, double v)
{
	fputc(',', p->to);
	html_json_number(p->to, v);
}

static void text(struct packing *p, const char *s)
{
	p->ok = html_json_text(p->to, s) && p->ok;
}

/* A letter for each `fold` bins: A is none, B to / are 1/63 to 63/63 of the fullest. */
static void heights(struct packing *p, const uint64_t *counts, unsigned n, unsigned fold)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t folded[ALCM_HISTOGRAM_BINS] = { 0 }, most = 1;

	for (unsigned i = 0; i < n; i++) {
		folded[i / fold] += counts[i];
		most = folded[i / fold] > most ? folded[i / fold] : most;
	}
	fputs(",\"", p->to);
	for (unsigned i = 0; i < n / fold; i++)
		fputc(letters[(int)ceil(63.0 * (double)folded[i] / (double)most)], p->to);
	fputc('"', p->to);
}

static void histogram(struct packing *p, const struct alcm_histogram *h)
{
	if (!h) {
		fputs(",0", p->to);
		return;
	}
	fputs(",[", p->to);
	html_json_number(p->to, (double)h->sample_bytes);
	number(p, (double)h->n_values);
	number(p, (double)h->n_zero);
	number(p, h->low);
	number(p, h->high);
	number(p, (double)h->n_below);
	number(p, (double)h->n_above);
	heights(p, h->values, h->n_bins, h->n_bins == ALCM_HISTOGRAM_BINS ? p->fold : 1);
	number(p, h->exponent_low);
	number(p, h->exponent_step);
	heights(p, h->exponents, h->n_exponents, 1);
	fputc(']', p->to);
}

static void errors(struct packing *p, const struct alcm_quantisation *q)
{
	const struct alcm_distortion *d = &q->distortion;

	if (!q->n_scales && !q->why_not[0]) {
		fputs(",0", p->to);
		return;
	}
	fputs(",[", p->to);
	text(p, q->why_not);
	number(p, q->bound);
	number(p, d->pruned_share);
	number(p, d->mse);
	number(p, d->mae);
	number(p, d->max_error);
	number(p, d->relative_l2);
	number(p, d->psnr_db);
	fputc(']', p->to);
}

/* A name alone: the rest is as the one before has it, which is often so. */
static void plane(struct packing *p, const struct alcm_plane *it, const struct alcm_plane *before)
{
	unsigned name = word(p, &p->planes, it->name);

	if (before && it->bits_before == before->bits_before &&
		it->bits_after == before->bits_after && strcmp(it->coder, before->coder) == 0) {
		fprintf(p->to, "%u", name);
		return;
	}
	fprintf(p->to, "[%u", name);
	number(p, it->bits_before);
	number(p, it->bits_after);
	fprintf(p->to, ",%u]", word(p, &p->coders, it->coder));
}

/* Those of a tensor that matter; behind the first ones how many more there are. */
static void tensor_planes(struct packing *p, const struct alcm_plane *planes,
	const struct alcm_tensor *t)
{
	const struct alcm_plane *before = NULL;
	unsigned n = 0;

	fputs(",[", p->to);
	for (unsigned i = 0; i < t->n_planes; i++) {
		const struct alcm_plane *it = &planes[t->first_plane + i];
		double bytes = fmax((double)it->raw_bytes, (double)it->stored_bytes);

		if (bytes <= SMALL_SHARE * (double)t->bytes || ++n > MANY_PLANES)
			continue;
		if (before)
			fputc(',', p->to);
		plane(p, it, before);
		before = it;
	}
	fputc(']', p->to);
	number(p, n > MANY_PLANES ? n - MANY_PLANES : 0);
}

/* 0, or the first tensors of a container; behind them how many more rows there are. */
static void tensors(struct packing *p, const struct file_detail *d)
{
	unsigned n = d->n_rows < p->tensors ? d->n_rows : p->tensors;

	if (!d->n_rows) {
		fputs(",0", p->to);
		return;
	}
	fputs(",[", p->to);
	for (unsigned i = 0; i < n; i++) {
		const struct alcm_tensor *t = &d->rows[i];

		fputc('[', p->to);
		text(p, t->name);
		number(p, (double)t->n_tensors);
		fputc(',', p->to);
		text(p, t->dtype);
		fputs(",[", p->to);
		for (unsigned k = 0; t->n_dims <= ALCM_TENSOR_DIMS && k < t->n_dims; k++)
			fprintf(p->to, "%s%llu", k ? "," : "", (unsigned long long)t->shape[k]);
		fputc(']', p->to);
		number(p, (double)t->bytes);
		number(p, round(t->stored_bytes));
		tensor_planes(p, d->tensor_planes, t);
		fputs("],", p->to);
	}
	fprintf(p->to, "%u]", d->n_rows - n);
}

static void detail(struct packing *p, const struct report_row *row)
{
	const struct file_detail *d = row->detail;
	const struct alcm_stats *s = &d->stats;
	const double statistics[] = { s->mean, s->variance, s->stddev, s->skewness, s->kurtosis,
		s->sparsity, s->min, s->max };

	fputs(",[", p->to);
	html_json_number(p->to, d->predicted_entropy);
	number(p, figures_gain_percent(&row->sum));
	number(p, word(p, &p->coders, d->codec));
	number(p, d->wall_seconds);
	number(p, d->threads);
	number(p, (double)s->n);
	number(p, (double)s->n_nan);
	number(p, (double)s->n_inf);
	for (size_t i = 0; i < sizeof(statistics) / sizeof(statistics[0]); i++)
		number(p, s->n ? statistics[i] : (double)NAN);
	fputs(",[", p->to);
	for (unsigned i = 0; i < d->n_planes; i++) {
		if (i)
			fputc(',', p->to);
		plane(p, &d->planes[i], i ? &d->planes[i - 1] : NULL);
	}
	fputc(']', p->to);
	histogram(p, d->histogram);
	errors(p, &d->quantisation);
	tensors(p, d);
	fputc(']', p->to);
}

/* The directory's path stands before the first of its files; the others have 0. */
static void path(struct packing *p, const char *whole)
{
	const char *slash = strrchr(whole, '/');
	size_t len = slash ? (size_t)(slash - whole) + 1 : 0;
	char *dir = strndup(whole, len);

	if (p->last_dir && dir && strcmp(dir, p->last_dir) == 0) {
		fputs("0,", p->to);
		free(dir);
	} else {
		text(p, dir ? dir : "");
		fputc(',', p->to);
		free(p->last_dir);
		p->last_dir = dir;
		p->ok = p->ok && dir;
	}
	text(p, whole + len);
}

static void row(struct packing *p, const struct report_row *r)
{
	const struct file_detail *d = r->detail;
	char type[64], shape[2048];

	fputc('[', p->to);
	path(p, r->path);
	number(p, (double)r->sum.n_files);
	number(p, word(p, &p->types, d ? words_type(d, type) : "several"));
	fputc(',', p->to);
	text(p, d ? words_shape(d, shape, sizeof(shape)) : "");
	number(p, (double)r->sum.logical);
	number(p, (double)r->sum.stored);
	number(p, r->sum.cpu_seconds);
	/* As it is shown: a rounded value would be rounded twice. */
	if (d && isfinite(d->bits_per_value))
		fprintf(p->to, ",%.2f", d->bits_per_value);
	else
		number(p, (double)NAN);
	number(p, word(p, &p->profiles, d ? d->profile : "several"));
	number(p, r->sum.n_lossy > 0);
	number(p, (double)r->mtime.tv_sec);
	if (d)
		detail(p, r);
	fputc(']', p->to);
}

static void list(struct packing *p, const char *name, struct words *words)
{
	fprintf(p->to, ",\"%s\":[", name);
	for (unsigned i = 0; i < words->n; i++) {
		if (i)
			fputc(',', p->to);
		text(p, words->text[i]);
		free(words->text[i]);
	}
	fputc(']', p->to);
}

bool html_data(FILE *to, const struct report *report)
{
	struct packing *p = calloc(1, sizeof(*p));
	bool first = true, ok;

	if (!p)
		return false;
	p->to = to;
	if (report->n_rows <= MANY_CONTAINERS)
		p->tensors = (unsigned)(MANY_TENSORS / (report->n_rows + 1));
	p->fold = report->n_rows > FEW_ROWS ? 2 : 1;
	p->ok = true;
	fputs("{\"rows\":[", to);
	for (size_t i = 0; i < report->n_rows; i++) {
		if (!report->rows[i].sum.n_compressed)
			continue;
		fputs(first ? "\n" : ",\n", to);
		row(p, &report->rows[i]);
		first = false;
	}
	fputs("\n]", to);
	list(p, "types", &p->types);
	list(p, "profiles", &p->profiles);
	list(p, "coders", &p->coders);
	list(p, "planes", &p->planes);
	fputc('}', to);
	ok = p->ok;
	free(p->last_dir);
	free(p);
	return ok;
}
