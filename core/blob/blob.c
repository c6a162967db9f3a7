/* SPDX-License-Identifier: MIT */
/* The blob's operations. States and locks: blob_state.h. */
#include "blob/blob.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/lock.h"
#include "blob/blob_state.h"
#include "blob/commit.h"

/* What the chunk table of one file may take; a hostile index can ask for hundreds of times its size. */
enum { TABLES_PER_BUDGET = 4, TABLE_LEAST = 256 << 20 };

/* ---- opening and closing --------------------------------------------------------------------- */

static struct alcm_blob *blob_new(struct alcm *alcm, struct store store, bool writable,
	uint8_t chunk_log2)
{
	struct alcm_blob *b = mem_zalloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->alcm = alcm;
	b->writable = writable;
	b->chunk_log2 = chunk_log2;
	b->chunk_bytes = 1u << chunk_log2;
	b->log.store = store;
	b->log.end = DISK_HEADER_BYTES;
	b->bufs.next = b->bufs.prev = &b->bufs;
	b->client.reclaim = chunk_reclaim;
	lock_init(&b->lock, LOCK_BLOB);
	blob_map_init(b);
	pthread_cond_init(&b->changed, NULL);
	budget_register(alcm->budget, &b->client);
	return b;
}

int blob_create_on(struct alcm *alcm, struct store store, const struct alcm_profile *profile,
	struct alcm_blob **out)
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
	b->dirty = true; /* even an empty blob is to be committed */
	b->dirty_since_ns = clock_wall_ns();
	*out = b;
	return 0;
}

/* Take over what recovery found. */
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
	b->header_written = true;
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
		/* Rebuilt from records that nobody ever said to be all of the file. */
		b->unfinished = rec->size > 0;
		b->dirty = b->writable;
		return;
	}
	b->commit_no = t->commit_no;
	b->trailer_off = t->off;
	b->index_off = t->index_off;
	b->synced_off = t->synced;
	b->log.dead_punched = t->punched;
	b->committed_size = t->size;
	b->committed_live = t->live_bytes;
	b->committed_threads = t->threads;
}

int blob_open_on(struct alcm *alcm, struct store store, bool writable, struct alcm_blob **out,
	struct alcm_diag *diag)
{
	struct recovered rec;

	store.table_bytes = max_u64(TABLES_PER_BUDGET * alcm->params.budget_bytes, TABLE_LEAST);

	int err = recover_state(&store, &rec, diag);

	if (err == -ENOMEM)
		engine_log(alcm, &store, ALCM_LOG_WARNING,
			"the index takes more than four times option budget");
	if (err)
		return err;
	if (writable && rec.header_bad)
		err = diag_set(diag, -EIO, 0,
			"the header is damaged: alcm check --repair mends it");

	struct alcm_blob *b = err ? NULL : blob_new(alcm, store, writable, rec.header.chunk_log2);

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
	return blob_create_on(alcm, store_posix(fd), profile, out);
}

int alcm_blob_open(struct alcm *alcm, int fd, bool writable, struct alcm_blob **out,
	struct alcm_diag *diag)
{
	return blob_open_on(alcm, store_posix(fd), writable, out, diag);
}

void alcm_blob_close(struct alcm_blob *b)
{
	if (!b)
		return;
	budget_unregister(b->alcm->budget, &b->client);
	lock_take(&b->lock);
	while (b->n_busy)
		lock_wait(&b->lock, &b->changed);
	blob_drop_from_locked(b, 0);
	lock_drop(&b->lock);
	table_release(&b->table);
	lossy_tensors_release(&b->lossy_tensors);
	lossy_free(b->lossy);
	tensor_map_release(&b->map);
	pthread_cond_destroy(&b->changed);
	lock_destroy(&b->lock);
	mem_free(b);
}

