/* SPDX-License-Identifier: MIT */
/*
 * Creating, opening and closing blobs. A new blob exists in memory only, until its first
 * record or commit. An opened one starts from what recovery found: the chunk table moves
 * into the blob, and appending goes on behind the end of the store's file.
 *
 * Behind the end, not behind the last commit: writers only append (docs/format.md,
 * section 2), so frames of a crash in between stay, as dead space, until the log is
 * reclaimed.
 *
 * A blob without a trailer opens as `unfinished`: nothing of it is read as the file's
 * content until it is emptied, or a user asks for what is left (blob_salvage()).
 *
 * Closing throws away what was not committed. Callers commit first and report its error;
 * closing itself can't fail.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/lock.h"
#include "blob/blob.h"
#include "blob/blob_map.h"
#include "blob/cache.h"
#include "blob/encode.h"
#include "blob/index.h"
#include "blob/recover.h"

/* Limits the memory for the chunk table of one file: a hostile index can ask for hundreds
   of times the file's size. */
enum { TABLES_PER_BUDGET = 4, TABLE_LEAST = 256 << 20 };

/* Registering with the budget comes last: from then on it may ask for buffers at any
   time. */
static struct alcm_blob *blob_new(struct alcm *alcm, struct blob_io store, bool writable,
	uint8_t chunk_log2)
{
	struct alcm_blob *b = mem_zalloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->alcm = alcm;
	b->writable = writable;
	b->chunk_log2 = chunk_log2;
	b->chunk_bytes = 1u << chunk_log2;
	b->log.io = store;
	b->log.end = DISK_HEADER_BYTES;
	b->cache.ring.next = b->cache.ring.prev = &b->cache.ring;
	b->client.reclaim = encode_reclaim;
	lock_init(&b->lock, LOCK_BLOB);
	blob_map_init(b);
	cond_init(&b->changed);
	budget_register(alcm->budget, &b->client);
	return b;
}

int blob_create_on(struct alcm *alcm, struct blob_io store,
	const struct alcm_profile *profile, struct alcm_blob **out)
{
	uint8_t log2 = (uint8_t)__builtin_ctz(alcm->params.chunk_bytes);
	uint8_t uuid[16];

	if (getrandom(uuid, sizeof(uuid), 0) != sizeof(uuid))
		return -EIO;
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40); /* version 4, RFC 4122 */
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);

	struct alcm_blob *b = blob_new(alcm, store, true, log2);

	if (!b)
		return -ENOMEM;
	memcpy(b->uuid, uuid, sizeof(uuid));
	b->profile = profile->id;
	b->prune_share = profile->prune_share;
	b->bound = profile->bound;
	b->changes.dirty = true; /* an empty blob gets a commit, too */
	b->changes.since_ns = clock_wall_ns();
	*out = b;
	return 0;
}

/*
 * Move into the blob what recovery found. An orphan tail counts as dead space in the log.
 */
static void adopt(struct alcm_blob *b, struct recovered *rec)
{
	const struct disk_trailer *t = &rec->trailer;
	struct alcm_profile profile;
	struct slot *s;

	alcm_profile_default(&profile);
	b->prune_share = profile.prune_share;
	memcpy(b->uuid, rec->header.uuid, sizeof(b->uuid));
	b->profile = rec->header.profile;
	b->bound = rec->header.bound;
	b->changes.header_written = true;
	b->size = rec->size;
	b->table = rec->table;
	b->totals = rec->totals;
	b->log.end = max_u64(round_up(rec->file_size, DISK_ALIGN), DISK_HEADER_BYTES);
	for (uint32_t k = 0; (s = table_next(&b->table, &k)); k++) {
		b->log.live += round_up(s->frame_len, DISK_ALIGN);
		if (k == UINT32_MAX)
			break;
	}
	if (!rec->has_trailer) {
		/* Rebuilt from records: no commit says that they are all of the file. */
		b->changes.unfinished = rec->size > 0;
		b->changes.dirty = b->writable;
		return;
	}
	b->last.no = t->commit_no;
	b->last.trailer_off = t->off;
	b->last.index_off = t->index_off;
	b->last.synced_off = t->synced;
	b->log.dead_punched = t->punched;
	b->last.size = t->size;
	b->last.live_bytes = t->live_bytes;
	b->last.threads = t->threads;
}

/* A blob with a damaged header can be read, but not changed until it is repaired. */
int blob_open_on(struct alcm *alcm, struct blob_io store, bool writable,
	struct alcm_blob **out, struct alcm_diag *diag)
{
	struct recovered rec;

	store.table_bytes = max_u64(TABLES_PER_BUDGET * alcm->params.budget_bytes,
		TABLE_LEAST);

	int err = recover_state(&store, &rec, diag);

	if (err == -ENOMEM)
		engine_log(alcm, &store, ALCM_LOG_WARNING,
			"the index takes more than four times the memory of option budget");
	if (err)
		return err;
	if (writable && rec.header_bad)
		err = diag_set(diag, -EIO, 0, "the header is damaged: run alcm check --repair");

	struct alcm_blob *b = err ? NULL
							  : blob_new(alcm, store, writable, rec.header.chunk_log2);

	if (!b) {
		table_release(&rec.table);
		return err ? err : -ENOMEM;
	}
	recover_say(alcm, &store, &rec);
	adopt(b, &rec);
	if (b->profile && rec.has_trailer)
		err = index_load_lossy(b, &rec.trailer);
	if (err) {
		alcm_blob_close(b);
		return diag_set(diag, err == -EBADMSG ? -EIO : err, rec.trailer.index_off,
			"the parameters of the lossy profile can't be read");
	}
	*out = b;
	return 0;
}

int alcm_blob_create(struct alcm *alcm, int fd, const struct alcm_profile *profile,
	struct alcm_blob **out)
{
	return blob_create_on(alcm, blob_io_posix(fd), profile, out);
}

int alcm_blob_open(struct alcm *alcm, int fd, bool writable, struct alcm_blob **out,
	struct alcm_diag *diag)
{
	return blob_open_on(alcm, blob_io_posix(fd), writable, out, diag);
}

/* Unregistering comes first: otherwise the budget would have more chunks encoded. */
void alcm_blob_pause(struct alcm_blob *b)
{
	budget_unregister(b->alcm->budget, &b->client);
	WITH_LOCK(&b->lock);
	while (b->cache.n_busy)
		lock_wait(&b->lock, &b->changed);
}

void alcm_blob_resume(struct alcm_blob *b)
{
	budget_register(b->alcm->budget, &b->client);
}

void alcm_blob_close(struct alcm_blob *b)
{
	if (!b)
		return;
	alcm_blob_pause(b);
	lock_take(&b->lock);
	cache_drop_from_locked(b, 0);
	lock_drop(&b->lock);
	table_release(&b->table);
	lossy_tensors_release(&b->lossy.tensors);
	lossy_free(b->lossy.grid);
	tensor_map_release(&b->map);
	pthread_cond_destroy(&b->changed);
	lock_destroy(&b->lock);
	mem_free(b);
}

/* Anything that is no blob is a plain file, of its own size. */
int alcm_probe(int fd, struct alcm_probe *out, struct alcm_diag *diag)
{
	struct blob_io store = blob_io_posix(fd);
	int err = recover_probe(&store, out, diag);
	int64_t size;

	if (err != -EMEDIUMTYPE)
		return err;
	size = store.ops->size(store.ctx);
	if (size < 0)
		return (int)size;
	*out = (struct alcm_probe){ ALCM_PLAIN, (uint64_t)size };
	return 0;
}
