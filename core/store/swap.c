/* SPDX-License-Identifier: MIT */
/*
 * Converting a file in place, plain file ↔ blob: building the new content, proving it
 * right, and putting it into the file.
 *
 *     prepare   build .alcm/swap/ID.part    from the file; takes long, may be stopped
 *               compare it with the file    byte by byte, both read back
 *     apply     make the new content durable
 *               take a lease on the file    no other program may have it open
 *               reserve space in it         for the copy
 *               write the job               ID.part becomes ID.new
 *               mark the head of the file   the commit point; swap_job.h has the rest
 *
 * The two halves are separate, so that a mount can keep serving the file during the
 * first.
 *
 * A failure before the mark leaves the file as it was. ID.part is removed, by
 * alcm_swap_free() or after a crash by recovery, and so is ID.new with its job. From the
 * mark on there is only one way, forward: the result of a failure is -EINPROGRESS, and
 * the next use of the store finishes the job.
 *
 * Until the lease is held a writer is noticed by size and mtime. From then on an open(2)
 * waits (lease.h). Where there are no leases, size and mtime are all there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/diag.h"
#include "base/fd.h"
#include "blob/blob_io.h"
#include "store/lease.h"
#include "store/swap_job.h"

enum { PIECE_BYTES = 256 << 10 };

/* A conversion in progress. */
struct alcm_swap {
	struct alcm *alcm;
	struct alcm_diag *diag;
	bool (*stop)(void *ctx); /* may be NULL */
	void *stop_ctx;
	int dir, fd, new_fd; /* .alcm/swap; the file; its new content */
	struct stat before;  /* the file's */
	struct swap_job job;
	uint8_t piece[PIECE_BYTES], other[PIECE_BYTES];
};

static int fail(struct alcm_swap *s, int err, uint64_t off, const char *what)
{
	return diag_set(s->diag, err, off, "%s: %s", what, strerror(-err));
}

/* Called between two pieces. */
static int check_stop(struct alcm_swap *s, uint64_t off)
{
	return s->stop && s->stop(s->stop_ctx)
		? diag_set(s->diag, -ECANCELED, off, "the conversion was cancelled")
		: 0;
}

/* ---- building ---------------------------------------------------------------------- */

/* Write the file's data into the blob, holes left out. Pieces end at multiples of
   PIECE_BYTES, so that no chunk is encoded twice. */
static int fill_blob(struct alcm_swap *s, struct alcm_blob *blob)
{
	const struct blob_io plain = blob_io_posix(s->fd);
	uint64_t size = (uint64_t)s->before.st_size, at = 0, end = 0;
	int err;

	alcm_blob_look_ahead(blob, s->fd, size);
	err = alcm_blob_truncate(blob, size, s->diag);
	while (!err) {
		if (at == end)
			err = fd_next_data(s->fd, at, size, &at, &end);
		if (err || at == size || (err = check_stop(s, at)))
			break;
		/* The first piece is shorter if the data begins inside a chunk. */
		size_t n = (size_t)min_u64(PIECE_BYTES - at % PIECE_BYTES, end - at);

		err = blob_io_read(&plain, s->piece, n, at);
		if (err)
			return fail(s, err, at, "reading the file");

		ssize_t put = alcm_blob_pwrite(blob, s->piece, n, at, s->diag);

		if (put != (ssize_t)n)
			err = put < 0 ? (int)put : -EIO;
		at += n;
	}
	return err ? err : alcm_blob_commit(blob, true, s->diag);
}

static int build_blob(struct alcm_swap *s, const struct alcm_profile *profile)
{
	struct alcm_blob *blob = NULL;
	int err = alcm_blob_create(s->alcm, s->new_fd, profile, &blob) ?: fill_blob(s, blob);

	alcm_blob_close(blob);
	return err;
}

static int read_blob(struct alcm_swap *s, struct alcm_blob *blob, uint8_t *buf, size_t n,
	uint64_t at)
{
	ssize_t got = alcm_blob_pread(blob, buf, n, at, s->diag);

	if (got >= 0 && got != (ssize_t)n)
		return diag_set(s->diag, -EIO, at, "the blob is shorter than it says");
	return got < 0 ? (int)got : 0;
}

