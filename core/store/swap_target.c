/* SPDX-License-Identifier: MIT */
/*
 * Finding the target of a job after a crash. Its path is tried first, then the whole
 * store is searched: the file may have been renamed, or the store restored from a copy
 * with other inode numbers.
 */
#include "store/swap_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/fd.h"
#include "blob/blob_io.h"
#include "store/tree.h"

/* ---- what a file is ---------------------------------------------------------------- */

bool swap_target_mark(int fd, struct conversion *out)
{
	const struct blob_io s = blob_io_posix(fd);
	uint8_t head[CONVERSION_BYTES];

	return blob_io_read(&s, head, sizeof(head), 0) == 0 &&
		conversion_get(out, head, sizeof(head));
}

void swap_target_id(const struct conversion *mark, char id[SWAP_ID_CHARS + 1])
{
	for (size_t i = 0; i < sizeof(mark->id); i++)
		(void)snprintf(id + 2 * i, 3, "%02x", mark->id[i]);
}

/*
 * A content shorter than the mark was truncated to its length; it begins like the mark.
 */
static bool is_cut_mark(int fd, const struct swap_job *job)
{
	const struct blob_io s = blob_io_posix(fd);
	uint8_t mark[CONVERSION_BYTES], head[CONVERSION_BYTES];
	size_t n = (size_t)job->after.size;

	/* Fewer bytes than the magic prove nothing. */
	if (n < 8 || job->after.size >= CONVERSION_BYTES ||
		s.ops->size(s.ctx) != (int64_t)n || blob_io_read(&s, head, n, 0))
		return false;
	swap_job_mark_bytes(job, mark);
	return memcmp(head, mark, n) == 0;
}

static bool is_marked(int fd, const struct swap_job *job)
{
	struct conversion mark;
	char id[SWAP_ID_CHARS + 1];

	if (!swap_target_mark(fd, &mark))
		return is_cut_mark(fd, job);
	swap_target_id(&mark, id);
	return strcmp(id, job->id) == 0;
}

/* Size and mtime alone aren't enough: a finished conversion restores the mtime, too. */
static bool is_before(const struct swap_job *job, int fd, const struct stat *st, int *err)
{
	struct swap_print now;

	if ((uint64_t)st->st_size != job->before.size ||
		st->st_mtim.tv_sec != job->mtime.tv_sec ||
		st->st_mtim.tv_nsec != job->mtime.tv_nsec)
		return false;
	*err = swap_print_head(fd, &now);
	return !*err && now.hash == job->before.hash;
}

/* Whether everything was copied. A new content shorter than the mark may still have the
   length of the mark. */
static int is_after(const struct swap_job *job, int fd, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;

	if (size != job->after.size &&
		(size != CONVERSION_BYTES || job->after.size > CONVERSION_BYTES))
		return 0;
	return swap_print_matches(fd, &job->after);
}

/* The cheap checks come first; only is_after() reads the whole file. */
static int swap_target_judge(const struct swap_job *job, int fd, enum swap_target *out)
{
	struct stat st;
	int err = 0, after;

	if (fstat(fd, &st))
		return -errno;
	*out = SWAP_TARGET_MARKED;
	if (is_marked(fd, job))
		return 0;
	*out = SWAP_TARGET_BEFORE;
	if (is_before(job, fd, &st, &err) || err)
		return err;
	after = is_after(job, fd, &st);
	*out = after > 0 ? SWAP_TARGET_AFTER : SWAP_TARGET_OTHER;
	return after < 0 ? after : 0;
}

/* ---- where it is ------------------------------------------------------------------- */

struct search {
	const struct swap_job *job;
	enum swap_target *state;
};

/*
 * Open the regular file `name` for reading. -EAGAIN: it is of another type. The mode of
 * the job's own file may deny its owner to read, so it is changed while the file is
 * opened.
 */
