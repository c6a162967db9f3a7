/* SPDX-License-Identifier: MIT */
/*
 * Virtual extended attributes whose values are documents: a file's report, the mount's
 * figures. They belong to the file itself, so they are available where .alcm isn't: in a
 * bind mount of a directory or of a single file.
 */
#ifndef ALCMFS_DOCUMENTS_H
#define ALCMFS_DOCUMENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "fs.h"

/*
 * The value of the attribute user.alcm.NAME of an inode; returns its length. NAME may end
 * in the number of a piece (ALCM_DOCUMENT_PIECE). `fd`: the inode's O_PATH. `names`: the
 * caller may know the names of other files. `*out` is the caller's, freed with
 * alcm_free_text(). -ENODATA: there is no such document.
 */
ssize_t document_get(struct fs *fs, struct inode *inode, int fd, const char *name,
	bool names, char **out);

#endif
