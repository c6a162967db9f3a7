/* SPDX-License-Identifier: MIT */
/* The predictor's public side: files of weights. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "predict/weights_text.h"

enum { MAX_FILE = 1 << 20 }; /* of weights, which take 11 KiB */

/* Up to `capacity` bytes; fewer only at the end. Returns how many, or a negative
   errno. */
static ssize_t read_all(int fd, char *buf, size_t capacity)
{
	size_t n = 0;

	while (n < capacity) {
		ssize_t got = read(fd, buf + n, capacity - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int alcm_predictor_read(int fd, struct alcm_predictor **out, struct alcm_diag *diag)
{
	AUTO_FREE char *text = mem_zalloc(1, MAX_FILE + 2);
	AUTO_FREE struct alcm_predictor *p = mem_zalloc(1, sizeof(*p));
	ssize_t n;
	int err;

	if (!text || !p)
		return -ENOMEM;
	n = read_all(fd, text, MAX_FILE + 1);
	if (n < 0)
		return (int)n;
	if (n > MAX_FILE)
		return diag_set(diag, -EFBIG, 0, "more than %d bytes: no weights", MAX_FILE);
	if (memchr(text, '\0', (size_t)n))
		return diag_set(diag, -EINVAL, 0, "it is no text of numbers");
	err = weights_parse(text, &p->weights, diag);
	if (!err)
		*out = steal(p);
	return err;
}

void alcm_predictor_free(struct alcm_predictor *predictor)
{
	mem_free(predictor);
}
