/* SPDX-License-Identifier: MIT */
/* Prepares the process for a program that uses libalcm, whatever started it. Included by
   alcm.h. */
#ifndef ALCM_PROCESS_H
#define ALCM_PROCESS_H

#include "alcm.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Prepare the process, then run `body`; the first call of every main(). Returns what
 * `body` does, or 1 if the process can't be prepared. Before `body` runs,
 *
 *   - closed descriptors among 0, 1 and 2 are opened on /dev/null, so that no file of the
 *     program can become its standard error;
 *   - a write beyond RLIMIT_FSIZE is an error (EFBIG) instead of a signal that kills;
 *   - threads get the same stack whatever RLIMIT_STACK says, and so does `body`.
 */
int alcm_process_run(int (*body)(int argc, char **argv), int argc, char **argv);

/* Whether standard output was closed before alcm_process_run() put /dev/null there. */
bool alcm_process_lost_output(void);

/* Whether /proc shows this process's descriptors, through which files of a store are
   reached. */
bool alcm_process_has_proc(void);

/* The limits of the process at present. */
struct alcm_limits {
	unsigned n_cpus;       /* by its CPU set and the CPU quotas of its control groups */
	uint64_t memory_bytes; /* the lowest of all limits */
	char memory_by[4096];  /* the name of that limit, in words or as a file */
};

void alcm_limits_get(struct alcm_limits *out);

/* The default budget of an engine: a quarter of the memory, from 8 to 256 MiB. */
size_t alcm_limits_budget(const struct alcm_limits *limits);

/* Whether a process with such an engine stays within the limits under load. */
bool alcm_limits_allow(const struct alcm_limits *limits, size_t budget_bytes);

#ifdef __cplusplus
}
#endif

#endif
