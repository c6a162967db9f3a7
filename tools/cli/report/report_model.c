/* SPDX-License-Identifier: MIT */
/*
 * Figures of files and sums, and reducing the number of rows.
 *
 *   report_add()          a row for each file, in any order
 *   report_finish()       sorts rows by path; sums of directories and of series
 *   report_roll_up()      fewer rows, for a page; sums stay as they are
 *   report_fold()         one row per directory below a depth, for a terminal
 *   report_release()
 *
 * Joining works on rows sorted by path, so the files of a directory lie together. An
 * example, with all files of up to 2 MB joined:
 *
 *     run/a.npy  9 MB          run/a.npy  9 MB
 *     run/b.npy  1 MB    →     run/…      3 MB, 2 files
 *     run/c.npy  2 MB          x.npy      8 MB
 *     x.npy      8 MB
 */
#include "report_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "report_sums.h"

/* Tensors shown for a file; fewer say nothing about it. */
enum { LEAST_TENSORS = 3 };

/* zlib was tried on a sample; its figures are scaled to the whole file. */
struct figures figures_of_blob(const struct alcm_info *info)
{
	struct figures f = {
		.n_files = 1,
		.n_compressed = 1,
		.n_lossy = info->lossy,
		.logical = info->logical_bytes,
		.stored = info->stored_bytes,
		.cpu_seconds = info->cpu_seconds > 0 ? info->cpu_seconds : 0,
	};
	double scale;

	if (!info->baseline_sample_bytes || !info->baseline_stored_bytes)
		return f;
	scale = (double)info->logical_bytes / (double)info->baseline_sample_bytes;
	f.own_logical = (double)f.logical;
	f.own_stored = (double)f.stored;
	f.own_cpu_seconds = f.cpu_seconds;
	f.zlib_stored = scale * (double)info->baseline_stored_bytes;
	f.zlib_cpu_seconds = scale * info->baseline_cpu_seconds;
	return f;
}

struct figures figures_of_plain(uint64_t bytes, uint64_t on_disk)
{
	return (struct figures){
		.n_files = 1, .logical = bytes, .stored = on_disk < bytes ? on_disk : bytes
	};
}

double figures_ratio(const struct figures *f)
{
	return f->stored ? (double)f->logical / (double)f->stored : 1;
}

double figures_saved(const struct figures *f)
{
	return (double)f->logical - (double)f->stored;
}

double figures_mb_per_s(const struct figures *f)
{
	return f->cpu_seconds > 0 ? (double)f->logical / 1e6 / f->cpu_seconds : 0;
}

double figures_caq(const struct figures *f)
{
	return alcm_caq(figures_ratio(f), f->cpu_seconds);
}

/* Both CAQs are of the same files, those with a trial, and not of all. */
double figures_gain_percent(const struct figures *f)
{
	double ours, zlib;

	if (!(f->own_stored > 0) || !(f->zlib_stored > 0))
		return (double)NAN;
	ours = alcm_caq(f->own_logical / f->own_stored, f->own_cpu_seconds);
	zlib = alcm_caq(f->own_logical / f->zlib_stored, f->zlib_cpu_seconds);
	return 100 * (ours / zlib - 1);
}

double figures_cpu_per_gib(const struct figures *f)
{
	return f->logical ? f->cpu_seconds / ((double)f->logical / 0x1p30) : (double)NAN;
}

static void detail_free(struct file_detail *d)
{
	if (!d)
		return;
	free(d->shape);
	free(d->planes);
	free(d->rows);
	free(d->tensor_planes);
	free(d->histogram);
	free(d);
}

