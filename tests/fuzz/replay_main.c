/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without a fuzzer: over the files given, or over a set of inputs that
 * is the same each time: seeds (an .npy header, a blob's and a record's magic, noise)
 * with mutations.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_INPUT = 4096, ROUNDS = 20000, MAX_SECONDS = 15 };

static uint64_t state = 42;

static uint32_t next_random(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

static const struct {
	const char *bytes;
	size_t len;
} seeds[] = {
#define SEED(text)             \
	{                          \
		text, sizeof(text) - 1 \
	}
	SEED("\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, "
		 "4), }"
		 "                                                          \n"),
	SEED("\x93NUMPY\x02\x00\x60\x00\x00\x00{'descr': [('a', '<i4'), (('t', 'b'), '|S3', "
		 "(2,))], "
		 "'fortran_order': True, 'shape': (), }             \n"),
	SEED("\x89"
		 "ALCM\r\n\x1a"),
	SEED("ALR1"),
	SEED("\x01\x40\x00\x00\x00\x02\x04\x00\x04\x00\x10\x00\x00\x00"),
	/* fuzz_predictor: edits of a good text, a text. */
	SEED("\x01\x28\x01="),
	SEED("\x01\x50\x02-"),
	SEED("\x00# W1\n1.5 -2e-3\n"),
	SEED("\x98\x00\x00\x00\x00\x00\x00\x00{\"a\":{\"dtype\":\"F32\",\"shape\":[3,5],"
		 "\"data_"
		 "offsets\":[0,60]},\"b\":{\"dtype\":\"BF16\",\"shape\":[2,2],\"data_offsets\":["
		 "60,"
		 "68]},"
		 "\"__metadata__\":{\"k\":[1,{}]}}"),
	/* fuzz_container: a .npy in a zip, a storage before its pickle. */
	SEED("PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00!"
		 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x05\x00\x00\x00"
		 "a.npy\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': "
		 "(3, "
		 "4), }"
		 "                                                          \n"),
	SEED("PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00"
		 "\x00\x00"
		 "\x00\x00\x08\x00\x00\x00"
		 "a/data/"
		 "0\x01\x02\x03\x04PK\x07\x08\x00\x00\x00\x00\x04\x00\x00\x00\x04\x00\x00\x00"
		 "PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x4d\x00\x00"
		 "\x00"
		 "\x00\x00\x0a\x00\x00\x00"
		 "a/data.pkl\x80\x02("
		 "ctorch._utils\n_rebuild_tensor_v2\n(("
		 "X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
		 "X\x01\x00\x00\x00"
		 "0NK\x01tQK\x00K\x01\x85K\x01\x85tRt."),
	SEED("GGUF\x03\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00"
		 "\x00"
		 "\x00\x11"
		 "\x00\x00\x00\x00\x00\x00\x00general."
		 "alignment\x04\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x00"
		 "\x00\x00\x00\x00"
		 "k\x09\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00"
		 "\x00"
		 "\x00\x00\x00"
		 "\x00"
		 "ab\x01\x00\x00\x00\x00\x00\x00\x00"
		 "t\x02\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00"
		 "\x00"
		 "\x00\x00\x00"
		 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"
		 "q\x01\x00\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x40\x00\x00"
		 "\x00"
		 "\x00\x00\x00"
		 "\x00"),
	SEED("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 "
		 "j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02("
		 "ctorch._utils\n_rebuild_tensor_v2\n(("
		 "X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
		 "X\x01\x00\x00\x00"
		 "0NK\x04tQK\x00K\x04\x85K\x01\x85tRt.\x80\x02]X\x01\x00\x00\x00"
		 "0a.\x04\x00\x00\x00\x00\x00\x00\x00"),
	SEED("noise"),
};

/* A seed, filled up with noise or zeros, with some bytes changed. */
static size_t make_input(uint8_t *buf)
{
	unsigned s = next_random() % (sizeof(seeds) / sizeof(seeds[0]));
	size_t n = seeds[s].len + next_random() % 512, changes = next_random() % 8;

	memcpy(buf, seeds[s].bytes, seeds[s].len);
	for (size_t i = seeds[s].len; i < n; i++)
		buf[i] = next_random() & 1 ? (uint8_t)next_random() : 0;
	for (size_t i = 0; i < changes; i++)
		buf[next_random() % n] = (uint8_t)next_random();
	return next_random() % 4 ? n : next_random() % (n + 1);
}

/* In a block of its own, so that a sanitizer sees every byte read beyond it. */
static int replay(const uint8_t *input, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	int err;

	if (!exact)
		return 1;
	memcpy(exact, input, n);
	err = LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return err;
}

static int replay_file(const char *path)
{
	static uint8_t buf[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(buf, 1, sizeof(buf), f) : 0;

	if (!f) {
		perror(path);
		return 1;
	}
	fclose(f);
	return replay(buf, n);
}

int main(int argc, char *argv[])
{
	int err = 0;

	for (int i = 1; i < argc; i++)
		err |= replay_file(argv[i]);
	/* The same inputs each time; where a sanitizer makes slow targets slower, the first
	   of them. */
	for (int i = 0; argc == 1 && i < ROUNDS && clock() < MAX_SECONDS * CLOCKS_PER_SEC;
		 i++) {
		uint8_t input[MAX_INPUT];
		size_t n = make_input(input);

		err |= replay(input, n);
	}
	return err;
}
