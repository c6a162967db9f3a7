/* SPDX-License-Identifier: MIT */
/* Access to the tree of sidecars, shared by sidecar.c and summary_tree.c. */
#ifndef ALCM_REPORT_SIDECAR_DIR_H
#define ALCM_REPORT_SIDECAR_DIR_H

#include <sys/stat.h>

/* The name of a summary while it is being made. */
#define SUMMARY_DRAFT ".alcm-summary"

/* Open the directory `dir` of sidecars for reading ("": the topmost). A descriptor, or a
   negative errno. */
int sidecar_open_dir(int store_dirfd, const char *dir);

/* As alcm_sidecar_read(), in an open directory. */
int sidecar_read_at(int dir, const char *name, char **text, size_t *len, struct stat *st);

/* Write all of `text`, and give the file owner and mode of `like`. */
int sidecar_write_text(int fd, const char *text, const struct stat *like);

#endif
