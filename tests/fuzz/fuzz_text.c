/* SPDX-License-Identifier: MIT */
/*
 * The small texts that a store or a user gives us: reports, the scheduler's state, names
 * of profiles, and jobs of .alcm/swap with their paths. What is taken is written again
 * and taken again, as the same. Input: which one, then the text.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alcm.h"
#include "base/beneath.h"
#include "store/swap_job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void try_report(const char *text, size_t n)
{
	static const struct timespec mtime = { 86400, 5 };
	struct alcm_info info = { .uuid = { 0x12, 0x34 }, .commit_no = 7 };
	char *json;

	(void)alcm_report_current(text, n, &info, "w.npy", &mtime);
	/* As a name it may be any bytes, too. */
	require(!alcm_report_json(&info, text, &mtime, &json));
	require(alcm_report_current(json, strlen(json), &info, text, &mtime));
	alcm_free_text(json);
}

static void try_scheduler(const char *text, size_t n)
{
	struct alcm_scheduler s, again;
	struct alcm_diag diag = { 0 };
	char *json;

	alcm_scheduler_init(&s);
	if (alcm_scheduler_parse(text, n, &s, &diag))
		return;
	alcm_scheduler_add(&s, 1.5);
	require(s.prune_share >= 0 && s.prune_share <= 1);
	require(!alcm_scheduler_json(&s, &json));
	require(!alcm_scheduler_parse(json, strlen(json), &again, &diag));
	alcm_free_text(json);
}

static void try_profile(const char *text, size_t n)
{
	struct alcm_profile p, again;
	struct alcm_diag diag = { 0 };

	(void)n;
	if (alcm_profile_parse(text, &p, &diag)) {
		require(diag.cause[0]);
		return;
	}
	require(strlen(p.name) < sizeof(p.name) && p.bound >= 0);
	require(!alcm_profile_parse(p.name, &again, &diag) && again.id == p.id);
}

static void try_path(const char *text, size_t n)
{
	const char *at = text;
	char name[NAME_MAX + 1];
	int step;

	(void)n;
	while ((step = beneath_next(&at, name)) > 0)
		require(strlen(name) && !strchr(name, '/') && strcmp(name, "..") != 0);
	/* A job's path is stricter. */
	require(!swap_path_valid(text) || step == 0);
}

/* Jobs are read from a directory. */
static char job_dir[] = "/tmp/alcm-fuzz-job.XXXXXX";

static void remove_job_dir(void)
{
	(void)rmdir(job_dir);
}

static void try_job(const char *text, size_t n)
{
	static const char name[] = "0123456789abcdef.job";
	static int dir = -1;
	struct swap_job job;
	int fd;

	if (dir < 0) {
		require(mkdtemp(job_dir));
		atexit(remove_job_dir);
		dir = open(job_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	require(fd >= 0 && write(fd, text, n) == (ssize_t)n);
	close(fd);
	if (!swap_job_read(dir, "0123456789abcdef", &job))
		require(swap_path_valid(job.path) && job.mode <= 07777);
	require(!unlinkat(dir, name, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const char *, size_t) = { try_report, try_scheduler,
		try_profile, try_path, try_job };
	char *text;

	if (size < 1)
		return 0;
	text = malloc(size);
	require(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	tries[data[0] % 5](text, size - 1);
	free(text);
	return 0;
}
