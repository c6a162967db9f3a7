/* SPDX-License-Identifier: MIT */
/* Copies of files and trees elsewhere, plain or compressed (-o OUT). */
#ifndef ALCM_TOOLS_CLI_COPY_H
#define ALCM_TOOLS_CLI_COPY_H

#include "cli_walk.h"

/* The place of a copy, by directory and name: its whole path can be longer than the
   kernel accepts. */
struct copy_place {
	int at;            /* a directory, as for openat(2) */
	const char *name;  /* relative to it */
	const char *shown; /* in messages */
};

/*
 * Write the file of `entry` to `out`: as a blob if `profile` is given, otherwise plain.
 * It gets the mode, the times and, if permitted, the owner. `out` appears only when it is
 * complete. An existing one is an error unless `replace`. Reports failures.
 */
enum cli_exit copy_file(struct cli *cli, struct alcm *alcm,
	const struct walk_entry *entry, const struct copy_place *out,
	const struct alcm_profile *profile, bool replace);

/* Make the directory, or recreate the symbolic link, of `entry` at `out`. */
enum cli_exit copy_dir(struct cli *cli, const struct walk_entry *entry,
	const struct copy_place *out);
enum cli_exit copy_link(struct cli *cli, const struct walk_entry *entry,
	const struct copy_place *out);

/* Set mode and times of the directory `fd` from `entry`, after everything was copied into
   it. */
enum cli_exit copy_dir_done(struct cli *cli, const struct walk_entry *entry, int fd,
	const char *shown);

#endif
