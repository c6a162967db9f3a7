/* SPDX-License-Identifier: MIT */
/*
 * alcm info: a blob's report. Through a mount the same report is the file's sidecar, so
 * both ways print one JSON document, raw or laid out for people. A directory's says which
 * profile new files get and how far the paper's scheduler has come.
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

#include "cli.h"
#include "cli_sidecar.h"
#include "cli_source.h"
#include "cli_store.h"

#define REPORT_MAX_BYTES (1u << 20)

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

/* Everything of `v` on one line: "4096 4096", "name exponent, coder zstd". */
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

/* Sections of the report with their fields below, two deep, as any report has them. */
static void print_report(const char *path, const cJSON *report)
{
	const cJSON *section, *field;

	printf("%s\n", path);
	cJSON_ArrayForEach(section, report)
	{
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

static enum cli_exit print_text(struct cli *cli, const char *path, const char *text)
{
	cJSON *report;

	if (cli->options & OPT_JSON) {
		size_t n = strlen(text);

		fputs(text, stdout);
		if (n == 0 || text[n - 1] != '\n')
			putchar('\n');
		return CLI_OK;
	}
	report = cJSON_Parse(text);
	if (!report)
		return cli_error(cli, path, "its report can't be parsed");
	print_report(path, report);
	cJSON_Delete(report);
	return CLI_OK;
}

/* The name in the report is relative to the store, when there is one. */
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
	int err = alcm_blob_info(source->blob, &info, &diag);

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

/* How much of the absolute path `full` is the mount's root: above it the device changes. */
static size_t mount_root_len(char *full, dev_t dev)
{
	size_t root_len = strlen(full);

	while (root_len > 1) {
		size_t n = root_len;
		struct stat st;
		char kept;
		bool same;

		while (n > 0 && full[n - 1] != '/')
			n--;
		n = n > 1 ? n - 1 : 1;
		kept = full[n];
		full[n] = '\0';
		same = stat(full, &st) == 0 && st.st_dev == dev;
		full[n] = kept;
		if (!same)
			break;
		root_len = n;
	}
	return root_len;
}

/* Split the way to something in a mount into the mount's root and the way below it. */
static int split_mounted(const char *path, dev_t dev, char **root, char **rel)
{
	char *full = realpath(path, NULL);
	size_t root_len;

	if (!full)
		return -errno;
	root_len = mount_root_len(full, dev);
	*rel = strdup(full[root_len] == '/' ? full + root_len + 1 : "");
	full[root_len] = '\0';
	*root = full;
	if (*rel)
		return 0;
	free(full);
	return -ENOMEM;
}

/* Where the sidecar of a file in a mount is; on the heap, NULL on failure. */
static char *mounted_sidecar(const char *path, dev_t dev)
{
	char *root, *rel, *sidecar, *result;

	if (split_mounted(path, dev, &root, &rel))
		return NULL;
	sidecar = sidecar_path(rel);
	result = sidecar ? cli_join(root, sidecar) : NULL;
	free(sidecar);
	free(rel);
	free(root);
	return result;
}

static enum cli_exit info_of_mounted(struct cli *cli, struct source *source)
{
	char *sidecar = mounted_sidecar(source->path, source->st.st_dev);
	char *text = calloc(1, REPORT_MAX_BYTES);
	int fd = sidecar ? open(sidecar, O_RDONLY | O_CLOEXEC) : -1;
	enum cli_exit status;

	if (fd < 0 || !text)
		status = cli_error(cli, source->path, "is stored plain: it has no report");
	else if (read(fd, text, REPORT_MAX_BYTES - 1) <= 0)
		status = cli_error(cli, sidecar, "can't be read");
	else
		status = print_text(cli, source->path, text);
	if (fd >= 0)
		close(fd);
	free(text);
	free(sidecar);
	return status;
}

/* ---- directories: the profile of new files, and the scheduler that its saves drive ------------- */

/* Where the scheduler's state of a directory is; on the heap, NULL on failure. */
static char *scheduler_path(struct cli *cli, const char *path, const struct stat *st)
{
	char *root = NULL, *rel = NULL, *result = NULL;
	struct store_at store;

	if (store_is_mount(path)) {
		if (split_mounted(path, st->st_dev, &root, &rel))
			return NULL;
	} else if (store_open(cli, path, &store) == CLI_OK) {
		root = strdup(store.root);
		rel = store_rel(&store, path);
		store_close(&store);
	}
	if (root && rel && asprintf(&result, "%s/.alcm/caq/%s/.alcm-scheduler", root, rel) < 0)
		result = NULL;
	free(root);
	free(rel);
	return result;
}

static cJSON *read_scheduler(struct cli *cli, const char *path, const struct stat *st)
{
	char *file = scheduler_path(cli, path, st), text[4096];
	FILE *f = file ? fopen(file, "re") : NULL;
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;
	struct alcm_scheduler state;

	if (f)
		fclose(f);
	free(file);
	return alcm_scheduler_parse(text, n, &state, NULL) ? cJSON_CreateNull()
							   : cJSON_ParseWithLength(text, n);
}

static enum cli_exit info_of_directory(struct cli *cli, const char *path, const struct stat *st)
{
	char profile[64] = "", *text;
	cJSON *root = cJSON_CreateObject();
	enum cli_exit status;

	if (getxattr(path, "user.alcm.profile", profile, sizeof(profile) - 1) < 0)
		strcpy(profile, "lossless"); /* the default */
	cJSON_AddStringToObject(root, "profile", profile);
	cJSON_AddItemToObject(root, "scheduler", read_scheduler(cli, path, st));
	text = cJSON_Print(root);
	cJSON_Delete(root);
	status = text ? print_text(cli, path, text) : cli_error(cli, path, "out of memory");
	cJSON_free(text);
	return status;
}

static enum cli_exit info_of(struct cli *cli, struct alcm *alcm, const char *path)
{
	struct source source;
	enum cli_exit status;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return info_of_directory(cli, path, &st);
	status = source_open(cli, alcm, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), path,
		&source);
	if (status)
		return status;
	if (store_is_mount(path))
		status = info_of_mounted(cli, &source);
	else if (source.blob)
		status = info_of_blob(cli, &source);
	else
		status = cli_error(cli, path, "is a plain file: it has no report");
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
