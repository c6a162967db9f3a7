/* SPDX-License-Identifier: MIT */
/*
 * The mount's figures as JSON and as Prometheus text. One table has all of them, so the
 * two can't differ. A snapshot is taken first, since figures change while the text is
 * made.
 *
 * To add a figure:
 *
 *   1. count it (activity.h), or read it in take_snapshot()
 *   2. SHOW(its function, its expression in the snapshot)
 *   3. a row of `metrics`: name, whether it only grows, function, help
 *   4. docs/stats.schema.json
 *
 * Quantities have their unit in the name. Dashboards depend on the names, so they stay.
 */
#include "mount_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/json.h"
#include "inode.h"

#define SCHEMA_ID "alcm-stats/1"

enum { MAX_NAMES = 100 }; /* of files open for writing, newest first */

/* ---- one moment -------------------------------------------------------------------- */

struct snapshot {
	double uptime, cpu, n_writing, n_inodes, n_fds;
	struct alcm_work work;
	struct alcm_budget_use budget;
	uint64_t counters[ACTIVITY_COUNTERS];
};

static double process_cpu(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
		(double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* Each lock is held to the end of the function, in the order of docs/design.md: all of it
   is memory only. The figures aren't of one instant, but no sum of two is shown. */
static void take_snapshot(struct fs *fs, struct snapshot *s)
{
	s->uptime = clock_seconds(clock_wall_ns() - fs->activity.start_ns);
	s->cpu = process_cpu();
	alcm_work(fs->alcm, &s->work);
	alcm_budget_use(fs->alcm, &s->budget);
	for (int i = 0; i < ACTIVITY_COUNTERS; i++)
		s->counters[i] = atomic_load_explicit(&fs->activity.counters[i],
			memory_order_relaxed);
	WITH_LOCK(&fs->table_lock);
	s->n_inodes = fs->n_inodes - fs->n_kept;
	WITH_LOCK(&fs->fd_lock);
	s->n_fds = fs->n_fds;
	WITH_LOCK(&fs->activity.lock);
	s->n_writing = fs->activity.n_writing;
}

/* ---- what is shown ----------------------------------------------------------------- */

#define SHOW(name, expression)                   \
	static double name(const struct snapshot *s) \
	{                                            \
		return (double)(expression);             \
	}

SHOW(uptime, s->uptime)
SHOW(cpu, s->cpu)
SHOW(written, s->counters[ACTIVITY_WRITTEN_BYTES])
SHOW(read_bytes, s->counters[ACTIVITY_READ_BYTES])
SHOW(blob_written, s->counters[ACTIVITY_BLOB_WRITTEN_BYTES])
SHOW(blob_read, s->counters[ACTIVITY_BLOB_READ_BYTES])
SHOW(commits, s->counters[ACTIVITY_N_COMMITS])
SHOW(converted, s->counters[ACTIVITY_N_CONVERTED])
SHOW(encoded, s->work.encoded_bytes)
SHOW(stored, s->work.encoded_stored_bytes)
SHOW(encode_cpu, clock_seconds(s->work.encode_cpu_ns))
SHOW(decoded, s->work.decoded_bytes)
SHOW(decode_cpu, clock_seconds(s->work.decode_cpu_ns))
SHOW(io_errors, s->counters[ACTIVITY_N_IO_ERRORS])
SHOW(space_errors, s->counters[ACTIVITY_N_SPACE_ERRORS])
SHOW(logged, s->counters[ACTIVITY_N_LOGGED_ERRORS])
SHOW(corrupt, s->work.n_corrupt)
SHOW(verify_failed, s->work.n_verify_failed)
SHOW(budget_used, s->budget.used)
SHOW(budget_peak, s->budget.peak)
SHOW(budget_limit, s->budget.limit)
SHOW(writing, s->n_writing)
SHOW(inodes, s->n_inodes)
SHOW(fds, s->n_fds)

/* In JSON the name alone; for Prometheus alcmfs_NAME, with _total for counters. */
static const struct metric {
	const char *name;
	bool grows;
	double (*show)(const struct snapshot *s);
	const char *help;
} metrics[] = {
	{ "uptime_seconds", false, uptime, "Seconds since the mount." },
	{ "cpu_seconds", true, cpu, "CPU time of the whole daemon." },
	{ "written_bytes", true, written, "Bytes that applications wrote." },
	{ "read_bytes", true, read_bytes,
		"Bytes that the kernel read; reads from its page cache are not included." },
	{ "blob_written_bytes", true, blob_written,
		"The part of the written bytes that went into compressed files." },
	{ "blob_read_bytes", true, blob_read,
		"The part of the read bytes that came from compressed files." },
	{ "commits", true, commits, "Completed saves of compressed files." },
	{ "converted", true, converted,
		"Files changed in place and compressed after they had been idle." },
	{ "encoded_bytes", true, encoded,
		"Logical bytes of the chunks that were compressed." },
	{ "encoded_stored_bytes", true, stored,
		"Bytes written to the store for these chunks." },
	{ "encode_cpu_seconds", true, encode_cpu,
		"CPU time of compressing, verification included." },
	{ "decoded_bytes", true, decoded,
		"Logical bytes of the chunks that were decompressed." },
	{ "decode_cpu_seconds", true, decode_cpu, "CPU time of reading and decompressing." },
	{ "io_errors", true, io_errors, "Requests answered with EIO." },
	{ "space_errors", true, space_errors, "Requests answered with ENOSPC or EDQUOT." },
	{ "logged_errors", true, logged, "Errors in the log." },
	{ "corrupt_records", true, corrupt, "Records that could not be read or decoded." },
	{ "verify_failures", true, verify_failed,
		"Chunks that the codec did not restore, stored uncompressed." },
	{ "budget_used_bytes", false, budget_used, "Memory in chunk buffers." },
	{ "budget_peak_bytes", false, budget_peak,
		"The largest memory in chunk buffers so far." },
	{ "budget_limit_bytes", false, budget_limit, "The limit set by option budget." },
	{ "files_writing", false, writing, "Files open for writing." },
	{ "inodes", false, inodes, "Inodes known to the kernel." },
	{ "descriptors", false, fds, "Open descriptors of the store's files." },
};

enum { N_METRICS = sizeof(metrics) / sizeof(metrics[0]) };

/*
 * Prometheus text has no file names: each would be a series of its own in its database.
 */
char *stats_prometheus(struct fs *fs, bool names)
{
	struct snapshot s;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)names;
	if (!out)
		return NULL;
	take_snapshot(fs, &s);
	for (size_t i = 0; i < N_METRICS; i++) {
		const struct metric *m = &metrics[i];
		const char *suffix = m->grows ? "_total" : "";

		fprintf(out, "# HELP alcmfs_%s%s %s\n# TYPE alcmfs_%s%s %s\nalcmfs_%s%s %.17g\n",
			m->name, suffix, m->help, m->name, suffix, m->grows ? "counter" : "gauge",
			m->name, suffix, m->show(&s));
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void add_writing(cJSON *list, const struct activity_writing *w)
{
	cJSON *o = cJSON_CreateObject();
	char *path = inode_path_locked(w->inode);

	json_add_name(o, "name", path ? path : "?");
	cJSON_AddNumberToObject(o, "written_bytes",
		(double)atomic_load_explicit(&w->written_bytes, memory_order_relaxed));
	cJSON_AddNumberToObject(o, "seconds", clock_seconds(clock_wall_ns() - w->since_ns));
	cJSON_AddItemToArray(list, o);
	free(path);
}

/* These files are open, so neither their inodes nor the parents can be freed. */
static void add_all_writing(struct fs *fs, cJSON *root)
{
	cJSON *list = cJSON_AddArrayToObject(root, "writing");
	const struct activity_writing *w;
	unsigned n = 0;

	WITH_LOCK(&fs->table_lock);
	WITH_LOCK(&fs->activity.lock);
	LIST_FOREACH (w, &fs->activity.writing, list)
		if (n++ < MAX_NAMES)
			add_writing(list, w);
}

char *stats_json(struct fs *fs, bool names)
{
	cJSON *root = cJSON_CreateObject(), *values;
	struct snapshot s;

	take_snapshot(fs, &s);
	cJSON_AddStringToObject(root, "schema", SCHEMA_ID);
	cJSON_AddStringToObject(root, "version", ALCM_VERSION);
	values = cJSON_AddObjectToObject(root, "values");
	for (size_t i = 0; i < N_METRICS; i++)
		cJSON_AddNumberToObject(values, metrics[i].name, metrics[i].show(&s));
	if (names)
		add_all_writing(fs, root);
	else
		cJSON_AddNullToObject(root, "writing");
	return json_print(root);
}
