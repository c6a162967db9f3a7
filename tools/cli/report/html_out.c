/* SPDX-License-Identifier: MIT */
/*
 * Escaping. Control characters and bidirectional marks are spelled out first
 * (words_visible()), then HTML's five special characters.
 *
 * Every text that comes from a store goes through html_text(): names, types, reasons and
 * profiles. The five characters are enough for text and for attributes in quotes, which
 * are the only places where such texts are put.
 */
#include "html_out.h"

#include <stdlib.h>

#include "report_words.h"

bool html_text(FILE *to, const char *text)
{
	char *visible = words_visible(text);

	for (const char *p = visible; p && *p; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		case '\'':
			fputs("&#39;", to);
			break;
		default:
			fputc(*p, to);
		}
	}
	free(visible);
	return visible != NULL;
}
