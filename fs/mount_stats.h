/* SPDX-License-Identifier: MIT */
/* The mount's figures as texts. */
#ifndef ALCMFS_MOUNT_STATS_H
#define ALCMFS_MOUNT_STATS_H

#include "fs.h"

/* The text of .alcm/stats; `names`: include the names of files open for writing. Freed
   with free(). NULL: no memory. */
char *stats_json(struct fs *fs, bool names);

/* The text of .alcm/metrics. Freed with free(). NULL: no memory. */
char *stats_prometheus(struct fs *fs, bool names);

#endif
