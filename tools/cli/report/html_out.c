/* SPDX-License-Identifier: MIT */
/* Escaping. Control characters and bidirectional marks are spelled out first
   (words_visible()), then HTML's five special characters. */
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
