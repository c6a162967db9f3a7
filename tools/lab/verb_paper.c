/* SPDX-License-Identifier: MIT */
/*
 * alcm-lab paper: the paper's tables, with its own figures beside ours.
 *
 * The paper's baseline is numpy.savez_compressed of ten synthetic gradients of 100 × 100
 * float32, and its claim is a CAQ 20 % above that. The first table has the means over the
 * epochs, the second one the CAQ of each epoch, which shows how the scheduler works.
 *
 * "ratio" is that of the stored bytes of a method as the paper counts them; "as file"
 * includes header, index and metrics of a blob, which weigh much for 40 KB. CPU times are
 * of this machine and of compiled code, so they say less about the paper's Python than
 * the ratios do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cli_json.h"
#include "lab.h"
#include "paper_bench.h"

enum { REPEATS = 9 };

/* From the paper: Table 1, and the CAQ per epoch, each for baseline and ALCM. */
static const struct {
	double caq, ratio, cpu_seconds;
} table_1[] = { { 1.33, 1.33, 0.005 }, { 1.60, 1.60, 0.005 } };

static const double paper_caq[PAPER_EPOCHS][2] = { { 1.33, 1.58 }, { 1.34, 1.62 },
	{ 1.33, 1.62 }, { 1.33, 1.56 }, { 1.34, 1.61 }, { 1.33, 1.61 }, { 1.34, 1.63 },
	{ 1.33, 1.58 }, { 1.33, 1.61 }, { 1.33, 1.58 } };

/* Means over the epochs. */
struct means {
	double ratio, file_ratio, cpu_seconds, caq, variance, relative_l2;
};

static struct means mean_of(const struct paper_bench *b, unsigned method)
{
	struct means m = { 0 };
	double least = 0, most = 0;

	for (unsigned e = 0; e < PAPER_EPOCHS; e++) {
		const struct paper_result *r = &b->epochs[e][method];

		m.ratio += r->ratio / PAPER_EPOCHS;
		m.file_ratio += r->ratio * (double)r->stored_bytes / (double)r->file_bytes /
			PAPER_EPOCHS;
		m.cpu_seconds += r->cpu_seconds / PAPER_EPOCHS;
		m.caq += r->caq / PAPER_EPOCHS;
		m.relative_l2 += r->distortion.relative_l2 / PAPER_EPOCHS;
		least = !e || r->caq < least ? r->caq : least;
		most = !e || r->caq > most ? r->caq : most;
	}
	m.variance = 100 * (most - least) / m.caq;
	return m;
}

static double gain(const struct means *m, const struct means *baseline)
{
	return 100 * (m->caq / baseline->caq - 1);
}

static void print_table(const struct paper_bench *b)
{
	struct means baseline = mean_of(b, PAPER_BASELINE);

	printf("%-24s %7s %7s %9s %9s %9s %8s %7s\n", "means over 10 epochs", "ratio",
		"as file", "CPU ms", "CAQ", "gain", "CAQ var", "rel L2");
	for (unsigned i = 0; i < PAPER_METHODS; i++) {
		struct means m = mean_of(b, i);

		printf("%-24s %7.3f %7.3f %9.3f %9.3f %+8.1f%% %7.2f%% %7.4f\n",
			paper_method_name(i), m.ratio, m.file_ratio, 1e3 * m.cpu_seconds, m.caq,
			gain(&m, &baseline), m.variance, m.relative_l2);
	}
	printf("%-24s %7.2f %7s %9.1f %9.2f\n", "the paper: baseline", table_1[0].ratio, "",
		1e3 * table_1[0].cpu_seconds, table_1[0].caq);
	printf("%-24s %7.2f %7s %9.1f %9.2f %+8.1f%% %7.2f%%\n", "the paper: ALCM",
		table_1[1].ratio, "", 1e3 * table_1[1].cpu_seconds, table_1[1].caq, 20.14, 4.37);
}

