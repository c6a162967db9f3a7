/* SPDX-License-Identifier: MIT */
/*
 * alcm top: the current activity of a mount, from its counters (docs/stats.schema.json).
 * They are read at an interval; rates are differences between two readings. A terminal is
 * redrawn each time. Elsewhere each reading is a block of lines.
 *
 * The first reading isn't shown, since it has no rates. Time is the mount's own uptime in
 * both readings, so a late reading gives no wrong rate. A counter that this version
 * doesn't know is ignored, and one that the mount doesn't have counts as 0: command and
 * mount may be of different versions.
 *
 * A mount that is restarted in between has smaller counters; rate() then shows 0.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "cli_mounted.h"

enum { MAX_ROWS = 20 }; /* files listed */

/* One reading of the counters. */
struct look {
	cJSON *root;
	const cJSON *values;
};

static void look_free(struct look *look)
{
	cJSON_Delete(look->root);
	*look = (struct look){ 0 };
}

static enum cli_exit look_at(struct cli *cli, const char *mount, struct look *out)
{
	char *text = mounted_document(-1, mount, ALCM_STATS_XATTR);

	*out = (struct look){ 0 };
	if (!text && (errno == ENODATA || errno == EOPNOTSUPP))
		return cli_error(cli, mount, "is not a mount of alcmfs");
	if (!text)
		return cli_error(cli, mount, "%s", strerror(errno));
	out->root = cJSON_Parse(text);
	free(text);
	out->values = cJSON_GetObjectItemCaseSensitive(out->root, "values");
	if (cJSON_IsObject(out->values))
		return CLI_OK;
	look_free(out);
	return cli_error(cli, mount, "its counters can't be parsed");
}

/* Negative values don't occur; one would be garbage and counts as 0. */
static double value(const struct look *look, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(look->values, name);

	return cJSON_IsNumber(v) && v->valuedouble > 0 ? v->valuedouble : 0;
}

/* The increase per second between two readings. */
static double rate(const struct look *before, const struct look *now, const char *name)
{
	double seconds = value(now, "uptime_seconds") - value(before, "uptime_seconds");
	double grown = value(now, name) - value(before, name);

	return seconds > 0 && grown > 0 ? grown / seconds : 0;
}

static char *bytes_of(const struct look *look, const char *name, char buf[16])
{
	return cli_bytes((uint64_t)value(look, name), buf);
}

/* Control characters become "?": a terminal would obey them. */
static void print_name(const char *name)
{
	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;

		putchar(*p < 0x20 || *p == 0x7f || c1 ? '?' : *p);
		p += c1;
	}
}

/* Names are null when they would make the document too long, or for a user who may not
   see them; the list is then left out. */
static void print_writing(const struct look *now)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(now->root, "writing"), *file;
	unsigned n = 0;

	if (cJSON_IsArray(list) && list->child)
		printf("\n%12s %10s %8s  %s\n", "written", "MB/s", "seconds", "file");
	cJSON_ArrayForEach(file, list)
	{
		const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(file,
			"name"));
		double bytes = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(file,
			"written_bytes"));
		double seconds = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(file,
			"seconds"));
		char text[16];

		if (!name || !(bytes >= 0) || ++n > MAX_ROWS)
			continue;
		printf("%12s %10.1f %8.1f  ", cli_bytes((uint64_t)bytes, text),
			seconds > 0 ? bytes / 1e6 / seconds : 0, seconds);
		print_name(name);
		putchar('\n');
	}
	if (n > MAX_ROWS)
		printf("%*s and %u more\n", 32, "", n - MAX_ROWS);
}

static void print_look(const char *mount, const struct look *before,
	const struct look *now)
{
	double raw = value(now, "encoded_bytes"), stored = value(now, "encoded_stored_bytes");
	char a[16], b[16], c[16];

	printf("%s, up %.0f s\n", mount, value(now, "uptime_seconds"));
	printf("now         in %.1f MB/s, out %.1f MB/s, %.2f CPUs\n",
		rate(before, now, "written_bytes") / 1e6, rate(before, now, "read_bytes") / 1e6,
		rate(before, now, "cpu_seconds"));
	printf("memory      %s of %s in chunk buffers, %s at most so far\n",
		bytes_of(now, "budget_used_bytes", a), bytes_of(now, "budget_limit_bytes", b),
		bytes_of(now, "budget_peak_bytes", c));
	printf("compressed  %s to %s, %.3f : 1, in %.2f CPU s\n",
		bytes_of(now, "encoded_bytes", a), bytes_of(now, "encoded_stored_bytes", b),
		stored > 0 ? raw / stored : 0, value(now, "encode_cpu_seconds"));
	printf("saved       %s%s since the mount\n", raw < stored ? "-" : "",
		cli_bytes((uint64_t)(raw < stored ? stored - raw : raw - stored), a));
	printf("open        %.0f files for writing, %.0f descriptors, %.0f inodes\n",
		value(now, "files_writing"), value(now, "descriptors"), value(now, "inodes"));
	printf("errors      %.0f of the store or of damaged data, %.0f for lack of space, "
		   "%.0f in the log\n",
		value(now, "io_errors"), value(now, "space_errors"), value(now, "logged_errors"));
	print_writing(now);
}

static void pause_seconds(unsigned seconds)
{
	struct timespec t = { .tv_sec = seconds };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

enum cli_exit verb_top(struct cli *cli)
{
	unsigned interval = cli->interval;
	bool screen = isatty(STDOUT_FILENO);
	struct look before, now;
	enum cli_exit status;

	if (cli->n_paths != 1)
		return cli_error(cli, cli->paths[1], "only one mount at a time");
	status = look_at(cli, cli->paths[0], &before);
	for (unsigned n = 0; !status && (!cli->n_looks || n < cli->n_looks); n++) {
		pause_seconds(interval);
		status = look_at(cli, cli->paths[0], &now);
		if (status)
			break;
		/* Cursor home, then clear the rest: no flicker, and no old text remains. */
		fputs(screen ? "\033[H\033[J" : n ? "\n" : "", stdout);
		print_look(cli->paths[0], &before, &now);
		if (fflush(stdout))
			break;
		look_free(&before);
		before = now;
	}
	look_free(&before);
	return status;
}
