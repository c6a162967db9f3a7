/* SPDX-License-Identifier: MIT */
/*
 * Collecting rows. In a store, the metrics come from the blob. In a mount, they come from
 * an attribute of the file: short for figures, the full report if details are wanted.
 *
 *   walk ──► take() ──► new_row()        names and time
 *                   ──► fill()           figures and details, by mount or store
 *                   ──► c->fn            keeps the row, or adds it up and drops it
 *
 * du needs figures only and asks for `user.alcm.figures`, one line that the mount has at
 * hand. report asks for `user.alcm.report`, which has all tensors.
 *
 * A file with several names counts once. A file that fails has a row with its size and a
 * reason, so sums stay those of the whole tree; the exit code tells of it.
 */
#include "report_collect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "cli_mounted.h"
#include "cli_source.h"
#include "cli_store.h"
#include "cli_walk.h"

enum {
	SAMPLE_BLOCKS = 1024,
	SAMPLE_BLOCKS_OF_FILE = 8,
};

struct collector {
	struct cli *cli;
	struct alcm *alcm;
	collect_fn fn;
	void *ctx;
	struct walk_seen seen;
	bool detailed; /* more than figures; the files must be read */
	const char *operand;
	bool mounted; /* the operand is in a mount */
};

/* Fill in what is known without the content: names and time. */
static bool new_row(const struct collector *c, const struct walk_entry *entry,
	struct report_row *row)
{
	bool below = c->cli->n_paths == 1 && entry->rel[0];

	*row = (struct report_row){
		.path = strdup(below ? entry->rel : entry->path),
		.operand = strdup(entry->path),
		.mtime = entry->st->st_mtim,
	};
	if (row->path && row->operand)
		return true;
	free(row->path);
	free(row->operand);
	return false;
}

/* Details are kept in any case: they are small, and du by codec needs the codec. */
static enum cli_exit fill_from(const struct collector *c, const struct alcm_info *info,
	struct report_row *row)
{
	row->sum = figures_of_blob(info);
	row->detail = file_detail_new(info);
	return row->detail ? CLI_OK : cli_error(c->cli, NULL, "out of memory");
}

/* Blocks are what it takes on disk; figures_of_plain() takes the smaller of both. */
static void fill_plain(struct report_row *row, const struct stat *st, const char *why)
{
	row->sum = figures_of_plain((uint64_t)st->st_size, (uint64_t)st->st_blocks * 512);
	snprintf(row->why_not, sizeof(row->why_not), "%s", why);
}

void collect_why_not(int fd, const struct stat *st, char out[COLLECT_WHY_BYTES])
{
	struct alcm_verdict verdict;

	if (alcm_detect_file(ALCM_DETECT_TENSORS, ALCM_MIN_SIZE, fd, st, &verdict))
		snprintf(out, COLLECT_WHY_BYTES, "can't be read");
	else
		alcm_verdict_text(&verdict, st, out, COLLECT_WHY_BYTES);
}

static void fill_why(const struct collector *c, int fd, const struct stat *st,
	struct report_row *row)
{
	char why[COLLECT_WHY_BYTES] = "";

	if (c->detailed)
		collect_why_not(fd, st, why);
	fill_plain(row, st, why);
}

/* ---- through a mount --------------------------------------------------------------- */

/* The reason for a plain file depends on its content. */
static enum cli_exit fill_mounted_plain(const struct collector *c,
	const struct walk_entry *entry, struct report_row *row)
{
	AUTO_CLOSE int fd = c->detailed ? walk_open(entry, O_RDONLY) : -1;

	if (c->detailed && fd < 0)
		return cli_error(c->cli, entry->path, "%s", strerror(errno));
	fill_why(c, fd, entry->st, row);
	return CLI_OK;
}

/* By name, so that the mount doesn't have to open the file. The path by /proc/self/fd is
   short whatever the depth, and can't lead elsewhere. */
static char *ask_mount(const struct walk_entry *entry, const char *attribute)
{
	char path[48 + NAME_MAX], *text;

	if (!entry->rel[0])
		return mounted_document(-1, entry->path, attribute);
	(void)snprintf(path, sizeof(path), "%s/%s", fd_path(entry->dirfd), entry->name);
	text = mounted_document(-1, path, attribute);
	if (text || errno != ENOENT)
		return text;
	/* Without /proc. */
	AUTO_CLOSE int fd = walk_open(entry, O_RDONLY);

	return fd < 0 ? NULL : mounted_document(fd, NULL, attribute);
}

static enum cli_exit fill_mounted(const struct collector *c,
	const struct walk_entry *entry, struct report_row *row)
{
	AUTO_FREE char *text = ask_mount(entry,
		c->detailed ? ALCM_REPORT_XATTR : ALCM_FIGURES_XATTR);
	struct alcm_info info;
	int err;

	if (!text)
		return errno == ENODATA ? fill_mounted_plain(c, entry, row)
								: cli_error(c->cli, entry->path, "%s", strerror(errno));
	err = c->detailed ? alcm_report_read(text, strlen(text), &info)
					  : alcm_figures_read(text, &info);
	return err ? cli_error(c->cli, entry->path, "its report can't be parsed")
			   : fill_from(c, &info, row);
}

/* ---- in a store -------------------------------------------------------------------- */

static enum cli_exit fill_stored(const struct collector *c, struct source *source,
	struct report_row *row)
{
	struct alcm_diag diag = { 0 };
	struct alcm_info info;
	int err;

