/* SPDX-License-Identifier: MIT */
/*
 * alcm info: the report of a blob. In a mount, the file's attribute has it. Both ways
 * give the same JSON document, which is printed raw or laid out for people. For a
 * directory: a table of its files, the profile for new files, and the state of the
 * paper's scheduler.
 *
 *   operand               where the report comes from
 *   file in a mount       its attribute user.alcm.report (cli_mounted.c)
 *   blob in a store       made from the blob, named relative to its store
 *   plain file            none: the answer is why it is plain, and exit code 1
 *   directory in a mount  its attributes
 *   directory in a store  its files, and .alcm/caq/DIR/.alcm-scheduler
 *
 * --json prints the document as it is: members and their order are those of
 * docs/report.schema.json. For people the same document is parsed again, so both forms
 * can't say different things.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli.h"
#include "cli_json.h"
#include "cli_mounted.h"
#include "cli_source.h"
#include "cli_store.h"
#include "report/report_collect.h"
#include "report/report_words.h"
#include "report/write_text.h"

static void print_scalar(const cJSON *v)
{
	if (cJSON_IsString(v))
		fputs(v->valuestring, stdout);
	else if (cJSON_IsBool(v))
		fputs(cJSON_IsTrue(v) ? "yes" : "no", stdout);
	else if (cJSON_IsNumber(v) && fabs(v->valuedouble) < 1e15 &&
		floor(v->valuedouble) == v->valuedouble)
		printf("%.0f", v->valuedouble);
	else if (cJSON_IsNumber(v))
		printf("%.6g", v->valuedouble);
	else
		fputs("-", stdout);
}

/* All of `v` on one line: "4096 4096", "name exponent, coder zstd". */
static void print_inline(const cJSON *v)
{
	const cJSON *item;

	if (!cJSON_IsArray(v) && !cJSON_IsObject(v)) {
		print_scalar(v);
		return;
	}
	cJSON_ArrayForEach(item, v)
	{
		if (item != v->child)
			fputs(cJSON_IsObject(v) ? ", " : " ", stdout);
		if (item->string)
			printf("%s ", item->string);
		print_inline(item);
	}
}

static bool is_list_of_objects(const cJSON *v)
{
	return cJSON_IsArray(v) && cJSON_IsObject(v->child);
}

/* Print the sections of a report with their fields, two levels deep. Sections that the
   tables above it have shown already are left out. */
static void print_report(const cJSON *report)
{
	const cJSON *section, *field;

	cJSON_ArrayForEach(section, report)
	{
		if (strcmp(section->string, "planes") == 0 ||
			strcmp(section->string, "tensors") == 0 ||
			strcmp(section->string, "schema") == 0)
			continue; /* shown already; for programs */
		if (!cJSON_IsObject(section) && !is_list_of_objects(section)) {
			printf("  %-22s ", section->string);
			print_inline(section);
			putchar('\n');
			continue;
		}
		printf("  %s\n", section->string);
		cJSON_ArrayForEach(field, section)
		{
			if (field->string)
				printf("    %-20s ", field->string);
			else
				fputs("    ", stdout);
			print_inline(field);
			putchar('\n');
		}
	}
}

/* A document from an attribute has no newline at its end. */
static void print_json(const char *text)
{
	size_t n = strlen(text);

	fputs(text, stdout);
	if (n == 0 || text[n - 1] != '\n')
		putchar('\n');
}

static enum cli_exit print_text(struct cli *cli, const char *path, const char *text)
{
	struct alcm_info info;
	cJSON *report;

	if (cli->json) {
		print_json(text);
		return CLI_OK;
	}
	report = cJSON_Parse(text);
	if (!report || alcm_report_read(text, strlen(text), &info)) {
		cJSON_Delete(report);
		return cli_error(cli, path, "its report can't be parsed");
	}
	if (!write_text_file(path, &info))
		cli_error(cli, NULL, "out of memory");
	print_report(report);
	if (strcmp(info.format, ALCM_FORMAT_BLOB) == 0)
		printf("  %s\n", ALCM_FORMAT_BLOB_WHY);
	cJSON_Delete(report);
	return CLI_OK;
}

/* The name in the report is relative to the store, if there is one. */
static char *name_for(struct cli *cli, const char *path)
{
	struct store_at store;
	char *name;

	if (store_open(cli, path, &store))
		return NULL;
	name = store_rel(&store, path);
	store_close(&store);
	return name;
}

static enum cli_exit info_of_blob(struct cli *cli, struct source *source)
{
	struct alcm_diag diag = { 0 };
	struct alcm_info info;
	char *text, *name;
	enum cli_exit status;
	int err = alcm_blob_info(source->blob, &info, &diag)
		?: alcm_blob_list_tensors(source->blob, &info);

	if (err)
		return cli_error_from(cli, source->path, err, &diag);
	name = name_for(cli, source->path);
	err = alcm_report_json(&info, name ? name : source->path, &source->st.st_mtim, &text);
	free(name);
	if (err)
		return cli_error(cli, source->path, "%s", strerror(-err));
	status = print_text(cli, source->path, text);
	alcm_free_text(text);
	return status;
}

