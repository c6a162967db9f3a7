/* SPDX-License-Identifier: MIT */
/* Messages to users: to the log while the mount is served, and to stderr before. */
#ifndef ALCMFS_MOUNT_LOG_H
#define ALCMFS_MOUNT_LOG_H

#include "alcm.h"

struct fs;

/* One line to syslog or stderr, printf-style. */
void fs_log(struct fs *fs, enum alcm_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Log a line of core's; `ctx`: the struct fs. */
void fs_log_core(void *ctx, enum alcm_log_level level, const char *text);

/* The same, about the store's file with this descriptor (-1: none). */
void fs_log_file(void *ctx, int fd, enum alcm_log_level level, const char *text);

/* Print a line on stderr, before there is a mount. */
void fs_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