int alcm_probe(int fd, struct alcm_probe *out, struct alcm_diag *diag)
{
	struct store store = store_posix(fd);
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

/* ---- state ----------------------------------------------------------------------------------- */

uint64_t alcm_blob_size(struct alcm_blob *blob)
{
	return blob->size;
}

bool alcm_blob_dirty(struct alcm_blob *blob)
{
	WITH_LOCK(&blob->lock);
	return blob->dirty;
}

bool alcm_blob_unwritten(struct alcm_blob *blob)
{
	WITH_LOCK(&blob->lock);
	return !blob->header_written && !blob->n_busy;
}

int alcm_blob_reserve(struct alcm_blob *blob, uint64_t len)
{
	WITH_LOCK(&blob->lock);
	return blob->failed ? blob->failed : log_reserve(&blob->log, len);
}

void blob_mark_dirty_locked(struct alcm_blob *blob)
{
	blob->dirty = true;
	if (!blob->dirty_since_ns)
		blob->dirty_since_ns = clock_wall_ns();
}

/* ---- reading ----------------------------------------------------------------------------------- */

int blob_check_finished(const struct alcm_blob *blob, struct alcm_diag *diag)
{
	static const char cause[] =
		"no commit of it is whole: its first save was never finished, or its end is "
		"lost; alcm check --repair FILE keeps the part that is there";

	return atomic_load(&blob->unfinished) ? diag_set(diag, -EIO, 0, "%s", cause) : 0;
}

bool blob_salvage(struct alcm_blob *blob)
{
	return atomic_exchange(&blob->unfinished, false);
}

ssize_t alcm_blob_pread(struct alcm_blob *blob, void *buf, size_t n, uint64_t off,
	struct alcm_diag *diag)
{
	uint64_t size = alcm_blob_size(blob), at = off, end;
	int unfinished = blob_check_finished(blob, diag);

	if (unfinished)
		return unfinished;
	if (off >= size)
		return 0;
	end = min_u64(size, off + min_u64(n, INT64_MAX / 2));
	while (at < end) {
		uint32_t from = (uint32_t)(at & (blob->chunk_bytes - 1));
		uint32_t len = (uint32_t)min_u64(blob->chunk_bytes - from, end - at);
		int err = chunk_read(blob, chunk_of(blob, at), from, len,
			(uint8_t *)buf + (at - off), diag);

		if (err)
			return at > off ? (ssize_t)(at - off) : err;
		at += len;
	}
	return (ssize_t)(at - off);
}

int64_t alcm_blob_seek(struct alcm_blob *blob, uint64_t off, int whence)
{
	WITH_LOCK(&blob->lock);
	if (off >= blob->size)
		return -ENXIO;

	uint32_t k = chunk_of(blob, off), at = k;

	if (whence == SEEK_DATA) {
		if (!table_next(&blob->table, &at))
			return -ENXIO;
		if (at != k)
			off = chunk_start(blob, at);
		return off < blob->size ? (int64_t)off : -ENXIO;
	}
	while (off < blob->size) {
		const struct slot *s = table_find(&blob->table, chunk_of(blob, off));

		if (!s || (!s->off && !s->buf))
			return (int64_t)off;
		off = chunk_start(blob, (off >> blob->chunk_log2) + 1);
	}
	return (int64_t)blob->size;
}

uint64_t alcm_max_size(const struct alcm *alcm)
{
	return blob_max_size((unsigned)__builtin_ctz(alcm->params.chunk_bytes));
}

uint64_t alcm_blob_max_size(const struct alcm_blob *blob)
{
	return blob_max_size(blob->chunk_log2);
}

/* ---- changing -------------------------------------------------------------------------------- */

int blob_changeable(const struct alcm_blob *blob)
{
	if (!blob->writable)
		return -EBADF;
	return blob->failed ? blob->failed : 0;
}

int blob_too_large(const struct alcm_blob *blob, struct alcm_diag *diag)
{
	return diag_set(diag, -EFBIG, 0, "with chunks of %u KiB a file has at most %llu bytes",
		blob->chunk_bytes >> 10, (unsigned long long)alcm_blob_max_size(blob));
}

/* Put bytes (NULL: zeros) into a dirty buffer. */
static void fill_locked(struct alcm_blob *blob, struct cbuf *buf, uint32_t from, uint32_t n,
	const uint8_t *data)
{
	if (from > buf->len)
		memset(buf->data + buf->len, 0, from - buf->len);
	if (data)
		memcpy(buf->data + from, data, n);
	else
		memset(buf->data + from, 0, n);
	if (from + n > buf->len)
		buf->len = from + n;
	if (buf->lo == buf->hi) {
		buf->lo = from;
		buf->hi = from + n;
	} else if (from <= buf->hi && from + n >= buf->lo) {
		buf->lo = from < buf->lo ? from : buf->lo;
		buf->hi = from + n > buf->hi ? from + n : buf->hi;
	}
	tensor_map_note_change(&blob->map, chunk_start(blob, buf->chunk_no) + from, n);
}

int blob_write_piece(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from, uint32_t n,
	const uint8_t *data, uint8_t **spare, struct alcm_diag *diag)
{
	uint64_t end = chunk_start(blob, chunk_no) + from + n;
	struct cbuf *buf;
	int err = 0;

	if (!*spare)
		*spare = budget_try_get(blob->alcm->budget, blob->chunk_bytes);
	for (;;) {
		if (err == -EAGAIN) {
			*spare = budget_get(blob->alcm->budget, blob->chunk_bytes);
			if (!*spare)
				return -ENOMEM;
		}
		WITH_LOCK(&blob->lock);
		while (blob->exclusive)
			lock_wait(&blob->lock, &blob->changed);
		err = blob_changeable(blob);
		if (err)
			return err;

		bool whole = from == 0 && (n == blob->chunk_bytes || end >= blob->size);

		err = chunk_dirty_locked(blob, chunk_no, whole, spare, &buf, diag);
		if (err == -EAGAIN)
			continue;
		if (err)
			return err;
		fill_locked(blob, buf, from, n, data);
		if (end > blob->size)
			blob->size = end;
		blob_mark_dirty_locked(blob);
		if (buf->lo == 0 && buf->hi == blob->chunk_bytes)
			chunk_queue_locked(buf);
		return 0;
	}
}

ssize_t alcm_blob_pwrite(struct alcm_blob *blob, const void *buf, size_t n, uint64_t off,
	struct alcm_diag *diag)
{
	uint8_t *spare = NULL;
	uint64_t at = off, max = alcm_blob_max_size(blob), end;
	int err = blob_check_finished(blob, diag);

	if (err)
		return err;
	if (n && off >= max)
		return blob_too_large(blob, diag);
	/* As with any file size limit, what fits below it is written. */
	end = n ? off + min_u64(n, max - off) : off;
	while (at < end && !err) {
		uint32_t from = (uint32_t)(at & (blob->chunk_bytes - 1));
		uint32_t len = (uint32_t)min_u64(blob->chunk_bytes - from, end - at);

		err = blob_write_piece(blob, chunk_of(blob, at), from, len,
			(const uint8_t *)buf + (at - off), &spare, diag);
		if (!err)
			at += len;
	}
	if (spare)
		budget_put(blob->alcm->budget, spare, blob->chunk_bytes);
	return at > off ? (ssize_t)(at - off) : err;
}
