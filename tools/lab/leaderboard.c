/* SPDX-License-Identifier: MIT */
/*
 * A board is kept as JSON and published as Markdown. Ranks are never read from the file:
 * each change validates and ranks all submissions again. Texts in submissions are
 * untrusted and are escaped.
 *
 *   read ──► rows, each points to its submission in the JSON tree
 *        ──► add: a new submission joins the tree and the rows, unless it is there
 *        ──► rank: validate each, sort by dataset and CAQ, number the valid ones
 *        ──► write BOARD.json and BOARD.md from the rows
 *
 * The file may be edited by hand: no edit gives a row a rank that its runs don't earn. A
 * submission that has become invalid, by an edit or by stricter checks, stays in the list
 * with the reason instead of a rank. So nothing disappears without a trace.
 */
#include "leaderboard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/json.h"

#define SCHEMA "alcm-leaderboard/1"

/* ---- reading ----------------------------------------------------------------------- */

/* A file that is larger than any honest one is refused before it is parsed. */
cJSON *leaderboard_read_json(struct cli *cli, const char *path)
{
	const size_t most = 16 * (size_t)SUBMISSION_MAX_BYTES;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_FREE char *text = malloc(most + 1);
	ssize_t len = fd < 0 ? -errno : text ? fd_read(fd, text, most + 1) : -ENOMEM;
	cJSON *json;

	if (len > (ssize_t)most)
		len = -EFBIG;
	if (len < 0) {
		cli_error(cli, path, "%s", strerror((int)-len));
		return NULL;
	}
	json = cJSON_ParseWithLength(text, (size_t)len);
	if (!json)
		cli_error(cli, path, "it is not JSON");
	return json;
}

enum cli_exit leaderboard_read(struct cli *cli, const char *path, bool may_be_new,
	struct leaderboard *out)
{
	const cJSON *entries, *entry;

	memset(out, 0, sizeof(*out));
	if (may_be_new && access(path, F_OK) != 0 && errno == ENOENT)
		return CLI_OK;
	out->json = leaderboard_read_json(cli, path);
	if (!out->json)
		return CLI_FAILED;
	entries = cJSON_GetObjectItemCaseSensitive(out->json, "entries");
	if (strcmp(submission_text(out->json, "schema"), SCHEMA) != 0 ||
		!cJSON_IsArray(entries))
		return cli_error(cli, path, "it is not a leaderboard of schema " SCHEMA);
	out->rows = calloc((size_t)cJSON_GetArraySize(entries) + 1, sizeof(*out->rows));
	if (!out->rows)
		return cli_error(cli, path, "out of memory");
	cJSON_ArrayForEach(entry, entries)
	{
		out->rows[out->n++].submission = cJSON_GetObjectItemCaseSensitive(entry,
			"submission");
	}
	return CLI_OK;
}

void leaderboard_free(struct leaderboard *board)
{
	cJSON_Delete(board->json);
	free(board->rows);
}

/* On success the board owns `submission`; on failure it is still the caller's. */
int leaderboard_add(struct leaderboard *board, cJSON *submission)
{
	struct leaderboard_row *rows;

	for (size_t i = 0; i < board->n; i++) {
		if (submission_same(board->rows[i].submission, submission))
			return -EEXIST;
	}
	rows = realloc(board->rows, (board->n + 1) * sizeof(*rows));
	if (rows)
		board->rows = rows;
	if (!board->json)
		board->json = cJSON_CreateObject();
	/* The JSON tree only has to own it; leaderboard_json() writes from the rows. */
	if (!rows || !board->json || !cJSON_AddItemToObject(board->json, "added", submission))
		return -ENOMEM;
	rows[board->n++] = (struct leaderboard_row){ .submission = submission };
	return 0;
}

/* ---- ranking ----------------------------------------------------------------------- */

/* Invalid rows come last. Equal CAQs are ordered by date and codec, so the order is
   stable. */
static int by_dataset_and_caq(const void *x, const void *y)
{
	const struct leaderboard_row *a = x, *b = y;
	int order = strcmp(submission_text(a->submission, "dataset"),
		submission_text(b->submission, "dataset"));
	double caq_a, caq_b;

	if (order)
		return order;
	if (a->valid != b->valid)
		return a->valid ? -1 : 1;
	if (a->valid) {
		caq_a = submission_number(a->submission, "caq");
		caq_b = submission_number(b->submission, "caq");
		if (caq_a != caq_b)
			return caq_a > caq_b ? -1 : 1;
	}
	order = strcmp(submission_text(a->submission, "date"),
		submission_text(b->submission, "date"));
	return order ? order
				 : strcmp(submission_text(a->submission, "codec"),
					   submission_text(b->submission, "codec"));
}

/* The rows of one dataset: their ranks, and distances to the best row of the baseline. */
static void rank_dataset(struct leaderboard_row *rows, size_t n)
{
	const cJSON *baseline = NULL;

	for (size_t i = 0; i < n; i++) {
		rows[i].rank = rows[i].valid ? (unsigned)i + 1 : 0;
		if (!baseline && rows[i].valid &&
			!strcmp(submission_text(rows[i].submission, "codec"), LEADERBOARD_BASELINE))
			baseline = rows[i].submission;
	}
	for (size_t i = 0; i < n && baseline; i++) {
		if (!rows[i].valid)
			continue;
		rows[i].has_baseline = true;
		rows[i].delta = 100 *
			(submission_number(rows[i].submission, "caq") /
					submission_number(baseline, "caq") -
				1);
	}
}

