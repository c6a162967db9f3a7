/* SPDX-License-Identifier: MIT */
/*
 * The model test of core/blob. Usage: model_blob MODE [SEED [OPERATIONS]]
 *
 * The environment's ALCM_MODEL_OPS takes the place of the default for OPERATIONS, so that
 * CI and a long run by hand share one definition. ALCM_MODEL_VERBOSE=1 prints the
 * engine's log.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static const struct mode {
	const char *name, *what;
	void (*run)(const struct options *o);
	uint64_t n_ops;
} modes[] = {
	{ "random", "random operations against an array", model_random, 20000 },
	{ "sparse", "holes of up to 2^49 bytes, and the format's largest file", model_sparse,
		1 },
	{ "threads", "readers, writers and commits at once", model_threads, 4000 },
	{ "crash", "what every crash can leave; a run per 1,000 operations", model_crash,
		8000 },
	{ "fault", "the n-th call of the store fails, for every n", model_fault, 1 },
	{ "space", "the disk is full", model_space, 4000 },
	{ "alloc", "the n-th allocation fails, for every n", model_alloc, 1 },
	{ "lossy", "lossy files, and every crash in their lives", model_lossy, 60 },
	{ "reopened", "many reopened files are committed at once", model_reopened, 1 },
	{ "archive", "a lossy archive: calls and allocations fail on the way", model_archive,
		1 },
	{ "damage", "every so manieth bit flipped, every length cut; 1: all of them",
		model_damage, 307 },
};

enum { N_MODES = sizeof(modes) / sizeof(modes[0]) };

static int usage(void)
{
	fprintf(stderr, "usage: model_blob MODE [SEED [OPERATIONS]]\n");
	for (size_t i = 0; i < N_MODES; i++)
		fprintf(stderr, "  %-8s %s (%llu)\n", modes[i].name, modes[i].what,
			(unsigned long long)modes[i].n_ops);
	return 2;
}

static bool parse_number(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && end != text && !*end;
}

int main(int argc, char **argv)
{
	const char *ops = argc > 3 ? argv[3] : getenv("ALCM_MODEL_OPS");
	struct options o = { .seed = 1 };
	const struct mode *mode = NULL;

	for (size_t i = 0; i < N_MODES && argc > 1; i++) {
		if (strcmp(argv[1], modes[i].name) == 0)
			mode = &modes[i];
	}
	if (!mode || argc > 4)
		return usage();
	o.n_ops = mode->n_ops;
	if ((argc > 2 && !parse_number(argv[2], &o.seed)) ||
		(ops && !parse_number(ops, &o.n_ops)))
		return usage();
	mode->run(&o);
	printf("model %s, seed %llu, %llu operations: fine\n", mode->name,
		(unsigned long long)o.seed, (unsigned long long)o.n_ops);
	return 0;
}
