/* SPDX-License-Identifier: MIT */
/*
 * Operations on attributes of files, and of the file system.
 *
 * setattr carries several changes at once. They are done in the order owner, size, mode,
 * times: chown and truncate may clear setuid bits that the chmod then sets, and truncate
 * moves the mtime that the last step sets. When one fails, those before it stay, as with
 * any filesystem.
 *
 * The answer to setattr is read back from the store, not made from the request: the store
 * may round times or ignore bits.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "content.h"
#include "op.h"
#include "path.h"

static int stat_inode(struct fs *fs, struct inode *inode, struct stat *st)
{
	int fd, err = inode_pin(fs, inode, &fd);

	if (err)
		return err;
	err = or_errno(fstatat(fd, "", st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		?: content_stat(fs, inode, fd, st);
	inode_unpin(fs, inode);
	return err;
}

/* `fi` may be set or not; both lead to the same inode, which has one content. */
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	struct stat st;
	int err = stat_inode(fs, inode_from(fs, ino), &st);

	(void)fi;
	if (err)
		reply_result(req, err);
	else
		fuse_reply_attr(req, &st, content_timeout(fs, inode_from(fs, ino)));
}

static int set_owner(int fd, const struct stat *attr, int to_set)
{
	uid_t uid = to_set & FUSE_SET_ATTR_UID ? attr->st_uid : (uid_t)-1;
	gid_t gid = to_set & FUSE_SET_ATTR_GID ? attr->st_gid : (gid_t)-1;

	return or_errno(fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

static int set_times(struct inode *inode, int fd, const struct stat *attr, int to_set)
{
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	struct stat before;

	if (to_set & FUSE_SET_ATTR_ATIME_NOW)
		t[0].tv_nsec = UTIME_NOW;
	else if (to_set & FUSE_SET_ATTR_ATIME)
		t[0] = attr->st_atim;
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		clock_gettime(CLOCK_REALTIME, &t[1]);
	else if (to_set & FUSE_SET_ATTR_MTIME)
		t[1] = attr->st_mtim;
	if (S_ISREG(inode->id.type) && t[1].tv_nsec != UTIME_OMIT &&
		fstatat(fd, "", &before, AT_EMPTY_PATH))
		return -errno;
	if (utimensat(fd, "", t, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (t[1].tv_nsec == UTIME_OMIT)
		return 0;
	content_set_mtime(inode, &t[1]);
	if (S_ISREG(inode->id.type))
		alcm_verdict_touched(fd, &before, &t[1]);
	return 0;
}

/* Truncate. A file without a handle is opened for it, and committed afterwards. */
static int set_size(struct fs *fs, struct inode *inode, off_t size, bool open)
{
	bool keep;
	int err;

	if (open)
		return content_truncate(fs, inode, size);
	err = content_open(fs, inode, true, -1, &keep);
	if (err == -EIO && !size) /* an unreadable file can still be emptied */
		err = content_truncate(fs, inode, 0) ? -EIO
											 : content_open(fs, inode, true, -1, &keep);
	if (err)
		return err;
	err = content_truncate(fs, inode, size) ?: content_commit(fs, inode, false);
	content_close(fs, inode, true);
	return err;
}

static int set_attr(struct fs *fs, struct inode *inode, int fd, const struct stat *attr,
	int to_set, bool open)
{
	int err = 0;

	if (to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		err = set_owner(fd, attr, to_set);
	if (!err && (to_set & FUSE_SET_ATTR_SIZE))
		err = set_size(fs, inode, attr->st_size, open);
	if (!err && (to_set & FUSE_SET_ATTR_MODE))
		err = chmod(fd_path(fd), attr->st_mode) ? -errno : 0;
	if (!err &&
		(to_set &
			(FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW |
				FUSE_SET_ATTR_MTIME_NOW)))
		err = set_times(inode, fd, attr, to_set);
	return err;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
	struct fuse_file_info *fi)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	int fd, err = inode->admin ? -EROFS : inode_pin(fs, inode, &fd);

	if (!err) {
		err = set_attr(fs, inode, fd, attr, to_set, fi != NULL);
		inode_unpin(fs, inode);
	}
	if (err)
		reply_result(req, err);
	else
		op_getattr(req, ino, fi);
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;

	(void)ino;
	if (fstatvfs(req_fs(req)->store_fd, &st))
		reply_result(req, -errno);
	else
		fuse_reply_statfs(req, &st);
}
