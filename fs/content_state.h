/* SPDX-License-Identifier: MIT */
/* What the files that make up content share. */
#ifndef ALCMFS_CONTENT_STATE_H
#define ALCMFS_CONTENT_STATE_H

#include "content.h"
#include "inode.h"

/* What the file is now; io held exclusively. The former blob is the caller's to close. */
void content_set_state(struct inode *inode, enum content_state state,
	struct alcm_blob *blob);

/*
 * The store's file is about to be overwritten in place, and what stat() finds there means
 * nothing until the end: it is shown as a file of this size and mtime. io held
 * exclusively.
 */
void content_overwrite_begin(struct inode *inode, off_t size,
	const struct timespec *mtime);
void content_overwrite_end(struct inode *inode);

static inline bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The one log line of a failure with a cause; returns `err`. */
int content_report(struct fs *fs, struct inode *inode, int err,
	const struct alcm_diag *diag);

/* The logical mtime is now. */
void content_touch(struct inode *inode);

/* The store's mtime says when we wrote; make it say when the user did. */
void content_restore_mtime(struct inode *inode);

/* Have the store's file open, for writing if asked; io held exclusively, inode pinned. */
int content_ensure_open(struct fs *fs, struct inode *inode, bool writable);

/*
 * Finish the conversion of the open file that a crash cut off, if one was. 1: done, the
 * file is another now; 0: there was none; -EIO with `diag`. io held exclusively.
 */
int content_resume(struct fs *fs, struct inode *inode, struct alcm_diag *diag);

/* Take io shared with the store's file open; on success the caller unlocks it. */
int content_enter(struct fs *fs, struct inode *inode, bool writable);

/* Whether reading the open file changes its access time: of a plain one, unless it is for
   us. */
void content_note_reads(const struct content *content, bool on);

/* The first bytes of an open PLAIN file, for us; as pread(2), with a negative errno. */
ssize_t content_peek(const struct content *content, void *buf, size_t n);

/* Whether a reply reads from the descriptor; io held exclusively, so that no other begins
   to. */
bool content_is_lent(struct inode *inode);

/* Wait until nobody reads from the descriptor any more; io held exclusively, so nobody
   comes. */
void content_await_return(struct inode *inode);

/* What the kernel knows of the file is a blob of this size, or no blob (then 0);
   content->lock held. */
void content_tell_locked(struct inode *inode, bool is_blob, uint64_t size);

/* Free what is closed. */
void content_free(struct fs *fs, struct content *content);

/* Why a PLAIN file stays one, judged when its ctime was this. */
void content_remember(struct fs *fs, struct inode *inode,
	const struct alcm_verdict *verdict, const struct timespec *ctime);

/* The same for the file's life, if it was sampled; io held exclusively, `fd` the store's
   file. */
void content_keep_verdict(struct fs *fs, struct inode *inode, int fd,
	const struct alcm_verdict *verdict);

/* What alcm_pack() or alcm_swap_apply() returned; io held exclusively. `before`: the
   plain file. Returns as the next. */
int content_swapped(struct fs *fs, struct inode *inode, int err,
	const struct stat *before, const struct alcm_diag *diag);

/* Close the store's file if nobody has it open and nothing is unsaved; io held
   exclusively. */
void content_close_unused(struct fs *fs, struct inode *inode);

/* A writer works in the BLOB with so many small changes that it had better be PLAIN; io
   held. */
bool content_worked_in(struct content *content);

/* BLOB → PLAIN in place, if it still is one that is updated in place. No lock held. */
void content_unpack(struct fs *fs, struct inode *inode);

/* PLAIN → BLOB in place; io held exclusively. -EINPROGRESS: half done, and the file is
   not open any more. */
int content_pack(struct fs *fs, struct inode *inode);

#endif
