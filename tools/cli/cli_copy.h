/* SPDX-License-Identifier: MIT */
/* Copies of files and trees elsewhere, plain or compressed (-o OUT). */
#ifndef ALCM_TOOLS_CLI_COPY_H
#define ALCM_TOOLS_CLI_COPY_H

#include "cli_walk.h"

/* Where a copy goes: by directory and name, as a whole path can be longer than the kernel
   takes. */
struct copy_place {
	int at;            /* as openat(2)'s */
	const char *name;  /* relative to it */
	const char *shown; /* in messages */
};

/*
 * Write the file of `entry` to `out`, as a blob when `profile` is given and plain
 * otherwise, with its mode, times and (as far as we may) owner. `out` appears when it is
 * complete; one that exists is an error unless `replace`. Reports failures.
 */
enum cli_exit copy_file(struct cli *cli, struct alcm *alcm,
	const struct walk_entry *entry, const struct copy_place *out,
	const struct alcm_profile *profile, bool replace);

/* Make the directory, or recreate the symbolic link, of `entry` at `out`. */
enum cli_exit copy_dir(struct cli *cli, const struct walk_entry *entry,
	const struct copy_place *out);
enum cli_exit copy_link(struct cli *cli, const struct walk_entry *entry,
	const struct copy_place *out);

/* Give the directory `fd`, which is `out`, the mode and times of `entry`, once everything
   is in it. */
enum cli_exit copy_dir_done(struct cli *cli, const struct walk_entry *entry, int fd,
	const char *shown);

#endif
