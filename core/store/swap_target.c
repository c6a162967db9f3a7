/* SPDX-License-Identifier: MIT */
#include "store/swap_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/checked.h"
#include "blob/store.h"
#include "store/tree.h"

/* ---- what a file is -------------------------------------------------------------------------- */

bool swap_target_mark(int fd, struct conversion *out)
{
	const struct store s = store_posix(fd);
	uint8_t head[CONVERSION_BYTES];

	return store_read(&s, head, sizeof(head), 0) == 0 &&
		conversion_get(out, head, sizeof(head));
}

void swap_target_id(const struct conversion *mark, char id[SWAP_ID_CHARS + 1])
{
	for (size_t i = 0; i < sizeof(mark->id); i++)
		(void)snprintf(id + 2 * i, 3, "%02x", mark->id[i]);
}

static bool is_marked(int fd, const struct swap_job *job)
{
	struct conversion mark;
	char id[SWAP_ID_CHARS + 1];

	if (!swap_target_mark(fd, &mark))
		return false;
	swap_target_id(&mark, id);
	return strcmp(id, job->id) == 0;
}

static bool same_print(const struct swap_print *a, const struct swap_print *b)
{
	return a->size == b->size && a->head_hash == b->head_hash;
}

/* 1: the first `n` bytes of both files are the same. */
static int same_bytes(int a_fd, int b_fd, uint64_t n)
{
	enum { PIECE = 128 << 10 };
	const struct store a = store_posix(a_fd), b = store_posix(b_fd);
	AUTO_FREE uint8_t *buf = mem_alloc(2 * PIECE);

	if (!buf)
		return -ENOMEM;
	for (uint64_t at = 0; at < n; at += PIECE) {
		size_t len = (size_t)min_u64(PIECE, n - at);
		int err = store_read(&a, buf, len, at);

		if (!err)
			err = store_read(&b, buf + PIECE, len, at);
		if (err)
			return err == -ENODATA ? 0 : err;
		if (memcmp(buf, buf + PIECE, len) != 0)
			return 0;
	}
	return 1;
}

/* Copied to the end: a new content shorter than the mark may still have the length of that. */
static int is_after(const struct swap_job *job, int new_fd, int fd, const struct swap_print *now)
{
	if (now->size != job->after.size &&
		(now->size != CONVERSION_BYTES || job->after.size > CONVERSION_BYTES))
		return 0;
	/* Of a .new that is gone the hash is left. */
	if (new_fd < 0)
		return same_print(now, &job->after);
	return same_bytes(new_fd, fd, job->after.size);
}

int swap_target_judge(const struct swap_job *job, int new_fd, int fd, enum swap_target *out)
{
	struct swap_print now;
	struct stat st;
	int err = fstat(fd, &st) ? -errno : swap_print_take(fd, &now), after;

	if (err)
		return err;
	*out = SWAP_TARGET_MARKED;
	if (is_marked(fd, job))
		return 0;
	*out = SWAP_TARGET_BEFORE;
	if (same_print(&now, &job->before) && st.st_mtim.tv_sec == job->mtime.tv_sec &&
		st.st_mtim.tv_nsec == job->mtime.tv_nsec)
		return 0;
	after = is_after(job, new_fd, fd, &now);
	*out = after > 0 ? SWAP_TARGET_AFTER : SWAP_TARGET_OTHER;
	return after < 0 ? after : 0;
}

/* ---- where it is ----------------------------------------------------------------------------- */

struct search {
	const struct swap_job *job;
	int new_fd;
	enum swap_target *state;
};

/* Whether the job's owner could do to the file what the job does. */
static int check_owner(int fd, const struct swap_job *job)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EAGAIN;
	return job->owner == geteuid() || job->owner == st.st_uid ? 0 : -EPERM;
}

/* Reopen an O_PATH descriptor, even if the file's mode forbids its owner to write. */
static int reopen_writable(int path_fd, const struct swap_job *job)
{
	char proc[32];

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);

	int fd = open(proc, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && chmod(proc, job->mode | 0600) == 0)
		fd = open(proc, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_writable(int at, const char *name, const struct swap_job *job)
{
	int path_fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd;

	if (path_fd < 0)
		return -errno;
	fd = check_owner(path_fd, job);
	if (!fd)
		fd = reopen_writable(path_fd, job);
	close(path_fd);
	return fd;
}

/* For tree_find(): the target's descriptor. */
static int look_at_file(void *ctx, int at, const char *name, const struct stat *st)
{
	const struct search *s = ctx;
	enum swap_target found = SWAP_TARGET_OTHER;
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), err = 0;

	/* What may not be read isn't marked: a file is marked by those who can read it. */
	if (fd < 0)
		return errno == EACCES && st->st_ino != s->job->ino ? -ENOENT : -errno;
	if (is_marked(fd, s->job))
		found = SWAP_TARGET_MARKED;
	else if (st->st_ino == s->job->ino)
		err = swap_target_judge(s->job, s->new_fd, fd, &found);
	close(fd);
	if (err || found == SWAP_TARGET_OTHER)
		return err ? err : -ENOENT;
	*s->state = found;
	return open_writable(at, name, s->job);
}

static int open_at_path(int store_dirfd, const struct swap_job *job, int new_fd,
	enum swap_target *state)
{
	char name[NAME_MAX + 1];
	int at = job->path[0] ? beneath_parent(store_dirfd, job->path, name) : -ENOENT, fd, err;

	if (at < 0)
		return at;
	fd = open_writable(at, name, job);
	close(at);
	if (fd < 0)
		return fd;
	err = swap_target_judge(job, new_fd, fd, state);
	if (!err && *state != SWAP_TARGET_OTHER)
		return fd;
	close(fd);
	return err ? err : -ENOENT;
}

int swap_target_open(int store_dirfd, const struct swap_job *job, int new_fd,
	enum swap_target *state)
{
	struct search s = { .job = job, .new_fd = new_fd, .state = state };
	int fd = open_at_path(store_dirfd, job, new_fd, state);

	if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP && fd != -EAGAIN)
		return fd;
	return tree_find(store_dirfd, true, look_at_file, &s);
}
