/* SPDX-License-Identifier: MIT */
/* The content of regular files, and every access to it. */
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
	CONTENT_UNKNOWN,   /* not open: nothing is held except a cached verdict */
	CONTENT_UNDECIDED, /* open, without a byte in the store; it may have a size */
	CONTENT_PLAIN,     /* open, stored as it is */
	CONTENT_BLOB,      /* open, stored compressed */
};

/* An offset beyond the end of any file. */
#define CONTENT_END ((off_t)INT64_MAX)

struct lost;

/* The content of a regular file, made at its first opening. It lives as long as anything
   refers to the inode. */
struct content {
	struct notify_item notify;
	struct report_item report;
	/* shared: use the state; exclusive: change it. Comes before `lock` in the order */
	struct shared_lock io;
	enum content_state state; /* guarded by io, like the next five, fresh and waits */
	int fd;                   /* of the store's file; -1 = not open */
	bool fd_writable;
	struct alcm_blob *blob;
	unsigned n_open;
	atomic_uint n_writers;           /* changed with io held */
	struct activity_writing writing; /* while n_writers > 0 */
	bool noatime;                    /* constant */
	atomic_bool plain_written;       /* a PLAIN file changed since it was last judged */
	bool fresh;                      /* it was empty at its first opening, or since */
	/* For a BLOB that was one at its first opening: bytes of chunks encoded until its
	   last close (guarded by io), and bytes written. */
	uint64_t worked_encoded;
	_Atomic uint64_t worked_written;
	bool stays_blob; /* even though it is updated in place; guarded by io */
	bool waits;      /* a PLAIN file that may be worth compressing once it is idle */
	struct idle_item idle;
	/* For a PLAIN file, while io is held shared: its end so far, and bytes written below
	   it. */
	_Atomic uint64_t plain_end, plain_rewritten;

	/* Guards what follows and inode->told. stat() takes no other lock, so state and blob
	   change with this one held, too. */
	struct lock lock;
	/* of state: a stat() that spans a change starts again */
	uint64_t n_changes;
	/* being overwritten in place: the file is shown with the next two */
	bool overwritten;
	off_t shown_size;
	struct timespec shown_mtime;
	struct timespec mtime; /* logical, of an open BLOB */
	bool mtime_known;
	/* change of the content that the store's ctime doesn't have yet */
	struct timespec changed;
	/* the ctime after converting an idle file; told_ctime is shown instead */
	struct timespec converted_ctime;
	struct timespec told_ctime; /* the ctime before it */
	bool converting;
	/* the access time already shows that this open BLOB was read */
	bool read_noted;
	struct timespec reason_ctime; /* the ctime for which the reason below holds */
	char reason[96];              /* why a PLAIN file is plain; "": not judged yet */
	uint64_t reported_offset;     /* plus 1; the last damage that was logged */
	/* acknowledged changes that the store doesn't have; usually NULL */
	struct lost *lost;
	unsigned n_lent;              /* replies reading from fd without io */
	pthread_cond_t returned;      /* none is left */
	struct timespec cached_ctime; /* the ctime for which the kernel's pages hold */
	bool cached;
};

/* The inode's content, made if needed. The caller has a lookup, a pin or a handle. NULL:
   no memory. An inode with an open handle always has one, in inode->content. */
struct content *content_get(struct fs *fs, struct inode *inode);

/* Nothing refers to the inode, and its content is closed: free it, unless it has
   something to remember. */
void content_forget(struct fs *fs, struct inode *inode);

/* Commit and close everything; at the end of the inode's life. */
void content_release(struct fs *fs, struct inode *inode);

/* Commit the file if it is dirty, and close it; no lock is held. False: it can't be done,
   or the inode's own descriptor is needed to identify the file. */
bool content_evict(struct fs *fs, struct inode *inode);

/* Count one more handle. `fd` ≥ 0 is the store's file, just created (taken over). The
   inode is pinned. `*keep` says whether the kernel's cached pages are still right. */
int content_open(struct fs *fs, struct inode *inode, bool writable, int fd, bool *keep);
void content_close(struct fs *fs, struct inode *inode, bool writable);

/*
 * Turn the store's stat of a regular file, in `st`, into the file's own. Takes only
 * content->lock, which is never held for long, so it doesn't wait for work on the file. A
 * negative errno: the store can't be asked, and `st` isn't valid.
 */
int content_stat(struct fs *fs, struct inode *inode, int path_fd, struct stat *st);

/*
 * Seconds for which the kernel may cache the inode's attributes: 0 while it is written (a
 * commit changes st_blocks without the kernel), and 0 for reports, which are made again.
 */
double content_timeout(struct fs *fs, struct inode *inode);

/*
 * Read into `buf`. For PLAIN files it sets `*plain_fd` instead and returns 0: the
 * descriptor is lent, and is neither closed nor turned into a blob before
 * content_return().
 */
ssize_t content_read(struct fs *fs, struct inode *inode, void *buf, size_t n, off_t off,
	int *plain_fd);
void content_return(struct inode *inode);

/* The kind of a write: at its offset, at the end, or of pages that the kernel has already
   counted as written. */
enum write_kind { WRITE_AT, WRITE_APPEND, WRITE_CACHED };

/* As pwrite(2), with a negative errno. WRITE_CACHED is never short, as the kernel takes
   any count for success; the part that can't be stored is lost (content_lost.c). */
ssize_t content_write(struct fs *fs, struct inode *inode, const void *buf, size_t n,
	off_t off, enum write_kind kind);

/* Whether the file has changes that aren't in the store yet. */
bool content_unsaved(struct inode *inode);

/* Acknowledged changes of [from, to) are lost because of `err`: see content_lost.c. */
void content_lose(struct fs *fs, struct inode *inode, int err, off_t from, off_t to);

/* [from, to) of the file was written again, or cut off. */
void content_regain(struct inode *inode, off_t from, off_t to);

/* The error that lost some of the file; 0: nothing is lost. */
int content_lost(struct inode *inode);
void content_lost_release(struct inode *inode);
int content_truncate(struct fs *fs, struct inode *inode, off_t size);
int content_fallocate(struct fs *fs, struct inode *inode, int mode, off_t off, off_t len);
off_t content_seek(struct fs *fs, struct inode *inode, off_t off, int whence);

/* Make writes final: at flush, and with `sync` at fsync. */
int content_commit(struct fs *fs, struct inode *inode, bool sync);

/*
 * The file was changed in place and has been idle since: compress it, if that pays.
 * -EAGAIN: a writer came, or it changed; try again later. Other errors are in the log,
 * and the file is unchanged.
 */
int content_convert(struct fs *fs, struct inode *inode);

/*
 * The same at the close of its only writer, which waits. The file is known to be worth
 * it, and this thread does the work. Others may read it in the meantime. No lock is held.
 */
int content_convert_now(struct fs *fs, struct inode *inode);

/* utimensat() set this mtime in the store. */
void content_set_mtime(struct inode *inode, const struct timespec *mtime);

/* Metrics of a blob's committed state. -ENODATA: not a blob, or nothing committed. */
int content_info(struct fs *fs, struct inode *inode, int path_fd, struct alcm_info *out);

/* "blob", "plain" or "undecided". */
const char *content_state_name(struct fs *fs, struct inode *inode, int path_fd);

/* Why the file is in that state, as text; its length, or a negative errno. */
int content_why(struct fs *fs, struct inode *inode, int path_fd, char *out, size_t n);

#endif
