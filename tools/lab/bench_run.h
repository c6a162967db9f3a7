/* SPDX-License-Identifier: MIT */
/* Measuring codecs on a file. Every round runs every codec, so that all see the same
   machine. */
#ifndef ALCM_LAB_BENCH_RUN_H
#define ALCM_LAB_BENCH_RUN_H

#include "bench_codecs.h"
#include "cli_source.h"

enum {
	BENCH_MAX_CODECS = 16,
	BENCH_MAX_ROUNDS = 99,
	BENCH_SLOW_ROUNDS = 3,
	BENCH_MAX_THREADS = 256,
};

/* Of a larger file, this many bytes are measured, in evenly spread chunks. */
#define BENCH_MAX_BYTES (256u << 20)

struct bench_params {
	unsigned n_rounds, n_threads;
	bool peers; /* false: only ours */
};

/* The figures of a codec for a file, or sums over files. */
struct bench_figures {
	uint64_t raw_bytes, stored_bytes;
	unsigned n_rounds;
	double encode_cpu[BENCH_MAX_ROUNDS]; /* in seconds, summed over all threads */
	double encode_s[BENCH_MAX_ROUNDS],
		decode_s[BENCH_MAX_ROUNDS]; /* CPU time; with several threads wall time */
};

struct bench_result {
	struct alcm_info info;                          /* about a blob with the same bytes */
	uint64_t logical_bytes;                         /* the file's */
	unsigned item_bytes;                            /* bytes of a value */
	struct bench_figures figures[BENCH_MAX_CODECS]; /* by row of bench_codecs[] */
};

/* How many rows of bench_codecs[] are measured. */
size_t bench_n_measured(const struct bench_params *params);

/*
 * Measure the file. In every round, the output of every codec is decoded and compared.
 * Failures are reported: CLI_CORRUPT if a codec returned other bytes, otherwise
 * CLI_FAILED.
 */
enum cli_exit bench_run(struct cli *cli, struct alcm *alcm, struct source *source,
	const struct bench_params *params, struct bench_result *out);

/* Add a file's figures to a sum. */
void bench_add(struct bench_figures *sum, const struct bench_figures *f);

/* Medians over the rounds. */
double bench_encode_mb_s(const struct bench_figures *f);
double bench_decode_mb_s(const struct bench_figures *f);
double bench_cpu_seconds(const struct bench_figures *f); /* of encoding */

#endif
