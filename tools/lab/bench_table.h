/* SPDX-License-Identifier: MIT */
/* The results of alcm-lab bench, as tables and as JSON. */
#ifndef ALCM_LAB_BENCH_TABLE_H
#define ALCM_LAB_BENCH_TABLE_H

#include <cjson/cJSON.h>

#include "bench_run.h"

/* One file, or the sum of a class: the files of a directory. */
void bench_print_file(const char *path, const struct bench_result *r, size_t n_codecs);
void bench_print_class(const char *name, unsigned n_files,
	const struct bench_figures *sums, size_t n_codecs);

/* The same as objects. */
cJSON *bench_file_json(const char *path, const char *class_name,
	const struct bench_result *r, size_t n_codecs);
cJSON *bench_class_json(const char *name, unsigned n_files,
	const struct bench_figures *sums, size_t n_codecs);

#endif
