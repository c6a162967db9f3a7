/* SPDX-License-Identifier: MIT */
/*
 * The parts of the page that need no script: figures, tables, and the files that stay
 * plain. Closing tags of cells and rows are omitted where HTML allows it, to keep a page
 * with 5,000 rows small.
 *
 * Each function html_NAME() writes the part {{NAME}} of the template and returns false
 * without memory. The table of parts is in write_html.c. Limits keep the page usable for
 * a store of any size; where something is left out, a line says how much and which
 * command shows it.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "html_out.h"
#include "report_words.h"

enum { MAX_DIRS = 300, MAX_DEPTH = 3, MAX_SERIES = 12, MAX_PLAIN = 200 };

/* ---- the top ----------------------------------------------------------------------- */

static void card(FILE *to, const char *name, const char *value, const char *note)
{
	fprintf(to, "<div><dt>%s</dt><dd>%s<small>%s</small></dd></div>\n", name, value,
		note);
}

/*
 * Eight figures at the top. The ratio has the one of compressed files beside it, since
 * plain files of a store say nothing about the codec. A gain that isn't known is a dash.
 */
bool html_cards(FILE *to, const struct report *report)
{
	const struct figures *all = &report->all, *packed = &report->compressed;
	char value[64], note[96];
	double gain = figures_gain_percent(all);

	snprintf(note, sizeof(note), "%" PRIu64 " files", all->n_files);
	card(to, "Logical", words_bytes((double)all->logical, value), note);
	snprintf(note, sizeof(note), "%" PRIu64 " of them compressed", all->n_compressed);
	card(to, "Stored", words_bytes((double)all->stored, value), note);
	snprintf(note, sizeof(note), "%.1f %% of the logical bytes",
		all->logical ? 100 * figures_saved(all) / (double)all->logical : 0);
	card(to, "Saved", words_bytes(figures_saved(all), value), note);
	snprintf(value, sizeof(value), "%.3f : 1", figures_ratio(all));
	snprintf(note, sizeof(note), "%.3f : 1 the compressed ones", figures_ratio(packed));
	card(to, "Ratio", value, note);
	snprintf(value, sizeof(value), "%.3g s", all->cpu_seconds);
	snprintf(note, sizeof(note), "%.3g s a GiB, %.0f MB/s per core",
		figures_cpu_per_gib(packed), figures_mb_per_s(packed));
	card(to, "CPU", value, packed->logical ? note : "");
	snprintf(value, sizeof(value), "%.3f", figures_caq(all));
	card(to, "CAQ", value, "ratio / (CPU s + 1)");
	snprintf(value, sizeof(value), "%+.1f %%", gain);
	card(to, "CAQ against zlib -6", isfinite(gain) ? value : "–",
		"on a sample of the same files");
	snprintf(value, sizeof(value), "%" PRIu64, all->n_lossy);
	card(to, "Values changed", all->n_lossy ? value : "none",
		all->n_lossy ? "files are lossy" : "lossless");
	return true;
}

/* One bar for the whole: stored from the left, and what was saved as the rest. Labels are
   only drawn where they fit. */
bool html_bar(FILE *to, const struct report *report)
{
	const struct figures *all = &report->all;
	double saved = fmax(0, figures_saved(all));
	double width = all->logical ? 1000 * (1 - saved / (double)all->logical) : 1000;
	char stored_text[32], saved_text[32];

	words_bytes((double)all->stored, stored_text);
	words_bytes(saved, saved_text);
	fprintf(to,
		"<svg viewBox=\"0 0 1000 30\" preserveAspectRatio=\"none\" role=\"img\" "
		"aria-labelledby=\"bar-title\"><title id=\"bar-title\">%s stored, %s "
		"saved</title><rect class=\"saved\" width=\"1000\" height=\"30\" rx=\"4\"/><rect "
		"class=\"stored\" width=\"%.1f\" height=\"30\" rx=\"4\"/>",
		stored_text, saved_text, width);
	if (width > 150)
		fprintf(to, "<text class=\"inbar\" x=\"12\" y=\"20\">stored %s</text>",
			stored_text);
	if (width < 850)
		fprintf(to,
			"<text class=\"insaved\" x=\"988\" y=\"20\" text-anchor=\"end\">saved "
			"%s</text>",
			saved_text);
	fputs("</svg>", to);
	return true;
}