/* Only the data is written. truncate() leaves holes for the rest, as the blob had. */
static int build_plain(struct alcm_swap *s)
{
	const struct blob_io plain = blob_io_posix(s->new_fd);
	struct alcm_blob *blob = NULL;
	int err = alcm_blob_open(s->alcm, s->fd, false, &blob, s->diag);
	uint64_t size = err ? 0 : alcm_blob_size(blob);
	int64_t at = 0;

	while (!err && (at = alcm_blob_seek(blob, (uint64_t)at, SEEK_DATA)) >= 0) {
		uint64_t from = (uint64_t)at;
		size_t n = (size_t)min_u64(PIECE_BYTES - from % PIECE_BYTES, size - from);

		err = check_stop(s, from) ?: read_blob(s, blob, s->piece, n, from)
								  ?: blob_io_write(&plain, s->piece, n, from);
		at += (int64_t)n;
	}
	if (!err && at != -ENXIO)
		err = (int)at;
	err = err ?: plain.ops->truncate(plain.ctx, size);
	alcm_blob_close(blob);
	return err;
}

/* ---- proving ----------------------------------------------------------------------- */

/* Move *at to the next byte that is data in one of the two. */
static int skip_holes(int plain_fd, struct alcm_blob *blob, uint64_t size, uint64_t *at)
{
	uint64_t from, to;
	int64_t data = alcm_blob_seek(blob, *at, SEEK_DATA);
	int err = fd_next_data(plain_fd, *at, size, &from, &to);

	if (err || (data < 0 && data != -ENXIO))
		return err ? err : (int)data;
	*at = min_u64(from, data < 0 ? size : (uint64_t)data);
	return 0;
}

/* Check that the blob and the plain file hold the same bytes. Both are opened and read
   again: what counts is what the store gives back. */
static int compare(struct alcm_swap *s, int blob_fd, int plain_fd)
{
	const struct blob_io plain = blob_io_posix(plain_fd);
	struct alcm_blob *blob = NULL;
	int err = alcm_blob_open(s->alcm, blob_fd, false, &blob, s->diag);
	int64_t plain_size = plain.ops->size(plain.ctx);
	uint64_t size = err ? 0 : alcm_blob_size(blob), at = 0;

	if (!err && plain_size != (int64_t)size)
		err = diag_set(s->diag, -EBUSY, size, "the file changed while it was converted");
	while (!err && at < size) {
		err = skip_holes(plain_fd, blob, size, &at) ?: check_stop(s, at);
		if (err || at >= size)
			break;
		size_t n = (size_t)min_u64(PIECE_BYTES - at % PIECE_BYTES, size - at);

		err = read_blob(s, blob, s->piece, n, at)
			?: blob_io_read(&plain, s->other, n, at);
		if (!err && memcmp(s->piece, s->other, n) != 0)
			err = diag_set(s->diag, -EIO, at,
				"the converted file differs; the original was kept");
		at += n;
	}
	alcm_blob_close(blob);
	return err;
}

/* Called with the lease held: a write before that shows in size or mtime. */
static int check_unchanged(struct alcm_swap *s)
{
	struct stat now;

	if (fstat(s->fd, &now))
		return -errno;
	if (now.st_ino == s->before.st_ino && now.st_size == s->before.st_size &&
		now.st_mtim.tv_sec == s->before.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == s->before.st_mtim.tv_nsec)
		return 0;
	return diag_set(s->diag, -EBUSY, 0, "the file changed while it was converted");
}

/* ---- swapping ---------------------------------------------------------------------- */

static int make_durable(struct alcm_swap *s)
{
	int err = fd_sync(s->new_fd) ?: fd_sync(s->dir);

	if (!err)
		swap_step(SWAP_NEW_DURABLE);
	return err;
}

/*
 * Take the space for the copy before the commit point, because there is no way back
 * behind it. The content of the file stays. On some filesystems its mtime changes, so it
 * is put back.
 */
