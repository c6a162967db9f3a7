/* SPDX-License-Identifier: MIT */
/*
 * alcm-lab bench: ratio and speed of our codec and others on files. bench_run.h has the
 * method.
 *
 *   walk ──► take_file() ──► bench_run() ──► printed, or kept for --json
 *                                        ──► added to its class and to all
 *   end  ──► sums by class ──► with --submissions one file per codec
 *
 * A class is the directory of a file. Sums of a class add bytes and times, so large files
 * count for more. Submissions are made from the sum of all files: a run of the submission
 * is a round here, which is why --rounds must be at least what a board asks for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/json.h"
#include "bench_table.h"
#include "cli_json.h"
#include "cli_walk.h"
#include "cli_write.h"
#include "lab.h"
#include "submission.h"

/* The sum of one directory's files. */
struct class_sum {
	char *name;
	unsigned n_files;
	struct bench_figures figures[BENCH_MAX_CODECS];
};

struct bench {
	struct cli *cli;
	struct alcm *alcm;
	struct bench_params params;
	size_t n_codecs;
	struct bench_result *result; /* of the current file */
	struct class_sum *classes;
	size_t n_classes;
	struct class_sum all;
	cJSON *files; /* with --json */
};

static struct class_sum *class_named(struct bench *b, const char *name)
{
	for (size_t i = 0; i < b->n_classes; i++) {
		if (!strcmp(b->classes[i].name, name))
			return &b->classes[i];
	}
	if (!mem_room(&b->classes, b->n_classes))
		return NULL;
	b->classes[b->n_classes] = (struct class_sum){ .name = strdup(name) };
	return b->classes[b->n_classes].name ? &b->classes[b->n_classes++] : NULL;
}

/* A class is a directory, as corpora are organised. */
static struct class_sum *class_of(struct bench *b, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	struct class_sum *class = name ? class_named(b, name) : NULL;

	free(name);
	return class;
}

/* An empty file counts as a file and adds nothing. */
static enum cli_exit take_source(struct bench *b, struct source *source)
{
	enum cli_exit status = bench_run(b->cli, b->alcm, source, &b->params, b->result);
	struct class_sum *class = status ? NULL : class_of(b, source->path);

	if (status)
		return status;
	if (!class)
		return cli_error(b->cli, NULL, "out of memory");
	class->n_files++;
	b->all.n_files++;
	for (size_t i = 0; i < b->n_codecs; i++) {
		bench_add(&class->figures[i], &b->result->figures[i]);
		bench_add(&b->all.figures[i], &b->result->figures[i]);
	}
	if (b->files)
		cJSON_AddItemToArray(b->files,
			bench_file_json(source->path, class->name, b->result, b->n_codecs));
	else
		bench_print_file(source->path, b->result, b->n_codecs);
	return CLI_OK;
}

static enum cli_exit take_file(void *ctx, const struct walk_entry *entry)
{
	struct bench *b = ctx;
	struct source source;
	enum cli_exit status;

	if (entry->kind != WALK_FILE)
		return CLI_OK;
	status = source_open(b->cli, b->alcm, walk_open(entry, O_RDONLY), entry->path,
		&source);
	if (status)
		return status;
	status = take_source(b, &source);
	source_close(&source);
	return status;
}

/* ---- submissions ------------------------------------------------------------------- */

/* "zstd -3" → zstd-3.json */
static char *submission_path(const char *dir, const char *codec)
{
	char name[64], *at = name;

	for (; *codec && at < name + sizeof(name) - 6; codec++) {
		if (*codec != ' ')
			*at++ = *codec;
		else if (codec[1] != '-')
			*at++ = '-';
	}
	strcpy(at, ".json");
	return cli_join(dir, name);
}

/* The CPU time of a round is that of encoding all files, as a board's CAQ counts it. */
static enum cli_exit submit(struct bench *b, size_t codec)
{
	const struct bench_figures *f = &b->all.figures[codec];
	struct submission_run runs[BENCH_MAX_ROUNDS];
	char *path = submission_path(lab_of(b->cli)->submissions, bench_codecs[codec].name),
		 *text;
	enum cli_exit status;
	cJSON *s;

