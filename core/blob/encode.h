/* SPDX-License-Identifier: MIT */
/* Encoding dirty buffers and appending their records. */
#ifndef ALCM_BLOB_ENCODE_H
#define ALCM_BLOB_ENCODE_H

#include "blob/record.h"
#include "blob/state.h"

/* Write the blob's header unless it is there. */
int encode_header_locked(struct alcm_blob *blob);

/* What is known of a chunk before it is encoded, as in struct record_about. The cut's
   items are freed with mem_free(). */
struct encode_knowledge {
	struct segment_cut cut;
	const struct lossy_tensors *tensors;
	struct copies *copies; /* NULL: they weren't looked for */
};

/* Find that out, and set the buffer's `untyped` and `first_value`. It reads chunks, so no
   lock and no scratch may be held. */
void encode_learn(struct cbuf *buf, struct encode_knowledge *out);

/* Encode a buffer into scratch->frame. No lock is held, so the buffer must be ENCODING or
   private. -ENOMEM. */
int encode_record(const struct cbuf *buf, const struct encode_knowledge *known,
	struct scratch *scratch, struct record *out);

/* Queue a DIRTY buffer for the workers. */
void encode_queue_locked(struct cbuf *buf);

/* The budget's request to give buffers back. */
void encode_reclaim(struct budget_client *client);

/* Encode every dirty buffer; drops the lock on the way. -ENOSPC, -EDQUOT, -ENOMEM: some
   buffers are still dirty; -EIO. */
int encode_all_locked(struct alcm_blob *blob);
/*
 * Whether everything from byte `first` on in this buffer was written since it got dirty.
 */
static inline bool cbuf_is_rewritten(const struct cbuf *buf, uint32_t first)
{
	return buf->lo <= first && buf->hi >= buf->len;
}

#endif
