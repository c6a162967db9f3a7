/* SPDX-License-Identifier: MIT */
/*
 * alcm check: verify every checksum of every blob, then the sidecars. A sidecar can be
 * rebuilt at any time, so an old one is noted, but is no damage.
 *
 *     blob                      without --repair        with --repair
 *     intact                    0                       0
 *     uncommitted end           0, mentioned            dropped, 4
 *     header or trailer bad     3                       rebuilt from the records, 4
 *     chunks bad                3, bytes listed         3: nothing can replace them
 *     first save not finished   0, mentioned            named as an operand: kept, 4
 *
 * The order for an operand:
 *
 *   store_open       its store, or a temporary one
 *   enter_store      --repair: lock it, which finishes interrupted conversions;
 *                    otherwise count them, and warn if the store is mounted
 *   check_files      each file: conversion cut off? blob intact? report current?
 *   check_orphans    reports without a blob, if the whole store was checked
 *
 * Without --repair nothing is locked or written, so a store can be checked while it is
 * mounted. A file that is being written may then look damaged, and orphans aren't looked
 * for: a mount moves reports after it has renamed files.
 *
 * A repair never invents data. It only drops what was never committed, and rebuilds
 * header, index and trailer from records whose own checksums are right.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "cli.h"
#include "cli_sidecar.h"
#include "cli_store.h"
#include "cli_walk.h"

#define MAX_RANGES 8 /* ranges printed for one file; the rest is counted */

struct check {
	struct cli *cli;
	struct alcm *alcm;
	struct store_at store;
	char *rel; /* path of the operand in the store */
	bool repair, busy;
	uint64_t n_files, n_blobs, n_damaged, n_unfinished, n_repaired, n_sidecars;
};

/*
 * Print the logical bytes that can't be read, as ranges. Neighbouring bad chunks join to
 * one range:
 *
 *   chunks of 256 KiB    ok  bad  bad  hole  bad  ok
 *   start, end               0x40000 … 0xc0000, then 0x100000 … 0x140000
 *
 * Reading one byte decodes and verifies the whole chunk. A range is printed when a chunk
 * follows that doesn't continue it, or the end.
 */
static void print_lost(struct alcm_blob *blob, uint32_t chunk_bytes)
{
	uint64_t size = alcm_blob_size(blob), start = 0, end = 0;
	unsigned n_ranges = 0;
	int64_t at = 0;
	char byte;

	/* Only chunks with data: most of a file can be a hole. */
	while (at >= 0) {
		at = alcm_blob_seek(blob, (uint64_t)at, SEEK_DATA);

		bool bad = at >= 0 && alcm_blob_pread(blob, &byte, 1, (uint64_t)at, NULL) < 0;

		if (end > start && !(bad && (uint64_t)at == end)) {
			if (n_ranges++ < MAX_RANGES)
				printf("    bytes %llu to %llu are lost\n", (unsigned long long)start,
					(unsigned long long)(end < size ? end : size) - 1);
			start = end = 0;
		}
		if (bad) {
			start = end > start ? start : (uint64_t)at;
			end = ((uint64_t)at / chunk_bytes + 1) * chunk_bytes;
		}
		if (at >= 0)
			at = (int64_t)(((uint64_t)at / chunk_bytes + 1) * chunk_bytes);
	}
	if (n_ranges > MAX_RANGES)
		printf("    and %u more ranges\n", n_ranges - MAX_RANGES);
}

static void report_lost(struct check *c, int fd, const struct alcm_check *found)
{
	struct alcm_info info;
	struct alcm_blob *blob;

	printf("    %llu of %llu chunks are damaged, the first at byte %llu\n",
		(unsigned long long)found->n_bad, (unsigned long long)found->n_chunks,
		(unsigned long long)found->bad_offset);
	if (alcm_blob_open(c->alcm, fd, false, &blob, NULL) == 0) {
		if (alcm_blob_info(blob, &info, NULL) == 0)
			print_lost(blob, info.chunk_bytes);
		alcm_blob_close(blob);
	}
	puts("    the rest of the file can be read; save it again or restore it from a "
		 "copy");
}

/* A first save that a crash interrupted is no damage, as on any filesystem. */
static enum cli_exit report_unfinished(struct check *c, const char *path,
	const struct alcm_check *found)
{
	c->n_unfinished++;
	printf("%s: unfinished: its first save was never completed; %llu chunks are there, "
		   "and alcm check --repair on the file itself keeps them\n",
		path, (unsigned long long)found->n_chunks);
	return CLI_OK;
}

