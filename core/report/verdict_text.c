/* SPDX-License-Identifier: MIT */
/*
 * A verdict as text (docs/format.md, section 7): "1 LEVEL SIZE MTIME REASON", such as
 *
 *   1 tensors 81920 1700000000000000000 no numbers recognised
 *
 * Anyone who may write the file can write the attribute, so it is read with care: what a
 * forged one can do is keep its file from being compressed, which its writer could do
 * anyway. Reasons are shown to users, so they must be printable.
 */
#include "report/verdict_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Raised when the judgement changes; old verdicts are then ignored. */
#define VERSION "1"

static bool is_printable(const char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			return false;
	}
	return true;
}

/* A reason has no blank in front, as a reader would skip it. */
static bool is_reason(const char *text)
{
	size_t n = strlen(text);

	return n && n < sizeof(((struct verdict_text *)0)->reason) && text[0] != ' ' &&
		is_printable(text);
}

bool verdict_text_read(const char *text, struct verdict_text *out)
{
	struct verdict_text v;
	int at = 0;

	/* 19 digits fit; blanks and signs are as sscanf() has them. */
	if (sscanf(text, VERSION " %15s %19" SCNu64 " %19" SCNd64 " %n", v.level, &v.size,
			&v.mtime_ns, &at) != 3 ||
		!at || !is_reason(text + at) || !is_printable(v.level))
		return false;
	snprintf(v.reason, sizeof(v.reason), "%s", text + at);
	*out = v;
	return true;
}

bool verdict_text_write(const struct verdict_text *v, char out[VERDICT_TEXT_MAX])
{
	if (!is_reason(v->reason))
		return false;
	return snprintf(out, VERDICT_TEXT_MAX, VERSION " %s %" PRIu64 " %" PRId64 " %s",
			   v->level, v->size, v->mtime_ns, v->reason) < VERDICT_TEXT_MAX;
}
