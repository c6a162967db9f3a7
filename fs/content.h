/* SPDX-License-Identifier: MIT */
/* What a regular file's bytes are, and every access to them. */
#ifndef ALCMFS_CONTENT_H
#define ALCMFS_CONTENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "activity.h"
#include "base/lock.h"
#include "fs.h"
#include "idle.h"
#include "notify.h"
#include "reports.h"

enum content_state {
	CONTENT_UNKNOWN,   /* not open: nothing is held but a cached verdict */
	CONTENT_UNDECIDED, /* open, without a byte in the store; it may have a size */
	CONTENT_PLAIN,     /* open, stored as it is */
	CONTENT_BLOB,      /* open, stored compressed */
};

/* Behind the end of any file. */
#define CONTENT_END ((off_t)INT64_MAX)

struct lost;

/* What a regular file's bytes are, from its first opening on. Lives as long as anything
   refers to the inode. */
struct content {
	struct notify_item notify;
	struct report_item report;
	/* shared: use the state; exclusive: change it. Outside `lock` */
	struct shared_lock io;
	enum content_state state; /* guarded by io, as the next five, fresh and waits */
	int fd;                   /* of the store's file; -1 = not open */
	bool fd_writable;
	struct alcm_blob *blob;
	unsigned n_open;
	atomic_uint n_writers;           /* changed with io held */
	struct activity_writing writing; /* while n_writers > 0 */
	bool noatime;                    /* constant */
	atomic_bool plain_written;       /* a PLAIN file changed since it was last judged */
	bool fresh;                      /* it was empty when it was opened first, or since */
	/* Of a BLOB that was one when it was opened first: bytes of chunks encoded until it
	   was closed last (guarded by io), and bytes written. */
	uint64_t worked_encoded;
	_Atomic uint64_t worked_written;
	bool stays_blob; /* although it is updated in place; guarded by io */
	bool waits;      /* a PLAIN file that may be worth compressing, when it is idle */
	struct idle_item idle;
	/* Of a PLAIN file, while io is held shared: its end so far, and bytes written below
	   it. */
	_Atomic uint64_t plain_end, plain_rewritten;

	/* guards what follows and inode->told; stat() waits for no other, so state and blob
	   change with it held, too */
	struct lock lock;
	/* of state: what a stat() put together across one is worth nothing */
	uint64_t n_changes;
	/* in place, at this moment: the file is shown as the next two say */
	bool overwritten;
	off_t shown_size;
	struct timespec shown_mtime;
	struct timespec mtime; /* logical, of an open BLOB */
	bool mtime_known;
	struct timespec changed; /* its content, not yet in the store's ctime */
	/* a conversion's of an idle file; told_ctime is told instead of it */
	struct timespec converted_ctime;
	struct timespec told_ctime; /* the one before it */
	bool converting;
	bool read_noted;              /* the access time says that this open BLOB was read */
	struct timespec reason_ctime; /* the reason below is of the file as of then */
	char reason[96];              /* why a PLAIN file is one; "": not judged yet */
	uint64_t reported_offset;     /* + 1; the last damage that the log was told of */
	/* acknowledged changes that the store does not have; mostly NULL */
	struct lost *lost;
	unsigned n_lent;              /* replies that read from fd without io */
	pthread_cond_t returned;      /* none is left */
	struct timespec cached_ctime; /* the kernel's pages are of the file as of then */
	bool cached;
};

/*
 * The inode's content, made if it has none; the caller has a lookup, a pin or a handle.
 * NULL: no memory. What has a handle open has one for certain, in inode->content.
 */
struct content *content_get(struct fs *fs, struct inode *inode);

/* Nothing refers to the inode and its content is closed: free it, unless there is
   something to be remembered. */
void content_forget(struct fs *fs, struct inode *inode);

/* Commit and close everything; at the end of the inode's life. */
void content_release(struct fs *fs, struct inode *inode);

