/* SPDX-License-Identifier: MIT */
/* The libfuse that this is built against; the only place that tests for it. */
#ifndef ALCMFS_COMPAT_H
#define ALCMFS_COMPAT_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#ifndef FUSE_CAP_EXPLICIT_INVAL_DATA
#define FUSE_CAP_EXPLICIT_INVAL_DATA 0
#endif

#endif
