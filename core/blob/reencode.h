/* SPDX-License-Identifier: MIT */
/* Encoding again what was encoded before its types were known. */
#ifndef ALCM_BLOB_REENCODE_H
#define ALCM_BLOB_REENCODE_H

struct alcm_blob;

/*
 * Encode again what was encoded without knowing its type, where that is known by now and
 * saves more than a fiftieth of the file. Nothing is lost if it fails. `exclusive` is
 * held and no buffer is dirty; drops the lock on the way.
 */
void reencode_locked(struct alcm_blob *blob);

#endif
