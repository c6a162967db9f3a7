/* SPDX-License-Identifier: MIT */
/*
 * Converting files in place or into copies.
 *
 * In place, a file keeps its inode. alcm_pack() and alcm_unpack() do the work under the
 * store's lock, and the sidecar is written or removed. With -o OUT nothing is locked or
 * changed: OUT becomes a copy of the operand. The copy of a tree has all of its files,
 * also those that are not converted.
 *
 *                      in place                       with -o OUT
 *   store              found and locked               not looked for
 *   plain, wanted      becomes a blob                 OUT is a blob
 *   plain, otherwise   named: an error; else skipped  named: an error; else OUT is plain
 *   blob, unpacking    becomes plain                  OUT is plain
 *   blob, packing      nothing to do                  OUT is a blob, encoded again
 *   mounts and stores  left out, as their locks       copied like any directory
 *     below            aren't held
 *
 * An interrupted run leaves whole files only: one in place is finished by the next
 * command or mount, and a copy appears under its name when it is complete.
 *
 * Conversions that a crash cut off are finished first: by store_lock() those of this
 * store, by convert_open() those of files whose job lies elsewhere.
 */
#include "cli_convert.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "cli_copy.h"
#include "cli_sidecar.h"
#include "cli_store.h"
#include "cli_walk.h"

struct convert {
	struct cli *cli;
	struct alcm *alcm;
	const struct alcm_profile *profile; /* NULL: unpack */
	struct store_at store;
	const char *out; /* output for this operand; NULL: in place */
	struct out_dir {
		struct out_dir *up;
		int fd;
	} * out_dir; /* the copy of the current directory; NULL: above the operand */
	enum alcm_detect detect; /* which files are packed */
	char *rel;               /* path of the operand in the store */
	uint64_t n_files, bytes_before, bytes_after;
};

/* Whether to pack a plain file. Any status but CLI_OK was reported. A file named by the
   user is refused with the reason; one found in a tree is skipped. The smallest size is
   only for trees: who names a small file wants it packed. */
static enum cli_exit judge_plain(struct convert *c, const struct walk_entry *entry,
	int fd, bool *wanted)
{
	bool named = entry->rel[0] == '\0';
	uint64_t min_size = named ? 0 : ALCM_MIN_SIZE;
	struct alcm_verdict verdict;
	int err;

	*wanted = c->cli->force && (uint64_t)entry->st->st_size >= min_size;
	if (c->cli->force || !entry->st->st_size)
		return CLI_OK;
	err = alcm_detect_file(c->detect, min_size, fd, entry->st, &verdict);
	if (err)
		return cli_error(c->cli, entry->path, "%s", strerror(-err));
	if (!verdict.worth && named)
		return cli_error(c->cli, entry->path,
			"is no tensor file: %s (--force compresses it anyway)", verdict.reason);
	*wanted = verdict.worth;
	return CLI_OK;
}

/* Whether to unpack a blob. If its content begins like a blob (a store that was copied
   into a mount), the plain file would be taken for a blob, so it is refused in place. */
static enum cli_exit judge_blob(struct convert *c, const struct walk_entry *entry, int fd,
	bool *wanted)
{
	struct alcm_diag diag = { 0 };
	struct alcm_blob *blob;
	char prefix[ALCM_SNIFF_BYTES];
	ssize_t n;
	int err = alcm_blob_open(c->alcm, fd, false, &blob, &diag);

	if (err)
		return cli_error_from(c->cli, entry->path, err, &diag);
	n = alcm_blob_pread(blob, prefix, sizeof(prefix), 0, &diag);
	alcm_blob_close(blob);
	if (n < 0)
		return cli_error_from(c->cli, entry->path, (int)n, &diag);
	*wanted = n == 0 || alcm_sniff(prefix, (size_t)n) != ALCM_SNIFF_BLOB;
	if (!*wanted)
		return cli_error(c->cli, entry->path,
			"its content would be taken for a blob (-o OUT extracts it)");
	return CLI_OK;
}

/* Whether to convert a file. Any status but CLI_OK was reported. A blob that the probe
   can't read is refused here, before anything is touched. */
static enum cli_exit judge(struct convert *c, const struct walk_entry *entry, int fd,
	bool *wanted)
{
	struct alcm_diag diag = { 0 };
	struct alcm_probe probe;
	int err = alcm_probe(fd, &probe, &diag);

	*wanted = false;
	if (err)
		return cli_error_from(c->cli, entry->path, err, &diag);
	if (probe.kind == ALCM_PLAIN && c->profile)
		return judge_plain(c, entry, fd, wanted);
	if (probe.kind == ALCM_BLOB && !c->profile && !c->out)
		return judge_blob(c, entry, fd, wanted);
	/* When packing into a copy, the copy of a blob is a blob, too. */
	*wanted = probe.kind == ALCM_BLOB && c->out;
	return CLI_OK;
}

/* A file in use can't be changed: -EBUSY with its cause. A report that fails is an error,
   but the file is packed, and any mount makes the report again. */
