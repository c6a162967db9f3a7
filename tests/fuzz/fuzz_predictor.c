/* SPDX-License-Identifier: MIT */
/*
 * Weights of a predictor. Input: a text as it is, or (first byte odd) edits of a good
 * one, three bytes each. What is read is written and read again as the same, and says
 * numbers from 0.2 to 0.9.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "weights_write.h"

enum { ROOM = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static int text_fd(const uint8_t *bytes, size_t n)
{
	int fd = memfd_create("weights", MFD_CLOEXEC);

	require(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && !lseek(fd, 0, SEEK_SET));
	return fd;
}

static size_t write_out(const struct predict_weights *w, uint8_t buf[ROOM])
{
	char *text;
	size_t n;

	require(!weights_print(w, &text, NULL));
	n = strlen(text);
	require(n < ROOM);
	memcpy(buf, text, n);
	mem_free(text);
	return n;
}

static void read_in(const uint8_t *bytes, size_t n)
{
	static uint8_t first[ROOM], second[ROOM];
	struct alcm_predictor *p, *again;
	struct alcm_diag diag = { 0 };
	int fd = text_fd(bytes, n), err = alcm_predictor_read(fd, &p, &diag);
	size_t len;

	close(fd);
	require(!err || diag.cause[0]);
	if (err)
		return;
	len = write_out(&p->weights, first);
	fd = text_fd(first, len);
	require(!alcm_predictor_read(fd, &again, &diag));
	require(write_out(&again->weights, second) == len && !memcmp(first, second, len));
	close(fd);
	alcm_predictor_free(p);
	alcm_predictor_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[ROOM];
	size_t n;

	if (size < 1)
		return 0;
	if (!(data[0] & 1)) {
		read_in(data + 1, size - 1);
		return 0;
	}
	n = write_out(&predict_default_weights, buf);
	for (size_t i = 1; i + 3 <= size && i < 3 * 32; i += 3)
		buf[(data[i] | data[i + 1] << 8) % n] = data[i + 2];
	read_in(buf, n);
	return 0;
}
