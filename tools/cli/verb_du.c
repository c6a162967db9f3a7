/* SPDX-License-Identifier: MIT */
/*
 * alcm du: what files take and what they would take. In a store the blobs are asked; through
 * a mount, where files look logical, their virtual xattrs.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cli.h"
#include "cli_source.h"
#include "cli_walk.h"

#define MAX_ROWS 64 /* codecs; far more than there are */

struct row {
	char codec[16];
	uint64_t n_files, stored, logical;
	double cpu_seconds;
};

struct du {
	struct cli *cli;
	struct alcm *alcm;
	struct walk_seen seen;
	struct row rows[MAX_ROWS];
	size_t n_rows;
};

static const char plain[] = "plain", none[] = "none"; /* rows that are no coder */

static struct row *find_row(struct du *du, const char *codec)
{
	size_t i = 0;

	while (i < du->n_rows && strcmp(du->rows[i].codec, codec) != 0)
		i++;
	if (i == MAX_ROWS)
		return &du->rows[MAX_ROWS - 1];
	if (i == du->n_rows) {
		du->n_rows++;
		snprintf(du->rows[i].codec, sizeof(du->rows[i].codec), "%s", codec);
	}
	return &du->rows[i];
}

static void add_to(struct row *row, uint64_t n_files, uint64_t stored, uint64_t logical,
	double cpu)
{
	row->n_files += n_files;
	row->stored += stored;
	row->logical += logical;
	row->cpu_seconds += cpu;
}

/* The virtual xattr user.alcm.NAME as text. False: there is none. */
static bool get_xattr(int fd, const char *name, char *buf, size_t room)
{
	char full[64];
	ssize_t n;

	snprintf(full, sizeof(full), "user.alcm.%s", name);
	n = fgetxattr(fd, full, buf, room - 1);
	if (n < 0)
		return false;
	buf[n] = '\0';
	return true;
}

/* Add a file seen through a mount. False: it isn't. */
static bool add_mounted(struct du *du, int fd, const struct stat *st)
{
	char state[32], codec[16], stored[32], cpu[32];
	uint64_t size = (uint64_t)st->st_size;

	if (!get_xattr(fd, "state", state, sizeof(state)))
		return false;
	if (get_xattr(fd, "stored_size", stored, sizeof(stored)) &&
		get_xattr(fd, "codec", codec, sizeof(codec)) &&
		get_xattr(fd, "cpu_seconds", cpu, sizeof(cpu)))
		add_to(find_row(du, codec[0] ? codec : none), 1, strtoull(stored, NULL, 10), size,
			strtod(cpu, NULL));
	else
		add_to(find_row(du, plain), 1, size, size, 0);
	return true;
}

static enum cli_exit add_blob(struct du *du, struct source *source)
{
	struct alcm_diag diag = { 0 };
	struct alcm_info info;
	int err = alcm_blob_info(source->blob, &info, &diag);

	if (err)
		return cli_error_from(du->cli, source->path, err, &diag);
	add_to(find_row(du, info.codec[0] ? info.codec : none), 1, info.stored_bytes,
		info.logical_bytes, info.cpu_seconds);
	return CLI_OK;
}

static enum cli_exit add_file(void *ctx, const struct walk_entry *entry)
{
	struct du *du = ctx;
	enum cli_exit status = CLI_OK;
	struct source source;
	int seen, fd;

	if (entry->kind != WALK_FILE)
		return CLI_OK;
	seen = walk_seen_add(&du->seen, entry->st);
	if (seen)
		return seen < 0 ? cli_error(du->cli, entry->path, "out of memory") : CLI_OK;
	fd = walk_open(entry, O_RDONLY);
	if (fd >= 0 && add_mounted(du, fd, entry->st)) {
		close(fd);
		return CLI_OK;
	}
	status = source_open(du->cli, du->alcm, fd, entry->path, &source);
	if (status)
		return status;
	if (source.blob)
		status = add_blob(du, &source);
	else
		add_to(find_row(du, plain), 1, source.size, source.size, 0);
	source_close(&source);
	return status;
}

static double ratio_of(const struct row *row)
{
	return row->stored ? (double)row->logical / (double)row->stored : 0;
}

static double speed_of(const struct row *row)
{
	return row->cpu_seconds > 0 ? (double)row->logical / 1e6 / row->cpu_seconds : 0;
}

