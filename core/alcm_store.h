/* SPDX-License-Identifier: MIT */
/*
 * What a store holds besides the users' files, in STORE/.alcm: sidecars and jobs.
 * Included by alcm.h.
 *
 * Whoever owns the store can make symbolic links of any of its directories at any moment.
 * No function here follows one: paths are relative to the store's root and stay below it.
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
 * the way or at its end, -EXDEV for "..", -EINVAL for an absolute path.
 */
int alcm_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* ---- a store and its lock ---------------------------------------------------------- */

/*
 * A store that is open. One thread locks and closes it; functions that take it as const
 * may be called by many at once.
 *
 * Its lock is seen by every path that leads to the store: by another name, through a bind
 * mount, from a directory above or below it, from another mount or PID namespace (see
 * core/store/marks.h). A mount and a command that changes files in place hold it.
 */
struct alcm_store;

enum alcm_use {
	ALCM_USE_MOUNT, /* alone, with reports and jobs in .alcm, which is made */
	ALCM_USE_VERB,  /* alone, for the time of a command */
	ALCM_USE_FILE,  /* the same for one file, which lies in no store below this one */
	ALCM_USE_READ,  /* with other readers; nothing is written, .alcm may be missing */
};

/*
 * Whether the open directory is a store's root: .alcm has a lock or reports. One that is
 * empty, or has only jobs, is what a command that was killed leaves where no store was.
 */
bool alcm_store_is_root(int dirfd);

/*
 * Whether the directory, open for reading, is the root of a store that is mounted. It is
 * asked of directories below one's own store: one that was moved there since it was
 * mounted is marked at the place it had.
 */
bool alcm_store_is_mounted(int dirfd);

/* A store from its directory, open for reading, which is its own from now on, also on
   failure. -ENOMEM. */
int alcm_store_open(int dirfd, struct alcm_store **out);

/*
 * Lock it, without waiting. `holder`, a line for others to read in .alcm/lock, is where
 * it is mounted (ALCM_USE_MOUNT only, else NULL). `diag` (may be NULL) says in words why
 * not: -EBUSY: the store, one that it lies in, or one that lies in it is mounted, or
 * another machine has it. -EAGAIN: an alcm command has it, which ends by itself. -EINVAL,
 * -ELOOP, -ENOTDIR: .alcm isn't what it should be. -EROFS, -EACCES: .alcm can't be made
 * (not for ALCM_USE_READ). -ENOSYS: there is no /proc.
 */
int alcm_store_lock(struct alcm_store *store, enum alcm_use use, const char *holder,
	struct alcm_diag *diag);

/* Its root directory; the store's, as long as that is open. */
int alcm_store_dirfd(const struct alcm_store *store);

/* Locked for a command where no store was: what is in .alcm goes when the store is
   closed. */
bool alcm_store_is_temporary(const struct alcm_store *store);

/*
 * Whether the file `fd` below the locked store may be changed in place. -EBUSY: it has
 * hard links that aren't in this store, and another store on its filesystem, which may
 * hold one of them, is in use; `diag` says so.
 */
int alcm_store_may_change(const struct alcm_store *store, int fd, struct alcm_diag *diag);

/* Unlock and close; NULL is fine. */
void alcm_store_close(struct alcm_store *store);

/* ---- sidecars: small files about others; .alcm/caq mirrors the tree of the store --- */

/*
 * The name of the sidecar of the store's file `file` in `out`: FILE.json, or of a name
 * for which that is too long (more than 250 bytes), or the summary's place, its beginning
 * (at most 233 bytes), a dot, the 16 hexadecimal digits of its XXH3-64, and .json.
 * -ENAMETOOLONG: there is not the room for it.
 */
int alcm_sidecar_name(const char *file, char *out, size_t capacity);

/*
 * The inverse: the file that `sidecar` is about, whether or not there is one, in `out`,
 * which is PATH_MAX + NAME_MAX bytes. -EINVAL: no file's sidecar has such a name.
 * -ENAMETOOLONG.
 */
int alcm_sidecar_file(const struct alcm_store *store, const char *sidecar, char *out,
	size_t capacity);

/*
 * The whole text of the sidecar `name` on the heap, with a NUL behind its `len` bytes,
 * and its attributes. -ENOENT: there is none. -EFBIG: more than 1 MiB. -EINVAL: no
 * regular file. Free with alcm_free_text().
 */
int alcm_sidecar_read(const struct alcm_store *store, const char *name, char **text,
	size_t *len, struct stat *st);

/*
 * Write a sidecar: whoever reads it meanwhile has the old text or the new one. It can be
 * read by whom the file `about_fd` can be read by, as far as modes tell, and belongs to
 * its owner if we may give it away. Directories are made as needed.
 */
int alcm_sidecar_write(const struct alcm_store *store, const char *name, const char *text,
	int about_fd);

/* Whether a sidecar with these attributes is for the same readers as the file
   `about_fd`. */
bool alcm_sidecar_private_enough(const struct stat *st, int about_fd);

/* Make the directory `name`, or make it as private as the one it mirrors. -ENOENT: there
   is none such. */
int alcm_sidecar_mkdir(const struct alcm_store *store, const char *name);

/* A directory is removed with all that is in it: what it mirrored has gone. */
int alcm_sidecar_remove(const struct alcm_store *store, const char *name, bool is_dir);

/*
 * Remove a sidecar that was written while its file was renamed or removed, and those
 * directories above it that mirror none of the store any more.
 */
void alcm_sidecar_prune(const struct alcm_store *store, const char *name);

