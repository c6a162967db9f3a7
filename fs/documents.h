/* SPDX-License-Identifier: MIT */
/*
 * Virtual extended attributes whose values are documents: a file's report, the mount's
 * figures. They are found at the file itself, so they are there where .alcm isn't: in a
 * bind mount of a directory, or of a single file.
 */
#ifndef ALCMFS_DOCUMENTS_H
#define ALCMFS_DOCUMENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "fs.h"

/*
 * The value of the attribute user.alcm.NAME of an inode, and its length; NAME may end in
 * the number of a piece (ALCM_DOCUMENT_PIECE). `fd`: the inode's O_PATH. `names`: the
 * caller may know what other files are called. `*out` is the caller's, freed with
 * alcm_free_text(). -ENODATA: it has none of that name.
 */
ssize_t document_get(struct fs *fs, struct inode *inode, int fd, const char *name,
	bool names, char **out);

#endif