/* ---- tables ------------------------------------------------------------------------ */

static void bytes_cell(FILE *to, double bytes)
{
	char text[32];

	fprintf(to, "<td>%s", words_bytes(bytes, text));
}

/* Logical, stored, ratio, saved. */
static void size_cells(FILE *to, const struct figures *f)
{
	bytes_cell(to, (double)f->logical);
	bytes_cell(to, (double)f->stored);
	fprintf(to, "<td>%.3f", figures_ratio(f));
	bytes_cell(to, figures_saved(f));
}

/* A line with the directory's name, before the first of its files. A line is needed when
   the directory isn't that of the file before; rows are sorted, so its files follow each
   other. */
static bool directory_line(FILE *to, const char *path, const char *before)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;
	char *dir = strndup(path, len);
	bool ok = dir;

	if (ok && len && (strncmp(before, path, len) != 0 || strchr(before + len, '/'))) {
		fputs("<tr><th scope=\"rowgroup\" colspan=\"12\">", to);
		ok = html_text(to, dir);
		fputs("</th>\n", to);
	}
	free(dir);
	return ok;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool html_files(FILE *to, const struct report *report)
{
	static const struct file_detail none = { .bits_per_value = NAN };
	const char *before = "";

	for (size_t i = 0; i < report->n_rows; i++) {
		const struct report_row *row = &report->rows[i];
		const struct file_detail *d = row->detail ? row->detail : &none;
		char type[64], shape[2048];

		if (!row->sum.n_compressed)
			continue;
		if (!directory_line(to, row->path, before))
			return false;
		before = row->path;
		fputs("<tr><td>", to);
		if (!html_text(to, base_name(row->path)))
			return false;
		if (row->sum.n_files > 1)
			fprintf(to, " (%" PRIu64 " files)", row->sum.n_files);
		fputs("<td>", to);
		html_text(to, words_type(d, type));
		fprintf(to, "<td>%s", words_shape(d, shape, sizeof(shape)));
		size_cells(to, &row->sum);
		if (isfinite(d->bits_per_value))
			fprintf(to, "<td>%.2f", d->bits_per_value);
		else
			fputs("<td>", to);
		fprintf(to, "<td>%.3g<td>%.0f<td>%.3f<td>", row->sum.cpu_seconds,
			figures_mb_per_s(&row->sum), figures_caq(&row->sum));
		html_text(to, d->profile);
		fputc('\n', to);
	}
	return true;
}

/* A bar: stored and saved bytes as shares of `whole`. */
static void cell_bar(FILE *to, const struct figures *f, double whole)
{
	double logical = 100 * (double)f->logical / whole,
		   stored = 100 * (double)f->stored / whole;

	fprintf(to,
		"<td><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" "
		"aria-hidden=\"true\"><rect class=\"saved\" width=\"%.1f\" height=\"10\"/><rect "
		"class=\"stored\" width=\"%.1f\" height=\"10\"/></svg>",
		logical, fmin(stored, 100));
}

/* Depth becomes a class, by which the style indents; data-dir lets the script filter the
   files below. */
static bool directory_row(FILE *to, const struct report_dir *dir, double whole)
{
	bool ok;

	fprintf(to, "<tr><th scope=\"row\" class=\"depth%u\"><span title=\"", dir->depth);
	ok = html_text(to, dir->path);
	fputs("\" data-dir=\"", to);
	ok = html_text(to, dir->path) && ok;
	fputs("\">", to);
	ok = html_text(to, *dir->path ? base_name(dir->path) : "everything") && ok;
	fprintf(to, "</span></th><td>%" PRIu64, dir->sum.n_files);
	size_cells(to, &dir->sum);
	cell_bar(to, &dir->sum, whole);
	fprintf(to, "<td>%.3g<td>%.3f\n", dir->sum.cpu_seconds, figures_caq(&dir->sum));
	return ok;
}

/* Parents come before their children, so cutting the list at MAX_DIRS keeps the sums of
   what is left out. */
