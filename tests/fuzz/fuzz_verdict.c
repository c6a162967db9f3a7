/* SPDX-License-Identifier: MIT */
/*
 * Verdicts that are kept with files: what is read is written as what reads the same. The
 * first byte says what the text begins with, the others are its end.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/verdict_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const begins[] = { "", "1 ", "1 tensors ", "1 all 70000 -5 " };
	char text[512], out[VERDICT_TEXT_MAX];
	struct verdict_text v, again;

	if (!size)
		return 0;
	snprintf(text, sizeof(text), "%s%.*s", begins[data[0] % 4], (int)(size - 1),
		(const char *)data + 1);
	if (!verdict_text_read(text, &v))
		return 0;
	if (!verdict_text_write(&v, out) || !verdict_text_read(out, &again) ||
		strcmp(v.level, again.level) != 0 || strcmp(v.reason, again.reason) != 0 ||
		v.size != again.size || v.mtime_ns != again.mtime_ns)
		abort();
	return 0;
}