/* The paper gives its CAQ per epoch with two decimals, and for two methods. */
static void print_epochs(const struct paper_bench *b)
{
	printf("\n%-6s %28s %28s\n%-6s %9s", "", "the paper's CAQ", "our CAQ", "epoch",
		"baseline");
	printf(" %9s", "ALCM");
	printf("   %9s %9s %9s %9s %9s %8s\n", "baseline", "container", "paper", "alcm",
		"lossless", "pruned");
	for (unsigned e = 0; e < PAPER_EPOCHS; e++) {
		printf("%-6u %9.2f %9.2f  ", e + 1, paper_caq[e][0], paper_caq[e][1]);
		for (unsigned m = 0; m < PAPER_METHODS; m++)
			printf(" %9.3f", b->epochs[e][m].caq);
		printf(" %7.2f%%\n", 100 * b->prune_share[e]);
	}
	printf("\nentropy loss of the predictor: %.5f (the paper: 0.0074, to be below "
		   "0.01)\n",
		b->entropy_loss);
}

static cJSON *json_of(const struct paper_result *r)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddNumberToObject(o, "stored_bytes", (double)r->stored_bytes);
	cJSON_AddNumberToObject(o, "file_bytes", (double)r->file_bytes);
	cJSON_AddNumberToObject(o, "ratio", r->ratio);
	cJSON_AddNumberToObject(o, "cpu_seconds", r->cpu_seconds);
	cJSON_AddNumberToObject(o, "caq", r->caq);
	cJSON_AddNumberToObject(o, "relative_l2", r->distortion.relative_l2);
	cJSON_AddNumberToObject(o, "mse", r->distortion.mse);
	cJSON_AddNumberToObject(o, "max_error", r->distortion.max_error);
	return o;
}

static enum cli_exit print_json(struct cli *cli, const struct paper_bench *b)
{
	struct means baseline = mean_of(b, PAPER_BASELINE);
	cJSON *root = cJSON_CreateObject(), *list;

	cJSON_AddStringToObject(root, "schema", "alcm-paper/1");
	list = cJSON_AddArrayToObject(root, "methods");
	cJSON_AddNumberToObject(root, "entropy_loss", b->entropy_loss);
	for (unsigned i = 0; i < PAPER_METHODS; i++) {
		struct means m = mean_of(b, i);
		cJSON *o = cJSON_CreateObject(), *epochs;

		cJSON_AddItemToArray(list, o);
		cJSON_AddStringToObject(o, "name", paper_method_name(i));
		cJSON_AddNumberToObject(o, "ratio", m.ratio);
		cJSON_AddNumberToObject(o, "file_ratio", m.file_ratio);
		cJSON_AddNumberToObject(o, "cpu_seconds", m.cpu_seconds);
		cJSON_AddNumberToObject(o, "caq", m.caq);
		cJSON_AddNumberToObject(o, "gain_percent", gain(&m, &baseline));
		cJSON_AddNumberToObject(o, "caq_variance_percent", m.variance);
		cJSON_AddNumberToObject(o, "relative_l2", m.relative_l2);
		epochs = cJSON_AddArrayToObject(o, "epochs");
		for (unsigned e = 0; e < PAPER_EPOCHS; e++)
			cJSON_AddItemToArray(epochs, json_of(&b->epochs[e][i]));
	}
	return cli_print_json(cli, root);
}

enum cli_exit verb_paper(struct cli *cli)
{
	struct paper_bench *b;
	enum cli_exit status = CLI_OK;
	struct alcm *alcm;
	int err;

	if (cli_engine(cli, false, &alcm))
		return CLI_FAILED;
	b = calloc(1, sizeof(*b));
	err = b ? paper_bench_run(alcm, REPEATS, b) : -ENOMEM;
	if (err) {
		status = cli_error_from(cli, "paper", err, NULL);
	} else if (cli->json) {
		status = print_json(cli, b);
	} else {
		print_table(b);
		print_epochs(b);
	}
	free(b);
	alcm_free(alcm);
	return status;
}
