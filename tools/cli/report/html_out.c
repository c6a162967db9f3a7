/* SPDX-License-Identifier: MIT */
#include "html_out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

bool html_json_text(FILE *to, const char *text)
{
	char *visible = words_visible(text); /* no controls, and no U+2028, are left */

	fputc('"', to);
	for (const char *p = visible; p && *p; p++) {
		if (strchr("<>&\"\\", *p))
			fprintf(to, "\\u%04x", (unsigned)*p);
		else
			fputc(*p, to);
	}
	fputc('"', to);
	free(visible);
	return visible != NULL;
}

void html_json_number(FILE *to, double v)
{
	if (!isfinite(v))
		fputs("null", to);
	else if (floor(v) == v && fabs(v) < 1e15)
		fprintf(to, "%.0f", v);
	else
		fprintf(to, "%.4g", v);
}
