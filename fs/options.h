/* SPDX-License-Identifier: MIT */
#ifndef ALCMFS_OPTIONS_H
#define ALCMFS_OPTIONS_H

#include <stdbool.h>

#include "compat.h"

struct fs;

/* As given; strings are the heap's, freed by main(). */
struct options {
	char *store, *mountpoint;
	unsigned threads, budget_mib; /* 0: as the process's limits allow */
	unsigned chunk_kib;
	unsigned min_size;
	unsigned quiet; /* seconds */
	char *profile, *predictor, *detect;
	int noverify, noatime, nosymfollow, noforget;
	double attr_timeout;
	int foreground, debug, show_help, show_version;
	int allow_other, read_only;
};

/* Take ours out of `args`, leaving those for libfuse. -EINVAL after saying what is wrong. */
int options_parse(struct fuse_args *args, struct options *opt);

/* Check fs->opt; set fs->profile and fs->predictor. Says what is wrong: -EINVAL, -ENOENT, … */
int options_check(struct fs *fs);

void options_usage(void);

#endif