bool html_directories(FILE *to, const struct report *report)
{
	double whole = fmax(1, (double)report->all.logical);
	size_t shown = 0;

	fputs("<p class=\"note\">Each line sums everything below. <span class=\"key "
		  "stored\"></span> stored "
		  "<span class=\"key saved\"></span> saved</p>\n"
		  "<div class=\"scroll\"><table id=\"dirs\"><thead><tr><th "
		  "scope=\"col\">Directory</th>"
		  "<th scope=\"col\" class=\"n\">Files</th><th scope=\"col\" "
		  "class=\"n\">Logical</th>"
		  "<th scope=\"col\" class=\"n\">Stored</th><th scope=\"col\" "
		  "class=\"n\">Ratio</th>"
		  "<th scope=\"col\" class=\"n\">Saved</th><th scope=\"col\" "
		  "class=\"t\">Share</th>"
		  "<th scope=\"col\" class=\"n\">CPU s</th><th scope=\"col\" "
		  "class=\"n\">CAQ</th></tr></thead>\n"
		  "<tbody>",
		to);
	for (size_t i = 0; i < report->n_dirs; i++) {
		if (report->dirs[i].depth > MAX_DEPTH || shown == MAX_DIRS)
			continue;
		if (!directory_row(to, &report->dirs[i], whole))
			return false;
		shown++;
	}
	fputs("</tbody></table></div>", to);
	if (shown < report->n_dirs)
		fprintf(to,
			"<p class=\"note\">%zu more directories are in <code>alcm report "
			"--json</code> and <code>alcm du --depth</code>.</p>",
			report->n_dirs - shown);
	return true;
}

/* ---- what was not compressed ------------------------------------------------------- */

struct reason {
	const char *why;
	uint64_t n_files, bytes;
};

/* Sum by reason; there are few. Returns how many. */
static size_t sum_reasons(const struct report *report, struct reason *reasons,
	size_t capacity)
{
	size_t n = 0, k;

	for (size_t i = 0; i < report->n_rows; i++) {
		const struct report_row *row = &report->rows[i];

		if (!row->why_not[0])
			continue;
		for (k = 0; k < n && strcmp(reasons[k].why, row->why_not) != 0; k++)
			;
		if (k == capacity)
			continue;
		if (k == n)
			reasons[n++] = (struct reason){ .why = row->why_not };
		reasons[k].n_files += row->sum.n_files;
		reasons[k].bytes += row->sum.logical;
	}
	return n;
}

/* Folded away: sums by reason are what most readers want. */
static bool plain_list(FILE *to, const struct report *report)
{
	size_t shown = 0, n = 0;

	fputs("<details><summary>The files</summary><div class=\"scroll\"><table><thead><tr>"
		  "<th scope=\"col\">File</th><th scope=\"col\" class=\"n\">Size</th><th "
		  "scope=\"col\" class=\"t\">Why</th></tr></thead><tbody>\n",
		to);
	for (size_t i = 0; i < report->n_rows; i++) {
		const struct report_row *row = &report->rows[i];

		if (!row->why_not[0] || ++n > MAX_PLAIN)
			continue;
		fputs("<tr><td>", to);
		if (!html_text(to, row->path))
			return false;
		bytes_cell(to, (double)row->sum.logical);
		fputs("<td class=\"t\">", to);
		if (!html_text(to, row->why_not))
			return false;
		fputc('\n', to);
		shown++;
	}
	fputs("</tbody></table></div></details>", to);
	if (shown < n)
		fprintf(to,
			"<p class=\"note\">%zu more are in <code>alcm report --csv</code>.</p>",
			n - shown);
	return true;
}

bool html_plain(FILE *to, const struct report *report)
{
	struct reason reasons[32];
	size_t n = sum_reasons(report, reasons, sizeof(reasons) / sizeof(reasons[0]));

	if (!n) {
		fputs("<p>Every file is compressed.</p>", to);
		return true;
	}
	fputs("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Why</th><th "
		  "scope=\"col\" class=\"n\">"
		  "Files</th><th scope=\"col\" class=\"n\">Bytes</th></tr></thead><tbody>\n",
		to);
	for (size_t i = 0; i < n; i++) {
		fputs("<tr><th scope=\"row\">", to);
		if (!html_text(to, reasons[i].why))
			return false;
		fprintf(to, "</th><td>%" PRIu64, reasons[i].n_files);
		bytes_cell(to, (double)reasons[i].bytes);
	}
	fputs("</tbody></table></div>\n", to);
	return plain_list(to, report);
}
