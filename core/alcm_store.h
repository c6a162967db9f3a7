/* SPDX-License-Identifier: MIT */
/*
 * What a store holds besides the users' files, in STORE/.alcm: sidecars and jobs. Included by alcm.h.
 *
 * Whoever owns the store can make symbolic links of any of its directories at any moment. No function here
 * follows one: paths are relative to `store_dirfd` and stay below it.
 */
#ifndef ALCM_STORE_H
#define ALCM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "alcm.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Open the file `path` below `dirfd` with `flags` and, if it is created, `mode`, as openat(2).
 * A descriptor, or a negative errno: -ELOOP or -ENOTDIR for a symbolic link on the way or at its end,
 * -EXDEV for "..", -EINVAL for an absolute path.
 */
int alcm_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* ---- sidecars: small files about others, in .alcm/caq, whose tree mirrors the store's --------- */

/*
 * The whole text of the sidecar `name` on the heap, with a NUL behind its `len` bytes, and its attributes.
 * -ENOENT: there is none. -EFBIG: more than 1 MiB. -EINVAL: no regular file. Free with alcm_free_text().
 */
int alcm_sidecar_read(int store_dirfd, const char *name, char **text, size_t *len,
	struct stat *st);

/*
 * Write a sidecar: whoever reads it meanwhile has the old text or the new one. It can be read by whom
 * the file `about_fd` can be read by, as far as modes tell, and belongs to its owner if we may give it
 * away. Directories are made as needed.
 */
int alcm_sidecar_write(int store_dirfd, const char *name, const char *text, int about_fd);

/* Whether a sidecar with these attributes is for the same readers as the file `about_fd`. */
bool alcm_sidecar_private_enough(const struct stat *st, int about_fd);

/* Make the directory `name`, or make it as private as the one it mirrors. -ENOENT: there is none such. */
int alcm_sidecar_mkdir(int store_dirfd, const char *name);

int alcm_sidecar_remove(int store_dirfd, const char *name, bool is_dir);

/* `flags`: 0, or RENAME_EXCHANGE. -ENOENT: there is no sidecar `from`. */
int alcm_sidecar_move(int store_dirfd, const char *from, const char *to, unsigned flags);

/* ---- changing a file in place: plain ↔ blob, with the inode it has -------------------------- */

/*
 * Turn the plain file `fd` (readable, writable, no other user) into a blob, or a blob back into
 * a plain file, keeping its inode, owner, mode, xattrs and mtime. Safe against a crash at any
 * moment: the new content is first made durable in `.alcm/swap/` below `store_dirfd`, with a job
 * that alcm_swap_recover() finishes. `path` is the file's path relative to the store.
 * -EALREADY: the file is of that kind. -ENOSPC, -EIO, …: the file is as it was.
 */
int alcm_pack(struct alcm *alcm, int store_dirfd, const char *path, int fd,
	const struct alcm_profile *profile, struct alcm_diag *diag);
int alcm_unpack(struct alcm *alcm, int store_dirfd, const char *path, int fd,
	struct alcm_diag *diag);

/*
 * Finish every job that a crash left in `.alcm/swap/`. Call before a store is used.
 * `log` (may be NULL) hears of each. 0, or the first error; other jobs are still tried.
 */
int alcm_swap_recover(int store_dirfd,
	void (*log)(void *ctx, enum alcm_log_level level, const char *text), void *log_ctx);

#ifdef __cplusplus
}
#endif

#endif
