/* SPDX-License-Identifier: MIT */
/*
 * Train what the library decides with:
 *
 *     learn infer > core/predict/infer_weights.c
 *     learn record > tests/learn/choices.csv
 *     learn choose tests/learn/choices.csv > core/codec/choose_weights.c
 */
#include <string.h>

#include "learn.h"

int main(int argc, char **argv)
{
	FILE *from;

	if (argc == 2 && !strcmp(argv[1], "infer"))
		return learn_infer(stdout) ? 2 : 0;
	if (argc == 2 && !strcmp(argv[1], "record"))
		return learn_record(stdout) ? 2 : 0;
	if (argc == 3 && !strcmp(argv[1], "choose") && (from = fopen(argv[2], "r"))) {
		int err = learn_choose(from, stdout);

		fclose(from);
		return err ? 2 : 0;
	}
	fprintf(stderr, "usage: learn infer | record | choose FILE\n");
	return 2;
}
