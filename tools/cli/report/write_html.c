/* SPDX-License-Identifier: MIT */
/*
 * The page: a template in which {{name}} stands for a part that is generated here.
 *
 * The template is a file of its own with the page's style and script, compiled in. It is
 * ours, so its names are trusted and a wrong one is a bug. To add a part, write {{name}}
 * there, a function that writes it, and a row of `parts`. A part gets the report or, if
 * it is about the run, the origin.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "html_out.h"
#include "report_words.h"
#include "report_write.h"

static bool put_operands(FILE *to, const struct report_origin *origin)
{
	bool ok = true;

	for (int i = 0; i < origin->n_operands && i < 3; i++) {
		fputs(i ? ", " : "", to);
		ok = html_text(to, origin->operands[i]) && ok;
	}
	if (origin->n_operands > 3)
		fprintf(to, " and %d more", origin->n_operands - 3);
	return ok;
}

static bool put_title(FILE *to, const struct report_origin *origin)
{
	fputs("Compression report: ", to);
	return put_operands(to, origin);
}

/* A no-break space keeps a number and its unit on one line. */
static bool put_headline(FILE *to, const struct report *report)
{
	char text[256], glued[512], *end = glued;

	words_headline(&report->all, text, sizeof(text));
	for (const char *p = text; *p; p++) {
		if (*p == ' ' && p > text && isdigit((unsigned char)p[-1]) &&
			isupper((unsigned char)p[1]))
			end = stpcpy(end, "\u00a0");
		else
			*end++ = *p;
	}
	*end = '\0';
	return html_text(to, glued);
}

static bool put_lossy(FILE *to, const struct report *report)
{
	char text[256];

	return html_text(to, words_lossy(&report->all, text, sizeof(text)));
}

static bool put_version(FILE *to, const struct report *report)
{
	(void)report;
	fputs(ALCM_VERSION, to);
	return true;
}

static bool put_method(FILE *to, const struct report *report)
{
	bool ok = true;

	(void)report;
	for (size_t i = 0; words_method[i]; i++) {
		fputs("<p>", to);
		ok = html_text(to, words_method[i]) && ok;
		fputs("</p>\n", to);
	}
	return ok;
}

/* Host, versions, time, command. */
static bool put_origin(FILE *to, const struct report_origin *origin)
{
	char host[512], time[32];
	bool ok;

	fprintf(to, "Made %s by alcm " ALCM_VERSION " on ", words_time(origin->made, time));
	ok = html_text(to, words_host(host, sizeof(host)));
	fputs(", by <code>alcm report", to);
	for (int i = 0; i < origin->n_operands && i < 20; i++) {
		fputc(' ', to);
		ok = html_text(to, origin->operands[i]) && ok;
	}
	fputs("</code>. This page loads nothing from the network.", to);
	return ok;
}

static const struct part {
	const char *name;
	bool (*put)(FILE *to, const struct report *report);
	bool (*put_origin)(FILE *to, const struct report_origin *origin); /* or this */
} parts[] = {
	{ "bar", html_bar, NULL },
	{ "cards", html_cards, NULL },
	{ "data", html_data, NULL },
	{ "directories", html_directories, NULL },
	{ "files", html_files, NULL },
	{ "headline", put_headline, NULL },
	{ "lossy", put_lossy, NULL },
	{ "method", put_method, NULL },
	{ "operands", NULL, put_operands },
	{ "origin", NULL, put_origin },
	{ "plain", html_plain, NULL },
	{ "series", html_series, NULL },
	{ "series_link", html_series_link, NULL },
	{ "title", NULL, put_title },
	{ "version", put_version, NULL },
};

static const struct part *find_part(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strlen(parts[i].name) == len && memcmp(parts[i].name, name, len) == 0)
			return &parts[i];
	}
	abort(); /* the template has a name that isn't in the table: a bug of ours */
}

bool write_html(FILE *to, const struct report *report, const struct report_origin *origin)
{
	const char *at = (const char *)html_template, *open;

	for (; (open = strstr(at, "{{")); at = strstr(open, "}}") + 2) {
		size_t len = (size_t)(strstr(open, "}}") - open) - 2;
		const struct part *part = find_part(open + 2, len);

		fwrite(at, 1, (size_t)(open - at), to);
		if (!(part->put ? part->put(to, report) : part->put_origin(to, origin)))
			return false;
	}
	fputs(at, to);
	return true;
}
