/* SPDX-License-Identifier: MIT */
/* The compressing engine, set up by the mount's options. */
#ifndef ALCMFS_MOUNT_ENGINE_H
#define ALCMFS_MOUNT_ENGINE_H

#include "fs.h"

/* Fill the parameters from the options. */
void engine_params(struct fs *fs, struct alcm_params *params);

/* Start the mount's engine, fs->alcm; only in the process that serves. 0, or a negative
   errno. */
int engine_start(struct fs *fs);

#endif
