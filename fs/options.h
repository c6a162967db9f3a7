/* SPDX-License-Identifier: MIT */
#ifndef ALCMFS_OPTIONS_H
#define ALCMFS_OPTIONS_H

#include <stdbool.h>

#include "compat.h"

struct fs;

/* The options as given, or by default (options_rows.c); strings are on the heap. */
struct options {
	char *store, *mountpoint;
	unsigned threads, budget_mib; /* 0: as the process's limits allow */
	unsigned chunk_kib;
	unsigned min_size;
	unsigned idle; /* seconds */
	char *profile, *predictor, *detect;
	bool noverify, noatime, nosymfollow, noforget;
	double attr_timeout;
	bool foreground, debug, show_help, show_version;
	bool allow_other, read_only;
};

/*
 * Take our options out of `args`, and leave those for libfuse. Options that aren't given
 * have their defaults. -EINVAL after printing the cause. -ENOMEM. Release `opt` in any
 * case.
 */
int options_parse(struct fuse_args *args, struct options *opt);
void options_release(struct options *opt);

/* Check fs->opt, and set fs->detect, fs->profile and fs->predictor. Prints the cause of a
   failure: -EINVAL, -ENOENT, … */
int options_check(struct fs *fs);

void options_usage(void);

#endif
