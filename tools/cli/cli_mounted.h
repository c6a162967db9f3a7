/* SPDX-License-Identifier: MIT */
/* Documents about files that are seen through a mount, where everything looks logical. */
#ifndef ALCM_TOOLS_CLI_MOUNTED_H
#define ALCM_TOOLS_CLI_MOUNTED_H

/*
 * The attribute `name` of a file in a mount, as text to free(3). It is one of the
 * documents named in alcm.h. `fd` is the open file, or -1: the file at `path`. Attributes
 * work where .alcm is out of sight, as in a bind mount. NULL with errno; ENODATA: the
 * file has no such document.
 */
char *mounted_document(int fd, const char *path, const char *name);

#endif
