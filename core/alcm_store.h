/* SPDX-License-Identifier: MIT */
/*
 * The store's own files, in STORE/.alcm: sidecars and jobs. Included by alcm.h.
 *
 * The owner of the store can turn any of its directories into a symbolic link at any
 * moment. No function here follows one: paths are relative to the store's root and stay
 * below it.
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
 * Open the file `path` below `dirfd` with `flags` and, if it is created, `mode`, as
 * openat(2). A descriptor, or a negative errno: -ELOOP or -ENOTDIR for a symbolic link on
 * the way or at the end, -EXDEV for "..", -EINVAL for an absolute path.
 */
int alcm_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* ---- a store and its lock ---------------------------------------------------------- */

/*
 * An open store. One thread locks and closes it; functions that take it as const may be
 * called by several at once.
 *
 * Its lock is visible by every path that leads to the store: by another name, through a
 * bind mount, from a directory above or below it, from another mount or PID namespace
 * (see core/store/marks.h). A mount holds it, and so does a command that changes files in
 * place.
 */
struct alcm_store;

enum alcm_use {
	ALCM_USE_MOUNT, /* alone, with reports and jobs in .alcm, which is created */
	ALCM_USE_VERB,  /* alone, for the time of a command */
	ALCM_USE_FILE,  /* the same for one file that isn't in a store below this one */
	ALCM_USE_READ,  /* with other readers; writes nothing, and .alcm may be missing */
};

/*
 * Whether the open directory is a store's root: .alcm has a lock or reports. An empty
 * .alcm, or one with only jobs, is left by a command that was killed where no store was.
 */
bool alcm_store_is_root(int dirfd);

/*
 * Whether the directory, open for reading, is the root of a mounted store. Used for
 * directories below one's own store. A store that was moved there since it was mounted is
 * marked at its former place.
 */
bool alcm_store_is_mounted(int dirfd);

/* Make a store from its directory, open for reading. The descriptor is the store's from
   now on, also on failure. -ENOMEM. */
int alcm_store_open(int dirfd, struct alcm_store **out);

/*
 * Lock the store, without waiting. `holder` is a line for others to read in .alcm/lock:
 * the place where it is mounted (ALCM_USE_MOUNT only, else NULL). `diag` (may be NULL)
 * explains a failure: -EBUSY: the store, one that it lies in, or one that lies in it is
 * mounted, or another machine has it. -EAGAIN: an alcm command has it, which ends by
 * itself. -EINVAL, -ELOOP, -ENOTDIR: .alcm isn't what it should be. -EROFS, -EACCES:
 * .alcm can't be created (not for ALCM_USE_READ). -ENOSYS: there is no /proc.
 */
int alcm_store_lock(struct alcm_store *store, enum alcm_use use, const char *holder,
	struct alcm_diag *diag);

/* Its root directory. The descriptor is the store's and lives as long as it. */
int alcm_store_dirfd(const struct alcm_store *store);

/* Whether it was locked for a command where no store was: its .alcm is removed when it is
   closed. */
bool alcm_store_is_temporary(const struct alcm_store *store);

/*
 * Whether the file `fd` below the locked store may be changed in place. -EBUSY: it has
 * hard links outside of this store, and another store on its filesystem, which may hold
 * one of them, is in use; `diag` says so.
 */
int alcm_store_may_change(const struct alcm_store *store, int fd, struct alcm_diag *diag);

/* Unlock and close; NULL is fine. */
void alcm_store_close(struct alcm_store *store);

/* ---- sidecars: small files about others; .alcm/caq mirrors the tree of the store --- */

/*
 * Put the name of the sidecar of the store's file `file` into `out`: FILE.json. If that
 * is too long (a name of more than 250 bytes), or is the summary's place: the name's
 * beginning (at most 233 bytes), a dot, the 16 hexadecimal digits of its XXH3-64, and
 * .json. -ENAMETOOLONG: `out` is too small.
 */
int alcm_sidecar_name(const char *file, char *out, size_t capacity);

/*
 * The inverse: put the file that `sidecar` is about, whether or not it exists, into
 * `out`, which has PATH_MAX + NAME_MAX bytes. -EINVAL: no file's sidecar has such a name.
 * -ENAMETOOLONG.
 */
int alcm_sidecar_file(const struct alcm_store *store, const char *sidecar, char *out,
	size_t capacity);

/*
 * Read the whole text of the sidecar `name` onto the heap, with a NUL after its `len`
 * bytes, and its attributes. -ENOENT: there is none. -EFBIG: more than 1 MiB. -EINVAL:
 * not a regular file. Free with alcm_free_text().
 */
int alcm_sidecar_read(const struct alcm_store *store, const char *name, char **text,
	size_t *len, struct stat *st);

/*
 * Write a sidecar. A reader gets either the old text or the new one. It is readable for
 * the same users as the file `about_fd`, as far as modes can tell, and gets the same
 * owner if this process may give it away. Directories are made as needed.
 */
int alcm_sidecar_write(const struct alcm_store *store, const char *name, const char *text,
	int about_fd);

/* Whether a sidecar with these attributes has the same readers as the file `about_fd`. */
bool alcm_sidecar_private_enough(const struct stat *st, int about_fd);