/* Rows of one dataset lie together after sorting; ranks begin at 1 in each. */
void leaderboard_rank(struct leaderboard *board)
{
	size_t first = 0;

	for (size_t i = 0; i < board->n; i++) {
		struct leaderboard_row *row = &board->rows[i];

		row->valid = submission_valid(row->submission, &row->fault);
	}
	if (board->n)
		qsort(board->rows, board->n, sizeof(board->rows[0]), by_dataset_and_caq);
	for (size_t i = 1; i <= board->n; i++) {
		if (i < board->n &&
			!strcmp(submission_text(board->rows[i].submission, "dataset"),
				submission_text(board->rows[first].submission, "dataset")))
			continue;
		rank_dataset(&board->rows[first], i - first);
		first = i;
	}
}

/* ---- writing ----------------------------------------------------------------------- */

char *leaderboard_json(const struct leaderboard *board)
{
	cJSON *root = cJSON_CreateObject(), *entries;

	cJSON_AddStringToObject(root, "schema", SCHEMA);
	cJSON_AddStringToObject(root, "baseline", LEADERBOARD_BASELINE);
	entries = cJSON_AddArrayToObject(root, "entries");
	for (size_t i = 0; i < board->n; i++) {
		const struct leaderboard_row *row = &board->rows[i];
		cJSON *entry = cJSON_CreateObject();

		cJSON_AddItemToArray(entries, entry);
		cJSON_AddNumberToObject(entry, "rank", row->rank);
		if (row->has_baseline)
			cJSON_AddNumberToObject(entry, "delta_vs_baseline_percent", row->delta);
		cJSON_AddStringToObject(entry, "validation",
			row->valid ? "passed" : row->fault.why);
		cJSON_AddItemToObject(entry, "submission",
			cJSON_Duplicate(row->submission, true));
	}
	return json_print(root);
}

/*
 * Write an untrusted text as one cell of a Markdown table. Characters that could begin
 * markup, HTML or a new cell are escaped (CommonMark, "Backslash escapes"), and so are
 * links that GitHub detects. Control characters become blanks.
 */
static void put_cell(FILE *f, const char *text)
{
	for (const char *begin = text; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool is_link = c == '.' && text > begin && (text[-1] | 0x20) == 'w';

		if (c < 0x20 || c == 0x7f)
			fputc(' ', f);
		else if (c == '<' || c == '>' || c == '&')
			fprintf(f, "&#%u;", c);
		else if (strchr("\\`*_{}[]()#+!|~$@:", c) || is_link)
			fprintf(f, "\\%c", c);
		else
			fputc(c, f);
	}
}

static void put_row(FILE *f, const struct leaderboard_row *row)
{
	const cJSON *s = row->submission;

	if (!row->valid) {
		fputs("| – | ", f);
		put_cell(f, submission_text(s, "submitter"));
		fputs(" | ", f);
		put_cell(f, submission_text(s, "codec"));
		fputs(" | | | | | | | failed\\: ", f);
		put_cell(f, row->fault.why);
		fputs(" |\n", f);
		return;
	}
	fprintf(f, "| %u | ", row->rank);
	put_cell(f, submission_text(s, "submitter"));
	fputs(" | ", f);
	put_cell(f, submission_text(s, "codec"));
	fputs(" ", f);
	put_cell(f, submission_text(s, "version"));
	fprintf(f, " | %.4f | ", submission_number(s, "caq"));
	if (row->has_baseline)
		fprintf(f, "%+.2f %%", row->delta);
	else
		fputs("–", f);
	fprintf(f, " | %.4f | %.5f | %.2f %% | %s | passed |\n",
		submission_number(s, "compression_ratio"), submission_number(s, "cpu_seconds"),
		submission_number(s, "variance"), submission_adaptive(s) ? "yes" : "no");
}

char *leaderboard_markdown(const struct leaderboard *board)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	const char *dataset = NULL;

	if (!f)
		return NULL;
	fputs("# CAQ leaderboard\n\nCAQ = compression ratio / (CPU seconds + 1), ranked "
		  "within "
		  "each dataset; Δ is against " LEADERBOARD_BASELINE ", which is what "
		  "`numpy.savez_compressed` uses. CPU seconds depend on the submitter's machine, "
		  "ratios don't. Every row's CAQ and variance were computed again from its "
		  "runs.\n",
		f);
	for (size_t i = 0; i < board->n; i++) {
		const char *of = submission_text(board->rows[i].submission, "dataset");

		if (!dataset || strcmp(of, dataset) != 0) {
			fputs("\n## ", f);
			put_cell(f, of);
			fputs("\n\n| rank | submitter | codec | CAQ | Δ vs baseline | ratio | "
				  "CPU "
				  "s | variance | adaptive | validation |\n"
				  "|---:|---|---|---:|---:|---:|---:|---:|---|---|\n",
				f);
		}
		dataset = of;
		put_row(f, &board->rows[i]);
	}
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}
