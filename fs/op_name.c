/* SPDX-License-Identifier: MIT */
/*
 * Operations on names: lookup, creation, links, removal, rename. Each pins the
 * directories, does the *at() call in the store, and then updates the table and the
 * reports.
 *
 *   operation               as the caller   and then
 *   mknod, mkdir, symlink   yes             look the new name up, for the reply
 *   link                    no              the same; one inode has another name
 *   unlink, rmdir           no              the victim stays open, its report goes
 *   rename                  no              names in the table, reports, the victim
 *
 * Permissions were checked by the kernel (default_permissions), so only what makes a new
 * file acts as the caller: for the owner that it gets.
 *
 * Nothing here is atomic with the store: another process may change names there between
 * two calls. So what follows a change is made from descriptors and checked, and a report
 * of a wrong name is repaired later (admin.c). Two renames of this mount can't overlap in
 * one directory, as the kernel holds its lock during the request.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "caller.h"
#include "content.h"
#include "op.h"
#include "path.h"
#include "virtual.h"

int op_check_change(struct fs *fs, const struct inode *parent, const char *name)
{
	if (parent->admin)
		return -EROFS;
	return parent == fs->root && strcmp(name, ADMIN_NAME) == 0 ? -EROFS : 0;
}

/* Names in .alcm aren't cached: their files are made at each lookup. */
static void describe(struct fs *fs, struct inode *inode, struct fuse_entry_param *entry)
{
	entry->ino = inode_number(fs, inode);
	entry->generation = inode->generation;
	entry->attr_timeout = content_timeout(fs, inode);
	entry->entry_timeout = inode->admin ? 0 : fs->opt.attr_timeout;
}

/*
 * The inode's lookup is counted before its attributes are read; an error takes it back.
 */
int op_fill_entry(struct fs *fs, struct inode *parent, const char *name, int path_fd,
	struct fuse_entry_param *entry, struct inode **out)
{
	struct inode *inode;
	int fd, err;

	memset(entry, 0, sizeof(*entry));
	err = inode_enter(fs, parent, name, path_fd, &inode, &entry->attr);
	if (err)
		return err;
	err = inode_pin(fs, inode, &fd);
	if (!err) {
		err = content_stat(fs, inode, fd, &entry->attr);
		inode_unpin(fs, inode);
	}
	if (err) {
		inode_forget(fs, inode, 1);
		return err;
	}
	describe(fs, inode, entry);
	*out = inode;
	return 0;
}

/* Look a name up in the store, or among the virtual files. `uid`: the caller's. */
static int lookup(struct fs *fs, struct inode *parent, int dir, const char *name,
	uid_t uid, struct fuse_entry_param *entry)
{
	struct inode *inode;

	int fd = virtual_in(fs, parent) ? virtual_open(fs, name, uid) : -ENOENT;

	if (fd == -ENOENT) {
		if (parent->admin)
			admin_refresh(fs, dir, name);
		fd = or_errno(openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
	}
	return fd < 0 ? fd : op_fill_entry(fs, parent, name, fd, entry, &inode);
}

/* Look up the file that a handle refers to by number, or a directory's parent. Never by
   name: ".." of the root would lead out of the store. */
static int lookup_number(struct fs *fs, fuse_ino_t ino, bool parent,
	struct fuse_entry_param *entry)
{
	struct inode *inode = inode_by_number(fs, ino, parent);
	int fd, err;

	if (!inode)
		return -ESTALE;
	memset(entry, 0, sizeof(*entry));
	err = inode_pin(fs, inode, &fd);
	if (!err) {
		err = or_errno(fstatat(fd, "", &entry->attr, AT_EMPTY_PATH))
			?: content_stat(fs, inode, fd, &entry->attr);
		inode_unpin(fs, inode);
	}
	if (err)
		inode_forget(fs, inode, 1);
	else
		describe(fs, inode, entry);
	return err;
}

static void reply_entry(fuse_req_t req, int err, const struct fuse_entry_param *entry)
{
	struct fs *fs = req_fs(req);

	if (err)
		reply_result(req, err);
	/* interrupted: there will be no forget */
	else if (fuse_reply_entry(req, entry) == -ENOENT)
		inode_forget(fs, inode_from(fs, entry->ino), 1);
}

/* Pin a parent directory, look the name up in it, reply. */
static void reply_lookup(fuse_req_t req, struct inode *parent, int dir, const char *name,
	int err)
{
	struct fuse_entry_param entry;
	struct fs *fs = req_fs(req);

	if (!err)
		err = lookup(fs, parent, dir, name, fuse_req_ctx(req)->uid, &entry);
	if (dir >= 0)
		inode_unpin(fs, parent);
	reply_entry(req, err, &entry);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent_ino, const char *name)
{
	struct fs *fs = req_fs(req);
	bool up = strcmp(name, "..") == 0;
	struct fuse_entry_param entry;
	struct inode *parent;
	int dir, err;

	/* `parent_ino` may be forgotten. */
	if (up || strcmp(name, ".") == 0) {
		err = lookup_number(fs, parent_ino, up, &entry);
		reply_entry(req, err, &entry);
		return;
	}
	parent = inode_from(fs, parent_ino);
	err = inode_pin(fs, parent, &dir);
	reply_lookup(req, parent, dir, name, err);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	if (ino != FUSE_ROOT_ID)
		inode_forget(req_fs(req), inode_from(req_fs(req), ino), n);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t k = 0; k < count; k++) {
		if (forgets[k].ino != FUSE_ROOT_ID)
			inode_forget(req_fs(req), inode_from(req_fs(req), forgets[k].ino),
				forgets[k].nlookup);
	}
	fuse_reply_none(req);
}

