/* SPDX-License-Identifier: MIT */
/*
 * Operations on directories. Entries come from the store in its own order and with its
 * own offsets; .alcm has virtual entries after them.
 *
 * An offset is a cookie of the store's filesystem (d_off), handed through unchanged. So
 * telldir() and seekdir() work, also across a long pause and for NFS servers, as well as
 * they do in the store.
 *
 *   READDIR off=0     "." ".." "a" "b"     the buffer is full; "c" was read: `ahead`
 *   READDIR off=b     "c"                  off == at: no seekdir(), "c" from `ahead`
 *   READDIR off=c     nothing              the end; the store's directory is closed
 *
 * READDIRPLUS looks each entry up as well, and each of them but "." and ".." counts as a
 * lookup. So an entry that doesn't fit gives its lookup back, and after the first entry
 * no error can be answered any more.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "op.h"
#include "virtual.h"

/* In .alcm, offset VIRTUAL_AT + k is behind k virtual files, k ≥ 1. Real offsets in
   .alcm, a small directory, never get there. (ext4's last entry is at 2^63 - 1.) */
#define VIRTUAL_AT (INT64_MAX - 64)

enum { MAX_VIRTUAL = 32 };
#define UNKNOWN_INO ((ino_t)-1)

/*
 * One open directory. The kernel sends one readdir at a time for a handle. Most handles
 * are only held (as a place to be, or for the *at() calls), so the store's directory is
 * open only from the first entry that is read to the last.
 */
struct dir_handle {
	LIST_ENTRY(dir_handle) list; /* guarded by fs->dirs_lock */
	DIR *stream;                 /* NULL: not being read */
	off_t at;                    /* telldir() of the next entry */
	struct dirent *ahead;        /* read, but it didn't fit */
};

static struct dir_handle *handle_from(const struct fuse_file_info *fi)
{
	return (struct dir_handle *)(uintptr_t)fi->fh;
}

/* Make sure that the store's directory is open for reading; `path_fd` is pinned. */
static int open_stream(struct fs *fs, struct dir_handle *d, int path_fd)
{
	int fd, err;

	if (d->stream)
		return 0;
	fd = or_errno(openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd >= 0 && fs->opt.noatime)
		(void)fcntl(fd, F_SETFL, O_NOATIME);
	err = fd_opendir(fd, &d->stream);
	if (err)
		return err;
	d->at = 0;
	d->ahead = NULL;
	inode_count_fd(fs, 1);
	return 0;
}

/* A reader that goes on after the end, or rewinds, opens it again. */
static void close_stream(struct fs *fs, struct dir_handle *d)
{
	if (!d->stream)
		return;
	closedir(d->stream);
	d->stream = NULL;
	inode_count_fd(fs, -1);
}

static struct dir_handle *new_handle(struct fs *fs)
{
	struct dir_handle *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	WITH_LOCK(&fs->dirs_lock);
	LIST_INSERT_HEAD(&fs->dirs, d, list);
	return d;
}

static void free_handle(struct fs *fs, struct dir_handle *d)
{
	{
		WITH_LOCK(&fs->dirs_lock);
		LIST_REMOVE(d, list);
	}
	close_stream(fs, d);
	free(d);
}

/* Handles that the kernel never released: the mount was cut off. */
void op_dir_end(struct fs *fs)
{
	while (!LIST_EMPTY(&fs->dirs))
		free_handle(fs, LIST_FIRST(&fs->dirs));
}

/* Nothing is opened yet, so opendir() of many directories costs no descriptors. */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct dir_handle *d = new_handle(req_fs(req));

	(void)ino;
	if (!d) {
		reply_result(req, -ENOMEM);
		return;
	}
	fi->fh = (uintptr_t)d;
	if (fuse_reply_open(req, fi) == -ENOENT)
		free_handle(req_fs(req), d);
}

