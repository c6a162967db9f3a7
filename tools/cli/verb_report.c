/* SPDX-License-Identifier: MIT */
/*
 * alcm report: sizes and metrics of a store, mount, directory or files, as HTML, JSON or
 * CSV.
 *
 *   collect_report()       a row for each file, sorted and summed
 *   collect_histograms()   samples of the largest files; not for CSV, which has none
 *   report_roll_up()       HTML only: at most MOST_ROWS rows
 *   write_html() …         one of the writers, to a file or to standard output
 *
 * Usage is checked before anything is read, since collecting may take long. A file that
 * can't be read has a row that says so and makes the exit code worse, but doesn't stop
 * the report.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_write.h"
#include "report/report_collect.h"
#include "report/report_write.h"

/* A page with more rows is unusable. Histograms are limited to as many files. */
#define MOST_ROWS 5000
#define MOST_TENSORS 8000 /* rows of tensors */

typedef bool (*write_fn)(FILE *to, const struct report *report,
	const struct report_origin *origin);

struct output {
	const struct report *report;
	struct report_origin origin;
	write_fn write;
};

/* For cli_write_output(). The stream gets a copy of `fd`, because fclose() closes it. A
   failed write shows at fclose() at the latest; errno is cleared, since ferror() alone
   says nothing of the cause. */
static int put(void *ctx, int fd)
{
	const struct output *out = ctx;
	int copy = dup(fd);
	FILE *to = copy < 0 ? NULL : fdopen(copy, "w");
	bool ok;

	if (!to) {
		int err = -errno;

		if (copy >= 0)
			close(copy);
		return err;
	}
	ok = out->write(to, out->report, &out->origin);
	if (!ok) {
		fclose(to);
		return -ENOMEM;
	}
	errno = 0;
	ok = !ferror(to);
	return fclose(to) == 0 && ok ? 0 : errno ? -errno : -EIO;
}

static enum cli_exit print(struct cli *cli, struct report *report)
{
	struct output out = {
		.report = report,
		.origin = { cli->paths, cli->n_paths, time(NULL) },
		.write = cli->json ? write_json
			: cli->csv     ? write_csv
						   : write_html,
	};

	if (out.write == write_html && !report_roll_up(report, MOST_ROWS))
		return cli_error(cli, NULL, "out of memory");
	if (out.write == write_html)
		report_trim_tensors(report, MOST_TENSORS);
	if (cli->out)
		return cli_write_output(cli, cli->out, put, &out);
	return out.write(stdout, report, &out.origin) ? CLI_OK
												  : cli_error(cli, NULL, "out of memory");
}

enum cli_exit verb_report(struct cli *cli)
{
	struct report report = { 0 };
	enum cli_exit status;
	struct alcm *alcm;

	if (cli->json && cli->csv)
		return cli_error(cli, NULL, "--json and --csv: only one of them");
	if (!cli->json && !cli->csv && !cli->out && isatty(STDOUT_FILENO))
		return cli_error(cli, NULL,
			"a terminal can't show the page: write it to a file with -o FILE.html");
	if (cli_may_write(cli, cli->out))
		return CLI_FAILED;
	if (cli_engine(cli, true, &alcm))
		return CLI_FAILED;
	status = collect_report(cli, alcm, true, &report);
	if (!(cli->csv))
		collect_histograms(cli, alcm, &report, MOST_ROWS);
	if (report.n_dirs)
		status = cli_worse(status, print(cli, &report));
	report_release(&report);
	alcm_free(alcm);
	return status;
}