	for (unsigned r = 0; r < f->n_rounds; r++) {
		runs[r].ratio = (double)f->raw_bytes / (double)f->stored_bytes;
		runs[r].cpu_seconds = f->encode_cpu[r];
	}
	s = submission_new(lab_of(b->cli)->submitter ? lab_of(b->cli)->submitter
												 : "alcm-lab bench",
		lab_of(b->cli)->dataset, bench_codecs[codec].name, bench_codecs[codec].version(),
		bench_codecs[codec].ours, "in chunks of 256 KiB, each decoded and compared", runs,
		f->n_rounds);
	text = json_print(s);
	if (!path || !text)
		status = cli_error(b->cli, NULL, "out of memory");
	else
		status = cli_write_text(b->cli, path, text);
	alcm_free_text(text);
	free(path);
	return status;
}

static enum cli_exit submit_all(struct bench *b)
{
	enum cli_exit status = CLI_OK;

	if (!b->all.figures[0].raw_bytes)
		return cli_error(b->cli, NULL, "there is nothing to submit: all files are empty");
	for (size_t i = 0; i < b->n_codecs && !status; i++)
		status = submit(b, i);
	return status;
}

/* ---- the whole run ----------------------------------------------------------------- */

/* A class of one file has nothing that the file's own table doesn't say. */
static enum cli_exit print_sums(struct bench *b)
{
	cJSON *root, *classes;

	for (size_t i = 0; i < b->n_classes && !b->files; i++) {
		if (b->classes[i].n_files > 1)
			bench_print_class(b->classes[i].name, b->classes[i].n_files,
				b->classes[i].figures, b->n_codecs);
	}
	if (!b->files) {
		if (b->n_classes > 1)
			bench_print_class("all classes", b->all.n_files, b->all.figures, b->n_codecs);
		return CLI_OK;
	}
	root = cJSON_CreateObject();
	cJSON_AddStringToObject(root, "schema", "alcm-bench/1");
	cJSON_AddNumberToObject(root, "threads", b->params.n_threads);
	cJSON_AddItemToObject(root, "files", b->files);
	classes = cJSON_AddArrayToObject(root, "classes");
	for (size_t i = 0; i < b->n_classes; i++)
		cJSON_AddItemToArray(classes,
			bench_class_json(b->classes[i].name, b->classes[i].n_files,
				b->classes[i].figures, b->n_codecs));
	cJSON_AddItemToObject(root, "total",
		bench_class_json("", b->all.n_files, b->all.figures, b->n_codecs));
	b->files = NULL; /* now owned by root */
	return cli_print_json(b->cli, root);
}

static enum cli_exit run(struct bench *b)
{
	enum cli_exit status = CLI_OK;

	for (int i = 0; i < b->cli->n_paths; i++)
		status = cli_worse(status, walk(b->cli, b->cli->paths[i], take_file, b));
	status = cli_worse(status, print_sums(b));
	return status || !lab_of(b->cli)->submissions ? status : submit_all(b);
}

/* What can be wrong is said before the measurement, which may take minutes. */
static enum cli_exit usage(struct cli *cli)
{
	if (lab_of(cli)->submissions && !lab_of(cli)->dataset)
		return cli_error(cli, NULL, "--submissions needs the name of the --dataset");
	if (lab_of(cli)->submissions && lab_of(cli)->n_rounds < SUBMISSION_MIN_RUNS)
		return cli_error(cli, NULL, "--rounds %u: a submission needs %d",
			lab_of(cli)->n_rounds, SUBMISSION_MIN_RUNS);
	if (lab_of(cli)->submissions && mkdir(lab_of(cli)->submissions, 0777) != 0 &&
		errno != EEXIST)
		return cli_error(cli, lab_of(cli)->submissions, "%s", strerror(errno));
	return CLI_OK;
}

enum cli_exit verb_bench(struct cli *cli)
{
	struct bench b = { .cli = cli };
	enum cli_exit status = usage(cli);

	if (status)
		return status;
	b.params = (struct bench_params){
		.n_rounds = lab_of(cli)->n_rounds,
		.n_threads = cli->threads,
		.peers = lab_of(cli)->peers,
	};
	if (cli_engine(cli, true, &b.alcm))
		return CLI_FAILED;
	b.n_codecs = bench_n_measured(&b.params);
	b.result = malloc(sizeof(*b.result));
	b.files = cli->json ? cJSON_CreateArray() : NULL;
	status = b.result && (b.files || !(cli->json))
		? run(&b)
		: cli_error(cli, NULL, "out of memory");
	cJSON_Delete(b.files);
	for (size_t i = 0; i < b.n_classes; i++)
		free(b.classes[i].name);
	free(b.classes);
	free(b.result);
	alcm_free(b.alcm);
	return status;
}
