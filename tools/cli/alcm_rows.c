/* SPDX-License-Identifier: MIT */
/*
 * The verbs and options of alcm, one row each. cli.c finds the verb; cli_options.c
 * parses, lists and completes its options from these rows.
 *
 * A row of `verbs` is name, operands, summary and function, and then what holds for the
 * verb:
 *
 *   takes_paths   at least one operand
 *   needs_proc    files of a store are opened by /proc/self/fd: fail early without /proc
 *   only_tells    useless without standard output, so fail if that is closed
 *   high_effort   no program waits for the result: compress harder
 *
 * To add a verb, write verb_NAME.c, declare its function in cli.h and add a row. To add
 * an option, add a field to struct cli and a row of `options`: the verbs that have it,
 * letter or 0, name, name of its value or NULL, help, and where the value goes. Usage,
 * --help and completion follow from the rows; docs/alcm.1 is written by hand.
 *
 * The same name may have several rows, for verbs in which it means something else, such
 * as --output.
 */
#include "cli_options.h"

static const struct verb verbs[] = {
	{ "info", "FILE|BLOB|DIR…",
		"show the metrics of compressed files, and the files of directories", verb_info,
		.takes_paths = true, .only_tells = true },
	{ "du", "PATH…",
		"sum up sizes, CPU seconds and CAQ: by codec or directory, and in total", verb_du,
		.takes_paths = true, .only_tells = true },
	{ "estimate", "PATH…",
		"estimate the compressed size of files from samples; write nothing",
		verb_estimate, .takes_paths = true, .only_tells = true },
	{ "report", "STORE|DIR|FILE…",
		"a page about all files of a store, or the same as JSON or CSV", verb_report,
		.takes_paths = true, .only_tells = true },
	{ "cat", "BLOB…", "write the logical bytes to standard output", verb_cat,
		.takes_paths = true, .only_tells = true },
	{ "pack", "FILE…|-r DIR…", "compress files of a store in place, or into a copy",
		verb_pack, .takes_paths = true, .needs_proc = true, .high_effort = true },
	{ "unpack", "BLOB…|-r DIR…",
		"make compressed files plain again, in place or as a copy", verb_unpack,
		.takes_paths = true, .needs_proc = true },
	{ "check", "STORE|FILE…", "verify every checksum of a store or of single files",
		verb_check, .takes_paths = true, .needs_proc = true },
	{ "top", "MOUNT",
		"watch what a mount does: bytes in and out, CPU, memory, savings, errors",
		verb_top, .takes_paths = true, .only_tells = true },
	{ "completion", "", "print a completion script for bash", verb_completion,
		.only_tells = true },
};

static const char *const kinds_of_files[] = { "npy", "tensors", "all", NULL };
static const char *const sort_keys[] = { "name", "files", "logical", "stored", "ratio",
	"saved", "cpu", "speed", "caq", NULL };

static const struct option_row options[] = {
	{ "info du estimate report", 0, "json", NULL, "print JSON", FLAG(cli, json) },
	{ "report", 0, "csv", NULL, "print a table for spreadsheets", FLAG(cli, csv) },
	{ "info du", 0, "bytes", NULL, "print exact numbers of bytes", FLAG(cli, bytes) },
	{ "pack unpack", 'r', "recursive", NULL,
		"operands are directories: convert all files below", FLAG(cli, recursive) },
	{ "pack unpack", 'o', "output", "OUT",
		"leave the operand alone and write a copy to OUT", TEXT(cli, out) },
	{ "report", 'o', "output", "FILE", "write to FILE", TEXT(cli, out) },
	{ "pack unpack report", 0, "force", NULL,
		"replace an existing output; pack: compress other files than tensors, too",
		FLAG(cli, force) },
	{ "pack", 0, "detect", "WHICH", "which files to compress, as for a mount",
		WORD(cli, detect, kinds_of_files, "tensors") },
	{ "check", 0, "repair", NULL, "repair what can be repaired", FLAG(cli, repair) },
	{ "pack unpack check", 0, "wait", NULL, "wait until the store is unmounted",
		FLAG(cli, wait) },
	{ "pack", 0, "profile", "NAME", "lossless, paper, alcm, bounded:E or bounded-abs:E",
		TEXT(cli, profile) },
	{ "info pack", 0, "predictor", "FILE",
		"weights written by alcm-lab train, instead of the built-in ones",
		TEXT(cli, predictor_path) },
	{ "top", 'i', "interval", "S", "seconds between updates",
		NUMBER(cli, interval, 1, 3600, 1) },
	{ "top", 'n', "count", "N", "end after N updates",
		NUMBER(cli, n_looks, 1, 1000000, 0) },
	{ "info du", 0, "sort", "KEY", "order of the lines",
		WORD(cli, sort, sort_keys, NULL) },
	{ "info du", 0, "depth", "N", "levels of directories to show",
		NUMBER(cli, depth, 0, 1000, NOT_GIVEN) },
	{ "info du", 0, "top", "N",
		"only the first N lines; without --sort, those that saved most",
		NUMBER(cli, top, 1, 1000000000, 0) },
	{ "pack unpack check", 'j', "threads", "N",
		"worker threads; one for each usable CPU if not given",
		NUMBER(cli, threads, 1, 1024, 0) },
};

const struct cli_program alcm_rows = {
	.name = "alcm",
	.verbs = verbs,
	.n_verbs = sizeof(verbs) / sizeof(verbs[0]),
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
};
