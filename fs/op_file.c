/* SPDX-License-Identifier: MIT */
/*
 * Operations on open files: decode, call content.c, reply.
 *
 *   OPEN, CREATE   one per open(2)
 *   READ, WRITE    of a handle; pages of a mapping come with any handle that may write
 *   FLUSH          one per close(2), of duplicates and after fork() too: commits, and its
 *                  error is close()'s
 *   RELEASE        one per open(2), after the last close and unmap: counts the handle off
 *
 * Every operation pins the inode for its duration, so its descriptors can't be evicted
 * under it, and unpins it after the last use of the content. The reply may come before or
 * after that.
 *
 * A handle keeps two bits, in fi->fh: whether it may write, and whether it appends. All
 * else is in the content, which all handles of a file share.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "content.h"
#include "mount_log.h"
#include "op.h"
#include "path.h"
#include "privileges.h"

enum { PIPE_BYTES = 64 << 10 }; /* the capacity of a pipe, unless it was enlarged */

static bool wants_write(const struct fuse_file_info *fi)
{
	return (fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC);
}

static uint64_t handle_of(const struct fuse_file_info *fi)
{
	return (wants_write(fi) ? HANDLE_WRITABLE : 0u) |
		(fi->flags & O_APPEND ? HANDLE_APPEND : 0u);
}

/* Open the content and apply O_TRUNC. `fd`: as content_open(). A damaged file can't be
   opened, but O_TRUNC needs nothing of what it holds. */
static int open_content(struct fs *fs, struct inode *inode, struct fuse_file_info *fi,
	int fd)
{
	bool keep, writable = wants_write(fi);
	int err = content_open(fs, inode, writable, fd, &keep);

	if (err == -EIO && fi->flags & O_TRUNC)
		err = content_truncate(fs, inode, 0)
			? -EIO
			: content_open(fs, inode, writable, -1, &keep);
	if (err)
		return err;
	if (fi->flags & O_TRUNC)
		err = content_truncate(fs, inode, 0);
	if (err) {
		content_close(fs, inode, writable);
		return err;
	}
	fi->keep_cache = keep && !(fi->flags & O_TRUNC);
	fi->fh = handle_of(fi);
	return 0;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	int fd, err = inode->admin && wants_write(fi) ? -EROFS : inode_pin(fs, inode, &fd);

	if (!err) {
		err = open_content(fs, inode, fi, -1);
		inode_unpin(fs, inode);
	}
	if (err)
		reply_result(req, err);
	/* interrupted: there will be no release */
	else if (fuse_reply_open(req, fi) == -ENOENT)
		content_close(fs, inode, wants_write(fi));
}

/* Create the store's file; without a name when `name` is NULL. As openat(2). */
static int open_new(int dir, const char *name, mode_t mode,
	const struct fuse_file_info *fi)
{
	int flags = O_RDWR | O_CLOEXEC | (fi->flags & O_EXCL);

	return name ? openat(dir, name, flags | O_CREAT | O_NOFOLLOW, mode)
				: openat(dir, ".", flags | O_TMPFILE, mode);
}

/* Create the file as the caller, and enter it in the table. The new file is open already,
   so its descriptor goes to the content: opening it again by name could find another
   file, and with mode 0444 an ordinary user's daemon couldn't open it at all. */
static int create_file(fuse_req_t req, struct inode *parent, int dir, const char *name,
	mode_t mode, struct fuse_file_info *fi, struct fuse_entry_param *entry)
{
	struct fs *fs = req_fs(req);
	struct caller caller;
	struct inode *inode;
	int fd = -1, path_fd, err = caller_enter(req, &caller);

	if (!err && (fd = open_new(dir, name, mode, fi)) < 0)
		err = -errno;
	caller_leave(&caller);
	if (err)
		return err;
	path_fd = open(fd_path(fd), O_PATH | O_CLOEXEC);
	err = path_fd < 0
		? -errno
		: op_fill_entry(fs, parent, name ? name : "", path_fd, entry, &inode);
	if (err) {
		close(fd);
		return err;
	}
	err = inode_pin(fs, inode, &path_fd);
	if (err) {
		close(fd);
	} else {
		err = open_content(fs, inode, fi, fd);
		if (name)
			inode_unpin(fs, inode);
		else
			inode_keep_pinned(fs, inode);
	}
	if (err)
		inode_forget(fs, inode, 1);
	return err;
}

static void reply_created(fuse_req_t req, struct inode *parent, const char *name,
	mode_t mode, struct fuse_file_info *fi, int err)
{
	struct fs *fs = req_fs(req);
	struct fuse_entry_param entry;
	int dir;

	if (!err)
		err = inode_pin(fs, parent, &dir);
	if (!err) {
		err = create_file(req, parent, dir, name, mode, fi, &entry);
		inode_unpin(fs, parent);
	}
	if (err) {
		reply_result(req, err);
	} else if (fuse_reply_create(req, &entry, fi) == -ENOENT) {
		content_close(fs, inode_from(fs, entry.ino), wants_write(fi));
		inode_forget(fs, inode_from(fs, entry.ino), 1);
	}
}

