/* SPDX-License-Identifier: MIT */
/* Re-encoding chunks whose types were unknown when they were encoded. */
#ifndef ALCM_BLOB_REENCODE_H
#define ALCM_BLOB_REENCODE_H

struct alcm_blob;

/*
 * Re-encode chunks whose types were unknown when they were encoded and are known now, if
 * that saves more than a fiftieth of the file. Nothing is lost if it fails. `exclusive`
 * is held and no buffer is dirty; drops the lock on the way.
 */
void reencode_locked(struct alcm_blob *blob);

#endif
