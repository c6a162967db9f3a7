/* SPDX-License-Identifier: MIT */
/*
 * The predictor's public side: reading files of weights.
 *
 * The descriptor may be anything, also a pipe. So it is read to its end, one byte more
 * than allowed tells that there is more, and a NUL in the text is refused before
 * functions for strings would stop there. The zeroed buffer ends the text.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "base/fd.h"
#include "predict/weights_text.h"

enum { MAX_FILE = 1 << 20 }; /* weights take 11 KiB */

int alcm_predictor_read(int fd, struct alcm_predictor **out, struct alcm_diag *diag)
{
	AUTO_FREE char *text = mem_zalloc(1, MAX_FILE + 2);
	AUTO_FREE struct alcm_predictor *p = mem_zalloc(1, sizeof(*p));
	ssize_t n;
	int err;

	if (!text || !p)
		return -ENOMEM;
	n = fd_read(fd, text, MAX_FILE + 1);
	if (n < 0)
		return (int)n;
	if (n > MAX_FILE)
		return diag_set(diag, -EFBIG, 0, "more than %d bytes: no weights", MAX_FILE);
	if (memchr(text, '\0', (size_t)n))
		return diag_set(diag, -EINVAL, 0, "it is not a text of numbers");
	err = weights_parse(text, &p->weights, diag);
	if (!err)
		*out = steal(p);
	return err;
}

void alcm_predictor_free(struct alcm_predictor *predictor)
{
	mem_free(predictor);
}