/* The arguments for creating a name; a function for each kind of file. */
struct making {
	mode_t mode;
	dev_t rdev;
	const char *target;
};

static int make_node(int dir, const char *name, const struct making *m)
{
	return mknodat(dir, name, m->mode, m->rdev);
}

static int make_dir(int dir, const char *name, const struct making *m)
{
	return mkdirat(dir, name, m->mode);
}

static int make_symlink(int dir, const char *name, const struct making *m)
{
	return symlinkat(m->target, dir, name);
}

static void make_name(fuse_req_t req, fuse_ino_t parent_ino, const char *name,
	int (*make)(int dir, const char *name, const struct making *m),
	const struct making *m)
{
	struct fs *fs = req_fs(req);
	struct inode *parent = inode_from(fs, parent_ino);
	int dir = -1, err = op_check_change(fs, parent, name);

	if (!err)
		err = inode_pin(fs, parent, &dir);
	if (!err) {
		struct caller caller;

		err = caller_enter(req, &caller);
		if (!err && make(dir, name, m))
			err = -errno;
		caller_leave(&caller);
	}
	reply_lookup(req, parent, dir, name, err);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	dev_t rdev)
{
	make_name(req, parent, name, make_node,
		&(struct making){ .mode = mode, .rdev = rdev });
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	make_name(req, parent, name, make_dir, &(struct making){ .mode = mode });
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	make_name(req, parent, name, make_symlink, &(struct making){ .target = target });
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	char text[PATH_MAX + 1];
	ssize_t n = -1;
	int fd, err = inode_pin(fs, inode, &fd);

	if (!err) {
		n = readlinkat(fd, "", text, sizeof(text) - 1);
		err = n < 0 ? -errno : 0;
		inode_unpin(fs, inode);
	}
	if (err) {
		reply_result(req, err);
		return;
	}
	text[n] = '\0';
	fuse_reply_readlink(req, text);
}

/* A symlink has to be linked itself, which /proc's path would follow. Any other file goes
   by /proc, as AT_EMPTY_PATH needs a privilege that an ordinary user lacks. */
static int make_link(struct inode *inode, int fd, int dir, const char *name)
{
	if (S_ISLNK(inode->id.type))
		return or_errno(linkat(fd, "", dir, name, AT_EMPTY_PATH));
	return or_errno(linkat(AT_FDCWD, fd_path(fd), dir, name, AT_SYMLINK_FOLLOW));
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent_ino, const char *name)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino), *parent = inode_from(fs, parent_ino);
	int fd = -1, dir = -1, err = op_check_change(fs, parent, name);

	if (!err && inode->admin)
		err = -EROFS;
	err = err
		?: inode_pin(fs, inode, &fd)
		?: inode_pin(fs, parent, &dir)
		?: make_link(inode, fd, dir, name);
	if (fd >= 0)
		inode_unpin(fs, inode);
	reply_lookup(req, parent, dir, name, err);
}

/* The victim is pinned before its name goes: afterwards it couldn't be reopened, and
   programs that have it open need it until they close it. */
static void remove_name(fuse_req_t req, fuse_ino_t parent_ino, const char *name,
	int flags)
{
	struct fs *fs = req_fs(req);
	struct inode *parent = inode_from(fs, parent_ino), *victim = NULL;
	int dir = -1, err = op_check_change(fs, parent, name);

	if (!err)
		err = inode_pin(fs, parent, &dir);
	if (!err) {
		victim = inode_pin_by_name(fs, dir, name);
		err = or_errno(unlinkat(dir, name, flags));
		if (victim)
			inode_release_by_name(fs, victim, !err);
	}
	if (!err)
		admin_removed(fs, dir, name, flags == AT_REMOVEDIR);
	if (dir >= 0)
		inode_unpin(fs, parent);
	reply_result(req, err);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, 0);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, AT_REMOVEDIR);
}

/* Rename, and update everything that follows the file. Both inodes are pinned before, as
   their names change. */
static int rename_in(struct fs *fs, struct inode *parent, int dir, const char *name,
	struct inode *newparent, int newdir, const char *newname, unsigned flags)
{
	struct inode *moved = inode_pin_by_name(fs, dir, name);
	struct inode *victim = inode_pin_by_name(fs, newdir, newname);
	bool exchange = flags & RENAME_EXCHANGE, renew = false;
	int err = or_errno(renameat2(dir, name, newdir, newname, flags));

	if (!err) {
		if (moved)
			inode_renamed(fs, moved, newparent, newname);
		if (victim && exchange)
			inode_renamed(fs, victim, parent, name);
		renew = admin_moved(fs, dir, name, newdir, newname, flags) || exchange;
	}
	if (moved && renew)
		reports_due(fs, moved);
	if (victim && exchange && renew)
		reports_due(fs, victim);
	if (moved)
		inode_release_by_name(fs, moved, false);
	if (victim)
		inode_release_by_name(fs, victim, !err && !exchange && victim != moved);
	return err;
}

void op_rename(fuse_req_t req, fuse_ino_t parent_ino, const char *name,
	fuse_ino_t newparent_ino, const char *newname, unsigned flags)
{
	struct fs *fs = req_fs(req);
	struct inode *parent = inode_from(fs, parent_ino);
	struct inode *newparent = inode_from(fs, newparent_ino);
	int dir = -1, newdir = -1, err = op_check_change(fs, parent, name);

	err = err
		?: op_check_change(fs, newparent, newname)
		?: inode_pin(fs, parent, &dir)
		?: inode_pin(fs, newparent, &newdir)
		?: rename_in(fs, parent, dir, name, newparent, newdir, newname, flags);
	if (dir >= 0)
		inode_unpin(fs, parent);
	if (newdir >= 0)
		inode_unpin(fs, newparent);
	reply_result(req, err);
}
