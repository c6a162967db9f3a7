/* SPDX-License-Identifier: MIT */
/* The data of reports: figures that can be added, files as rows, and sums by directory
   and by step of a run. report_collect.h fills it; each output is a file write_*.c. */
#ifndef ALCM_TOOLS_REPORT_MODEL_H
#define ALCM_TOOLS_REPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "alcm.h"

/* Of one file or of several. */
struct figures {
	uint64_t n_files, n_compressed, n_lossy;
	uint64_t logical, stored; /* bytes; equal for a file that isn't compressed */
	double cpu_seconds;
	/* Only of compressed files with a trial of zlib -6: their own figures, and zlib's. */
	double own_logical, own_stored, own_cpu_seconds;
	double zlib_stored, zlib_cpu_seconds;
};

void figures_add(struct figures *to, const struct figures *f);

/*
 * The figures of a compressed and of a plain file. Holes of a plain file take no space.
 */
struct figures figures_of_blob(const struct alcm_info *info);
struct figures figures_of_plain(uint64_t bytes, uint64_t on_disk);

/* logical : stored; 1 without any stored byte */
double figures_ratio(const struct figures *f);
double figures_saved(const struct figures *f); /* bytes; negative if the file grew */
/* 10^6 logical bytes per CPU second, or 0 */
double figures_mb_per_s(const struct figures *f);
/* total ratio / (total CPU seconds + 1) */
double figures_caq(const struct figures *f);
/* The CAQ relative to zlib's on the same files, in percent above it. NaN: no trials. */
double figures_gain_percent(const struct figures *f);
/* CPU seconds per 2^30 logical bytes; NaN without logical bytes. */
double figures_cpu_per_gib(const struct figures *f);

/* Details of one compressed file. */
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
	unsigned n_rows, n_more_rows;     /* n_more_rows: left out by report_trim_tensors() */
	struct alcm_tensor *rows;         /* of a container's tensors */
	struct alcm_plane *tensor_planes; /* planes of the tensors, row by row */
	struct alcm_histogram *histogram; /* NULL: the file was not sampled */
};

/* A file, or several of one directory in one row. */
struct report_row {
	char *path; /* as shown, below the operand; any bytes */
	struct figures sum;
	struct timespec mtime;
	struct file_detail *detail; /* NULL: not compressed, or several files */
	char why_not[160];          /* why it isn't compressed; "": it is */
	char *operand;              /* the file as it can be opened */
};

/* All files below a directory, at any depth. */
struct report_dir {
	char *path; /* "" is the operand itself, or all operands */
	unsigned depth;
	struct figures sum;
};

/* Saves of one run: names that differ only in a number, such as step100/ and step200/. */
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

/* Copy the details of `info`; NULL: out of memory. */
struct file_detail *file_detail_new(const struct alcm_info *info);

/* Append a row. The report then owns its strings and detail, unless this returns false:
   out of memory. */
bool report_add(struct report *report, const struct report_row *row);

/* After the last row: sort and sum. False: out of memory. */
bool report_finish(struct report *report);

/*
 * Reduce the rows of compressed files to `most`. The largest files keep theirs, the
 * others become one row per directory. The figures of `all`, directories and series don't
 * change. False: out of memory.
 */
bool report_roll_up(struct report *report, size_t most);

/* Reduce the rows of tensors to `most`, evenly by file; none if that leaves too few. */
void report_trim_tensors(struct report *report, size_t most);

/* Join all files deeper than `depth` directories into one row per directory. */
bool report_fold(struct report *report, unsigned depth);

void report_row_release(struct report_row *row);
void report_release(struct report *report);

#endif