/*
 * Commit the file if it is dirty, and close it; no lock is held. False: can't, or the
 * inode's own descriptor is needed to know the file by.
 */
bool content_evict(struct fs *fs, struct inode *inode);

/*
 * Count one more handle; `fd` ≥ 0 is the store's file just created (taken over). The
 * inode is pinned. `*keep` says whether the kernel's cached pages are still right.
 */
int content_open(struct fs *fs, struct inode *inode, bool writable, int fd, bool *keep);
void content_close(struct fs *fs, struct inode *inode, bool writable);

/*
 * Make the store's stat of a regular file, in `st`, the file's own. Takes content->lock
 * alone, which is never held for long, so it doesn't wait for work that is done on the
 * file. A negative errno: the store can't be asked, and `st` says nothing of the file.
 */
int content_stat(struct fs *fs, struct inode *inode, int path_fd, struct stat *st);

/*
 * Seconds for which the kernel may believe what it was told of the inode: not at all
 * while someone writes (a commit changes st_blocks behind its back), nor of reports,
 * which are made anew.
 */
double content_timeout(struct fs *fs, struct inode *inode);

/*
 * Read into `buf`. For PLAIN files `*plain_fd` is set instead, and 0 returned: the
 * descriptor is lent, and neither closed nor made a blob's before content_return().
 */
ssize_t content_read(struct fs *fs, struct inode *inode, void *buf, size_t n, off_t off,
	int *plain_fd);
void content_return(struct inode *inode);

/* How a write came: at the end whatever its offset, or from pages that the kernel has
   counted as written. */
enum write_kind { WRITE_AT, WRITE_APPEND, WRITE_CACHED };

/*
 * As pwrite(2), with a negative errno. WRITE_CACHED is never short: the kernel takes any
 * count for success. What it can't keep is lost.
 */
ssize_t content_write(struct fs *fs, struct inode *inode, const void *buf, size_t n,
	off_t off, enum write_kind kind);

/* Whether the file has changes that aren't in the store yet. */
bool content_unsaved(struct inode *inode);

/* Changes of [from, to) that somebody counts on are lost because of `err`: see
   content_lost.c. */
void content_lose(struct fs *fs, struct inode *inode, int err, off_t from, off_t to);

/* [from, to) of the file was written, or is no part of it any more. */
void content_regain(struct inode *inode, off_t from, off_t to);

/* Why something of the file is lost; 0: nothing is. */
int content_lost(struct inode *inode);
void content_lost_release(struct inode *inode);
int content_truncate(struct fs *fs, struct inode *inode, off_t size);
int content_fallocate(struct fs *fs, struct inode *inode, int mode, off_t off, off_t len);
off_t content_seek(struct fs *fs, struct inode *inode, off_t off, int whence);

/* Make what was written final: at flush, and at fsync with `sync`. */
int content_commit(struct fs *fs, struct inode *inode, bool sync);

/*
 * The file was changed in place and has been idle since: compress it, if that pays.
 * -EAGAIN: a writer came, or something else changed it meanwhile; try again later. Other
 * errors are in the log, the file as it was.
 */
int content_convert(struct fs *fs, struct inode *inode);

/*
 * The same at the close of its only writer, who waits: the file is known to be worth it,
 * and looked at by this thread. Others go on reading it meanwhile. No lock is held.
 */
int content_convert_now(struct fs *fs, struct inode *inode);

/* utimensat() went to the store with this mtime. */
void content_set_mtime(struct inode *inode, const struct timespec *mtime);

/* Metrics of a blob's committed state. -ENODATA: not a blob, or nothing committed. */
int content_info(struct fs *fs, struct inode *inode, int path_fd, struct alcm_info *out);

/* "blob", "plain" or "undecided". */
const char *content_state_name(struct fs *fs, struct inode *inode, int path_fd);

/* Why the file is in that state, as text; its length, or a negative errno. */
int content_why(struct fs *fs, struct inode *inode, int path_fd, char *out, size_t n);

#endif
