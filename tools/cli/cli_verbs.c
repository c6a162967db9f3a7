/* SPDX-License-Identifier: MIT */
/* The verbs, one row each. */
#include "cli.h"

const struct verb cli_verbs[] = {
	{
		.name = "info",
		.operands = "FILE|BLOB|DIR…",
		.summary = "show the metrics of compressed files, and the files of directories",
		.options = OPT_JSON | OPT_BYTES | OPT_PREDICTOR | OPT_SORT | OPT_DEPTH | OPT_TOP,
		.takes_paths = true,
		.run = verb_info,
	},
	{
		.name = "du",
		.operands = "PATH…",
		.summary = "sum up sizes, CPU seconds and CAQ, by codec or directory and in all",
		.options = OPT_JSON | OPT_BYTES | OPT_SORT | OPT_DEPTH | OPT_TOP,
		.takes_paths = true,
		.run = verb_du,
	},
	{
		.name = "estimate",
		.operands = "PATH…",
		.summary =
			"say what files would take when compressed, from samples; write nothing",
		.options = OPT_JSON,
		.takes_paths = true,
		.run = verb_estimate,
	},
	{
		.name = "report",
		.operands = "STORE|DIR|FILE…",
		.summary = "a page about all files of a store, or the same as JSON or CSV",
		.options = OPT_JSON | OPT_CSV | OPT_REPORT_OUT | OPT_FORCE,
		.takes_paths = true,
		.run = verb_report,
	},
	{
		.name = "cat",
		.operands = "BLOB…",
		.summary = "write the logical bytes to standard output",
		.takes_paths = true,
		.run = verb_cat,
	},
	{
		.name = "pack",
		.operands = "FILE…|-r DIR…",
		.summary = "compress files of a store in place, or into a copy",
		.options = OPT_RECURSIVE | OPT_OUT | OPT_FORCE | OPT_DETECT | OPT_PROFILE |
			OPT_WAIT | OPT_PREDICTOR | OPT_THREADS,
		.takes_paths = true,
		.needs_proc = true,
		.patient = true,
		.run = verb_pack,
	},
	{
		.name = "unpack",
		.operands = "BLOB…|-r DIR…",
		.summary = "make compressed files plain again, in place or as a copy",
		.options = OPT_RECURSIVE | OPT_OUT | OPT_FORCE | OPT_WAIT | OPT_THREADS,
		.takes_paths = true,
		.needs_proc = true,
		.run = verb_unpack,
	},
	{
		.name = "check",
		.operands = "STORE|FILE…",
		.summary = "verify every checksum of a store or of single files",
		.options = OPT_REPAIR | OPT_WAIT | OPT_THREADS,
		.takes_paths = true,
		.needs_proc = true,
		.run = verb_check,
	},
	{
		.name = "train",
		.operands = "",
		.summary = "train the predictor of how far tensors can be compressed",
		.options = OPT_WEIGHTS | OPT_SOURCE | OPT_FORCE | OPT_DATA | OPT_EPOCHS | OPT_SEED,
		.run = verb_train,
	},
	{
		.name = "bench",
		.operands = "FILE|DIR…|paper",
		.summary = "measure the codec on files, or run the ALCM paper's benchmark",
		.options = OPT_JSON | OPT_PEERS | OPT_ROUNDS | OPT_BENCH_THREADS |
			OPT_SUBMISSIONS | OPT_DATASET | OPT_SUBMITTER,
		.takes_paths = true,
		.run = verb_bench,
	},
	{
		.name = "leaderboard",
		.operands = "add BOARD.json FILE…|validate FILE…|render BOARD.json",
		.summary = "rank submissions of figures by CAQ, checking each",
		.options = OPT_EXPECT | OPT_BOARD_OUT | OPT_FORCE,
		.takes_paths = true,
		.run = verb_leaderboard,
	},
	{
		.name = "top",
		.operands = "MOUNT",
		.summary =
			"watch what a mount does: bytes in and out, CPU, memory, savings, errors",
		.options = OPT_INTERVAL | OPT_LOOKS,
		.takes_paths = true,
		.run = verb_top,
	},
	{
		.name = "completion",
		.operands = "",
		.summary = "print a completion script for bash",
		.run = verb_completion,
	},
};
const size_t cli_n_verbs = sizeof(cli_verbs) / sizeof(cli_verbs[0]);
