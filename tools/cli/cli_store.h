/* SPDX-License-Identifier: MIT */
/*
 * The store that a file lies in: the nearest directory above it that holds `.alcm/`.
 *
 * A verb that changes files in place takes the lock that a mount holds, so neither meets
 * the other's half-done work, whichever way it came (alcm_store_lock()).
 */
#ifndef ALCM_TOOLS_CLI_STORE_H
#define ALCM_TOOLS_CLI_STORE_H

#include "cli.h"

struct store_at {
	struct alcm_store *store;
	enum alcm_use use;   /* of the operand */
	int dirfd;           /* of its root */
	char *root;          /* absolute path */
	bool temporary;      /* there is no store: .alcm, if we make it, goes with us */
	unsigned n_finished; /* jobs of .alcm/swap that store_lock() found and finished */
};

/*
 * Find the store of `path`, a file or a directory (which may be the root itself). Without
 * any, the directory (a file's: the one it lies in) is taken for one: out->temporary is
 * set. A path inside a mount is refused. Reports failures.
 */
enum cli_exit store_open(struct cli *cli, const char *path, struct store_at *out);

/*
 * Take the lock and finish what a crash left half done. Waits for other commands; refused
 * while mounted, but with --wait waits for that, too. Reports.
 */
enum cli_exit store_lock(struct cli *cli, struct store_at *store);

/*
 * Finish the conversion of the file `rel`, open as `fd` for reading and writing, if one
 * was cut off and its job isn't the store's own: 1; 0: there was none; or a negative
 * errno.
 */
int store_resume(const struct store_at *store, const char *rel, int fd,
	struct alcm_diag *diag);

/* How many jobs a crash left unfinished in .alcm/swap. */
unsigned store_count_jobs(const struct store_at *store);

/* True when a daemon or another alcm holds the lock right now. */
bool store_is_busy(const struct store_at *store);

/* Unlock; remove a temporary .alcm if nothing is in it. */
void store_close(struct store_at *store);

/* The way of `path` below the store's root, on the heap; NULL with errno set on
   failure. */
char *store_rel(const struct store_at *store, const char *path);

/* The same of what lies `below` the operand whose way is `rel`, however long; NULL with
   errno set. */
char *store_rel_of(const char *rel, const char *below);

/* True when `path` is seen through a mount of alcmfs, where everything looks logical. */
bool store_is_mount(const char *path);

#endif
