/* SPDX-License-Identifier: MIT */
/*
 * Texts that people send in: submissions, and boards of them. Input: 0 to take a text as
 * it is, else a valid board with bytes changed: place (two bytes), byte, …
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "leaderboard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

enum cli_exit cli_error(struct cli *cli, const char *path, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	(void)cli;
	require(path);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return CLI_FAILED;
}

/* ---- inputs ------------------------------------------------------------------------ */

static char *valid_board(void)
{
	static const struct submission_run runs[] = { { 1.5, 0.25 }, { 1.5, 0.3 },
		{ 1.5, 0.2 } };
	static const char *const codecs[] = { LEADERBOARD_BASELINE, "alcm", "a|b<c" };
	struct leaderboard board = { 0 };
	char *text;

	for (unsigned i = 0; i < 3; i++)
		require(!leaderboard_add(&board,
			submission_new("s", i ? "d" : "e", codecs[i], "1", i & 1, "n", runs, 3)));
	leaderboard_rank(&board);
	text = leaderboard_json(&board);
	require(text);
	leaderboard_free(&board);
	return text;
}

static char *make_text(const uint8_t *data, size_t size, size_t *len)
{
	char *text;

	if (size && data[0]) {
		text = valid_board();
		*len = strlen(text);
		for (size_t i = 1; i + 2 < size; i += 3)
			text[(data[i] | (size_t)data[i + 1] << 8) % *len] = (char)data[i + 2];
		return text;
	}
	*len = size ? size - 1 : 0;
	text = malloc(*len + 1);
	require(text);
	if (*len)
		memcpy(text, data + 1, *len);
	return text;
}

/* ---- what holds -------------------------------------------------------------------- */

static void check_valid(const cJSON *s)
{
	double ratio = submission_number(s, "compression_ratio"),
		   caq = ratio / (submission_number(s, "cpu_seconds") + 1);

	require(ratio > 0 && isfinite(caq) && submission_number(s, "variance") >= 0);
	require(*submission_text(s, "dataset") && *submission_text(s, "codec"));
	require(submission_same(s, s));
	(void)submission_adaptive(s);
}

static void check_rows(const struct leaderboard *board)
{
	for (size_t i = 0; i < board->n; i++) {
		const struct leaderboard_row *row = &board->rows[i];

		require(row->valid ? row->rank >= 1 : !row->rank && row->fault.why[0]);
		require(!row->has_baseline || isfinite(row->delta));
		if (row->valid)
			check_valid(row->submission);
	}
}

/* Every row and every heading of a table is a line; what people sent in begins none. */
static void check_markdown(const struct leaderboard *board, const char *text)
{
	size_t rows = 0;

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		rows += strncmp(at, "| ", 2) == 0 && strncmp(at, "| rank ", 7) != 0;
	}
	require(rows == board->n);
}

static void try(const char *path)
{
	struct leaderboard board;
	char *json, *markdown;

	if (!leaderboard_read(NULL, path, true, &board)) {
		leaderboard_rank(&board);
		check_rows(&board);
		json = leaderboard_json(&board);
		markdown = leaderboard_markdown(&board);
		require(json && markdown);
		check_markdown(&board, markdown);
		cJSON_free(json);
		free(markdown);
	}
	leaderboard_free(&board);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1; /* boards are read from a file */
	char path[32];
	size_t len;
	char *text = make_text(data, size, &len);

	if (fd < 0)
		fd = memfd_create("board", MFD_CLOEXEC);
	require(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, text, len, 0) == (ssize_t)len);
	free(text);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	try(path);
	return 0;
}
