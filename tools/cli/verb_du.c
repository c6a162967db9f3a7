/* SPDX-License-Identifier: MIT */
/*
 * alcm du: logical and stored sizes, by codec or, with --depth, by directory. In a store
 * it reads the blobs. Through a mount, where files look logical, it reads their reports.
 *
 *   by codec       each file is added to a row at once, so memory doesn't grow with files
 *   by directory   needs all of them first: a sorted report is summed up (report_sums.c)
 *
 * A ratio of a sum is computed from the sums: the mean of ratios would give a small file
 * the weight of a large one. A file with several names counts once, for the first of
 * them.
 */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_json.h"
#include "report/json_out.h"
#include "report/report_collect.h"
#include "report/report_words.h"
#include "report/text_table.h"

#define MAX_CODECS 64 /* far more than exist */

/* A codec or a directory. */
struct row {
	char *name;
	unsigned depth;
	struct figures sum;
};

struct du {
	struct cli *cli;
	struct row *rows;
	size_t n_rows;
	struct figures all;
	const char *sort; /* NULL: unsorted */
};

static const char plain[] = "plain", none[] = "none"; /* names of rows without a coder */

/* ---- by codec ---------------------------------------------------------------------- */

/* Codecs beyond the table share its last row; there are far fewer. */
static struct row *find_codec(struct du *du, const char *codec)
{
	size_t i = 0;

	while (i < du->n_rows && strcmp(du->rows[i].name, codec) != 0)
		i++;
	if (i == MAX_CODECS)
		return &du->rows[MAX_CODECS - 1];
	if (i == du->n_rows) {
		du->rows[i].name = strdup(codec);
		if (!du->rows[i].name)
			return NULL;
		du->n_rows++;
	}
	return &du->rows[i];
}

static enum cli_exit add_file(void *ctx, struct report_row *file)
{
	struct du *du = ctx;
	const struct file_detail *d = file->detail;
	struct row *row = find_codec(du, !d ? plain : d->codec[0] ? d->codec : none);

	if (!row)
		return cli_error(du->cli, NULL, "out of memory");
	figures_add(&row->sum, &file->sum);
	figures_add(&du->all, &file->sum);
	report_row_release(file);
	return CLI_OK;
}

/* Most stored bytes first, plain files last. */
static int compare_codecs(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	int a_plain = strcmp(a->name, plain) == 0, b_plain = strcmp(b->name, plain) == 0;

	if (a_plain != b_plain)
		return a_plain - b_plain;
	return (a->sum.stored < b->sum.stored) - (a->sum.stored > b->sum.stored);
}

static enum cli_exit sum_codecs(struct du *du, struct alcm *alcm)
{
	enum cli_exit status;

	du->rows = calloc(MAX_CODECS, sizeof(*du->rows));
	if (!du->rows)
		return cli_error(du->cli, NULL, "out of memory");
	status = collect(du->cli, alcm, add_file, du);
	qsort(du->rows, du->n_rows, sizeof(du->rows[0]), compare_codecs);
	return status;
}

/* ---- by directory ------------------------------------------------------------------ */

/* Paths move from the report to the rows. The root (depth 0) is the row "all", and rows
   below --depth are in those above them. */
static bool take_dirs(struct du *du, struct report *report)
{
	du->rows = calloc(report->n_dirs + 1, sizeof(*du->rows));
	if (!du->rows)
		return false;
	for (size_t i = 0; i < report->n_dirs; i++) {
		struct report_dir *dir = &report->dirs[i];

		if (dir->depth == 0 || dir->depth > du->cli->depth)
			continue;
		du->rows[du->n_rows++] = (struct row){ dir->path, dir->depth, dir->sum };
		dir->path = NULL;
	}
	du->all = report->all;
	return true;
}

static enum cli_exit sum_dirs(struct du *du, struct alcm *alcm)
{
	struct report report = { 0 };
	enum cli_exit status = collect_report(du->cli, alcm, false, &report);

	if (!take_dirs(du, &report))
		status = cli_error(du->cli, NULL, "out of memory");
	report_release(&report);
	return status;
}

/* ---- printing ---------------------------------------------------------------------- */

