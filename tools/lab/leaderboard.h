/* SPDX-License-Identifier: MIT */
/* The leaderboard: valid submissions, ranked by CAQ within each dataset. */
#ifndef ALCM_LAB_LEADERBOARD_H
#define ALCM_LAB_LEADERBOARD_H

#include "cli.h"
#include "submission.h"

/* The codec that a row is compared with: NumPy's savez_compressed is zlib at this
   level. */
#define LEADERBOARD_BASELINE "zlib -6"

struct leaderboard_row {
	const cJSON *submission;
	bool valid;
	struct submission_fault fault; /* unless it is */
	unsigned rank;                 /* within the dataset, from 1; 0: not valid */
	bool has_baseline;
	double delta; /* of the CAQ against the dataset's baseline, in percent */
};

struct leaderboard {
	cJSON *json; /* owns the submissions */
	struct leaderboard_row *rows;
	size_t n;
};

/*
 * Read leaderboard.json; with `may_be_new` a file that doesn't exist is an empty board.
 * What fails is reported. Free with leaderboard_free() in any case.
 */
enum cli_exit leaderboard_read(struct cli *cli, const char *path, bool may_be_new,
	struct leaderboard *out);
void leaderboard_free(struct leaderboard *board);

/* Take a valid submission over. -EEXIST: the board has one like it. -ENOMEM. */
int leaderboard_add(struct leaderboard *board, cJSON *submission);

/* Validate and rank all rows and sort them: by dataset, then rank. */
void leaderboard_rank(struct leaderboard *board);

/* A ranked board as text for leaderboard.json and leaderboard.md; NULL: out of memory.
   free() it. */
char *leaderboard_json(const struct leaderboard *board);
char *leaderboard_markdown(const struct leaderboard *board);

/* A JSON file of at most SUBMISSION_MAX_BYTES × 16; NULL when it can't be read, which is
   reported. */
cJSON *leaderboard_read_json(struct cli *cli, const char *path);

#endif
