/* SPDX-License-Identifier: MIT */
/* The table of operations, with a decision about each, and the agreement with the kernel
   about its capabilities. */
#include "op.h"

static void set_cap(struct fuse_conn_info *conn, unsigned cap, bool on)
{
	if (on)
		conn->want |= conn->capable & cap;
	else
		conn->want &= ~cap;
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct fs *fs = userdata;

	/* Sizes and times are ours, and data must have reached us when write() returns. */
	set_cap(conn, FUSE_CAP_WRITEBACK_CACHE, false);
	/* Pages are dropped on open if the store's file changed, not whenever the mtime
	   moves. */
	set_cap(conn, FUSE_CAP_AUTO_INVAL_DATA, false);
	set_cap(conn, FUSE_CAP_EXPLICIT_INVAL_DATA, true);
	/* The kernel clears setuid bits itself, through setattr. */
	set_cap(conn, FUSE_CAP_HANDLE_KILLPRIV, false);
	set_cap(conn, FUSE_CAP_DONT_MASK, true);
	set_cap(conn, FUSE_CAP_POSIX_ACL, fs->is_root);
	set_cap(conn, FUSE_CAP_ATOMIC_O_TRUNC, true);
	set_cap(conn, FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO, true);
	set_cap(conn, FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE, true);
	/* With splice a write arrives in a pipe, and must be copied into the chunk buffer
	   anyway. */
	set_cap(conn, FUSE_CAP_SPLICE_READ, false);
	set_cap(conn, FUSE_CAP_PARALLEL_DIROPS, true);
	/* After an asynchronous direct write the kernel keeps pages that a read cached during
	   it; only AUTO_INVAL_DATA would correct that. */
	set_cap(conn, FUSE_CAP_ASYNC_DIO, false);
	/* Locks stay in the kernel: one store has one mount, so they are complete there. */
	set_cap(conn, FUSE_CAP_FLOCK_LOCKS | FUSE_CAP_POSIX_LOCKS, false);
	/* File handles outlive the kernel's caches: see inode_kept.c. */
	set_cap(conn, FUSE_CAP_EXPORT_SUPPORT, true);
	conn->max_readahead = 4 << 20;
	/* Each of these takes a thread with a buffer of max_write, so read-ahead and mapped
	   pages may not have many. */
	conn->max_background = 16;
	conn->congestion_threshold = 12;
	conn->max_write = fs->max_request_bytes;
	conn->time_gran = 1;
}

/*
 * Left out on purpose:
 *
 *   access                the kernel checks permissions itself (default_permissions)
 *   getlk, setlk, flock   done by the kernel, see above
 *   write_buf             see FUSE_CAP_SPLICE_READ
 *   copy_file_range       with ENOSYS the kernel copies through its page cache, which is
 *                         right here
 *   bmap, ioctl, poll     without meaning for these files
 */
const struct fuse_lowlevel_ops fs_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.create = op_create,
#ifdef ALCMFS_HAVE_TMPFILE
	.tmpfile = op_tmpfile,
#endif
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.release = op_release,
	.fsync = op_fsync,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.fsyncdir = op_fsyncdir,
	.statfs = op_statfs,
	.setxattr = op_setxattr,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.removexattr = op_removexattr,
	.fallocate = op_fallocate,
	.lseek = op_lseek,
};
