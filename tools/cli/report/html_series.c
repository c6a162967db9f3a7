/* SPDX-License-Identifier: MIT */
/*
 * The steps of a training run side by side: a column for each, with its stored and saved
 * bytes, and a curve of the saved bytes so far. Drawn here and not by the script, so it
 * shows without one.
 *
 *     TOP    ┌──────────────────────
 *            │      ▒▒   ▒▒   ▒▒      a column: logical bytes in all,
 *            │ ▒▒   ██   ██   ██      the lower part is stored
 *     BOTTOM └─██───██───██───██────
 *           LEFT                RIGHT
 */
#include <inttypes.h>
#include <math.h>

#include "html_out.h"
#include "report_words.h"

enum { MAX_SERIES = 8, MAX_STEPS = 400, MAX_TABLE = 100 };

enum { LEFT = 66, RIGHT = 555, TOP = 12, BOTTOM = 160, WIDTH = 560, HEIGHT = 186 };

static const struct report_step *step_at(const struct report *report,
	const struct report_series *s, size_t i)
{
	return &report->steps[s->first + i];
}

static size_t drawn(const struct report_series *s)
{
	return s->n < MAX_STEPS ? s->n : MAX_STEPS;
}

static double column_x(const struct report_series *s, size_t i)
{
	return LEFT + (RIGHT - LEFT) * (double)i / (double)drawn(s);
}

/* The vertical position of `v`, on an axis from 0 to `most`. */
static double at_y(double v, double most)
{
	return BOTTOM - (BOTTOM - TOP) * fmax(0, v) / most;
}

/* Three lines: nothing, half, and the most. */
static void axis(FILE *to, double most)
{
	char text[32];

	for (int i = 0; i <= 2; i++) {
		double y = at_y(i, 2);

		fprintf(to,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
			LEFT, RIGHT, y, y, LEFT - 6, y + 4, words_bytes(most * i / 2, text));
	}
}

/* Label about ten steps with their numbers. */
static void numbers(FILE *to, const struct report *report, const struct report_series *s)
{
	size_t every = (drawn(s) + 9) / 10;
	double half = (RIGHT - LEFT) / (double)drawn(s) / 2;

	for (size_t i = 0; i < drawn(s); i += every)
		fprintf(to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%" PRIu64 "</text>",
			column_x(s, i) + half, HEIGHT - 6, step_at(report, s, i)->number);
}

/* The stored part is drawn over the whole column, from the bottom up, and what it leaves
   visible is saved. */
static void columns(FILE *to, const struct report *report, const struct report_series *s)
{
	double most = 1, width = (RIGHT - LEFT) / (double)drawn(s);
	char stored[32], saved[32];

	for (size_t i = 0; i < drawn(s); i++)
		most = fmax(most, (double)step_at(report, s, i)->sum.logical);
	axis(to, most);
	for (size_t i = 0; i < drawn(s); i++) {
		const struct report_step *step = step_at(report, s, i);
		double x = column_x(s, i) + width * .12,
			   top = at_y((double)step->sum.logical, most),
			   middle = at_y((double)step->sum.stored, most);

		fprintf(to,
			"<g><title>%" PRIu64 ": %s stored, %s saved, %.3f : 1</title><rect "
			"class=\"saved\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/><rect "
			"class=\"stored\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"/></g>\n",
			step->number, words_bytes((double)step->sum.stored, stored),
			words_bytes(figures_saved(&step->sum), saved), figures_ratio(&step->sum), x,
			top, width * .76, BOTTOM - top, x, middle, width * .76, BOTTOM - middle);
	}
	numbers(to, report, s);
}

/*
 * Two passes over the same points: an area down to the axis, then the line on top of it.
 */