static enum cli_exit convert_fd(struct convert *c, const struct walk_entry *entry,
	const char *rel, int fd)
{
	struct alcm_diag diag = { 0 };
	struct stat after;
	int err = alcm_store_may_change(c->store.store, fd, &diag)
		?: (c->profile ? alcm_pack(c->alcm, c->store.store, rel, fd, c->profile, &diag)
					   : alcm_unpack(c->alcm, c->store.store, rel, fd, &diag));

	if (err)
		return cli_error_from(c->cli, entry->path, err, &diag);
	c->n_files++;
	c->bytes_before += (uint64_t)entry->st->st_size;
	if (fstat(fd, &after) == 0)
		c->bytes_after += (uint64_t)after.st_size;
	if (!c->profile)
		sidecar_remove(c->store.store, rel);
	else if (!c->store.temporary)
		err = sidecar_write_for(c->alcm, c->store.store, rel);
	/* A path can be too long for the name of a report. */
	if (err && err != -ENAMETOOLONG)
		return cli_error(c->cli, entry->path,
			"packed, but its report could not be written: %s", strerror(-err));
	return CLI_OK;
}

/* A conversion that a crash interrupted is finished first. */
static enum cli_exit convert_open(struct convert *c, const struct walk_entry *entry,
	const char *rel, int fd)
{
	struct alcm_diag diag = { 0 };
	bool wanted;
	/* A file named by the user is refused even if there is nothing to do. */
	int err = entry->rel[0] ? 0 : alcm_store_may_change(c->store.store, fd, &diag);
	enum cli_exit status;

	if (!err)
		err = store_resume(&c->store, rel, fd, &diag);
	if (err < 0)
		return cli_error_from(c->cli, entry->path, err, &diag);
	status = judge(c, entry, fd, &wanted);
	return status || !wanted ? status : convert_fd(c, entry, rel, fd);
}

/* The progress counts a file whether it is converted, skipped or refused: its size is in
   the total. */
static enum cli_exit convert_in_place(struct convert *c, const struct walk_entry *entry)
{
	AUTO_CLOSE int fd = walk_open(entry, O_RDWR);
	AUTO_FREE char *rel = fd < 0 ? NULL : store_rel_of(c->rel, entry->rel);
	enum cli_exit status;

	/* How often the file is read: to build, compare and copy the new content. */
	progress_file(&c->cli->progress, (uint64_t)entry->st->st_size, c->profile ? 4 : 2);
	status = rel ? convert_open(c, entry, rel, fd)
				 : cli_error(c->cli, entry->path, "%s", strerror(errno));
	progress_add(&c->cli->progress, (uint64_t)entry->st->st_size);
	return status;
}

/* In the copy of a tree, files that are not converted are copied unchanged. */
static enum cli_exit convert_copy(struct convert *c, const struct walk_entry *entry,
	const struct copy_place *out)
{
	AUTO_CLOSE int fd = walk_open(entry, O_RDONLY);
	enum cli_exit status;
	bool wanted;

	if (fd < 0)
		return cli_error(c->cli, entry->path, "%s", strerror(errno));
	status = judge(c, entry, fd, &wanted);
	if (status)
		return status;
	return copy_file(c->cli, c->alcm, entry, out, wanted ? c->profile : NULL,
		c->cli->force);
}

/* Make the copy of a directory; the entries that follow go into it. */
static enum cli_exit enter_dir(struct convert *c, const struct walk_entry *entry,
	const struct copy_place *out)
{
	enum cli_exit status = copy_dir(c->cli, entry, out);
	int nofollow = entry->rel[0] ? O_NOFOLLOW : 0;
	struct out_dir *dir = malloc(sizeof(*dir));

	if (!dir)
		return cli_error(c->cli, out->shown, "out of memory");
	dir->fd = status
		? -1
		: openat(out->at, out->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | nofollow);
	if (!status && dir->fd < 0)
		status = cli_error(c->cli, out->shown, "%s", strerror(errno));
	dir->up = c->out_dir;
	c->out_dir = dir;
	return status;
}

/* Mode and times come last: a read-only directory could get no files, and each file would
   move its mtime. */
static enum cli_exit leave_dir(struct convert *c, const struct walk_entry *entry,
	const char *shown)
{
	struct out_dir *dir = c->out_dir;
	enum cli_exit status = dir->fd < 0 ? CLI_FAILED
									   : copy_dir_done(c->cli, entry, dir->fd, shown);

	c->out_dir = dir->up;
	fd_close(dir->fd);
	free(dir);
	return status;
}

static enum cli_exit copy_entry_to(struct convert *c, const struct walk_entry *entry,
	const struct copy_place *out)
{
	if (entry->kind == WALK_DIR_DONE)
		return leave_dir(c, entry, out->shown);
	if (entry->kind == WALK_DIR)
		return enter_dir(c, entry, out);
	/* Its directory could not be made; that was reported. */
	if (out->at == -1)
		return CLI_FAILED;
	return entry->kind == WALK_FILE ? convert_copy(c, entry, out)
									: copy_link(c->cli, entry, out);
}

