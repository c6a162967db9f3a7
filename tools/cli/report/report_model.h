/* SPDX-License-Identifier: MIT */
/*
 * What reports are about: figures that add up, files as rows, and sums by directory and
 * by a run's steps. Pure data: collecting is report_collect.h's, every rendering is a
 * file write_*.c.
 */
#ifndef ALCM_TOOLS_REPORT_MODEL_H
#define ALCM_TOOLS_REPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "alcm.h"

/* Of one file or of many. */
struct figures {
	uint64_t n_files, n_compressed, n_lossy;
	uint64_t logical, stored; /* bytes; the same of a file that is not compressed */
	double cpu_seconds;
	/* Of the compressed files that zlib -6 was tried on: their own figures, and
	   zlib's. */
	double own_logical, own_stored, own_cpu_seconds;
	double zlib_stored, zlib_cpu_seconds;
};

void figures_add(struct figures *to, const struct figures *f);

/* Those of one compressed file, and of one that isn't: less than its bytes if it has
   holes. */
struct figures figures_of_blob(const struct alcm_info *info);
struct figures figures_of_plain(uint64_t bytes, uint64_t on_disk);

/* logical : stored; 1 of nothing at all */
double figures_ratio(const struct figures *f);
double figures_saved(const struct figures *f); /* bytes; below 0 when it grew */
/* 10^6 logical bytes per CPU second, or 0 */
double figures_mb_per_s(const struct figures *f);
/* total ratio / (total CPU seconds + 1) */
double figures_caq(const struct figures *f);
/* By how many percent the CAQ is above zlib's on the same files; NaN: zlib was tried on
   none. */
double figures_gain_percent(const struct figures *f);
/* CPU seconds per 2^30 logical bytes; NaN without any. */
double figures_cpu_per_gib(const struct figures *f);

/* What is known of one compressed file beyond its figures. */
struct file_detail {
	char format[16], dtype[64], profile[32], codec[16];
	unsigned n_dims, n_planes, threads;
	uint64_t n_tensors; /* of a container */
	uint64_t *shape;    /* n_dims of them */
	bool fortran_order, lossy;
	double wall_seconds, bits_per_value, predicted_entropy;
	struct alcm_stats stats;
	struct alcm_quantisation quantisation;
	struct alcm_plane *planes;        /* n_planes of them */
	unsigned n_rows, n_more_rows;     /* more: that report_trim_tensors() left out */
	struct alcm_tensor *rows;         /* of a container's tensors */
	struct alcm_plane *tensor_planes; /* theirs, row by row */
	struct alcm_histogram *histogram; /* NULL: the file was not sampled */
};

/* A file, or several of one directory that are shown as one. */
struct report_row {
	char *path; /* as shown: below the operand, any bytes */
	struct figures sum;
	struct timespec mtime;
	struct file_detail *detail; /* NULL: not compressed, or several files */
	char why_not[160];          /* not compressed: why; otherwise "" */
	char *operand;              /* the file as it can be opened */
};

/* All files below a directory, at any depth. */
struct report_dir {
	char *path; /* "" is the operand itself, or all operands */
	unsigned depth;
	struct figures sum;
};

/* Saves of one run that differ by a number in their name, such as step100/ and
   step200/. */
struct report_series {
	const char *name; /* the path with # for the number */
	size_t first, n;  /* in `steps` */
	uint64_t logical; /* bytes of all steps */
};

struct report_step {
	char *path;
	char *pattern;
	uint64_t number;
	struct figures sum;
};

struct report {
	struct report_row *rows; /* by path, a directory's files together */
	size_t n_rows;
	struct figures all, compressed;
	struct report_dir *dirs; /* parents before children, the root first */
	size_t n_dirs;
	struct report_step *steps; /* of all series, each ordered by number */
	size_t n_steps;
	struct report_series *series; /* the largest first */
	size_t n_series;
};

/* A detail of `info`; NULL: out of memory. */
struct file_detail *file_detail_new(const struct alcm_info *info);

/* Append a row, whose strings and detail become the report's; false (they aren't): out of
   memory. */
bool report_add(struct report *report, const struct report_row *row);

/* All rows are there: sort them, sum up. False: out of memory. */
bool report_finish(struct report *report);

/*
 * Have no more than `most` rows of compressed files: the largest keep theirs, the others
 * of a directory become one. Figures of `all`, of directories and series stay. False: out
 * of memory.
 */
bool report_roll_up(struct report *report, size_t most);

/* Have no more than `most` rows of tensors in all, as many of each file; none if they are
   too many. */
void report_trim_tensors(struct report *report, size_t most);

/* Make one row of all files that lie below more than `depth` directories, per
   directory. */
bool report_fold(struct report *report, unsigned depth);

void report_row_release(struct report_row *row);
void report_release(struct report *report);

#endif