static double saved_of(const struct row *row)
{
	return (double)row->logical - (double)row->stored;
}

static char *size_text(const struct du *du, double n, char buf[32])
{
	char text[16];

	if (du->cli->options & OPT_BYTES)
		snprintf(buf, 32, "%.0f", n);
	else
		snprintf(buf, 32, "%s%s", n < 0 ? "-" : "",
			cli_bytes((uint64_t)(n < 0 ? -n : n), text));
	return buf;
}

static void print_row(const struct du *du, const struct row *row)
{
	char stored[32], logical[32], saved[32];

	printf("%-10s %8llu %14s %14s %7.3f %14s %9.2f %8.1f %7.3f\n", row->codec,
		(unsigned long long)row->n_files, size_text(du, (double)row->stored, stored),
		size_text(du, (double)row->logical, logical), ratio_of(row),
		size_text(du, saved_of(row), saved), row->cpu_seconds, speed_of(row),
		alcm_caq(ratio_of(row), row->cpu_seconds));
}

static void print_table(const struct du *du, const struct row *all)
{
	printf("%-10s %8s %14s %14s %7s %14s %9s %8s %7s\n", "codec", "files", "stored",
		"logical", "ratio", "saved", "CPU s", "MB/s", "CAQ");
	for (size_t i = 0; i < du->n_rows; i++)
		print_row(du, &du->rows[i]);
	print_row(du, all);
}

/* A NULL on the way (memory is short) makes cJSON drop the item. */
static cJSON *row_json(const struct row *row)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "codec", row->codec);
	cJSON_AddNumberToObject(o, "files", (double)row->n_files);
	cJSON_AddNumberToObject(o, "stored_bytes", (double)row->stored);
	cJSON_AddNumberToObject(o, "logical_bytes", (double)row->logical);
	cJSON_AddNumberToObject(o, "ratio", ratio_of(row));
	cJSON_AddNumberToObject(o, "saved_bytes", saved_of(row));
	cJSON_AddNumberToObject(o, "cpu_seconds", row->cpu_seconds);
	cJSON_AddNumberToObject(o, "mb_per_s", speed_of(row));
	cJSON_AddNumberToObject(o, "caq", alcm_caq(ratio_of(row), row->cpu_seconds));
	return o;
}

static enum cli_exit print_json(struct du *du, const struct row *all)
{
	cJSON *root = cJSON_CreateObject(), *codecs = cJSON_AddArrayToObject(root, "codecs");
	char *text;

	for (size_t i = 0; i < du->n_rows; i++)
		cJSON_AddItemToArray(codecs, row_json(&du->rows[i]));
	cJSON_AddItemToObject(root, "all", row_json(all));
	text = cJSON_Print(root);
	cJSON_Delete(root);
	if (!text)
		return cli_error(du->cli, NULL, "out of memory");
	puts(text);
	cJSON_free(text);
	return CLI_OK;
}

/* Most stored bytes first, plain files last. */
static int compare_rows(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	int a_plain = strcmp(a->codec, plain) == 0, b_plain = strcmp(b->codec, plain) == 0;

	if (a_plain != b_plain)
		return a_plain - b_plain;
	return (a->stored < b->stored) - (a->stored > b->stored);
}

static enum cli_exit print(struct du *du)
{
	struct row all = { .codec = "all" };

	qsort(du->rows, du->n_rows, sizeof(du->rows[0]), compare_rows);
	for (size_t i = 0; i < du->n_rows; i++)
		add_to(&all, du->rows[i].n_files, du->rows[i].stored, du->rows[i].logical,
			du->rows[i].cpu_seconds);
	if (du->cli->options & OPT_JSON)
		return print_json(du, &all);
	print_table(du, &all);
	return CLI_OK;
}

enum cli_exit verb_du(struct cli *cli)
{
	struct du *du = calloc(1, sizeof(*du));
	enum cli_exit worst = CLI_OK;

	if (!du)
		return cli_error(cli, NULL, "out of memory");
	du->cli = cli;
	if (cli_engine(cli, true, &du->alcm)) {
		free(du);
		return CLI_FAILED;
	}
	for (int i = 0; i < cli->n_paths; i++)
		worst = cli_worse(worst, walk(cli, cli->paths[i], add_file, du));
	worst = cli_worse(worst, print(du));
	walk_seen_free(&du->seen);
	alcm_free(du->alcm);
	free(du);
	return worst;
}
