/* SPDX-License-Identifier: MIT */
/*
 * The command line of a program with verbs, and the helpers that all verbs share.
 *
 * A verb is a file verb_NAME.c with one function, and a row in the program's table. An
 * option is a row, too: alcm_rows.c. Help and completion are generated from the tables.
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

/* A numeric option that was not given. Such an option can't have this value. */
#define NOT_GIVEN UINT32_MAX

struct cli;
struct option_row;

struct verb {
	const char *name, *operands, *summary;
	enum cli_exit (*run)(struct cli *cli);
	bool takes_paths; /* at least one, unless paths_optional */
	bool paths_optional;
	bool needs_proc;  /* it opens files of a store by /proc/self/fd */
	bool only_tells;  /* it only prints: useless without standard output or -o */
	bool high_effort; /* no program waits for a file: compress harder */
};

/* A program, described by its tables. */
struct cli_program {
	const char *name;
	const struct verb *verbs;
	size_t n_verbs;
	const struct option_row *options;
	size_t n_options;
};

/* One run of a command: state shared by all verbs, and the values of alcm's options. */
struct cli {
	const struct cli_program *program;
	const struct verb *verb;
	char **paths;
	int n_paths;
	struct progress progress;
	struct alcm_predictor *predictor; /* read from predictor_path by cli_engine() */

	bool json, csv, bytes, recursive, force, repair, wait;
	const char *out, *profile, *predictor_path, *detect;
	const char *sort;  /* a column's key; NULL: unsorted */
	unsigned depth;    /* NOT_GIVEN: no limit */
	unsigned top;      /* 0: all */
	unsigned threads;  /* 0: one per core */
	unsigned interval; /* seconds */
	unsigned n_looks;  /* 0: endless */
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

/* Print "alcm VERB: PATH: cause" to stderr. Returns CLI_FAILED. */
enum cli_exit cli_error(struct cli *cli, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same for a failed call with the negative errno `err`. The cause in `diag` is
 * printed if there is one; `diag` may be NULL. Returns CLI_CORRUPT for damaged data,
 * otherwise CLI_FAILED.
 */
enum cli_exit cli_error_from(struct cli *cli, const char *path, int err,
	const struct alcm_diag *diag);

/* The worse of two outcomes: CORRUPT, FAILED, REPAIRED, OK. */
enum cli_exit cli_worse(enum cli_exit a, enum cli_exit b);

/* Start an engine for this run; one worker is enough for verbs that only read. */
int cli_engine(struct cli *cli, bool reads_only, struct alcm **out);

/* Find the verb in argv, parse its options into `cli`, and run it. cli->program must be
   set. */
int cli_run(struct cli *cli, int argc, char **argv);

/* `n` bytes for people, such as "53.1 MiB", in `buf` (16 bytes of room). Returns
   `buf`. */
char *cli_bytes(uint64_t n, char *buf);

/* dir/name on the heap; NULL when memory is short. */
char *cli_join(const char *dir, const char *name);

/*
 * openat(2) that never blocks on a FIFO or a terminal. It waits for another program's
 * lease on the file, such as a conversion holds while it copies the new content into
 * place.
 */
int cli_open_file(int at, const char *path, int flags);

#endif