static int open_readable(int at, const char *name, const struct swap_job *job)
{
	AUTO_CLOSE int path_fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	const char *proc = fd_path(path_fd);
	struct stat st;
	int fd;

	if (path_fd < 0)
		return -errno;
	if (fstat(path_fd, &st) || !S_ISREG(st.st_mode))
		return -EAGAIN;
	fd = or_errno(open(proc, O_RDONLY | O_CLOEXEC));
	if (fd == -EACCES && st.st_ino == job->ino && (st.st_mode & 07777) == job->mode &&
		chmod(proc, job->mode | 0400) == 0) {
		fd = or_errno(open(proc, O_RDONLY | O_CLOEXEC));
		(void)chmod(proc, job->mode);
	}
	return fd;
}

/* Open the target as its state requires. `fd` is readable; it is closed or returned. */
static int open_for(const struct swap_job *job, int fd, enum swap_target state)
{
	AUTO_CLOSE int readable = fd;
	struct stat st;
	int writable;

	if (state == SWAP_TARGET_BEFORE)
		return fd_steal(&readable);
	if (fstat(fd, &st))
		return -errno;
	/* A job may only change what its owner could change. */
	if (job->owner != geteuid() && job->owner != st.st_uid)
		return -EPERM;
	writable = or_errno(open(fd_path(fd), O_RDWR | O_CLOEXEC));
	/* swap_job_settle() restores the mode. */
	if (writable == -EACCES && fchmod(fd, job->mode | 0600) == 0)
		writable = or_errno(open(fd_path(fd), O_RDWR | O_CLOEXEC));
	return writable;
}

/* For tree_find(): the target's descriptor. */
static int look_at_file(void *ctx, int at, const char *name, const struct stat *st)
{
	const struct search *s = ctx;
	enum swap_target found = SWAP_TARGET_OTHER;
	AUTO_CLOSE int fd = open_readable(at, name, s->job);
	int err = 0;

	/* A file that can't be read isn't marked: marking needs the right to read it. */
	if (fd < 0)
		return fd == -EACCES && st->st_ino != s->job->ino ? -ENOENT : fd;
	if (is_marked(fd, s->job))
		found = SWAP_TARGET_MARKED;
	else if (st->st_ino == s->job->ino)
		err = swap_target_judge(s->job, fd, &found);
	if (!err && found != SWAP_TARGET_OTHER) {
		*s->state = found;
		return open_for(s->job, fd_steal(&fd), found);
	}
	return err ?: -ENOENT;
}

/* Open the file at the job's path for reading, and give its state. -ENOENT: it isn't the
   job's. `is_same`: it is certain, and no other file has to be looked for. */
static int look_at_path(int store_dirfd, const struct swap_job *job,
	enum swap_target *state, bool *is_same)
{
	char name[NAME_MAX + 1];
	AUTO_CLOSE int at = job->path[0] ? beneath_parent(store_dirfd, job->path, name)
									 : -ENOENT;
	AUTO_CLOSE int fd = at < 0 ? at : open_readable(at, name, job);
	struct stat st;
	int err;

	if (fd < 0)
		return fd;
	err = or_errno(fstat(fd, &st)) ?: swap_target_judge(job, fd, state);
	if (err || *state == SWAP_TARGET_OTHER)
		return err ?: -ENOENT;
	*is_same = *state == SWAP_TARGET_MARKED || st.st_ino == job->ino;
	return fd_steal(&fd);
}

int swap_target_open(int store_dirfd, const struct swap_job *job, enum swap_target *state)
{
	struct search s = { .job = job, .state = state };
	bool is_same = false;
	enum swap_target at_path = SWAP_TARGET_OTHER;
	int fd = look_at_path(store_dirfd, job, &at_path, &is_same), found;

	/* A file restored at the path must not hide the marked one, which was moved away. */
	if (fd >= 0 && is_same)
		found = -ENOENT;
	else
		found = tree_find(store_dirfd, true, look_at_file, &s);
	if (found == -ENOENT && fd >= 0) {
		*state = at_path;
		return open_for(job, fd, at_path);
	}
	fd_close(fd);
	return found;
}
