/* SPDX-License-Identifier: MIT */
/* A walk over all files of a tree. Symbolic links below its root are not followed. */
#ifndef ALCM_TOOLS_CLI_WALK_H
#define ALCM_TOOLS_CLI_WALK_H

#include <sys/stat.h>

#include "cli.h"

enum walk_kind {
	WALK_FILE,     /* a regular file */
	WALK_DIR,      /* a directory, before its entries */
	WALK_DIR_DONE, /* the same directory, after its entries */
	WALK_OTHER,    /* links, devices, … */
};

struct walk_entry {
	enum walk_kind kind;
	int dirfd; /* openat(dirfd, name) is the file */
	const char *name;
	const char *path; /* the operand, and the path below it */
	const char *rel;  /* the path below the operand; "" for the operand itself */
	const struct stat *st;
};

/* Open a WALK_FILE with O_RDONLY or O_RDWR, without following a link below the operand
   and without blocking. The descriptor, or -1 and errno. */
int walk_open(const struct walk_entry *entry, int access);

typedef enum cli_exit (*walk_fn)(void *ctx, const struct walk_entry *entry);

/*
 * Call `fn` for each entry of the file or tree at `path`. A store's .alcm is skipped. A
 * directory that can't be read is reported, and the walk goes on. Returns the worst
 * outcome.
 */
enum cli_exit walk(struct cli *cli, const char *path, walk_fn fn, void *ctx);

/* The same, for files that will be changed in place. Mounts below `path`, and other
   stores below it, are reported and skipped, because their locks aren't held. */
enum cli_exit walk_in_place(struct cli *cli, const char *path, walk_fn fn, void *ctx);

/* The same below the open directory `dirfd`, called `path` in messages. */
enum cli_exit walk_below(struct cli *cli, int dirfd, const char *path, walk_fn fn,
	void *ctx);

/* The total size of the operands' regular files, stored or `logical`, for the progress.
   Reports nothing. */
uint64_t walk_total_bytes(struct cli *cli, bool logical);

/* The files that were counted already: a file may have several names. */
struct walk_seen {
	struct walk_id {
		dev_t dev;
		ino_t ino;
	} * ids; /* hash table with open addressing; ino 0 is free */
	size_t n, n_slots;
};

/* 1: seen before. 0: new, and remembered. -ENOMEM. Only files with several links need
   memory. */
int walk_seen_add(struct walk_seen *seen, const struct stat *st);
void walk_seen_free(struct walk_seen *seen);

#endif