/* Print what alcm_check() found. Returns the exit code for it. An uncommitted end isn't
   damage: a crash during a save leaves one, and readers ignore it. */
static enum cli_exit report(struct check *c, const char *path, int fd,
	const struct alcm_check *found)
{
	bool structure = found->header_bad || found->trailer_lost;
	bool repaired = found->repaired && found->n_bad == 0;

	if (found->n_bad == 0 && !structure && !found->orphan_tail)
		return CLI_OK;
	if (found->unfinished && !found->repaired)
		return report_unfinished(c, path, found);
	c->n_repaired += repaired;
	if (found->n_bad == 0 && !structure) {
		printf("%s: intact; what a crash left uncommitted %s\n", path,
			repaired ? "was dropped" : "is ignored (--repair drops it)");
		return repaired ? CLI_REPAIRED : CLI_OK;
	}
	printf("%s: %s: %s (at byte %llu of the blob)\n", path,
		repaired ? "repaired" : "damaged", found->first.cause,
		(unsigned long long)found->first.offset);
	if (found->n_bad && found->n_chunks == 0)
		puts("    nothing in it can be read: restore it from a copy, or use the version "
			 "that made it");
	else if (structure && !found->repaired)
		puts("    alcm check --repair rebuilds it from the records");
	if (found->n_bad && found->n_chunks)
		report_lost(c, fd, found);
	c->n_damaged += !repaired;
	return repaired ? CLI_REPAIRED : CLI_CORRUPT;
}

/* Compare the blob's sidecar with the blob; with --repair rewrite it. A path that is too
   long can't have a report, so none is missing. */
static enum cli_exit check_sidecar(struct check *c, const char *path, const char *rel,
	int fd)
{
	struct alcm_blob *blob;
	struct alcm_info info;
	enum sidecar_state state;
	struct stat st;
	int err;

	if (fstat(fd, &st) != 0 || alcm_blob_open(c->alcm, fd, false, &blob, NULL) != 0)
		return CLI_OK; /* reported as damage */
	err = alcm_blob_info(blob, &info, NULL);
	alcm_blob_close(blob);
	/* A path can be too long for the name of a report. */
	state = err || strlen(rel) >= PATH_MAX
		? SIDECAR_CURRENT
		: sidecar_check(c->store.store, rel, &info, &st.st_mtim);
	if (state == SIDECAR_CURRENT)
		return CLI_OK;
	c->n_sidecars++;
	if (!c->repair)
		return CLI_OK;
	err = sidecar_write(c->store.store, rel, &info, fd);
	if (err)
		return cli_error(c->cli, path, "can't write its report: %s", strerror(-err));
	return CLI_REPAIRED;
}

/* Only a blob that can be repaired is opened for writing; the others may be read-only. */
static int repair_blob(struct check *c, const struct walk_entry *entry,
	struct alcm_check *found)
{
	const struct timespec times[2] = { entry->st->st_atim, entry->st->st_mtim };
	AUTO_CLOSE int fd = walk_open(entry, O_RDWR);

	if (fd < 0)
		return -errno;
	/* A repair doesn't change the content, so it keeps the mtime. */
	return alcm_check(c->alcm, fd, true, found) ?: or_errno(futimens(fd, times));
}

/* The first pass of alcm_check() only reads. If that finds something to repair, the file
   is opened for writing and checked again, with repairs. */
static enum cli_exit check_blob(struct check *c, const struct walk_entry *entry, int fd,
	struct alcm_check *found)
{
	/* An unfinished file is only completed if the user named it. */
	bool named = entry->rel[0] == '\0';
	bool repairable = (found->header_bad || found->trailer_lost || found->orphan_tail) &&
		(named || !found->unfinished);
	enum cli_exit status;
	int err = 0;

	if (c->repair && repairable && (found->n_chunks || !found->n_bad))
		err = repair_blob(c, entry, found);
	progress_pause(&c->cli->progress);
	status = report(c, entry->path, fd, found);
	progress_resume(&c->cli->progress);
	if (err)
		status = cli_worse(status,
			cli_error(c->cli, entry->path, "can't be repaired: %s", strerror(-err)));
	return status;
}

