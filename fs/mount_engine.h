/* SPDX-License-Identifier: MIT */
/* The engine that compresses, as the mount's options want it. */
#ifndef ALCMFS_MOUNT_ENGINE_H
#define ALCMFS_MOUNT_ENGINE_H

#include "fs.h"

/* What the options say of an engine. */
void engine_params(struct fs *fs, struct alcm_params *params);

/* Start that of the mount, fs->alcm; in the process that serves. 0, or a negative
   errno. */
int engine_start(struct fs *fs);

#endif