void op_create(fuse_req_t req, fuse_ino_t parent_ino, const char *name, mode_t mode,
	struct fuse_file_info *fi)
{
	struct inode *parent = inode_from(req_fs(req), parent_ino);

	reply_created(req, parent, name, mode, fi,
		op_check_change(req_fs(req), parent, name));
}

void op_tmpfile(fuse_req_t req, fuse_ino_t parent_ino, mode_t mode,
	struct fuse_file_info *fi)
{
	struct inode *parent = inode_from(req_fs(req), parent_ino);

	reply_created(req, parent, NULL, mode, fi, parent->admin ? -EROFS : 0);
}

/* A BLOB is decoded into a buffer. For a PLAIN file the reply itself reads, from a lent
   descriptor that goes back only after the reply. */
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	int path_fd, plain_fd = -1, err = inode_pin(fs, inode, &path_fd);
	char *buf = err ? NULL : read_buffer_get(&fs->read_buffers, size);
	ssize_t n = buf ? content_read(fs, inode, buf, size, off, &plain_fd) : -ENOMEM;

	(void)fi;
	if (!err && plain_fd >= 0) {
		/* Directly from the store's file, by splice where the kernel can. */
		struct fuse_bufvec vec = FUSE_BUFVEC_INIT(size);

		vec.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK | FUSE_BUF_FD_RETRY;
		vec.buf[0].fd = plain_fd;
		vec.buf[0].pos = off;
		/* The pipe for the largest reads exceeds the limit of ordinary users. */
		if (size > PIPE_BYTES)
			privileges_raise(fs, PRIVILEGE_RESOURCE);
		fuse_reply_data(req, &vec, FUSE_BUF_SPLICE_MOVE);
		if (size > PIPE_BYTES)
			privileges_lower(fs);
		content_return(inode);
	} else if (err || n < 0) {
		reply_result(req, err ? err : (int)n);
	} else {
		fuse_reply_buf(req, buf, (size_t)n);
	}
	read_buffer_put(&fs->read_buffers, buf, size);
	if (!err)
		inode_unpin(fs, inode);
}

/* Writing is short only where the store is full in the middle of it, except for cached
   pages: the kernel takes a short answer to those for success (content_write()). */
void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	int fd, err = inode_pin(fs, inode, &fd);
	ssize_t n = err;

	if (!err) {
		/*
		 * Pages of a shared mapping go to their own offset, whatever the handle's mode.
		 */
		n = content_write(fs, inode, buf, size, off,
			fi->writepage                ? WRITE_CACHED
				: fi->fh & HANDLE_APPEND ? WRITE_APPEND
										 : WRITE_AT);
		inode_unpin(fs, inode);
	} else if (fi->writepage) {
		content_lose(fs, inode, err, off, off + (off_t)size);
	}
	if (n < 0)
		reply_result(req, (int)n);
	else
		fuse_reply_write(req, (size_t)n);
}

static int commit(struct fs *fs, struct inode *inode, bool sync)
{
	int fd, err = inode_pin(fs, inode, &fd);

	if (!err) {
		err = content_commit(fs, inode, sync);
		inode_unpin(fs, inode);
	}
	/*
	 * An evicted file is already in the store; only its report or compression must wait.
	 */
	if (!sync && (err == -EMFILE || err == -ENFILE) && !content_unsaved(inode))
		return 0;
	return err;
}

/* Commit, for a caller that must learn of lost changes. */
static int commit_and_tell(struct fs *fs, struct inode *inode, bool sync)
{
	int err = commit(fs, inode, sync);

	return err ? err : content_lost(inode);
}

/*
 * A handle that only reads has nothing to make final, and gets no other writer's error.
 */
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	bool wrote = fi->fh & HANDLE_WRITABLE;

	reply_result(req, wrote ? commit_and_tell(fs, inode_from(fs, ino), false) : 0);
}

/* No one waits for the answer. Pages written after the last flush are committed here. */
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	bool writable = fi->fh & HANDLE_WRITABLE;
	char path[PATH_TEXT];

	if (writable) {
		int err = commit(fs, inode, false);

		if (err && content_unsaved(inode))
			fs_log(fs, ALCM_LOG_ERROR,
				"%s: changes after its last close were not saved: %s",
				path_of(fs, inode->path_fd, path), strerror(-err));
	}
	content_close(fs, inode, writable);
	reply_result(req, 0);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)datasync;
	(void)fi;
	reply_result(req, commit_and_tell(req_fs(req), inode_from(req_fs(req), ino), true));
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
	struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	int fd, err = inode_pin(fs, inode, &fd);

	(void)fi;
	if (!err) {
		err = content_fallocate(fs, inode, mode, off, len);
		inode_unpin(fs, inode);
	}
	reply_result(req, err);
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
	struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	int fd, err = inode_pin(fs, inode, &fd);
	off_t at = err;

	(void)fi;
	if (!err) {
		at = content_seek(fs, inode, off, whence);
		inode_unpin(fs, inode);
	}
	if (at < 0)
		reply_result(req, (int)at);
	else
		fuse_reply_lseek(req, at);
}
