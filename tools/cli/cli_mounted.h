/* SPDX-License-Identifier: MIT */
/* Files seen through a mount, where everything looks logical. */
#ifndef ALCM_TOOLS_CLI_MOUNTED_H
#define ALCM_TOOLS_CLI_MOUNTED_H

/*
 * The attribute `name` of a file in a mount, one of alcm.h's that hold documents, as text
 * to free(3). The file is open as `fd`, or, if that is -1, found at `path`. It is asked
 * for at the file itself, so it is there where .alcm is out of sight, as in a bind mount.
 * NULL with errno set: ENODATA when the file has none.
 */
char *mounted_document(int fd, const char *path, const char *name);

#endif
