/* SPDX-License-Identifier: MIT */
/*
 * Changing a file between plain and blob while it keeps its inode.
 *
 *   1  .alcm/swap/ID.new   the complete new content, synced
 *   2  .alcm/swap/ID.job   path, inode and mtime of the target; synced, then renamed to this
 *                          name: from here on the change happens, whatever crashes
 *   3  the target          overwritten with ID.new, truncated, synced
 *   4  both unlinked
 *
 * A crash before 2 leaves the target as it was and a .new that recovery removes; a crash after
 * it leaves a job that recovery does again from 3, which can be repeated any number of times.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/diag.h"
#include "blob/store.h"
#include "blob/swap_job.h"

enum { PIECE = 1 << 20 };

/* ---- copying -------------------------------------------------------------------------------- */

/* Read up to n bytes; fewer only at the end. */
static ssize_t read_full(int fd, uint8_t *buf, size_t n, uint64_t off)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(fd, buf + got, n - got, (off_t)(off + got));

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			break;
		got += r > 0 ? (size_t)r : 0;
	}
	return (ssize_t)got;
}

static int copy_range(int from, int to, uint8_t *buf, uint64_t off, uint64_t end)
{
	struct store store = store_posix(to);

	while (off < end) {
		size_t want = end - off < PIECE ? (size_t)(end - off) : PIECE;
		ssize_t n = read_full(from, buf, want, off);
		int err = n < 0 ? (int)n : n == 0 ? -EIO : store_write(&store, buf, (size_t)n, off);

		if (err)
			return err;
		off += (uint64_t)n;
	}
	return 0;
}

/* The same bytes with the same holes. */
static int copy_content(int from, int to)
{
	AUTO_FREE uint8_t *buf = mem_alloc(PIECE);
	off_t size = lseek(from, 0, SEEK_END), at = 0;
	int err = !buf ? -ENOMEM : size < 0 ? -errno : ftruncate(to, 0) ? -errno : 0;

	while (!err && at < size) {
		off_t data = lseek(from, at, SEEK_DATA), hole;

		if (data < 0)
			break;
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			hole = size;
		err = copy_range(from, to, buf, (uint64_t)data, (uint64_t)hole);
		at = hole;
	}
	if (!err && ftruncate(to, size))
		err = -errno;
	return err;
}

int swap_apply(int new_fd, int target, const struct timespec *mtime)
{
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, *mtime };
	int err = copy_content(new_fd, target);

	if (!err && (futimens(target, t) || fsync(target)))
		err = -errno;
	return err;
}

/* ---- building the new content ------------------------------------------------------------------- */

/* Every byte of the plain file into a blob, and back again for comparison. */
static int pass(struct alcm_blob *blob, int plain, bool compare, uint8_t *buf, uint8_t *again,
	struct alcm_diag *diag)
{
	uint64_t off = 0;

	for (;;) {
		ssize_t n = read_full(plain, buf, PIECE, off), done;

		if (n <= 0)
			return (int)n;
		done = compare ? alcm_blob_pread(blob, again, (size_t)n, off, diag)
			       : alcm_blob_pwrite(blob, buf, (size_t)n, off, diag);
		if (done < 0)
			return (int)done;
		if (done != n || (compare && memcmp(buf, again, (size_t)n) != 0))
			return diag_set(diag, -EIO, off, "the compressed copy differs");
		off += (uint64_t)n;
	}
}

static int build_blob(struct alcm *alcm, int plain, int new_fd,
	const struct alcm_profile *profile, struct alcm_diag *diag)
{
	AUTO_FREE uint8_t *buf = mem_alloc(PIECE);
	AUTO_FREE uint8_t *again = mem_alloc(PIECE);
	struct alcm_blob *blob = NULL;
	int err = buf && again ? alcm_blob_create(alcm, new_fd, profile, &blob) : -ENOMEM;

	if (!err)
		err = pass(blob, plain, false, buf, again, diag);
	if (!err)
		err = alcm_blob_commit(blob, true, diag);
	if (!err)
		err = pass(blob, plain, true, buf, again, diag);
	alcm_blob_close(blob);
	return err;
}

static int build_plain(struct alcm *alcm, int from, int new_fd, struct alcm_diag *diag)
{
	AUTO_FREE uint8_t *buf = mem_alloc(PIECE);
	struct store store = store_posix(new_fd);
	struct alcm_blob *blob = NULL;
	int err = buf ? alcm_blob_open(alcm, from, false, &blob, diag) : -ENOMEM;
	uint64_t size = err ? 0 : alcm_blob_size(blob), off = 0;

	while (!err && off < size) {
		ssize_t n = alcm_blob_pread(blob, buf, PIECE, off, diag);

		err = n < 0 ? (int)n : store_write(&store, buf, (size_t)n, off);
		off += n > 0 ? (uint64_t)n : 0;
	}
	alcm_blob_close(blob);
	return err;
}

/* ---- the change ----------------------------------------------------------------------------------- */

/* Steps 2 to 4, with the new content in `job`'s .new file. */
static int commit(struct swap_dir *dir, struct swap_job *job, int new_fd, int target)
{
	int err = fsync(new_fd) ? -errno : swap_job_write(dir, job);

	if (!err)
		err = swap_apply(new_fd, target, &job->mtime);
	return err;
}

static int change(struct alcm *alcm, int store_dirfd, const char *path, int fd,
	const struct alcm_profile *profile, struct alcm_diag *diag)
{
	struct swap_job job = { 0 };
	struct swap_dir dir;
	struct stat st;
	int new_fd = -1, err = fstat(fd, &st) ? -errno : swap_dir_open(store_dirfd, &dir);

	if (err)
		return err;
	job.ino = st.st_ino;
	job.mtime = st.st_mtim;
	snprintf(job.path, sizeof(job.path), "%s", path);
	err = swap_new_file(&dir, &job, &new_fd);
	if (!err)
		err = profile ? build_blob(alcm, fd, new_fd, profile, diag)
			      : build_plain(alcm, fd, new_fd, diag);
	if (!err)
		err = commit(&dir, &job, new_fd, fd);
	/* A job that was written stays until it was done: recovery goes on with it. */
	if (new_fd >= 0 && (!err || !job.written))
		swap_job_remove(&dir, &job);
	if (new_fd >= 0)
		close(new_fd);
	swap_dir_close(&dir);
	if (err && diag && !diag->cause[0])
		(void)diag_set(diag, err, 0, "changing the file in place: %s", strerror(-err));
	return err;
}

int alcm_pack(struct alcm *alcm, int store_dirfd, const char *path, int fd,
	const struct alcm_profile *profile, struct alcm_diag *diag)
{
	char head[ALCM_SNIFF_BYTES];
	struct alcm_probe probe;
	ssize_t n = pread(fd, head, sizeof(head), 0);

	/* Plain bytes that look like a blob are one, as far as the store goes. */
	if (n >= 8 && alcm_sniff(head, (size_t)n) == ALCM_SNIFF_BLOB &&
		!alcm_probe(fd, &probe, NULL) && probe.kind == ALCM_BLOB)
		return -EALREADY;
	return change(alcm, store_dirfd, path, fd, profile, diag);
}

int alcm_unpack(struct alcm *alcm, int store_dirfd, const char *path, int fd,
	struct alcm_diag *diag)
{
	struct alcm_probe probe;
	int err = alcm_probe(fd, &probe, diag);

	if (err)
		return err;
	if (probe.kind == ALCM_PLAIN)
		return -EALREADY;
	return change(alcm, store_dirfd, path, fd, NULL, diag);
}