	if (!source->blob) {
		fill_why(c, source->fd, &source->st, row);
		return CLI_OK;
	}
	err = alcm_blob_info(source->blob, &info, &diag);
	if (!err && c->detailed)
		err = alcm_blob_list_tensors(source->blob, &info);
	return err ? cli_error_from(c->cli, source->path, err, &diag)
			   : fill_from(c, &info, row);
}

/* ---- either ------------------------------------------------------------------------ */

static enum cli_exit fill(const struct collector *c, const struct walk_entry *entry,
	struct report_row *row)
{
	enum cli_exit status;
	struct source source;

	if (c->mounted)
		return fill_mounted(c, entry, row);
	status = source_open(c->cli, c->alcm, walk_open(entry, O_RDONLY), entry->path,
		&source);
	if (status)
		return status;
	status = fill_stored(c, &source, row);
	source_close(&source);
	return status;
}

/* A file that can't be read still gets a row, so that sums show it. */
static enum cli_exit take(void *ctx, const struct walk_entry *entry)
{
	struct collector *c = ctx;
	enum cli_exit status = CLI_OK, taken;
	struct report_row row;
	int seen;

	if (entry->kind != WALK_FILE)
		return CLI_OK;
	seen = walk_seen_add(&c->seen, entry->st);
	if (seen > 0)
		return CLI_OK;
	if (seen < 0 || !new_row(c, entry, &row))
		return cli_error(c->cli, entry->path, "out of memory");
	status = fill(c, entry, &row);
	if (status)
		fill_plain(&row, entry->st,
			status == CLI_CORRUPT ? "damaged; see alcm check" : "can't be read");
	taken = c->fn(c->ctx, &row);
	if (taken)
		report_row_release(&row);
	return cli_worse(status, taken);
}

static enum cli_exit collect_operand(struct collector *c, const char *path)
{
	c->operand = path;
	c->mounted = store_is_mount(path);
	return walk(c->cli, path, take, c);
}

static enum cli_exit collect_all(struct collector *c)
{
	enum cli_exit worst = CLI_OK;

	for (int i = 0; i < c->cli->n_paths; i++)
		worst = cli_worse(worst, collect_operand(c, c->cli->paths[i]));
	walk_seen_free(&c->seen);
	return worst;
}

enum cli_exit collect(struct cli *cli, struct alcm *alcm, collect_fn fn, void *ctx)
{
	struct collector c = { .cli = cli, .alcm = alcm, .fn = fn, .ctx = ctx };

	return collect_all(&c);
}

struct gathering {
	struct cli *cli;
	struct report *report;
};

static enum cli_exit gather(void *ctx, struct report_row *row)
{
	struct gathering *g = ctx;

	return report_add(g->report, row) ? CLI_OK : cli_error(g->cli, NULL, "out of memory");
}

enum cli_exit collect_report(struct cli *cli, struct alcm *alcm, bool detailed,
	struct report *out)
{
	struct gathering g = { cli, out };
	struct collector c = {
		.cli = cli, .alcm = alcm, .fn = gather, .ctx = &g, .detailed = detailed
	};
	enum cli_exit status = collect_all(&c);

	if (!report_finish(out))
		return cli_error(cli, NULL, "out of memory");
	return status;
}

/* ---- histograms -------------------------------------------------------------------- */

/* Without messages: a failure was reported when the file was first read. */
static void sample(struct cli *cli, struct alcm *alcm, struct report_row *row,
	uint32_t n_blocks)
{
	struct alcm_histogram *h = calloc(1, sizeof(*h));
	int fd = cli_open_file(AT_FDCWD, row->operand, O_RDONLY);
	struct source source = { 0 };

	if (!h || fd < 0 || source_open(cli, alcm, fd, row->operand, &source)) {
		free(h);
		return;
	}
	if (alcm_histogram(source_read, &source, source.size, n_blocks, h) == 0)
		row->detail->histogram = h;
	else
		free(h);
	source_close(&source);
}

static int by_bytes_down(const void *x, const void *y)
{
	const struct report_row *a = *(struct report_row *const *)x,
							*b = *(struct report_row *const *)y;

	return (a->sum.logical < b->sum.logical) - (a->sum.logical > b->sum.logical);
}

/* The total number of blocks is limited, so more files get fewer blocks each. The largest
   files come first, since they are what a reader looks at. */
void collect_histograms(struct cli *cli, struct alcm *alcm, struct report *report,
	size_t most)
{
	struct report_row **rows = calloc(report->n_rows + 1, sizeof(struct report_row *));
	size_t n = 0;
	uint32_t n_blocks;

	if (!rows)
		return;
	for (size_t i = 0; i < report->n_rows; i++) {
		if (report->rows[i].detail)
			rows[n++] = &report->rows[i];
	}
	qsort(rows, n, sizeof(rows[0]), by_bytes_down);
	n = n < most ? n : most;
	n_blocks = (uint32_t)(SAMPLE_BLOCKS / (n + 1));
	n_blocks = n_blocks < 1                ? 1
		: n_blocks > SAMPLE_BLOCKS_OF_FILE ? SAMPLE_BLOCKS_OF_FILE
										   : n_blocks;
	for (size_t i = 0; i < n; i++)
		sample(cli, alcm, rows[i], n_blocks);
	free(rows);
}