/*
 * `flags`: 0, or RENAME_EXCHANGE. A directory of that name is replaced with all that is
 * in it. -ENOENT: there is no sidecar `from`.
 */
int alcm_sidecar_move(const struct alcm_store *store, const char *from, const char *to,
	unsigned flags);

/* ---- summaries of directories ------------------------------------------------------ */

#define ALCM_SUMMARY_NAME "summary.json"

/*
 * Reports added up. The sum's CAQ is total ratio / (total CPU seconds + 1), which falls
 * as a directory grows: it is one number for all of the work, not a mean.
 */
struct alcm_summary {
	double n_files, n_lossy; /* counts: JSON's numbers are doubles */
	double logical_bytes, stored_bytes, cpu_seconds;
	/* by zlib -6, grown from samples */
	double baseline_stored_bytes, baseline_cpu_seconds;
};

/* Add a file's report. -EINVAL, and nothing is added: that is none. */
int alcm_summary_add_report(struct alcm_summary *summary, const char *json, size_t len);

/* Add the total of what alcm_summary_json() wrote. -EINVAL likewise. */
int alcm_summary_add_total(struct alcm_summary *summary, const char *json, size_t len);

/*
 * A directory's summary as JSON (docs/summary.schema.json): of its own files, and in all
 * with those `below` it. Freed with alcm_free_text(). -ENOMEM.
 */
int alcm_summary_json(const struct alcm_summary *here, const struct alcm_summary *below,
	char **out);

/*
 * Have the summary of the directory of sidecars `dir` ("": the topmost),
 * DIR/summary.json, as of now. It adds up the reports that are in DIR and below it; any
 * change of one of these by the functions above removes it, so that one that is there is
 * right. One thread at a time. -ENODATA: there are no reports. -EAGAIN: they keep
 * changing; it is missing until another call. -ENOENT: no such directory. -ENOSPC,
 * -ENOMEM, …
 */
int alcm_summary_refresh(const struct alcm_store *store, const char *dir);

/* ---- changing a file in place: plain ↔ blob, with the inode it has ----------------- */

/*
 * Turn the plain file `fd` (readable, writable) into a blob, or a blob back into
 * a plain file, keeping its inode, owner, mode, xattrs and mtime. Safe against a crash at
 * any moment: the new content is first made durable in `.alcm/swap/` below the store's
 * root, with a job that alcm_swap_recover() finishes. `path` is the file's path relative
 * to the store. -EINPROGRESS: the file is half overwritten, and can't be used until
 * alcm_swap_resume() or alcm_swap_recover() finished that. -EALREADY: the file is of that
 * kind. -EBUSY: another descriptor of any process has it open or mapped, as far as the
 * filesystem can tell, or it changed. -ENOSPC, -EIO, …: the file is as it was.
 */
int alcm_pack(struct alcm *alcm, const struct alcm_store *store, const char *path, int fd,
	const struct alcm_profile *profile, struct alcm_diag *diag);
int alcm_unpack(struct alcm *alcm, const struct alcm_store *store, const char *path,
	int fd, struct alcm_diag *diag);

/*
 * The same in two steps: the first, which takes long, only reads the file, so that others
 * may read it meanwhile. alcm_swap_prepare() makes the new content durable and proves it
 * right; `profile` NULL: a plain file's. `stop` (may be NULL) is asked again and again
 * whether to give up: -ECANCELED. alcm_swap_apply() puts it in place: from then on nobody
 * else may use the file `fd`, which has to be the one of before, now writable. -EBUSY: it
 * is open elsewhere, or it changed (in size or mtime: who fears more compares ctime)
 * since it was prepared, and is as it was. Other errors as above. Free with
 * alcm_swap_free(), in any case; NULL is fine. A crash before the second step leaves
 * garbage in .alcm/swap that alcm_swap_recover() removes.
 */
struct alcm_swap;
int alcm_swap_prepare(struct alcm *alcm, const struct alcm_store *store, int fd,
	const struct alcm_profile *profile, bool (*stop)(void *ctx), void *stop_ctx,
	struct alcm_swap **out, struct alcm_diag *diag);
int alcm_swap_apply(struct alcm_swap *swap, const char *path, int fd,
	struct alcm_diag *diag);
void alcm_swap_free(struct alcm_swap *swap);

/* How large the file will be in the store. */
uint64_t alcm_swap_stored_bytes(const struct alcm_swap *swap);

/*
 * Finish every job that a crash left in `.alcm/swap/`. Call before a store is used. A job
 * whose file isn't found, beyond doubt, is left alone with its content, and reported.
 * `log` (may be NULL) hears of each. The number of those that couldn't be done, whose
 * files stay unreadable or as they are and do no harm; or a negative errno: `.alcm/swap/`
 * can't be used.
 */
int alcm_swap_recover(const struct alcm_store *store,
	void (*log)(void *ctx, enum alcm_log_level level, const char *text), void *log_ctx);

/*
 * 1: the file `fd` is half overwritten by a conversion that is under way, or that a crash
 * cut off; the content has `*logical_bytes`. 0: it isn't.
 */
int alcm_swap_pending(int fd, uint64_t *logical_bytes);

/*
 * Finish the conversion of the file `fd`, which is readable, writable and in the
 * directory `dirfd`, if one was cut off. Its job is looked for in `.alcm/swap` of that
 * directory and of all above it. Nobody else may use the file. 1: done. 0: there was
 * none. -EIO: it can't be finished, `diag` says why; the file is as it was.
 */
int alcm_swap_resume(int dirfd, int fd, struct alcm_diag *diag);

#ifdef __cplusplus
}
#endif

#endif
