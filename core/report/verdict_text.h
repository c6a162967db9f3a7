/* SPDX-License-Identifier: MIT */
/* The text of a verdict that is kept with a file (docs/format.md, section 7). */
#ifndef ALCM_REPORT_VERDICT_TEXT_H
#define ALCM_REPORT_VERDICT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum { VERDICT_TEXT_MAX = 192 };

struct verdict_text {
	char level[16];
	uint64_t size;    /* of the file, like the next one */
	int64_t mtime_ns; /* since 1970 */
	char reason[96];
};

/* Read a text of any content. False: it isn't a verdict, or of another version. */
bool verdict_text_read(const char *text, struct verdict_text *out);

/* False: the reason, or the level, can't be written. */
bool verdict_text_write(const struct verdict_text *verdict, char out[VERDICT_TEXT_MAX]);

#endif
