/* SPDX-License-Identifier: MIT */
/* Files seen through a mount, where everything looks logical and the reports are in .alcm/caq. */
#ifndef ALCM_TOOLS_CLI_MOUNTED_H
#define ALCM_TOOLS_CLI_MOUNTED_H

#include <stdbool.h>
#include <sys/types.h>

/* A report has fewer bytes. */
#define MOUNTED_REPORT_MAX (1u << 20)

/*
 * Split the way to something in a mount, which is of device `dev`, into the mount's root and the way
 * below it; both are the caller's. 0 or a negative errno.
 */
int mounted_split(const char *path, dev_t dev, char **root, char **rel);

/*
 * The report of the file `rel` of the mount at `root`, as text to free(3); NULL with errno set:
 * ENOENT when it has none, being stored plain.
 */
char *mounted_report(const char *root, const char *rel);

#endif
