/* SPDX-License-Identifier: MIT */
/*
 * A command of verbs, and what these share. A verb is a file verb_NAME.c with one
 * function and a row in its program's table, as is an option: alcm_rows.c. Help and
 * completion come from the tables.
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
	CLI_REPAIRED = 4, /* check --repair repaired all it found */
};

/* A number of an option that can't be given: the option isn't there. */
#define NOT_GIVEN UINT32_MAX

struct cli;
struct option_row;

struct verb {
	const char *name, *operands, *summary;
	enum cli_exit (*run)(struct cli *cli);
	bool takes_paths; /* one at least, unless they are optional */
	bool paths_optional;
	bool needs_proc;  /* it opens files of a store through /proc/self/fd */
	bool only_tells;  /* without standard output, or -o, it would do nothing */
	bool high_effort; /* nobody waits for each file: compress harder */
};

/* A program of verbs, by its tables. */
struct cli_program {
	const char *name;
	const struct verb *verbs;
	size_t n_verbs;
	const struct option_row *options;
	size_t n_options;
};

/* One run of a command: what all verbs share, and the values of alcm's options. */
struct cli {
	const struct cli_program *program;
	const struct verb *verb;
	char **paths;
	int n_paths;
	struct progress progress;
	struct alcm_predictor *predictor; /* read from predictor_path by cli_engine() */

	bool json, csv, bytes, recursive, force, repair, wait;
	const char *out, *profile, *predictor_path, *detect;
	const char *sort;  /* a column's key; NULL: as it comes */
	unsigned depth;    /* NOT_GIVEN: no limit */
	unsigned top;      /* 0: all */
	unsigned threads;  /* 0: one per core */
	unsigned interval; /* seconds */
	unsigned n_looks;  /* 0: without end */
};

extern const struct cli_program alcm_rows;

enum cli_exit verb_info(struct cli *cli);
enum cli_exit verb_du(struct cli *cli);
enum cli_exit verb_cat(struct cli *cli);
enum cli_exit verb_pack(struct cli *cli);
enum cli_exit verb_unpack(struct cli *cli);
enum cli_exit verb_check(struct cli *cli);
enum cli_exit verb_estimate(struct cli *cli);
enum cli_exit verb_top(struct cli *cli);
enum cli_exit verb_report(struct cli *cli);
enum cli_exit verb_completion(struct cli *cli);

/* Say "alcm VERB: PATH: cause" on stderr. Returns CLI_FAILED. */
enum cli_exit cli_error(struct cli *cli, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same for a failed call: `err` is its negative errno, `diag` (may be NULL, or
 * without a cause) what it said. Returns CLI_CORRUPT for damaged data, CLI_FAILED
 * otherwise.
 */
enum cli_exit cli_error_from(struct cli *cli, const char *path, int err,
	const struct alcm_diag *diag);

/* The worse of two outcomes: CORRUPT, FAILED, REPAIRED, OK. */
enum cli_exit cli_worse(enum cli_exit a, enum cli_exit b);

/* Start an engine for this run; one worker is enough for verbs that only read. */
int cli_engine(struct cli *cli, bool reads_only, struct alcm **out);

/* Find the verb in argv, parse its options into `cli`, whose program is set, and run
   it. */
int cli_run(struct cli *cli, int argc, char **argv);

/* `n` bytes for people, such as "53.1 MiB", in `buf` (16 bytes of room). Returns
   `buf`. */
char *cli_bytes(uint64_t n, char *buf);

/* dir/name on the heap; NULL when memory is short. */
char *cli_join(const char *dir, const char *name);

/*
 * openat(2) with these flags and those that keep a FIFO or a terminal from being waited
 * for. A file that another program holds a lease of, as a conversion does while it puts
 * the new content in place, is waited for.
 */
int cli_open_file(int at, const char *path, int flags);

#endif
