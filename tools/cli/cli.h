/* SPDX-License-Identifier: MIT */
/*
 * The alcm command: what its verbs share. A verb is a file verb_NAME.c with one function and a
 * row in cli_verbs.c's table; an option is a row in cli_options.c's. Help and completion come from
 * the tables.
 */
#ifndef ALCM_TOOLS_CLI_H
#define ALCM_TOOLS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alcm.h"
#include "cli_progress.h"

/* Exit codes, as the manual page documents them. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,   /* bad usage, or a file that could not be read or written */
	CLI_CORRUPT = 3,  /* data is damaged, and still is */
	CLI_REPAIRED = 4, /* check --repair mended all it found */
};

enum cli_option {
	OPT_JSON = 1 << 0,
	OPT_BYTES = 1 << 1,
	OPT_RECURSIVE = 1 << 2,
	OPT_FORCE = 1 << 3,
	OPT_REPAIR = 1 << 4,
	OPT_OUT = 1 << 5,
	OPT_PROFILE = 1 << 6,
	OPT_THREADS = 1 << 7,
	OPT_WEIGHTS = 1 << 8,
	OPT_SOURCE = 1 << 9,
	OPT_DATA = 1 << 10,
	OPT_EPOCHS = 1 << 11,
	OPT_SEED = 1 << 12,
	OPT_PREDICTOR = 1 << 13,
	OPT_PEERS = 1 << 14,
	OPT_BENCH_THREADS = 1 << 15,
	OPT_ROUNDS = 1 << 16,
	OPT_SUBMISSIONS = 1 << 17,
	OPT_DATASET = 1 << 18,
	OPT_SUBMITTER = 1 << 19,
	OPT_EXPECT = 1 << 20,
	OPT_BOARD_OUT = 1 << 21,
	OPT_INTERVAL = 1 << 22,
	OPT_LOOKS = 1 << 23,
	OPT_CSV = 1 << 24,
	OPT_REPORT_OUT = 1 << 25,
	OPT_SORT = 1 << 26,
	OPT_DEPTH = 1 << 27,
	OPT_TOP = 1 << 28,
	OPT_DETECT = 1 << 29,
	OPT_WAIT = 1 << 30,
};

struct cli;

struct verb {
	const char *name, *operands, *summary;
	unsigned options; /* of enum cli_option: those that it knows */
	bool takes_paths; /* one at least */
	bool needs_proc;  /* it opens files of a store through /proc/self/fd */
	bool patient;     /* nobody waits for each file: compress harder */
	enum cli_exit (*run)(struct cli *cli);
};

/* One run of the command. */
struct cli {
	const struct verb *verb;
	unsigned options; /* of enum cli_option: those given */
	const char *out, *profile;
	unsigned threads; /* 0: one per core */
	unsigned n_rounds;
	unsigned interval; /* seconds; 0: one */
	unsigned n_looks;  /* 0: without end */
	const char *submissions, *dataset, *submitter, *expect;
	const char *source, *data;
	enum alcm_detect detect; /* tensors if not given */
	const char *sort;        /* a column's key; NULL: as it comes */
	unsigned depth, top;     /* if OPT_DEPTH, OPT_TOP are given */
	const char *predictor_path;
	struct alcm_predictor *predictor; /* read from there by cli_engine() */
	unsigned n_epochs;
	uint32_t seed;
	char **paths;
	int n_paths;
	struct progress progress;
};

extern const struct verb cli_verbs[];
extern const size_t cli_n_verbs;

enum cli_exit verb_info(struct cli *cli);
enum cli_exit verb_du(struct cli *cli);
enum cli_exit verb_cat(struct cli *cli);
enum cli_exit verb_pack(struct cli *cli);
enum cli_exit verb_unpack(struct cli *cli);
enum cli_exit verb_check(struct cli *cli);
enum cli_exit verb_train(struct cli *cli);
enum cli_exit verb_bench(struct cli *cli);
enum cli_exit verb_leaderboard(struct cli *cli);
enum cli_exit verb_estimate(struct cli *cli);
enum cli_exit verb_top(struct cli *cli);
enum cli_exit verb_report(struct cli *cli);
enum cli_exit verb_completion(struct cli *cli);

/* Say "alcm VERB: PATH: cause" on stderr. Returns CLI_FAILED. */
enum cli_exit cli_error(struct cli *cli, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same for a failed call: `err` is its negative errno, `diag` (may be NULL, or without a
 * cause) what it said. Returns CLI_CORRUPT for damaged data, CLI_FAILED otherwise.
 */
enum cli_exit cli_error_from(struct cli *cli, const char *path, int err,
	const struct alcm_diag *diag);

/* The worse of two outcomes: CORRUPT, FAILED, REPAIRED, OK. */
enum cli_exit cli_worse(enum cli_exit a, enum cli_exit b);

/* Start an engine for this run; one worker is enough for verbs that only read. */
int cli_engine(struct cli *cli, bool reads_only, struct alcm **out);

/*
 * Parse argv (behind the verb's name) into `cli`, whose verb is set. Returns CLI_OK, or
 * CLI_FAILED with a message. `*help` is set when --help was asked for.
 */
enum cli_exit cli_options_parse(struct cli *cli, int argc, char **argv, bool *help);

/* Print a verb's usage and options. */
void cli_options_help(const struct verb *verb);

/* Print the long options of a verb, separated by blanks. */
void cli_options_list(const struct verb *verb);

/* `n` bytes for people, such as "53.1 MiB", in `buf` (16 bytes of room). Returns `buf`. */
char *cli_bytes(uint64_t n, char *buf);

/* dir/name on the heap; NULL when memory is short. */
char *cli_join(const char *dir, const char *name);

/*
 * openat(2) with these flags and those that keep a FIFO or a terminal from being waited for. A file that another
 * program holds a lease of, as a conversion does while it puts the new content in place, is waited for.
 */
int cli_open_file(int at, const char *path, int flags);

#endif