/* Make the directory `name`, or make it as private as the one it mirrors. -ENOENT: no
   such directory. */
int alcm_sidecar_mkdir(const struct alcm_store *store, const char *name);

/* Remove a sidecar, or a directory with everything in it. */
int alcm_sidecar_remove(const struct alcm_store *store, const char *name, bool is_dir);

/* Remove a sidecar that was written while its file was renamed or removed, and the
   directories above it that no longer mirror one of the store. */
void alcm_sidecar_prune(const struct alcm_store *store, const char *name);

/* Move a sidecar or a directory. `flags`: 0, or RENAME_EXCHANGE. An existing directory
   `to` is replaced with everything in it. -ENOENT: there is no sidecar `from`. */
int alcm_sidecar_move(const struct alcm_store *store, const char *from, const char *to,
	unsigned flags);

/* ---- summaries of directories ------------------------------------------------------ */

#define ALCM_SUMMARY_NAME "summary.json"

/*
 * Make sure that the summary of the directory of sidecars `dir` ("": the topmost),
 * DIR/summary.json, is current. It sums up the reports in DIR and below it. Any change of
 * one of these by the functions above removes it, so an existing summary is right. One
 * thread at a time. -ENODATA: there are no reports. -EAGAIN: they keep changing; it is
 * missing until another call. -ENOENT: no such directory. -ENOSPC, -ENOMEM, …
 */
int alcm_summary_refresh(const struct alcm_store *store, const char *dir);

/* ---- changing a file in place: plain ↔ blob, keeping its inode --------------------- */

/*
 * Turn the plain file `fd` (readable, writable) into a blob, or a blob back into a plain
 * file, keeping its inode, owner, mode, xattrs and mtime. Safe against a crash at any
 * moment: the new content is first made durable in `.alcm/swap/` below the store's root,
 * with a job that alcm_swap_recover() finishes. `path` is the file's path relative to the
 * store. -EINPROGRESS: the file is half overwritten and unusable until alcm_swap_resume()
 * or alcm_swap_recover() has finished. -EALREADY: the file is of that kind. -EBUSY:
 * another descriptor of any process has it open or mapped, as far as the filesystem can
 * tell, or it changed. -ENOSPC, -EIO, …: the file is unchanged.
 */
int alcm_pack(struct alcm *alcm, const struct alcm_store *store, const char *path, int fd,
	const struct alcm_profile *profile, struct alcm_diag *diag);
int alcm_unpack(struct alcm *alcm, const struct alcm_store *store, const char *path,
	int fd, struct alcm_diag *diag);

/*
 * The same in two steps. The first takes long but only reads the file, so others may read
 * it at the same time. alcm_swap_prepare() makes the new content durable and verifies it;
 * `profile` NULL: content of a plain file. `stop` (may be NULL) is called repeatedly and
 * says whether to give up: -ECANCELED.
 *
 * alcm_swap_apply() puts the new content in place. From then on no one else may use the
 * file `fd`, which must be the same file, reopened for writing. -EBUSY: it is open
 * elsewhere, or it changed since it was prepared (in size or mtime; compare the ctime to
 * be sure), and it is unchanged. Other errors as above. Free with alcm_swap_free() in any
 * case; NULL is fine. A crash before the second step leaves garbage in .alcm/swap that
 * alcm_swap_recover() removes.
 */
struct alcm_swap;
int alcm_swap_prepare(struct alcm *alcm, const struct alcm_store *store, int fd,
	const struct alcm_profile *profile, bool (*stop)(void *ctx), void *stop_ctx,
	struct alcm_swap **out, struct alcm_diag *diag);
int alcm_swap_apply(struct alcm_swap *swap, const char *path, int fd,
	struct alcm_diag *diag);
void alcm_swap_free(struct alcm_swap *swap);

/* The file's future size in the store. */
uint64_t alcm_swap_stored_bytes(const struct alcm_swap *swap);

/*
 * Finish every job that a crash left in `.alcm/swap/`. Call before a store is used. A job
 * whose file isn't found with certainty is left alone with its content, and reported.
 * `log` (may be NULL) is told of each. Returns the number of jobs that couldn't be done,
 * whose files stay unreadable or unchanged and do no harm; or a negative errno:
 * `.alcm/swap/` is unusable.
 */
int alcm_swap_recover(const struct alcm_store *store,
	void (*log)(void *ctx, enum alcm_log_level level, const char *text), void *log_ctx);

/* 1: the file `fd` is half overwritten by a conversion that is running or that a crash
   cut off; the content has `*logical_bytes`. 0: it isn't. */
int alcm_swap_pending(int fd, uint64_t *logical_bytes);

/*
 * Finish the conversion of the file `fd` if one was cut off. The file is readable,
 * writable and in the directory `dirfd`. Its job is looked for in `.alcm/swap` of that
 * directory and of all above it. No one else may use the file. 1: done. 0: there was
 * none. -EIO: it can't be finished and is unchanged; `diag` says why.
 */
int alcm_swap_resume(int dirfd, int fd, struct alcm_diag *diag);

#ifdef __cplusplus
}
#endif

#endif
