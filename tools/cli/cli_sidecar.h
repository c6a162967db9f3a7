/* SPDX-License-Identifier: MIT */
/* The reports in a store's .alcm/caq/, one per blob. They can be rebuilt at any time. */
#ifndef ALCM_TOOLS_CLI_SIDECAR_H
#define ALCM_TOOLS_CLI_SIDECAR_H

#include <sys/stat.h>
#include <time.h>

#include "alcm.h"

enum sidecar_state { SIDECAR_CURRENT, SIDECAR_STALE, SIDECAR_MISSING };

/* Compare the sidecar of the blob at `rel` in the store with the report it should
   contain. */
enum sidecar_state sidecar_check(const struct alcm_store *store, const char *rel,
	const struct alcm_info *info, const struct timespec *mtime);

/*
 * Write the sidecar, readable by all who may read the blob `fd`. 0 or a negative errno.
 */
int sidecar_write(const struct alcm_store *store, const char *rel,
	const struct alcm_info *info, int fd);

/* The same for the blob at `rel` in the store. */
int sidecar_write_for(struct alcm *alcm, const struct alcm_store *store, const char *rel);

/* Remove it if there is one. */
void sidecar_remove(const struct alcm_store *store, const char *rel);

#endif
