/* SPDX-License-Identifier: MIT */
#ifndef ALCMFS_OPTIONS_H
#define ALCMFS_OPTIONS_H

#include <stdbool.h>

#include "compat.h"

struct fs;

/* As given, or by default (options_rows.c); strings are the heap's. */
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
 * Take ours out of `args`, leaving those for libfuse; what isn't given has its default.
 * -EINVAL after saying what is wrong. -ENOMEM. Release `opt` in any case.
 */
int options_parse(struct fuse_args *args, struct options *opt);
void options_release(struct options *opt);

/* Check fs->opt; set fs->profile and fs->predictor. Says what is wrong: -EINVAL, -ENOENT,
   … */
int options_check(struct fs *fs);

void options_usage(void);

#endif