/* The admin directory isn't listed, but can be opened by name, like ZFS's .zfs. */
static bool hidden(const struct fs *fs, const struct inode *dir, const char *name)
{
	return dir == fs->root && strcmp(name, ADMIN_NAME) == 0;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Add one entry to the buffer. Returns its length; it didn't fit if that exceeds
   `capacity`. */
static size_t add_entry(fuse_req_t req, struct inode *dir, int dir_fd,
	struct dir_handle *d, bool plus, char *buf, size_t capacity)
{
	struct fs *fs = req_fs(req);
	struct fuse_entry_param entry = { 0 };
	struct inode *inode = NULL;
	off_t next = d->ahead->d_off;
	size_t len;

	entry.attr.st_ino = d->ahead->d_ino;
	entry.attr.st_mode = (mode_t)d->ahead->d_type << 12;
	if (!plus)
		return fuse_add_direntry(req, buf, capacity, d->ahead->d_name, &entry.attr, next);
	if (!is_dots(d->ahead->d_name)) {
		int fd = openat(dir_fd, d->ahead->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		/* Gone by now, or not accessible: the plain entry, without attributes. */
		if (fd >= 0 && op_fill_entry(fs, dir, d->ahead->d_name, fd, &entry, &inode))
			inode = NULL;
	}
	len = fuse_add_direntry_plus(req, buf, capacity, d->ahead->d_name, &entry, next);
	if (len > capacity && inode)
		inode_forget(fs, inode, 1);
	return len;
}

/*
 * The number of virtual files before this offset; 0: the offset is the store directory's.
 */
static unsigned virtual_before(const struct fs *fs, const struct inode *dir, off_t off)
{
	return virtual_in(fs, dir) && off > VIRTUAL_AT && off <= VIRTUAL_AT + MAX_VIRTUAL
		? (unsigned)(off - VIRTUAL_AT)
		: 0;
}

/* Add the virtual entries of .alcm from the k-th on, after the store's. They have no
   attributes; the kernel asks for them. Returns the bytes used. */
static size_t add_virtual(fuse_req_t req, unsigned k, char *buf, size_t capacity,
	bool plus)
{
	size_t used = 0;

	for (; virtual_name(k); k++) {
		struct fuse_entry_param entry = { .attr = { .st_ino = UNKNOWN_INO,
											  .st_mode = S_IFREG } };
		off_t next = VIRTUAL_AT + k + 1;
		size_t len = plus ? fuse_add_direntry_plus(req, buf + used, capacity - used,
								virtual_name(k), &entry, next)
						  : fuse_add_direntry(req, buf + used, capacity - used,
								virtual_name(k), &entry.attr, next);

		if (len > capacity - used)
			break;
		used += len;
	}
	return used;
}

/*
 * Add the store's entries from `off` on, as many as fit. Returns the bytes used, or a
 * negative errno before the first entry: entries that were added count as looked up, so a
 * later error must wait.
 */
static ssize_t add_stored(fuse_req_t req, struct inode *dir, int dir_fd,
	struct dir_handle *d, off_t off, char *buf, size_t capacity, bool plus)
{
	struct fs *fs = req_fs(req);
	size_t used = 0;
	int err = open_stream(fs, d, dir_fd);

	if (err)
		return err;
	if (off != d->at) {
		seekdir(d->stream, off);
		d->ahead = NULL;
		d->at = off;
	}
	for (;;) {
		size_t len = 0;

		errno = 0;
		if (!d->ahead)
			d->ahead = readdir(d->stream);
		if (!d->ahead)
			return errno && !used ? -errno : (ssize_t)used;
		if (!hidden(fs, dir, d->ahead->d_name))
			len = add_entry(req, dir, dir_fd, d, plus, buf + used, capacity - used);
		if (len > capacity - used)
			return (ssize_t)used;
		used += len;
		d->at = d->ahead->d_off;
		d->ahead = NULL;
	}
}

static void read_dir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *fi, bool plus)
{
	struct fs *fs = req_fs(req);
	struct inode *dir = inode_from(fs, ino);
	struct dir_handle *d = handle_from(fi);
	char *buf = malloc(size);
	unsigned n_before;
	ssize_t used = 0;
	int dir_fd = -1, err = buf ? inode_pin(fs, dir, &dir_fd) : -ENOMEM;

	/* Reports that are due belong in the list. */
	if (dir->admin && !off)
		reports_finish(fs);
	n_before = virtual_before(fs, dir, off);
	if (!err && !n_before)
		used = add_stored(req, dir, dir_fd, d, off, buf, size, plus);
	if (!err && !used && virtual_in(fs, dir))
		used = (ssize_t)add_virtual(req, n_before, buf, size, plus);
	if (dir_fd >= 0)
		inode_unpin(fs, dir);
	if (!err && !used)
		close_stream(fs, d);
	if (err || used < 0)
		reply_result(req, err ? err : (int)used);
	else
		fuse_reply_buf(req, buf, (size_t)used);
	free(buf);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	read_dir(req, ino, size, off, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	read_dir(req, ino, size, off, fi, true);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	free_handle(req_fs(req), handle_from(fi));
	reply_result(req, 0);
}

static int sync_dir(int path_fd, bool data_only)
{
	AUTO_CLOSE int fd = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return or_errno((int)TEMP_FAILURE_RETRY(data_only ? fdatasync(fd) : fsync(fd)));
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	int fd, err = inode_pin(fs, inode, &fd);

	(void)fi;
	if (!err) {
		err = sync_dir(fd, datasync);
		inode_unpin(fs, inode);
	}
	reply_result(req, err);
}
