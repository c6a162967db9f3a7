/* SPDX-License-Identifier: MIT */
/*
 * Everything below a directory lies together in the sorted rows. So one pass with a stack
 * of open directories sums all of them:
 *
 *   row              open afterwards
 *   a/x.npy          ""  a
 *   a/b/y.npy        ""  a  a/b        y is added to all three
 *   c/z.npy          ""  c             a and a/b are complete
 *
 * A series is a set of siblings, directories or files, whose names differ only in a
 * number and look like steps: step100/ and step200/, model-epoch1.npy and
 * model-epoch2.npy, 1000/ and 2000/. The number becomes #, and names with the same
 * pattern form a series.
 *
 * A name alone can't tell a step from a layer: layer1/ and layer2/ look the same. So only
 * names with a word for steps count, or those of digits only.
 */
#include "report_sums.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"

#define MAX_OPEN 256 /* nested directories; deeper ones count for their parents */

/* Compares level by level. On each level, files come before directories; both are in the
   order of their bytes. */
int path_compare(const char *a, const char *b)
{
	for (;;) {
		size_t n = strcspn(a, "/"), m = strcspn(b, "/"), least = n < m ? n : m;
		int order;

		if (!a[n] != !b[m])
			return a[n] ? 1 : -1;
		order = memcmp(a, b, least);
		if (order || n != m)
			return order ? order : n < m ? -1 : 1;
		if (!a[n])
			return 0;
		a += n + 1;
		b += m + 1;
	}
}

/* ---- directories ------------------------------------------------------------------- */

static bool add_dir(struct report *report, const char *path, size_t len, unsigned depth)
{
	struct report_dir *dir;

	if (!mem_room(&report->dirs, report->n_dirs))
		return false;
	dir = &report->dirs[report->n_dirs];
	*dir = (struct report_dir){ .path = strndup(path, len), .depth = depth };
	if (!dir->path)
		return false;
	report->n_dirs++;
	return true;
}

bool report_sum_dirs(struct report *report)
{
	size_t open[MAX_OPEN] = { 0 }; /* the root first */

	if (!add_dir(report, "", 0, 0))
		return false;
	for (size_t i = 0, n_open = 1; i < report->n_rows; i++) {
		const char *path = report->rows[i].path, *slash = strchr(path, '/');
		unsigned depth = 1;

		for (; slash && depth < MAX_OPEN; slash = strchr(slash + 1, '/'), depth++) {
			size_t len = (size_t)(slash - path);
			const char *was = depth < n_open ? report->dirs[open[depth]].path : NULL;

			if (was && strlen(was) == len && memcmp(was, path, len) == 0)
				continue;
			if (!add_dir(report, path, len, depth))
				return false;
			open[depth] = report->n_dirs - 1;
			n_open = depth + 1;
		}
		n_open = depth;
		for (size_t k = 0; k < n_open; k++)
			figures_add(&report->dirs[open[k]].sum, &report->rows[i].sum);
	}
	return true;
}

/* ---- series ------------------------------------------------------------------------ */

/* A name of digits only, or with one of these words. */
static bool tells_of_steps(const char *name)
{
	static const char *const words[] = { "step", "epoch", "iter", "ckpt", "checkpoint",
		"save", "round", "snapshot" };

	if (name[strspn(name, "0123456789")] == '\0')
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(name, words[i]))
			return true;
	}
	return false;
}

/* The last number in `name`, of 1 to 18 digits, so that it fits 64 bits. False: none. The
   last one is the step: in run7-step300 the run stays the same. */
static bool last_number(const char *name, size_t *at, size_t *len)
{
	size_t end = strlen(name);

	while (end > 0 && !isdigit((unsigned char)name[end - 1]))
		end--;
	*at = end;
	while (*at > 0 && isdigit((unsigned char)name[*at - 1]))
		(*at)--;
	*len = end - *at;
	return *len >= 1 && *len <= 18;
}

/* Add `path` as a step if its name looks like one. False: out of memory. The pattern has
   the whole path, so only siblings share it. */
static bool add_step(struct report *report, const char *path, const struct figures *sum)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct report_step *step;
	size_t at, len;

	if (!tells_of_steps(name) || !last_number(name, &at, &len))
		return true;
	if (!mem_room(&report->steps, report->n_steps))
		return false;
	step = &report->steps[report->n_steps];
	*step = (struct report_step){ .path = strdup(path), .sum = *sum };
	if (!step->path ||
		asprintf(&step->pattern, "%.*s#%s", (int)(name + at - path), path,
			name + at + len) < 0) {
		free(step->path);
		return false;
	}
	step->number = strtoull(name + at, NULL, 10);
	report->n_steps++;
	return true;
}

static int by_pattern_and_number(const void *x, const void *y)
{
	const struct report_step *a = x, *b = y;
	int order = strcmp(a->pattern, b->pattern);

	if (order)
		return order;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return strcmp(a->path, b->path);
}

static int by_bytes_down(const void *x, const void *y)
{
	const struct report_series *a = x, *b = y;

	return (a->logical < b->logical) - (a->logical > b->logical);
}

/* The name is the pattern of its first step, which owns the string. */
static bool add_series(struct report *report, size_t first, size_t n)
{
	struct report_series *s;

	if (!mem_room(&report->series, report->n_series))
		return false;
	s = &report->series[report->n_series++];
	*s = (struct report_series){ report->steps[first].pattern, first, n, 0 };
	for (size_t i = first; i < first + n; i++)
		s->logical += report->steps[i].sum.logical;
	return true;
}

bool report_sum_series(struct report *report)
{
	size_t n;

	for (size_t i = 1; i < report->n_dirs; i++) {
		const struct report_dir *dir = &report->dirs[i];

		if (dir->sum.n_compressed && !add_step(report, dir->path, &dir->sum))
			return false;
	}
	for (size_t i = 0; i < report->n_rows; i++) {
		const struct report_row *row = &report->rows[i];

		if (row->sum.n_compressed && !add_step(report, row->path, &row->sum))
			return false;
	}
	if (report->n_steps)
		qsort(report->steps, report->n_steps, sizeof(report->steps[0]),
			by_pattern_and_number);
	for (size_t i = 0; i < report->n_steps; i += n) {
		n = 1;
		while (i + n < report->n_steps &&
			strcmp(report->steps[i].pattern, report->steps[i + n].pattern) == 0)
			n++;
		if (n > 1 && !add_series(report, i, n))
			return false;
	}
	if (report->n_series)
		qsort(report->series, report->n_series, sizeof(report->series[0]), by_bytes_down);
	return true;
}