/* -EMEDIUMTYPE: it isn't a blob, and a plain file has no checksums. */
static enum cli_exit check_fd(struct check *c, const struct walk_entry *entry, int fd)
{
	struct alcm_check found = { 0 };
	AUTO_FREE char *rel = NULL;
	enum cli_exit status;
	int err = alcm_check(c->alcm, fd, false, &found);

	if (err == -EMEDIUMTYPE)
		return CLI_OK;
	c->n_blobs++;
	if (err) {
		c->n_damaged += err == -EIO;
		return cli_error_from(c->cli, entry->path, err, &found.first);
	}
	status = check_blob(c, entry, fd, &found);
	if (c->store.temporary || (found.unfinished && !found.repaired))
		return status;
	rel = store_rel_of(c->rel, entry->rel);
	if (!rel)
		return cli_worse(status, cli_error(c->cli, entry->path, "%s", strerror(errno)));
	return cli_worse(status, check_sidecar(c, entry->path, rel, fd));
}

/* A conversion that was interrupted, with its job in the .alcm of another directory. */
static enum cli_exit resume_fd(struct check *c, const struct walk_entry *entry, int fd)
{
	struct alcm_diag diag = { 0 };
	uint64_t logical_bytes;
	int done;

	if (alcm_swap_pending(fd, &logical_bytes) != 1)
		return CLI_OK;

	AUTO_FREE char *rel = store_rel_of(c->rel, entry->rel);
	AUTO_CLOSE int writable = rel ? walk_open(entry, O_RDWR) : -1;

	if (writable < 0)
		return cli_error(c->cli, entry->path, "%s", strerror(errno));
	done = store_resume(&c->store, rel, writable, &diag);
	if (done < 0)
		return cli_error_from(c->cli, entry->path, done, &diag);
	c->n_repaired += done == 1;
	return done == 1 ? CLI_REPAIRED : CLI_FAILED;
}

static enum cli_exit check_entry(void *ctx, const struct walk_entry *entry)
{
	struct check *c = ctx;
	enum cli_exit status;

	if (entry->kind != WALK_FILE)
		return CLI_OK;

	AUTO_CLOSE int fd = walk_open(entry, O_RDONLY);

	if (fd < 0)
		return cli_error(c->cli, entry->path, "%s", strerror(errno));
	c->n_files++;
	progress_file(&c->cli->progress, (uint64_t)entry->st->st_size, 1);
	status = c->repair ? resume_fd(c, entry, fd) : CLI_OK;
	status = cli_worse(status, check_fd(c, entry, fd));
	progress_add(&c->cli->progress, (uint64_t)entry->st->st_size);
	return status;
}

/* The state of the scheduler lies beside a directory's reports (docs/design.md). */
static bool is_scheduler(const char *rel)
{
	const char *slash = strrchr(rel, '/');

	return strcmp(slash ? slash + 1 : rel, ".alcm-scheduler") == 0;
}

/* Whether `rel`, a path in .alcm/caq, is the report of a file that exists and is a blob.
   When in doubt it has one: a file that can't be opened for another reason than its
   absence keeps its report. */
static bool sidecar_has_blob(struct check *c, const char *rel)
{
	char blob[PATH_MAX + NAME_MAX];
	struct alcm_probe probe = { 0 };

	if (alcm_sidecar_file(c->store.store, rel, blob, sizeof(blob)))
		return false;

	AUTO_CLOSE int fd = alcm_open_beneath(c->store.dirfd, blob, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0)
		return fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP;
	/* A damaged blob is still one. */
	return alcm_probe(fd, &probe, NULL) != 0 || probe.kind == ALCM_BLOB;
}

/* Remove sidecars without a blob, and then the empty directories. It gets WALK_DIR_DONE
   after all entries of a directory, so a directory that has become empty goes, and
   rmdir() leaves the others alone. */
static enum cli_exit check_orphan(void *ctx, const struct walk_entry *entry)
{
	struct check *c = ctx;

