/* SPDX-License-Identifier: MIT */
/* What sidecar.c and summary_tree.c share. */
#ifndef ALCM_REPORT_SIDECAR_DIR_H
#define ALCM_REPORT_SIDECAR_DIR_H

#include <sys/stat.h>

/* The directory `dir` of sidecars ("": the topmost), open for reading. A negative errno. */
int sidecar_open_dir(int store_dirfd, const char *dir);

/* As alcm_sidecar_read(), in an open directory. */
int sidecar_read_at(int dir, const char *name, char **text, size_t *len, struct stat *st);

/* Write all of `text`, and give the file owner and mode of `like`. */
int sidecar_write_text(int fd, const char *text, const struct stat *like);

/* Sidecar `name`, or a directory of sidecars, came, changed or went: summaries above it hold no longer. */
void summary_invalidate(int store_dirfd, const char *name);

#endif
