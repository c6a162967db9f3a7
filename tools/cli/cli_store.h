/* SPDX-License-Identifier: MIT */
/*
 * The store of a file: the nearest directory above it with `.alcm/`.
 *
 * A verb that changes files in place holds the same lock as a mount (alcm_store_lock()).
 * So neither sees the other's unfinished work, by whatever path it reached the store.
 */
#ifndef ALCM_TOOLS_CLI_STORE_H
#define ALCM_TOOLS_CLI_STORE_H

#include "cli.h"

struct store_at {
	struct alcm_store *store;
	enum alcm_use use; /* of the operand */
	int dirfd;         /* of its root */
	char *root;        /* absolute path */
	/* there is no store; a .alcm that we make is removed at the end */
	bool temporary;
	unsigned n_finished; /* jobs of .alcm/swap that store_lock() found and finished */
};

/*
 * Find the store of `path`, a file or a directory, which may be the root itself. If there
 * is none, the directory (or the file's directory) serves as a store: out->temporary is
 * set. A path inside a mount is refused. Reports failures.
 */
enum cli_exit store_open(struct cli *cli, const char *path, struct store_at *out);

/*
 * Take the lock, and finish the conversions that a crash interrupted. Waits for other
 * commands. If the store is mounted, it waits with --wait, and is refused without.
 * Reports failures.
 */
enum cli_exit store_lock(struct cli *cli, struct store_at *store);

/*
 * Finish an interrupted conversion of the file `rel`, open as `fd` for reading and
 * writing, whose job isn't in this store's own .alcm. 1: finished. 0: nothing to do.
 * Otherwise a negative errno.
 */
int store_resume(const struct store_at *store, const char *rel, int fd,
	struct alcm_diag *diag);

/* The number of files in .alcm/swap, left by a crash. */
unsigned store_count_jobs(const struct store_at *store);

/* Whether a mount or another command holds the lock now. */
bool store_is_busy(const struct store_at *store);

/* Unlock. A temporary .alcm is removed if it is empty. */
void store_close(struct store_at *store);

/* The path of `path` relative to the store's root, on the heap; NULL with errno. */
char *store_rel(const struct store_at *store, const char *path);

/* The same for the path `below` the operand at `rel`, of any length; NULL with errno. */
char *store_rel_of(const char *rel, const char *below);

/* Whether `path` is inside a mount of alcmfs, where everything looks logical. */
bool store_is_mount(const char *path);

#endif
