/* SPDX-License-Identifier: MIT */
/*
 * alcm-lab train: train the paper's predictor with its synthetic gradients, or with the
 * tensors of a directory. Those are sorted by path, so equal files give equal weights in
 * whatever order the directory lists them.
 *
 *   alcm-lab train --c core/predict/weights.c     the built-in weights
 *   alcm-lab train --data DIR -o FILE             others, for -o predictor=FILE
 *
 * Training goes through the samples in order and without shuffling, so the order is a
 * part of the result. A file that is no tensor is left out and counted; a file that can't
 * be read ends the command, as weights of half the data would look like those of all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli_source.h"
#include "cli_walk.h"
#include "cli_write.h"
#include "lab.h"
#include "train.h"
#include "weights_write.h"

struct named_sample {
	char *path; /* relative to the directory */
	struct train_sample sample;
};

struct train {
	struct cli *cli;
	struct alcm *alcm;
	struct named_sample *found;
	size_t n_found;
	uint64_t n_left_out; /* files that aren't tensors of numbers */
};

static int add(struct train *t, const char *path, const struct train_sample *sample)
{
	if (!mem_room(&t->found, t->n_found))
		return -ENOMEM;
	t->found[t->n_found].path = strdup(path);
	if (!t->found[t->n_found].path)
		return -ENOMEM;
	t->found[t->n_found++].sample = *sample;
	return 0;
}

static enum cli_exit take_file(void *ctx, const struct walk_entry *entry)
{
	struct train *t = ctx;
	struct train_sample sample;
	struct source source;
	enum cli_exit status;
	int err;

	if (entry->kind != WALK_FILE)
		return CLI_OK;
	status = source_open(t->cli, t->alcm, walk_open(entry, O_RDONLY), entry->path,
		&source);
	if (status)
		return status;
	err = train_measure(source_read, &source, source.size, &sample);
	source_close(&source);
	if (err == -ENODATA) {
		t->n_left_out++;
		return CLI_OK;
	}
	err = err ?: add(t, entry->rel, &sample);
	return err ? cli_error_from(t->cli, entry->path, err, NULL) : CLI_OK;
}

static int by_path(const void *a, const void *b)
{
	const struct named_sample *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Collect the samples of all files below the directory, on the heap. */
static enum cli_exit collect(struct train *t, struct train_sample **out)
{
	enum cli_exit status = cli_engine(t->cli, true, &t->alcm) ? CLI_FAILED : CLI_OK;

	if (status)
		return status;
	status = walk(t->cli, lab_of(t->cli)->data, take_file, t);
	alcm_free(t->alcm);
	if (status)
		return status;
	if (!t->n_found)
		return cli_error(t->cli, lab_of(t->cli)->data, "no tensors to learn from");
	qsort(t->found, t->n_found, sizeof(*t->found), by_path);
	*out = calloc(t->n_found, sizeof(**out));
	if (!*out)
		return cli_error(t->cli, NULL, "out of memory");
	for (size_t i = 0; i < t->n_found; i++)
		(*out)[i] = t->found[i].sample;
	printf("%zu tensors, %llu other files left out\n", t->n_found,
		(unsigned long long)t->n_left_out);
	return CLI_OK;
}

/* A line an epoch, flushed: training on many tensors takes minutes. */
static void print_epoch(void *ctx, unsigned epoch, double loss)
{
	(void)ctx;
	printf("epoch %u: loss %.6g\n", epoch, loss);
	fflush(stdout);
}

static enum cli_exit write_text(struct cli *cli, const char *path, int err, char *text)
{
	enum cli_exit status = err ? cli_error_from(cli, path, err, NULL)
							   : cli_write_output_text(cli, path, text);

	mem_free(text);
	return status;
}

/* Both outputs may be asked for. Their names were checked before the training. */
static enum cli_exit write_weights(struct cli *cli, const struct predict_weights *w)
{
	const char *source = lab_of(cli)->source;
	enum cli_exit status = CLI_OK;
	char *text = NULL;
	int err;

	if (cli->out) {
		err = weights_print(w, &text, NULL);
		status = write_text(cli, cli->out, err, text);
	}
	if (source) {
		text = NULL;
		err = weights_source(w, &text);
		status = cli_worse(status, write_text(cli, source, err, text));
	}
	return status;
}

/* Without `samples`: with the paper's. */
static enum cli_exit train(struct cli *cli, const struct train_sample *samples, size_t n)
{
	const struct train_options options = {
		.seed = lab_of(cli)->seed,
		.n_epochs = lab_of(cli)->n_epochs,
		.standardise = samples,
		.progress = print_epoch,
	};
	struct train_sample papers[TRAIN_SYNTHETIC];
	struct predict_weights weights;
	struct alcm_diag diag = { 0 };
	int err;

	if (!samples)
		train_synthetic_samples(papers);
	err = train_run(samples ? samples : papers, samples ? n : TRAIN_SYNTHETIC, &options,
		&weights, &diag);
	if (err)
		return cli_error(cli, NULL, "%s", diag.cause[0] ? diag.cause : strerror(-err));
	return write_weights(cli, &weights);
}

enum cli_exit verb_train(struct cli *cli)
{
	struct train t = { .cli = cli };
	struct train_sample *samples = NULL;
	enum cli_exit status = CLI_OK;

	if (cli_may_write(cli, cli->out) || cli_may_write(cli, lab_of(cli)->source))
		return CLI_FAILED;
	if (lab_of(cli)->data)
		status = collect(&t, &samples);
	if (!status)
		status = train(cli, samples, t.n_found);
	for (size_t i = 0; i < t.n_found; i++)
		free(t.found[i].path);
	free(t.found);
	free(samples);
	return status;
}