	if (entry->kind == WALK_DIR_DONE && c->repair && entry->rel[0])
		unlinkat(entry->dirfd, entry->name, AT_REMOVEDIR);
	/* A summary is rebuilt on demand. Removing it lets an empty directory go. */
	if (entry->kind == WALK_FILE && strcmp(entry->name, ALCM_SUMMARY_NAME) == 0) {
		if (c->repair)
			unlinkat(entry->dirfd, entry->name, 0);
		return CLI_OK;
	}
	if (entry->kind != WALK_FILE || is_scheduler(entry->rel) ||
		sidecar_has_blob(c, entry->rel))
		return CLI_OK;
	c->n_sidecars++;
	if (!c->repair)
		return CLI_OK;
	if (unlinkat(entry->dirfd, entry->name, 0) != 0)
		return cli_error(c->cli, entry->path, "%s", strerror(errno));
	return CLI_REPAIRED;
}

static enum cli_exit check_orphans(struct check *c)
{
	AUTO_CLOSE int fd = alcm_open_beneath(c->store.dirfd, ".alcm/caq",
		O_PATH | O_DIRECTORY, 0);
	AUTO_FREE char *path = fd < 0 ? NULL : cli_join(c->store.root, ".alcm/caq");

	if (fd < 0)
		return fd == -ENOENT
			? CLI_OK
			: cli_error(c->cli, c->store.root, ".alcm/caq: %s", strerror(-fd));
	return path ? walk_below(c->cli, fd, path, check_orphan, c)
				: cli_error(c->cli, c->store.root, "out of memory");
}

/* The store's lock: required for repairs, only worth a warning otherwise. */
static enum cli_exit enter_store(struct check *c)
{
	unsigned n_jobs;

	if (c->repair) {
		enum cli_exit status = store_lock(c->cli, &c->store);

		c->n_repaired += c->store.n_finished;
		return status ? status : c->store.n_finished ? CLI_REPAIRED : CLI_OK;
	}
	n_jobs = store_count_jobs(&c->store);
	if (n_jobs)
		printf("%s: %u in-place changes were cut off by a crash; --repair or the next "
			   "mount finishes them\n",
			c->store.root, n_jobs);
	if (store_is_busy(&c->store)) {
		c->busy = true;
		cli_error(c->cli, c->store.root,
			"is mounted: files that are being written may look damaged");
	}
	return CLI_OK;
}

/* walk_in_place() leaves out other stores below, whose locks aren't held. */
static enum cli_exit check_files(struct check *c, const char *path)
{
	enum cli_exit status;

	c->rel = store_rel(&c->store, path);
	if (!c->rel)
		return cli_error(c->cli, path, "%s", strerror(errno));
	status = (c->repair ? walk_in_place : walk)(c->cli, path, check_entry, c);
	if (!c->store.temporary && !c->busy && !c->rel[0])
		status = cli_worse(status, check_orphans(c));
	free(c->rel);
	return status;
}

/* A repair of the store's jobs counts as repaired; any other failure to enter it skips
   the operand. */
static enum cli_exit check_operand(struct check *c, const char *path)
{
	enum cli_exit status = store_open(c->cli, path, &c->store);

	if (status)
		return status;
	status = enter_store(c);
	if (status == CLI_OK || status == CLI_REPAIRED)
		status = cli_worse(status, check_files(c, path));
	store_close(&c->store);
	return status;
}

static void print_summary(const struct check *c)
{
	printf("checked %llu %s, %llu of them compressed: %llu damaged, %llu repaired\n",
		(unsigned long long)c->n_files, c->n_files == 1 ? "file" : "files",
		(unsigned long long)c->n_blobs, (unsigned long long)c->n_damaged,
		(unsigned long long)c->n_repaired);
	if (c->n_unfinished)
		printf("%llu unfinished: not read, no damage\n",
			(unsigned long long)c->n_unfinished);
	if (c->n_sidecars)
		printf("%llu %s out of date or missing%s\n", (unsigned long long)c->n_sidecars,
			c->n_sidecars == 1 ? "report was" : "reports were",
			c->repair ? "; repaired" : " (use --repair; no data depends on it)");
}

enum cli_exit verb_check(struct cli *cli)
{
	struct check c = { .cli = cli, .repair = cli->repair };
	enum cli_exit worst = CLI_OK;

	if (cli_engine(cli, false, &c.alcm))
		return CLI_FAILED;
	if (progress_wanted())
		progress_start(&cli->progress, walk_total_bytes(cli, false));
	for (int i = 0; i < cli->n_paths; i++)
		worst = cli_worse(worst, check_operand(&c, cli->paths[i]));
	progress_end(&cli->progress);
	if (c.n_files || !worst)
		print_summary(&c);
	alcm_free(c.alcm);
	return worst;
}