static void cumulative(FILE *to, const struct report *report,
	const struct report_series *s)
{
	double most = 1, sum = 0, half = (RIGHT - LEFT) / (double)drawn(s) / 2;

	for (size_t i = 0; i < drawn(s); i++) {
		sum += figures_saved(&step_at(report, s, i)->sum);
		most = fmax(most, sum);
	}
	axis(to, most);
	for (int pass = 0; pass < 2; pass++) {
		fprintf(to,
			pass ? "<polyline class=\"line\" points=\""
				 : "<polygon class=\"area\" points=\"");
		sum = 0;
		for (size_t i = 0; i < drawn(s); i++) {
			sum += figures_saved(&step_at(report, s, i)->sum);
			fprintf(to, "%.1f,%.1f ", column_x(s, i) + half, at_y(sum, most));
		}
		if (!pass)
			fprintf(to, "%.1f,%d %.1f,%d", column_x(s, drawn(s) - 1) + half, BOTTOM,
				column_x(s, 0) + half, BOTTOM);
		fputs("\"/>\n", to);
	}
	numbers(to, report, s);
}

/* The last step is always shown, with the sum of all. */
static bool table(FILE *to, const struct report *report, const struct report_series *s)
{
	double sum = 0;

	fputs("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Step</th><th "
		  "scope=\"col\" class=\"n\">Files</th><th scope=\"col\" "
		  "class=\"n\">Logical</th><th scope=\"col\" class=\"n\">Stored</th><th "
		  "scope=\"col\" class=\"n\">Ratio</th><th scope=\"col\" "
		  "class=\"n\">Saved</th><th scope=\"col\" class=\"n\">Saved so far</th><th "
		  "scope=\"col\" class=\"n\">CPU s</th><th scope=\"col\" "
		  "class=\"n\">CAQ</th></tr></thead><tbody>\n",
		to);
	for (size_t i = 0; i < s->n; i++) {
		const struct figures *f = &step_at(report, s, i)->sum;
		char logical[32], stored[32], saved[32], so_far[32];

		sum += figures_saved(f);
		if (i >= MAX_TABLE && i + 1 < s->n)
			continue;
		fputs("<tr><th scope=\"row\">", to);
		if (!html_text(to, step_at(report, s, i)->path))
			return false;
		fprintf(to,
			"</th><td>%" PRIu64 "<td>%s<td>%s<td>%.3f<td>%s<td>%s<td>%.3g<td>%.3f\n",
			f->n_files, words_bytes((double)f->logical, logical),
			words_bytes((double)f->stored, stored), figures_ratio(f),
			words_bytes(figures_saved(f), saved), words_bytes(sum, so_far),
			f->cpu_seconds, figures_caq(f));
	}
	fputs("</tbody></table></div>", to);
	return true;
}

/* Ids must be unique in a page, hence the number of the series in them. */
static bool chart(FILE *to, const struct report *report, size_t k, const char *what,
	const char *caption,
	void (*draw)(FILE *to, const struct report *report, const struct report_series *s))
{
	fprintf(to,
		"<figure><figcaption>%s</figcaption><svg viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-labelledby=\"%s%zu\"><title id=\"%s%zu\">%s; the table below has the "
		"numbers</title>",
		caption, WIDTH, HEIGHT, what, k, what, k, caption);
	draw(to, report, &report->series[k]);
	fputs("</svg></figure>\n", to);
	return true;
}

bool html_series_link(FILE *to, const struct report *report)
{
	if (report->n_series)
		fputs("<a href=\"#steps\">Over time</a> ", to);
	return true;
}

bool html_series(FILE *to, const struct report *report)
{
	bool ok = true;

	if (!report->n_series)
		return true;
	fputs("<section id=\"steps\" aria-labelledby=\"steps-title\"><h2 "
		  "id=\"steps-title\">Over time</h2>\n",
		to);
	for (size_t k = 0; k < report->n_series && k < MAX_SERIES && ok; k++) {
		fputs("<h3>", to);
		ok = html_text(to, report->series[k].name);
		fprintf(to, " · %zu steps</h3>\n", report->series[k].n);
		fputs("<div class=\"charts\">", to);
		chart(to, report, k, "columns", "Stored and saved bytes of each step", columns);
		chart(to, report, k, "sum", "Saved bytes adding up", cumulative);
		fputs("</div>", to);
		ok = table(to, report, &report->series[k]) && ok;
	}
	if (report->n_series > MAX_SERIES)
		fprintf(to,
			"<p class=\"note\">%zu smaller ones are in <code>alcm report "
			"--json</code>.</p>",
			report->n_series - MAX_SERIES);
	fputs("</section>", to);
	return ok;
}
