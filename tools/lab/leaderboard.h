/* SPDX-License-Identifier: MIT */
/* The leaderboard: valid submissions, ranked by CAQ within their dataset. */
#ifndef ALCM_LAB_LEADERBOARD_H
#define ALCM_LAB_LEADERBOARD_H

#include "cli.h"
#include "submission.h"

/* The codec for comparison. numpy.savez_compressed uses zlib at this level. */
#define LEADERBOARD_BASELINE "zlib -6"

struct leaderboard_row {
	const cJSON *submission;
	bool valid;
	struct submission_fault fault; /* set if not valid */
	unsigned rank;                 /* within the dataset, from 1; 0: not valid */
	bool has_baseline;
	double delta; /* CAQ relative to the dataset's baseline, in percent */
};

struct leaderboard {
	cJSON *json; /* owns the submissions */
	struct leaderboard_row *rows;
	size_t n;
};

/* Read leaderboard.json. With `may_be_new`, a file that doesn't exist is an empty board.
   Failures are reported. Release it with leaderboard_free() in any case. */
enum cli_exit leaderboard_read(struct cli *cli, const char *path, bool may_be_new,
	struct leaderboard *out);
void leaderboard_free(struct leaderboard *board);

/* Add a valid submission, which the board then owns. -EEXIST: it has a similar one.
   -ENOMEM. */
int leaderboard_add(struct leaderboard *board, cJSON *submission);

/* Validate and rank all rows, and sort them by dataset and rank. */
void leaderboard_rank(struct leaderboard *board);

/* The text of leaderboard.json or leaderboard.md for a ranked board; NULL: out of memory.
   To free(). */
char *leaderboard_json(const struct leaderboard *board);
char *leaderboard_markdown(const struct leaderboard *board);

/* Read a JSON file of at most SUBMISSION_MAX_BYTES × 16. NULL: it can't be read, which
   was reported. */
cJSON *leaderboard_read_json(struct cli *cli, const char *path);

#endif