static int reserve(struct alcm_swap *s)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, s->before.st_mtim };
	const struct blob_io file = blob_io_posix(s->fd);
	uint64_t from = 0, to = 0;
	int err = 0;

	while (!err) {
		err = fd_next_data(s->new_fd, to, s->job.after.size, &from, &to);
		if (err || from == s->job.after.size)
			break;
		err = file.ops->reserve(file.ctx, from, to - from);
	}
	/* This also tests whether we may set the times, which the job must do later. */
	if (futimens(s->fd, times) && (!err || err == -EOPNOTSUPP || err == -ENOSYS))
		return -errno;
	return err == -EOPNOTSUPP || err == -ENOSYS ? 0 : err;
}

/* Undo reserve() as far as possible. Returns `err` for the caller. */
static int give_back_reserved(struct alcm_swap *s, int err)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, s->before.st_mtim };

	(void)!TEMP_FAILURE_RETRY(ftruncate(s->fd, s->before.st_size));
	(void)futimens(s->fd, times);
	return err;
}

/*
 * Fill in the job: what the file is now and what it will be, for recovery after a crash.
 */
static int describe(struct alcm_swap *s)
{
	int err = swap_print_head(s->fd, &s->job.before)
		?: swap_print_all(s->new_fd, alcm_swap_stored_bytes(s), &s->job.after);

	s->job.logical_bytes = s->job.pack ? s->job.before.size : s->job.after.size;
	return err;
}

/* A program that has the file open would read a mixture, and write into it. */
static int check_alone(struct alcm_swap *s)
{
	int err = lease_take(s->fd);

	return err == -EBUSY
		? diag_set(s->diag, -EBUSY, 0, "another program has it open, or mapped")
		: 0;
}

/* Everything up to the commit point. On failure the file is unchanged. */
static int prepare_target(struct alcm_swap *s)
{
	int err = describe(s) ?: make_durable(s);

	if (err)
		return fail(s, err, 0, "making the new content durable");
	err = check_alone(s) ?: check_unchanged(s);
	if (err)
		return err;
	err = reserve(s) ?: swap_job_commit(s->dir, &s->job);
	if (!err) {
		err = swap_job_mark(&s->job, s->fd);
		/* If the head could not be put back, the job must stay. */
		if (err && err != -EINPROGRESS)
			(void)swap_job_drop(s->dir, &s->job);
	}
	if (err && err != -EINPROGRESS)
		return give_back_reserved(s, fail(s, err, 0, "preparing to overwrite the file"));
	return err;
}

/* From the commit point on, every failure is left to recovery: -EINPROGRESS. So is a mark
   that could not be taken back. */
static int swap_content(struct alcm_swap *s)
{
	int err = prepare_target(s);

	if (err && err != -EINPROGRESS) {
		lease_release(s->fd);
		return err;
	}
	err = err ?: swap_job_apply(&s->job, s->new_fd, s->fd)
			  ?: swap_job_finish(s->dir, &s->job);
	/* From the commit point on the .new belongs to the job. */
	s->job.id[0] = 0;
	lease_release(s->fd);
	if (err) {
		(void)fail(s, err, 0,
			"overwriting the file; the next use of the store will finish it");
		return -EINPROGRESS;
	}
	return 0;
}

static int begin(struct alcm_swap *s, const struct alcm_store *store)
{
	if (fstat(s->fd, &s->before))
		return -errno;
	/* With O_APPEND a write goes to the end, whatever its offset. */
	if (!S_ISREG(s->before.st_mode) || fcntl(s->fd, F_GETFL) & O_APPEND)
		return diag_set(s->diag, -EINVAL, 0, "not a regular file, or open for appending");
	s->job.ino = s->before.st_ino;
	s->job.mode = s->before.st_mode & 07777;
	s->job.mtime = s->before.st_mtim;
	s->dir = swap_dir_open(alcm_store_dirfd(store), true);
	if (s->dir < 0)
		return fail(s, s->dir, 0, "opening .alcm/swap");
	s->new_fd = swap_new_create(s->dir, &s->job);
	return s->new_fd < 0 ? fail(s, s->new_fd, 0, "making a file in .alcm/swap") : 0;
}

/* Make the values of the new blob those of its lossy profile. The comparison before this
   proved that it holds the file's exact content. */