static int compare_by_key(const void *pa, const void *pb, void *key)
{
	const struct row *a = pa, *b = pb;
	double x = text_sort_value(&a->sum, key), y = text_sort_value(&b->sum, key);

	if (isnan(x)) /* by name */
		return strcmp(a->name, b->name);
	return (x < y) - (x > y);
}

static bool add_row(struct text_table *t, const struct du *du, const struct row *row,
	bool nested)
{
	char *name = words_visible(row->name);
	const char *slash = name && nested ? strrchr(name, '/') : NULL;
	double whole = fmax(1, (double)du->all.logical),
		   stored = (double)row->sum.stored / whole;

	if (!name)
		return false;
	text_table_cell(t, "%*s%s", nested ? 2 * (int)(row->depth - 1) : 0, "",
		slash ? slash + 1 : name);
	text_table_sums(t, &row->sum, du->cli->bytes);
	text_table_bar(t, stored, fmax(0, figures_saved(&row->sum)) / whole);
	free(name);
	return true;
}

/* Bars are shares of all logical bytes: the row "all" has a whole one. */
static enum cli_exit print_table(const struct du *du, size_t n)
{
	static const struct text_column by_codec[] = { { "Codec", "name", true },
		TEXT_SUM_COLUMNS };
	static const struct text_column by_dir[] = { { "Directory", "name", true },
		TEXT_SUM_COLUMNS };
	bool dirs = du->cli->depth != NOT_GIVEN, ok = true;
	const struct row all = { .name = (char[]){ "all" }, .sum = du->all };
	struct text_table t;
	char text[256];

	text_table_init(&t, dirs ? by_dir : by_codec, sizeof(by_dir) / sizeof(by_dir[0]),
		text_has_color());
	/* Sorted by path, a name is shown without its directory and indented by depth. */
	for (size_t i = 0; i < n; i++)
		ok = add_row(&t, du, &du->rows[i], dirs && !du->sort) && ok;
	ok = add_row(&t, du, &all, false) && ok;
	ok = text_table_end(&t, true) && ok;
	if (n < du->n_rows)
		printf("%zu more lines are not shown.\n", du->n_rows - n);
	printf("\n%s.\n", words_headline(&du->all, text, sizeof(text)));
	if (du->all.n_compressed)
		printf("%s\n", words_lossy(&du->all, text, sizeof(text)));
	return ok ? CLI_OK : cli_error(du->cli, NULL, "out of memory");
}

static cJSON *row_json(const char *key, const char *name, const struct figures *f)
{
	cJSON *o = cJSON_CreateObject();

	json_add_name(o, key, name);
	json_add_figures(o, f);
	return o;
}

static enum cli_exit print_json(const struct du *du, size_t n)
{
	bool dirs = du->cli->depth != NOT_GIVEN;
	cJSON *root = cJSON_CreateObject(), *list;

	cJSON_AddStringToObject(root, "schema", "alcm-du/1");
	list = cJSON_AddArrayToObject(root, dirs ? "directories" : "codecs");
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list,
			row_json(dirs ? "path" : "codec", du->rows[i].name, &du->rows[i].sum));
	cJSON_AddItemToObject(root, "all", row_json("codec", "all", &du->all));
	return cli_print_json(du->cli, root);
}

/* --top without --sort shows what saved most, as it is usually asked for by that. */
static enum cli_exit print(struct du *du)
{
	size_t n = du->n_rows;

	if (du->cli->top && !du->sort)
		du->sort = "saved";
	if (du->sort && du->n_rows)
		qsort_r(du->rows, du->n_rows, sizeof(du->rows[0]), compare_by_key,
			(void *)(uintptr_t)du->sort);
	if (du->cli->top && du->cli->top < n)
		n = du->cli->top;
	return du->cli->json ? print_json(du, n) : print_table(du, n);
}

enum cli_exit verb_du(struct cli *cli)
{
	struct du du = { .cli = cli, .sort = cli->sort };
	struct alcm *alcm;
	enum cli_exit status;

	if (cli_engine(cli, true, &alcm))
		return CLI_FAILED;
	status = cli->depth != NOT_GIVEN ? sum_dirs(&du, alcm) : sum_codecs(&du, alcm);
	if (du.rows)
		status = cli_worse(status, print(&du));
	for (size_t i = 0; du.rows && i < du.n_rows; i++)
		free(du.rows[i].name);
	free(du.rows);
	alcm_free(alcm);
	return status;
}
