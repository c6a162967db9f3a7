/* SPDX-License-Identifier: MIT */
/* All files of a tree, without following symbolic links below its root. */
#ifndef ALCM_TOOLS_CLI_WALK_H
#define ALCM_TOOLS_CLI_WALK_H

#include <sys/stat.h>

#include "cli.h"

enum walk_kind {
	WALK_FILE,     /* a regular file */
	WALK_DIR,      /* a directory, before what is in it */
	WALK_DIR_DONE, /* and after it */
	WALK_OTHER,    /* links, devices, … */
};

struct walk_entry {
	enum walk_kind kind;
	int dirfd; /* openat(dirfd, name) is the file */
	const char *name;
	const char *path; /* the operand followed by the way below it */
	const char *rel;  /* the way below the operand; "" is the operand itself */
	const struct stat *st;
};

/*
 * Open a WALK_FILE with O_RDONLY or O_RDWR: below the operand it can't have become a link
 * or have us wait. The descriptor, or -1 and errno.
 */
int walk_open(const struct walk_entry *entry, int access);

typedef enum cli_exit (*walk_fn)(void *ctx, const struct walk_entry *entry);

/*
 * Call `fn` for the file or tree at `path`. The admin directory .alcm of a store is left
 * out. Returns the worst outcome of `fn` and of the walk itself, which reports
 * directories that it can't read and goes on.
 */
enum cli_exit walk(struct cli *cli, const char *path, walk_fn fn, void *ctx);

/*
 * The same for files that are to be changed in place: what is mounted below `path`, and
 * stores of their own below it, are reported and left out, for their locks aren't held.
 */
enum cli_exit walk_in_place(struct cli *cli, const char *path, walk_fn fn, void *ctx);

/* The same below the open directory `dirfd`, which is called `path` in what is
   reported. */
enum cli_exit walk_below(struct cli *cli, int dirfd, const char *path, walk_fn fn,
	void *ctx);

/*
 * Bytes of all regular files of the operands, as they are stored or `logical`: the total
 * for progress. Reports nothing.
 */
uint64_t walk_total_bytes(struct cli *cli, bool logical);

/* True for `st` seen before in `seen`: another link of a file that was counted. */
struct walk_seen {
	struct walk_id {
		dev_t dev;
		ino_t ino;
	} * ids; /* hash table with open addressing; ino 0 is free */
	size_t n, n_slots;
};

/* 1: seen before; 0: new, and noted; -ENOMEM. Only files of several links need memory. */
int walk_seen_add(struct walk_seen *seen, const struct stat *st);
void walk_seen_free(struct walk_seen *seen);

#endif