/* An entry is reached by the descriptor of its directory's copy, as the walk reaches the
   original: neither can be replaced by a link on the way. */
static enum cli_exit copy_entry(struct convert *c, const struct walk_entry *entry)
{
	bool named = entry->rel[0] == '\0';
	AUTO_FREE char *shown = named ? strdup(c->out) : cli_join(c->out, entry->rel);
	struct copy_place out = {
		.at = named ? AT_FDCWD : c->out_dir->fd,
		.name = named ? c->out : entry->name,
		.shown = shown,
	};

	return shown ? copy_entry_to(c, entry, &out)
				 : cli_error(c->cli, entry->path, "out of memory");
}

static enum cli_exit convert_entry(void *ctx, const struct walk_entry *entry)
{
	struct convert *c = ctx;
	bool named = entry->rel[0] == '\0';

	if (entry->kind == WALK_OTHER && named)
		return cli_error(c->cli, entry->path, "is not a regular file");
	if (c->out)
		return copy_entry(c, entry);
	return entry->kind == WALK_FILE ? convert_in_place(c, entry) : CLI_OK;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Whether the directory `out`, or the one it would be made in, is `dir` or below it.
   The walk would then find its own output, and copy that too, without an end. A path that
   can't be resolved counts as inside, to be safe. */
static bool lies_inside(const char *out, const char *dir)
{
	AUTO_FREE char *copy = strdup(out), *outer = realpath(dir, NULL),
				   *inner = realpath(out, NULL);
	char *slash = copy ? strrchr(copy, '/') : NULL;
	size_t n = outer ? strlen(outer) : 0;

	if (!inner && copy) {
		if (slash)
			slash[slash == copy ? 1 : 0] = '\0';
		inner = realpath(slash ? copy : ".", NULL);
	}
	return !outer || !inner ||
		(strncmp(inner, outer, n) == 0 &&
			(n == 1 || inner[n] == '/' || inner[n] == '\0'));
}

/* A file's copy goes into OUT if OUT is a directory. A directory's copy is OUT itself. */
static enum cli_exit convert_to_copy(struct convert *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *inside = NULL;

	c->out = c->cli->out;
	if (is_dir(path)) {
		if (lies_inside(c->out, path))
			return cli_error(c->cli, c->out, "lies inside %s", path);
	} else if (is_dir(c->out)) {
		inside = cli_join(c->out, slash ? slash + 1 : path);
		if (!inside)
			return cli_error(c->cli, path, "out of memory");
		c->out = inside;
	}
	return walk(c->cli, path, convert_entry, c);
}

/*
 * Each operand has its own store, which is locked only while this operand is converted.
 */
static enum cli_exit convert_operand(struct convert *c, const char *path)
{
	enum cli_exit status;

	if (is_dir(path) && !(c->cli->recursive))
		return cli_error(c->cli, path, "is a directory (-r converts all files below it)");
	if (c->cli->out)
		return convert_to_copy(c, path);
	status = store_open(c->cli, path, &c->store);
	if (status)
		return status;
	status = store_lock(c->cli, &c->store);
	c->rel = status ? NULL : store_rel(&c->store, path);
	if (!status)
		status = c->rel ? walk_in_place(c->cli, path, convert_entry, c)
						: cli_error(c->cli, path, "%s", strerror(errno));
	free(c->rel);
	store_close(&c->store);
	return status;
}

static void print_summary(const struct convert *c)
{
	char before[16], after[16];

	printf("%s %llu %s: %s → %s\n", c->profile ? "packed" : "unpacked",
		(unsigned long long)c->n_files, c->n_files == 1 ? "file" : "files",
		cli_bytes(c->bytes_before, before), cli_bytes(c->bytes_after, after));
}

/* Finding the total costs a walk of its own, so it is only done for a terminal. */
enum cli_exit convert(struct cli *cli, const struct alcm_profile *profile)
{
	struct convert c = { .cli = cli, .profile = profile };
	enum cli_exit worst = CLI_OK;

	if (cli->detect)
		alcm_detect_parse(cli->detect, &c.detect);
	if (cli->out && cli->n_paths > 1 && !is_dir(cli->out))
		return cli_error(cli, cli->out, "must be a directory to hold several copies");
	if (cli->out && cli->n_paths > 1 && cli->recursive)
		return cli_error(cli, NULL, "-r with -o takes one directory");
	if (cli_engine(cli, false, &c.alcm))
		return CLI_FAILED;
	if (progress_wanted())
		progress_start(&cli->progress, walk_total_bytes(cli, cli->out));
	for (int i = 0; i < cli->n_paths; i++)
		worst = cli_worse(worst, convert_operand(&c, cli->paths[i]));
	progress_end(&cli->progress);
	if (!cli->out && (c.n_files || !worst))
		print_summary(&c);
	alcm_free(c.alcm);
	return worst;
}
