/* SPDX-License-Identifier: MIT */
#include "blob/swap_job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "alcm.h"
#include "base/alloc.h"

/* First line of a job; the rest is: inode, mtime seconds, nanoseconds, path up to the end. */
#define JOB_MAGIC "alcm-swap-1"

int swap_dir_open(int store_fd, struct swap_dir *out)
{
	if ((mkdirat(store_fd, ".alcm", 0755) && errno != EEXIST) ||
		(mkdirat(store_fd, ".alcm/swap", 0700) && errno != EEXIST))
		return -errno;
	out->store_fd = store_fd;
	out->fd = openat(store_fd, ".alcm/swap", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return out->fd < 0 ? -errno : 0;
}

void swap_dir_close(struct swap_dir *dir)
{
	close(dir->fd);
}

static void file_name(const struct swap_job *job, const char *suffix, char name[64])
{
	snprintf(name, 64, "%s%s", job->id, suffix);
}

int swap_new_file(struct swap_dir *dir, struct swap_job *job, int *fd)
{
	uint64_t random;
	char name[64];

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	snprintf(job->id, sizeof(job->id), "%016llx", (unsigned long long)random);
	file_name(job, ".new", name);
	*fd = openat(dir->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *fd < 0 ? -errno : 0;
}

int swap_job_write(struct swap_dir *dir, struct swap_job *job)
{
	char temp[64], name[64];
	int fd, err = 0;

	file_name(job, ".tmp", temp);
	file_name(job, ".job", name);
	fd = openat(dir->fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (dprintf(fd, JOB_MAGIC "\n%llu\n%lld\n%ld\n%s", (unsigned long long)job->ino,
		    (long long)job->mtime.tv_sec, job->mtime.tv_nsec, job->path) < 0 ||
		fsync(fd))
		err = -errno;
	close(fd);
	if (!err) {
		job->written = true;
		err = renameat(dir->fd, temp, dir->fd, name) || fsync(dir->fd) ? -errno : 0;
	}
	if (err) {
		job->written = false;
		(void)unlinkat(dir->fd, temp, 0);
		(void)unlinkat(dir->fd, name, 0);
	}
	return err;
}

void swap_job_remove(struct swap_dir *dir, const struct swap_job *job)
{
	char name[64];

	file_name(job, ".job", name);
	if (!unlinkat(dir->fd, name, 0))
		(void)fsync(dir->fd);
	file_name(job, ".new", name);
	(void)unlinkat(dir->fd, name, 0);
}

/* ---- recovery --------------------------------------------------------------------------------- */

struct recovery {
	struct swap_dir dir;
	void (*log)(void *ctx, enum alcm_log_level level, const char *text);
	void *log_ctx;
};

static void say(const struct recovery *r, enum alcm_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(const struct recovery *r, enum alcm_log_level level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!r->log)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->log(r->log_ctx, level, text);
}

static int read_job(struct swap_dir *dir, struct swap_job *job)
{
	AUTO_FREE char *text = mem_zalloc(1, PATH_MAX + 128);
	char name[64], *p, *end;
	ssize_t n;
	int fd;

	file_name(job, ".job", name);
	fd = text ? openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (fd < 0)
		return text ? -errno : -ENOMEM;
	n = read(fd, text, PATH_MAX + 127);
	close(fd);
	if (n < 0)
		return -errno;
	if (strncmp(text, JOB_MAGIC "\n", sizeof(JOB_MAGIC)) != 0)
		return -EBADMSG;
	p = text + sizeof(JOB_MAGIC);
	job->ino = strtoull(p, &end, 10);
	job->mtime.tv_sec = strtoll(end, &end, 10);
	job->mtime.tv_nsec = strtol(end, &end, 10);
	if (*end != '\n' || job->mtime.tv_nsec < 0 || job->mtime.tv_nsec > 999999999 ||
		strlen(end + 1) >= sizeof(job->path))
		return -EBADMSG;
	strcpy(job->path, end + 1);
	return 0;
}

/* Open a path that may be hostile: nothing outside the store, no links. */
static int open_beneath(int store_fd, const char *path)
{
	struct open_how how = { .flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, store_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* The file was renamed after the job was written: look for its inode below `dir_fd`. */
static int find_inode(int dir_fd, uint64_t ino, unsigned depth)
{
	DIR *dir = fdopendir(dir_fd);
	int found = -ENOENT;
	struct dirent *e;

	if (!dir) {
		close(dir_fd);
		return -ENOMEM;
	}
	while (found < 0 && (e = readdir(dir))) {
		int fd = -1;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (e->d_ino == ino)
			found = openat(dirfd(dir), e->d_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		else if (depth && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN))
			fd = openat(dirfd(dir), e->d_name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			found = find_inode(fd, ino, depth - 1);
	}
	closedir(dir);
	return found;
}

static bool is_target(int fd, const struct swap_job *job)
{
	struct stat st;

	return fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_ino == job->ino;
}

static int open_target(struct recovery *r, const struct swap_job *job)
{
	enum { MAX_DEPTH = 128 };
	int fd = open_beneath(r->dir.store_fd, job->path);

	if (is_target(fd, job))
		return fd;
	if (fd >= 0)
		close(fd);
	fd = openat(r->dir.store_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fd = find_inode(fd, job->ino, MAX_DEPTH);
	if (fd >= 0 && !is_target(fd, job)) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

static int finish_job(struct recovery *r, struct swap_job *job)
{
	int new_fd = -1, target = -1, err = read_job(&r->dir, job);
	char name[64];

	if (!err) {
		file_name(job, ".new", name);
		new_fd = openat(r->dir.fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		err = new_fd < 0 ? -errno : 0;
	}
	if (!err) {
		target = open_target(r, job);
		err = target < 0 ? target : swap_apply(new_fd, target, &job->mtime);
	}
	if (target >= 0)
		close(target);
	if (new_fd >= 0)
		close(new_fd);
	if (err == -ENOENT && new_fd >= 0) {
		say(r, ALCM_LOG_WARNING, "%.400s: was removed in the middle of a change", job->path);
		swap_job_remove(&r->dir, job);
		return 0;
	}
	if (err) {
		say(r, ALCM_LOG_ERROR, ".alcm/swap/%s.job (%.300s): can't be finished: %s", job->id,
			job->path, strerror(-err));
		return err;
	}
	swap_job_remove(&r->dir, job);
	say(r, ALCM_LOG_INFO, "%.400s: finished the change that a crash cut off", job->path);
	return 0;
}

/* One entry of .alcm/swap: finish a job, remove content that never got one. */
static int recover_entry(struct recovery *r, const char *name)
{
	struct swap_job job = { 0 };
	size_t n = strlen(name);
	char other[64];

	if (n < 5 || n - 4 >= sizeof(job.id))
		return 0;
	memcpy(job.id, name, n - 4);
	if (strcmp(name + n - 4, ".job") == 0)
		return finish_job(r, &job);
	file_name(&job, ".job", other);
	if (strcmp(name + n - 4, ".tmp") == 0 ||
		(strcmp(name + n - 4, ".new") == 0 && faccessat(r->dir.fd, other, F_OK, 0)))
		(void)unlinkat(r->dir.fd, name, 0);
	return 0;
}

int alcm_swap_recover(int store_dirfd,
	void (*log)(void *ctx, enum alcm_log_level level, const char *text), void *log_ctx)
{
	struct recovery r = { .log = log, .log_ctx = log_ctx };
	int first = swap_dir_open(store_dirfd, &r.dir);
	struct dirent *e;
	DIR *dir;

	if (first)
		return first;
	dir = fdopendir(dup(r.dir.fd));
	if (!dir)
		first = -errno;
	while (dir && (e = readdir(dir))) {
		int err = recover_entry(&r, e->d_name);

		if (!first)
			first = err;
	}
	if (dir)
		closedir(dir);
	swap_dir_close(&r.dir);
	return first;
}
