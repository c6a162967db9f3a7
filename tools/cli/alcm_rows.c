/* SPDX-License-Identifier: MIT */
/* The verbs and options of alcm, one row each. */
#include "cli_options.h"

static const struct verb verbs[] = {
	{
		.name = "info",
		.operands = "FILE|BLOB|DIR…",
		.summary = "show the metrics of compressed files, and the files of directories",
		.takes_paths = true,
		.only_tells = true,
		.run = verb_info,
	},
	{
		.name = "du",
		.operands = "PATH…",
		.summary = "sum up sizes, CPU seconds and CAQ, by codec or directory and in all",
		.takes_paths = true,
		.only_tells = true,
		.run = verb_du,
	},
	{
		.name = "estimate",
		.operands = "PATH…",
		.summary =
			"say what files would take when compressed, from samples; write nothing",
		.takes_paths = true,
		.only_tells = true,
		.run = verb_estimate,
	},
	{
		.name = "report",
		.operands = "STORE|DIR|FILE…",
		.summary = "a page about all files of a store, or the same as JSON or CSV",
		.takes_paths = true,
		.only_tells = true,
		.run = verb_report,
	},
	{
		.name = "cat",
		.operands = "BLOB…",
		.summary = "write the logical bytes to standard output",
		.takes_paths = true,
		.only_tells = true,
		.run = verb_cat,
	},
	{
		.name = "pack",
		.operands = "FILE…|-r DIR…",
		.summary = "compress files of a store in place, or into a copy",
		.takes_paths = true,
		.needs_proc = true,
		.high_effort = true,
		.run = verb_pack,
	},
	{
		.name = "unpack",
		.operands = "BLOB…|-r DIR…",
		.summary = "make compressed files plain again, in place or as a copy",
		.takes_paths = true,
		.needs_proc = true,
		.run = verb_unpack,
	},
	{
		.name = "check",
		.operands = "STORE|FILE…",
		.summary = "verify every checksum of a store or of single files",
		.takes_paths = true,
		.needs_proc = true,
		.run = verb_check,
	},
	{
		.name = "top",
		.operands = "MOUNT",
		.summary =
			"watch what a mount does: bytes in and out, CPU, memory, savings, errors",
		.takes_paths = true,
		.only_tells = true,
		.run = verb_top,
	},
	{
		.name = "completion",
		.operands = "",
		.summary = "print a completion script for bash",
		.only_tells = true,
		.run = verb_completion,
	},
};

static const char *const kinds_of_files[] = { "npy", "tensors", "all", NULL };
static const char *const sort_keys[] = { "name", "files", "logical", "stored", "ratio",
	"saved", "cpu", "speed", "caq", NULL };

static const struct option_row options[] = {
	{ "info du estimate report", 0, "json", NULL, "print JSON", FLAG(cli, json) },
	{ "report", 0, "csv", NULL, "print a table for spreadsheets", FLAG(cli, csv) },
	{ "info du", 0, "bytes", NULL, "print exact numbers of bytes", FLAG(cli, bytes) },
	{ "pack unpack", 'r', "recursive", NULL,
		"operands are directories: take all files below", FLAG(cli, recursive) },
	{ "pack unpack", 'o', "output", "OUT",
		"leave the operand alone and write a copy to OUT", TEXT(cli, out) },
	{ "report", 'o', "output", "FILE", "write to FILE", TEXT(cli, out) },
	{ "pack unpack report", 0, "force", NULL,
		"replace an output that exists; pack: take what is no tensor, too",
		FLAG(cli, force) },
	{ "pack", 0, "detect", "WHICH", "what to take, as a mount",
		WORD(cli, detect, kinds_of_files, "tensors") },
	{ "check", 0, "repair", NULL, "repair what can be repaired", FLAG(cli, repair) },
	{ "pack unpack check", 0, "wait", NULL, "wait until the store isn't mounted any more",
		FLAG(cli, wait) },
	{ "pack", 0, "profile", "NAME", "lossless, paper, alcm, bounded:E or bounded-abs:E",
		TEXT(cli, profile) },
	{ "info pack", 0, "predictor", "FILE",
		"weights by alcm-lab train, not the built-in ones", TEXT(cli, predictor_path) },
	{ "top", 'i', "interval", "S", "seconds between two looks",
		NUMBER(cli, interval, 1, 3600, 1) },
	{ "top", 'n', "count", "N", "end after N looks",
		NUMBER(cli, n_looks, 1, 1000000, 0) },
	{ "info du", 0, "sort", "KEY", "order of the lines",
		WORD(cli, sort, sort_keys, NULL) },
	{ "info du", 0, "depth", "N", "levels of directories to show",
		NUMBER(cli, depth, 0, 1000, NOT_GIVEN) },
	{ "info du", 0, "top", "N", "the first N lines only, of the most saved if not sorted",
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
