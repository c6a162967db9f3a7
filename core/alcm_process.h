/* SPDX-License-Identifier: MIT */
/*
 * What a program of ours needs of its process, whatever started it. Included by alcm.h.
 */
#ifndef ALCM_PROCESS_H
#define ALCM_PROCESS_H

#include "alcm.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Prepare the process, then run `body`; the first call of every main(). Returns what `body` does,
 * or 1 if the process can't be prepared. Before `body` runs,
 *
 *   - closed descriptors among 0, 1 and 2 are opened on /dev/null, so that no file of the
 *     program can become its standard error;
 *   - a write beyond RLIMIT_FSIZE is an error (EFBIG) instead of a signal that kills;
 *   - threads get the same stack whatever RLIMIT_STACK says, and so does `body`.
 */
int alcm_process_run(int (*body)(int argc, char **argv), int argc, char **argv);

/* Whether standard output was closed before alcm_process_run() put /dev/null there. */
bool alcm_process_lost_output(void);

#ifdef __cplusplus
}
#endif

#endif