/* The mount's own reason comes first: it may depend on the mount's options. Without a
   mount the file is judged here, by the default options. */
static enum cli_exit info_of_plain(struct cli *cli, struct source *source)
{
	char why[COLLECT_WHY_BYTES], mounts[COLLECT_WHY_BYTES];
	ssize_t n = fgetxattr(source->fd, "user.alcm.why", mounts, sizeof(mounts) - 1);

	if (n > 0 && store_is_mount(source->path)) {
		mounts[n] = '\0';
		return cli_error(cli, source->path, "is stored plain: %s", mounts);
	}
	collect_why_not(source->fd, &source->st, why);
	return cli_error(cli, source->path, "is stored plain: %s", why);
}

static enum cli_exit info_of_mounted(struct cli *cli, struct source *source)
{
	AUTO_FREE char *text = mounted_document(source->fd, NULL, ALCM_REPORT_XATTR);

	if (text)
		return print_text(cli, source->path, text);
	return errno == ENODATA
		? info_of_plain(cli, source)
		: cli_error(cli, source->path, "its report: %s", strerror(errno));
}

/* ---- directories: the profile of new files, and the scheduler that its saves drive */

/* The scheduler's state for a directory in a store, on the heap; NULL: none. */
static char *stored_scheduler(struct cli *cli, const char *path)
{
	AUTO_FREE char *rel = NULL, *name = NULL;
	char *text = NULL;
	struct store_at store;
	struct stat st;
	size_t len;

	if (store_open(cli, path, &store))
		return NULL;
	rel = store_rel(&store, path);
	name = rel ? cli_join(rel[0] ? rel : ".", ".alcm-scheduler") : NULL;
	if (name)
		(void)alcm_sidecar_read(store.store, name, &text, &len, &st);
	store_close(&store);
	return text;
}

/* A text that is no scheduler's state shows as null, like none. */
static cJSON *read_scheduler(struct cli *cli, const char *path)
{
	AUTO_FREE char *text = store_is_mount(path)
		? mounted_document(-1, path, ALCM_SCHEDULER_XATTR)
		: stored_scheduler(cli, path);
	struct alcm_scheduler state;

	return !text || alcm_scheduler_parse(text, strlen(text), &state, NULL)
		? cJSON_CreateNull()
		: cJSON_Parse(text);
}

/* The files of the directory, and the sums of its subdirectories. collect_report() takes
   its operands from struct cli, hence the copy with a single one. */
static enum cli_exit print_files(struct cli *cli, struct alcm *alcm, const char *path)
{
	char *operands[] = { (char *)(uintptr_t)path };
	struct cli one = *cli;
	struct report report = { 0 };
	char *visible = words_visible(path), text[256];
	enum cli_exit status;
	bool ok = visible;

	one.paths = operands;
	one.n_paths = 1;
	status = collect_report(&one, alcm, true, &report);
	printf("%s\n", ok ? visible : "");
	free(visible);
	if (report.n_rows) {
		ok = write_text_files(&report, cli->sort,
				 cli->depth == NOT_GIVEN ? 0 : cli->depth, cli->top, cli->bytes) &&
			ok;
		printf("\n  %s.\n", words_headline(&report.all, text, sizeof(text)));
	}
	report_release(&report);
	return ok ? status : cli_error(cli, NULL, "out of memory");
}

/* The attribute is read from the directory alone: through a mount that is the profile
   that holds, in a store the one that is set there, else the default. */
static enum cli_exit info_of_directory(struct cli *cli, struct alcm *alcm,
	const char *path)
{
	char profile[64] = "";
	cJSON *root = cJSON_CreateObject();
	enum cli_exit status;

	if (getxattr(path, "user.alcm.profile", profile, sizeof(profile) - 1) < 0)
		strcpy(profile, "lossless"); /* the default */
	cJSON_AddStringToObject(root, "schema", "alcm-directory/1");
	cJSON_AddStringToObject(root, "profile", profile);
	cJSON_AddItemToObject(root, "scheduler", read_scheduler(cli, path));
	if (cli->json)
		return cli_print_json(cli, root);
	status = print_files(cli, alcm, path);
	print_report(root);
	cJSON_Delete(root);
	return status;
}

/* A mount is asked first: there even a compressed file looks plain. */
static enum cli_exit info_of(struct cli *cli, struct alcm *alcm, const char *path)
{
	struct source source;
	enum cli_exit status;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return info_of_directory(cli, alcm, path);
	status = source_open(cli, alcm, cli_open_file(AT_FDCWD, path, O_RDONLY), path,
		&source);
	if (status)
		return status;
	if (store_is_mount(path))
		status = info_of_mounted(cli, &source);
	else if (source.blob)
		status = info_of_blob(cli, &source);
	else
		status = info_of_plain(cli, &source);
	source_close(&source);
	return status;
}

enum cli_exit verb_info(struct cli *cli)
{
	enum cli_exit worst = CLI_OK;
	struct alcm *alcm;

	if (cli_engine(cli, true, &alcm))
		return CLI_FAILED;
	for (int i = 0; i < cli->n_paths; i++)
		worst = cli_worse(worst, info_of(cli, alcm, cli->paths[i]));
	alcm_free(alcm);
	return worst;
}
