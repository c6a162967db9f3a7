/* SPDX-License-Identifier: MIT */
/*
 * Copies of files, directories and links. A file is written under a temporary name and
 * then renamed (cli_new_file.c). Holes stay holes, in a plain file and in a blob.
 *
 *   source (plain or blob) ──► source_copy(), data only ──► write_fd() or write_blob()
 *         ──► size, for a hole at the end ──► owner, mode, times ──► rename
 *
 * While a plain file is packed, parsers may look ahead in the source
 * (alcm_blob_look_ahead()). So they find the tensors of a zip archive, whose directory
 * comes last, before the first chunk is encoded.
 */
#include "cli_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli_new_file.h"
#include "cli_source.h"

/* A sink for source_copy(), as is write_blob(). */
static int write_fd(void *ctx, const void *buf, size_t n, uint64_t off)
{
	return fd_pwrite(*(const int *)ctx, buf, n, off);
}

/* A short write of a blob has no errno; it would leave a hole in the copy. */
static int write_blob(void *ctx, const void *buf, size_t n, uint64_t off)
{
	ssize_t put = alcm_blob_pwrite(ctx, buf, n, off, NULL);

	if (put < 0)
		return (int)put;
	return (size_t)put < n ? -EIO : 0;
}

static enum cli_exit fill_plain(struct cli *cli, struct source *source, int fd,
	const char *out)
{
	enum cli_exit status = source_copy(cli, source, true, out, write_fd, &fd);

	/* A hole at the end isn't copied, but counts in the size. */
	if (!status && ftruncate(fd, (off_t)source->size) != 0)
		return cli_error(cli, out, "%s", strerror(errno));
	return status;
}

/* Values are replaced before the commit, as at a close in a mount. */
static enum cli_exit fill_blob(struct cli *cli, struct alcm *alcm, struct source *source,
	int fd, const char *out, const struct alcm_profile *profile)
{
	struct alcm_diag diag = { 0 };
	struct alcm_blob *blob;
	enum cli_exit status;
	bool changed;
	int err = alcm_blob_create(alcm, fd, profile, &blob);

	if (err)
		return cli_error_from(cli, out, err, NULL);
	if (!source->blob)
		alcm_blob_look_ahead(blob, source->fd, source->size);
	status = source_copy(cli, source, true, out, write_blob, blob);
	alcm_blob_look_ahead(blob, -1, 0);
	if (!status) {
		err = alcm_blob_truncate(blob, source->size, &diag)
			?: alcm_blob_quantise(blob, profile->prune_share, &changed, &diag)
			?: alcm_blob_commit(blob, false, &diag);
		if (err)
			status = cli_error_from(cli, out, err, &diag);
	}
	alcm_blob_close(blob);
	return status;
}

/* Owner first: chown clears set-id bits. A missing permission to chown is no failure. */
static int copy_attributes(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) != 0 && errno != EPERM && errno != EINVAL)
		return -errno;
	return or_errno(fchmod(fd, st->st_mode & 07777)) ?: or_errno(futimens(fd, times));
}

/* Any failure removes the temporary file: OUT stays what it was. */
static enum cli_exit copy_to(struct cli *cli, struct alcm *alcm, struct source *source,
	const struct copy_place *out, const struct alcm_profile *profile, bool replace)
{
	struct new_file file;
	enum cli_exit status;
	int err = new_file_begin(out->at, out->name, &file);

	if (err)
		return cli_error(cli, out->shown, "%s", strerror(-err));
	status = profile ? fill_blob(cli, alcm, source, file.fd, out->shown, profile)
					 : fill_plain(cli, source, file.fd, out->shown);
	err = status ? 0 : copy_attributes(file.fd, &source->st);
	if (status || err)
		new_file_drop(&file);
	else
		err = new_file_end(&file, replace);
	return err ? cli_error(cli, out->shown, "%s%s", strerror(-err),
					 err == -EEXIST ? " (--force replaces it)" : "")
			   : status;
}

/* The early check of an existing OUT spares the copying; rename decides. */
enum cli_exit copy_file(struct cli *cli, struct alcm *alcm,
	const struct walk_entry *entry, const struct copy_place *out,
	const struct alcm_profile *profile, bool replace)
{
	struct source source;
	enum cli_exit status;

	if (!replace && faccessat(out->at, out->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return cli_error(cli, out->shown, "exists (--force replaces it)");
	status = source_open(cli, alcm, walk_open(entry, O_RDONLY), entry->path, &source);
	if (status)
		return status;
	status = copy_to(cli, alcm, &source, out, profile, replace);
	source_close(&source);
	return status;
}

enum cli_exit copy_dir(struct cli *cli, const struct walk_entry *entry,
	const struct copy_place *out)
{
	/*
	 * Only OUT itself may be a link to a directory. Below it, a link was not made by us.
	 */
	int flags = entry->rel[0] ? AT_SYMLINK_NOFOLLOW : 0;
	struct stat st;

	/* Writable for us until everything is in it; copy_dir_done() sets the mode. */
	if (mkdirat(out->at, out->name, (entry->st->st_mode & 0777) | S_IRWXU) == 0)
		return CLI_OK;
	if (errno == EEXIST && fstatat(out->at, out->name, &st, flags) == 0 &&
		S_ISDIR(st.st_mode))
		return CLI_OK;
	return cli_error(cli, out->shown, "%s", strerror(errno));
}

enum cli_exit copy_dir_done(struct cli *cli, const struct walk_entry *entry, int fd,
	const char *shown)
{
	int err = copy_attributes(fd, entry->st);

	return err ? cli_error(cli, shown, "%s", strerror(-err)) : CLI_OK;
}

/* The copy of a link has the same target, which may be relative and lead elsewhere from
   the copy, as with cp -a. */
enum cli_exit copy_link(struct cli *cli, const struct walk_entry *entry,
	const struct copy_place *out)
{
	char target[PATH_MAX];
	ssize_t n;

	if (!S_ISLNK(entry->st->st_mode))
		return cli_error(cli, entry->path, "left out: neither file, directory nor link");
	n = readlinkat(entry->dirfd, entry->name, target, sizeof(target) - 1);
	if (n < 0)
		return cli_error(cli, entry->path, "%s", strerror(errno));
	target[n] = '\0';
	if (symlinkat(target, out->at, out->name) != 0)
		return cli_error(cli, out->shown, "%s", strerror(errno));
	return CLI_OK;
}
