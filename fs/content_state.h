/* SPDX-License-Identifier: MIT */
/* The parts of content that its files share. */
#ifndef ALCMFS_CONTENT_STATE_H
#define ALCMFS_CONTENT_STATE_H

#include "content.h"
#include "inode.h"

/* Set the file's state; io held exclusively. The caller closes the former blob. */
void content_set_state(struct inode *inode, enum content_state state,
	struct alcm_blob *blob);

/* The store's file is about to be overwritten in place, and its attributes mean nothing
   until the end: stat() shows this size and mtime instead. io held exclusively. */
void content_overwrite_begin(struct inode *inode, off_t size,
	const struct timespec *mtime);
void content_overwrite_end(struct inode *inode);

static inline bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Log a failure that has a cause, once; returns `err`. */
int content_report(struct fs *fs, struct inode *inode, int err,
	const struct alcm_diag *diag);

/* The logical mtime is now. */
void content_touch(struct inode *inode);

/* Set the store's mtime, which is that of our write, to the user's. */
void content_restore_mtime(struct inode *inode);

/* Make sure that the store's file is open, for writing if asked; io held exclusively,
   inode pinned. */
int content_ensure_open(struct fs *fs, struct inode *inode, bool writable);

/* Finish the open file's conversion if a crash cut one off. 1: done, it is a different
   file now; 0: there was none; -EIO with `diag`. io held exclusively. */
int content_resume(struct fs *fs, struct inode *inode, struct alcm_diag *diag);

/* Take io shared, with the store's file open; on success the caller unlocks it. */
int content_enter(struct fs *fs, struct inode *inode, bool writable);

/* Set whether reading the open file changes its access time: for users' reads of a plain
   file it should, for our own it shouldn't. */
void content_note_reads(const struct content *content, bool on);

/* Read the first bytes of an open PLAIN file for ourselves; as pread(2), with a negative
   errno. */
ssize_t content_peek(const struct content *content, void *buf, size_t n);

/* Whether a reply reads from the descriptor; io held exclusively, so no other starts. */
bool content_is_lent(struct inode *inode);

/*
 * Wait until no reply reads from the descriptor; io held exclusively, so no other starts.
 */
void content_await_return(struct inode *inode);

/* Note what the kernel was told: a blob of this size, or not a blob (then 0);
   content->lock held. */
void content_tell_locked(struct inode *inode, bool is_blob, uint64_t size);

/* Free a content that is closed. */
void content_free(struct fs *fs, struct content *content);

/* Remember why a PLAIN file stays plain, judged at this ctime. */
void content_remember(struct fs *fs, struct inode *inode,
	const struct alcm_verdict *verdict, const struct timespec *ctime);

/* The same, and keep the verdict with the file if it was sampled; io held exclusively,
   `fd` is the store's file. */
void content_keep_verdict(struct fs *fs, struct inode *inode, int fd,
	const struct alcm_verdict *verdict);

/* Go on after alcm_pack() or alcm_swap_apply() returned `err`; io held exclusively.
   `before`: the plain file's attributes. Returns as content_pack(). */
int content_swapped(struct fs *fs, struct inode *inode, int err,
	const struct stat *before, const struct alcm_diag *diag);

/*
 * Close the store's file if it has no handle and no unsaved changes; io held exclusively.
 */
void content_close_unused(struct fs *fs, struct inode *inode);

/* Whether a writer makes so many small changes in the BLOB that it should be PLAIN; io
   held. */
bool content_worked_in(struct content *content);

/* BLOB → PLAIN in place, if content_worked_in() still holds. No lock is held. */
void content_unpack(struct fs *fs, struct inode *inode);

/* PLAIN → BLOB in place; io held exclusively. -EINPROGRESS: half done, and the file isn't
   open any more. */
int content_pack(struct fs *fs, struct inode *inode);

#endif