struct file_detail *file_detail_new(const struct alcm_info *info)
{
	struct file_detail *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	snprintf(d->format, sizeof(d->format), "%s", info->format);
	snprintf(d->dtype, sizeof(d->dtype), "%s", info->dtype);
	snprintf(d->profile, sizeof(d->profile), "%s", info->profile);
	snprintf(d->codec, sizeof(d->codec), "%s", info->codec);
	d->n_dims = info->n_dims;
	d->n_planes = info->n_planes;
	d->threads = info->threads;
	d->n_tensors = info->n_tensors;
	d->fortran_order = info->fortran_order;
	d->lossy = info->lossy;
	d->wall_seconds = info->wall_seconds;
	d->bits_per_value = info->bits_per_value;
	d->predicted_entropy = info->predicted_entropy;
	d->stats = info->stats;
	d->quantisation = info->quantisation;
	d->shape = calloc(d->n_dims + 1, sizeof(*d->shape));
	d->planes = calloc(d->n_planes + 1, sizeof(*d->planes));
	d->n_rows = info->n_rows;
	d->rows = calloc(d->n_rows + 1, sizeof(*d->rows));
	d->tensor_planes = calloc(info->n_tensor_planes + 1, sizeof(*d->tensor_planes));
	if (!d->shape || !d->planes || !d->rows || !d->tensor_planes) {
		detail_free(d);
		return NULL;
	}
	memcpy(d->shape, info->shape, d->n_dims * sizeof(*d->shape));
	memcpy(d->planes, info->planes, d->n_planes * sizeof(*d->planes));
	memcpy(d->rows, info->rows, d->n_rows * sizeof(*d->rows));
	memcpy(d->tensor_planes, info->tensor_planes,
		info->n_tensor_planes * sizeof(*d->tensor_planes));
	return d;
}

bool report_add(struct report *report, const struct report_row *row)
{
	if (!mem_room(&report->rows, report->n_rows))
		return false;
	report->rows[report->n_rows++] = *row;
	figures_add(&report->all, &row->sum);
	if (row->sum.n_compressed)
		figures_add(&report->compressed, &row->sum);
	return true;
}

static int by_path(const void *x, const void *y)
{
	const struct report_row *a = x, *b = y;

	return path_compare(a->path, b->path);
}

bool report_finish(struct report *report)
{
	if (report->n_rows)
		qsort(report->rows, report->n_rows, sizeof(report->rows[0]), by_path);
	return report_sum_dirs(report) && report_sum_series(report);
}

void report_row_release(struct report_row *row)
{
	free(row->path);
	free(row->operand);
	detail_free(row->detail);
	*row = (struct report_row){ 0 };
}

void report_release(struct report *report)
{
	for (size_t i = 0; i < report->n_rows; i++)
		report_row_release(&report->rows[i]);
	for (size_t i = 0; i < report->n_dirs; i++)
		free(report->dirs[i].path);
	for (size_t i = 0; i < report->n_steps; i++) {
		free(report->steps[i].path);
		free(report->steps[i].pattern);
	}
	free(report->rows);
	free(report->dirs);
	free(report->steps);
	free(report->series);
	*report = (struct report){ 0 };
}

/* ---- fewer rows -------------------------------------------------------------------- */

static int by_size_down(const void *x, const void *y)
{
	const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a < b) - (a > b);
}

/* The size up to which files lose their row: at most `most` files are larger. `most` is
   below the number of files, or there would be nothing to reduce. */
static bool size_of_rank(const struct report *report, size_t most, uint64_t *out)
{
	uint64_t *sizes = calloc(report->compressed.n_files + 1, sizeof(*sizes));
	size_t n = 0;

	if (!sizes)
		return false;
	for (size_t i = 0; i < report->n_rows; i++) {
		if (report->rows[i].detail)
			sizes[n++] = report->rows[i].sum.logical;
	}
	qsort(sizes, n, sizeof(*sizes), by_size_down);
	*out = sizes[most];
	free(sizes);
	return true;
}

void report_trim_tensors(struct report *report, size_t most)
{
	size_t each = most / (report->n_rows + 1);

	if (each < LEAST_TENSORS)
		each = 0;
	for (size_t i = 0; i < report->n_rows; i++) {
		struct file_detail *d = report->rows[i].detail;

		if (!d || d->n_rows <= each)
			continue;
		d->n_more_rows += d->n_rows - (unsigned)each;
		d->n_rows = (unsigned)each;
	}
}