static int quantise(struct alcm_swap *s, const struct alcm_profile *profile)
{
	struct alcm_blob *blob = NULL;
	bool changed;
	int err = alcm_blob_open(s->alcm, s->new_fd, true, &blob, s->diag)
		?: alcm_blob_quantise(blob, profile->prune_share, &changed, s->diag)
		?: alcm_blob_commit(blob, true, s->diag);

	alcm_blob_close(blob);
	return err;
}

static int check_kind(int fd, bool pack, struct alcm_diag *diag)
{
	struct alcm_probe probe;
	int err = alcm_probe(fd, &probe, diag);

	/* A file that begins like a blob, but is damaged, is packed as plain content: it can
	   be read through the blob. */
	if (err == -EIO && pack)
		probe.kind = ALCM_PLAIN;
	else if (err)
		return err;
	return (probe.kind == ALCM_BLOB) == pack ? -EALREADY : 0;
}

/* ---- the two steps ----------------------------------------------------------------- */

void alcm_swap_free(struct alcm_swap *s)
{
	if (!s)
		return;
	if (s->new_fd >= 0 && s->job.id[0])
		swap_new_drop(s->dir, &s->job);
	fd_close(s->new_fd);
	fd_close(s->dir);
	mem_free(s);
}

int alcm_swap_prepare(struct alcm *alcm, const struct alcm_store *store, int fd,
	const struct alcm_profile *profile, bool (*stop)(void *ctx), void *stop_ctx,
	struct alcm_swap **out, struct alcm_diag *diag)
{
	int err = check_kind(fd, profile != NULL, diag);
	struct alcm_swap *s = err ? NULL : mem_zalloc(1, sizeof(*s));

	if (!s)
		return err ? err : -ENOMEM;
	s->alcm = alcm;
	s->diag = diag;
	s->stop = stop;
	s->stop_ctx = stop_ctx;
	s->fd = fd;
	s->dir = s->new_fd = -1;
	s->job.pack = profile != NULL;
	err = begin(s, store) ?: (profile ? build_blob(s, profile) : build_plain(s));
	err = err ?: (profile ? compare(s, s->new_fd, fd) : compare(s, fd, s->new_fd));
	if (!err && profile && profile->lossy)
		err = quantise(s, profile);
	if (err)
		alcm_swap_free(s);
	else
		*out = s;
	return err;
}

uint64_t alcm_swap_stored_bytes(const struct alcm_swap *s)
{
	struct stat st;

	return fstat(s->new_fd, &st) ? UINT64_MAX : (uint64_t)st.st_size;
}

int alcm_swap_apply(struct alcm_swap *s, const char *path, int fd, struct alcm_diag *diag)
{
	s->diag = diag;
	s->fd = fd;
	if (!swap_path_valid(path))
		return diag_set(diag, -EINVAL, 0, "not a path within the store");
	/* Without the path, recovery finds the file by its inode number or its mark. */
	if (strlen(path) < sizeof(s->job.path))
		(void)snprintf(s->job.path, sizeof(s->job.path), "%s", path);
	return swap_content(s);
}

/* `profile` NULL: to a plain file. */
static int convert(struct alcm *alcm, const struct alcm_store *store, const char *path,
	int fd, const struct alcm_profile *profile, struct alcm_diag *diag)
{
	struct alcm_swap *s = NULL;
	int err = lease_take(fd);

	/* Refuse now, not after all the work. */
	if (err == -EBUSY)
		return diag_set(diag, err, 0, "another program has it open, or mapped");
	lease_release(fd);
	err = alcm_swap_prepare(alcm, store, fd, profile, NULL, NULL, &s, diag)
		?: alcm_swap_apply(s, path, fd, diag);
	alcm_swap_free(s);
	return err;
}

int alcm_pack(struct alcm *alcm, const struct alcm_store *store, const char *path, int fd,
	const struct alcm_profile *profile, struct alcm_diag *diag)
{
	return convert(alcm, store, path, fd, profile, diag);
}

int alcm_unpack(struct alcm *alcm, const struct alcm_store *store, const char *path,
	int fd, struct alcm_diag *diag)
{
	return convert(alcm, store, path, fd, NULL, diag);
}
