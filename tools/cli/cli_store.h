/* SPDX-License-Identifier: MIT */
/*
 * The store that a file lies in: the nearest directory above it that holds `.alcm/`.
 *
 * A verb that changes files in place takes the lock that a mount holds, `.alcm/lock` by
 * flock(2), so neither meets the other's half-done work.
 */
#ifndef ALCM_TOOLS_CLI_STORE_H
#define ALCM_TOOLS_CLI_STORE_H

#include "cli.h"

struct store_at {
	int dirfd;           /* of the root */
	int lock_fd;         /* -1: not locked */
	char *root;          /* absolute path */
	bool temporary;      /* .alcm was made by us and goes with us */
	unsigned n_finished; /* jobs of .alcm/swap that store_lock() found and finished */
};

/*
 * Find the store of `path`, a file or a directory (which may be the root itself). Without
 * any, the directory (a file's: the one it lies in) is taken for one: out->temporary is set and
 * .alcm made when store_lock() is called. A path inside a mount is refused. Reports failures.
 */
enum cli_exit store_open(struct cli *cli, const char *path, struct store_at *out);

/* Take the lock and finish what a crash left half done. Refused while mounted; reports. */
enum cli_exit store_lock(struct cli *cli, struct store_at *store);

/* How many jobs a crash left unfinished in .alcm/swap. */
unsigned store_count_jobs(const struct store_at *store);

/* True when a daemon or another alcm holds the lock right now. */
bool store_is_busy(const struct store_at *store);

/* Unlock; remove a temporary .alcm if nothing is in it. */
void store_close(struct store_at *store);

/* The way of `path` below the store's root, on the heap; NULL with errno set on failure. */
char *store_rel(const struct store_at *store, const char *path);

/* True when `path` is seen through a mount of alcmfs, where everything looks logical. */
bool store_is_mount(const char *path);

#endif