/* The length of `path` up to and including its last slash, at most `depth` directories
   deep. */
static size_t dir_len(const char *path, unsigned depth)
{
	size_t len = 0;

	for (const char *slash = strchr(path, '/'); slash && depth;
		 slash = strchr(slash + 1, '/')) {
		len = (size_t)(slash - path) + 1;
		depth--;
	}
	return len;
}

/* Turn `row` into the row of several files, named by the first `len` bytes of its path
   and `mark`. */
static bool become_rest(struct report_row *row, size_t len, const char *mark)
{
	char *path;

	if (asprintf(&path, "%.*s%s", (int)len, row->path, mark) < 0)
		return false;
	free(row->path);
	row->path = path;
	detail_free(row->detail);
	row->detail = NULL;
	row->why_not[0] = '\0';
	return true;
}

/* The greatest depth at which the rows for the rest are about `most` or fewer. It stops
   where one level more would give too many rows, or none. */
static unsigned depth_for(const struct report *report, size_t most)
{
	for (unsigned depth = 0;; depth++) {
		size_t within = 0, all = 0;

		for (size_t i = 0; i < report->n_dirs; i++) {
			within += report->dirs[i].depth <= depth + 1;
			all += report->dirs[i].depth <= depth;
		}
		if (within > most || within == all)
			return depth;
	}
}

/*
 * Whether `rest` is the joined row of the directory in the first `len` bytes of `path`.
 */
static bool is_rest_of(const struct report_row *rest, const char *path, size_t len,
	const char *mark)
{
	return strncmp(rest->path, path, len) == 0 && strcmp(rest->path + len, mark) == 0;
}

/*
 * Which rows to join, by directory down to `depth`, and the mark behind the joined name.
 */
struct joining {
	unsigned depth;
	const char *mark;
	bool (*joins)(const struct report_row *row, const void *ctx);
	const void *ctx;
};

/* One pass over the sorted rows. `rest` is the latest joined row; `n` rows are final, and
   rows[i] moves down when some were joined. Rows of one directory may be apart when a
   larger file lies between them. `rest` then still is that directory's, as only another
   directory's row replaces it. */
static bool join_rows(struct report *report, const struct joining *how)
{
	struct report_row *rows = report->rows, *rest = NULL;
	size_t n = 0;

	for (size_t i = 0; i < report->n_rows; i++) {
		size_t len = dir_len(rows[i].path, how->depth);
		bool joins = how->joins(&rows[i], how->ctx);

		if (joins && rest && is_rest_of(rest, rows[i].path, len, how->mark)) {
			figures_add(&rest->sum, &rows[i].sum);
			report_row_release(&rows[i]);
			continue;
		}
		if (joins && !become_rest(&rows[i], len, how->mark))
			return false;
		if (n != i) {
			rows[n] = rows[i];
			rows[i] = (struct report_row){ 0 };
		}
		if (joins)
			rest = &rows[n];
		n++;
	}
	report->n_rows = n;
	return true;
}

static bool is_small(const struct report_row *row, const void *ctx)
{
	return row->detail && row->sum.logical <= *(const uint64_t *)ctx;
}

/* A fifth of the rows is for what is joined, the rest for single files. */
bool report_roll_up(struct report *report, size_t most)
{
	uint64_t least;
	const struct joining how = { depth_for(report, most / 5), "…", is_small, &least };

	if (report->compressed.n_files <= most)
		return true;
	return size_of_rank(report, most - most / 5, &least) && join_rows(report, &how);
}

static bool is_deeper(const struct report_row *row, const void *ctx)
{
	unsigned depth = 0;

	for (const char *slash = row->path; (slash = strchr(slash, '/')); slash++)
		depth++;
	return depth > *(const unsigned *)ctx;
}

bool report_fold(struct report *report, unsigned depth)
{
	const struct joining how = { depth + 1, "", is_deeper, &depth };

	return join_rows(report, &how);
}
