/* SPDX-License-Identifier: MIT */
/* The cause of a failure, for the one log line that the caller writes. Functions that can
   meet corrupt data take a `struct alcm_diag *` (declared in alcm.h); NULL is fine. */
#ifndef ALCM_BASE_DIAG_H
#define ALCM_BASE_DIAG_H

#include <stdint.h>

#include "alcm.h"

/*
 * Fill `diag` (may be NULL) with a byte offset in the store's file and a printf-style
 * cause. Returns `err`, so that a failure is one line: return diag_set(diag, -EIO, off,
 * "…").
 */
int diag_set(struct alcm_diag *diag, int err, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
