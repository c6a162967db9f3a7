/* SPDX-License-Identifier: MIT */
/*
 * Where frames go, and how their space is reserved and given back.
 *
 *   0   header      live and dead frames      end     owed      commit    reserved_end
 *   ├──────────┼───────────────────────────────┼─────────┼──────────┼──────────┤
 *                                              └ the next frame goes here
 *
 * A writer is told that its bytes are taken only after log_owe() reserved the space that
 * their record may need at most, and space for a commit. So a full disk is reported at
 * the write, not at the close. The frame that is appended later is usually much smaller.
 *
 *   log_owe()      a chunk turned dirty: owed += its bound
 *   log_take()     its record is appended: end += its length
 *   log_settle()   owed −= its bound; what it didn't need serves the next chunk
 *   log_trim()     nothing is owed any more: the reserved rest goes back to the store
 *
 * Live bytes are those of records that the table names. All others before `end` are dead
 * and may be punched once no commit that could be opened refers to them; reclaim.c
 * decides when.
 */
#include "blob/log.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "blob/bases.h"
#include "blob/disk.h"

enum {
	RESERVE_STEP = 8 << 20, /* reserve ahead in steps: fewer fallocate calls */
	PUNCH_ALIGN = 4096,     /* holes smaller than a page give nothing back */
};

/* Space for an index and a trailer of all chunks that the log can hold at present. */
static uint64_t commit_bound(const struct log *log)
{
	uint64_t chunks = (log->end + log->owed) / (1u << DISK_CHUNK_LOG2_MIN) + 64;

	return DISK_INDEX_BYTES + DISK_METRICS_BYTES + DISK_MAX_PLANES * DISK_PLANE_BYTES +
		chunks * DISK_ENTRY_BYTES + DISK_TRAILER_BYTES + 4 * DISK_ALIGN;
}

/* Reserve up to `wish`, or up to `end` if that is too much; `end` is what is needed.
   Without support in the store, space isn't reserved and a full disk shows later. */
static int reserve_to(struct log *log, uint64_t end, uint64_t wish)
{
	const struct blob_io *s = &log->io;
	uint64_t from = max_u64(log->reserved_end, log->end);

	if (log->cant_reserve || end <= log->reserved_end)
		return 0;

	int err = s->ops->reserve(s->ctx, from, wish - from);

	if (err && err != -EOPNOTSUPP && wish > end) {
		wish = end;
		err = s->ops->reserve(s->ctx, from, wish - from);
	}
	if (err == -EOPNOTSUPP) {
		log->cant_reserve = true;
		return 0;
	}
	if (!err)
		log->reserved_end = wish;
	return err;
}

int log_reserve(struct log *log, uint64_t more)
{
	uint64_t end;

	if (!checked_add(log->end + log->owed + commit_bound(log), more, &end))
		return -EFBIG;
	return reserve_to(log, end, end);
}

int log_owe(struct log *log, uint64_t more)
{
	uint64_t end = log->end + log->owed + more + commit_bound(log);
	/* A step in proportion: a small file must not need megabytes of a full disk. */
	uint64_t step = min_u64(RESERVE_STEP, log->end + log->owed);
	int err = reserve_to(log, end, end + step);

	if (!err)
		log->owed += more;
	return err;
}

void log_settle(struct log *log, uint64_t n)
{
	log->owed -= n;
}

uint64_t log_take(struct log *log, uint64_t len)
{
	uint64_t off = log->end;

	log->end += round_up(len, DISK_ALIGN);
	return off;
}

void log_give_back(struct log *log, uint64_t off, uint64_t len)
{
	if (log->end == off + round_up(len, DISK_ALIGN))
		log->end = off;
}

/* Truncating also freed the reserved space behind the cut. */
void log_cut(struct log *log, uint64_t size)
{
	uint64_t dead;

	log->end = round_up(size, DISK_ALIGN);
	log->reserved_end = 0;
	dead = log->end > log->live ? log->end - log->live : 0;
	log->dead_punched = min_u64(log->dead_punched, dead);
}

int log_trim(struct log *log)
{
	const struct blob_io *s = &log->io;

	if (log->reserved_end <= log->end || log->owed)
		return 0;
	/* Truncating to the present size frees what was reserved behind it. */
	int64_t size = s->ops->size(s->ctx);
	int err = size < 0 ? (int)size : s->ops->truncate(s->ctx, (uint64_t)size);

	if (!err)
		log->reserved_end = 0;
	return err;
}

/* Dead bytes that were punched already don't count again, or each commit would punch them
   once more. */
uint64_t log_dead(const struct log *log)
{
	uint64_t dead = log->end > log->live ? log->end - log->live : 0;

	return !log->cant_punch && dead > log->dead_punched ? dead - log->dead_punched : 0;
}

struct extent {
	uint64_t off, end;
};

static int by_offset(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

/*
 * Only whole pages inside the gap: the store's blocks at its ends also hold live bytes.
 */
static int punch_gap(struct log *log, uint64_t off, uint64_t end)
{
	const struct blob_io *s = &log->io;

	off = round_up(off, PUNCH_ALIGN);
	end &= ~(uint64_t)(PUNCH_ALIGN - 1);
	if (end <= off)
		return 0;

	int err = s->ops->punch(s->ctx, off, end - off);

	if (err == -EOPNOTSUPP) {
		log->cant_punch = true;
		return 0;
	}
	return err;
}

/*
 * Everything alive, by offset: all records, and the range that is kept. NULL: no memory.
 */
static struct extent *live_extents(const struct table *table, uint64_t keep,
	uint64_t keep_end, uint64_t *n)
{
	uint64_t max = table->n_records + 1 + table->n_bases;
	struct extent *live = mem_zalloc(max, sizeof(*live));
	struct slot *s;

	*n = 0;
	if (!live)
		return NULL;
	live[(*n)++] = (struct extent){ keep, keep_end };
	for (uint32_t k = 0; (s = table_next(table, &k)) && *n < max; k++) {
		if (s->off)
			live[(*n)++] = (struct extent){ s->off, s->off + s->frame_len };
		if (k == UINT32_MAX)
			break;
	}
	for (size_t i = 0; i < table->n_bases && *n < max; i++) {
		const struct table_record *base = &table->bases[i].base;

		live[(*n)++] = (struct extent){ base->off, base->off + base->frame_len };
	}
	qsort(live, *n, sizeof(*live), by_offset);
	return live;
}

/* Walk the sorted extents and punch each gap between them, from `at` on. */
static int punch_from(struct log *log, uint64_t at, const struct extent *live, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		int err = live[i].off > at ? punch_gap(log, at, live[i].off) : 0;

		if (err)
			return err;
		at = max_u64(at, live[i].end);
	}
	return 0;
}

int log_punch(struct log *log, const struct table *table, uint64_t keep,
	uint64_t keep_end)
{
	uint64_t n;
	AUTO_FREE struct extent *live = live_extents(table, keep, keep_end, &n);
	int err = live ? punch_from(log, DISK_HEADER_BYTES, live, n) : -ENOMEM;

	if (!err)
		log->dead_punched = log->end > log->live ? log->end - log->live : 0;
	return err;
}

/* Everything from `from` to the end that is no live record and not the kept range is
   dead. */
uint64_t log_dead_behind(const struct log *log, const struct table *table, uint64_t from,
	uint64_t keep, uint64_t keep_end)
{
	uint64_t alive = round_up(keep_end, DISK_ALIGN) - keep +
		bases_kept_bytes(table, from);
	struct slot *s;

	for (uint32_t k = 0; (s = table_next(table, &k)); k++) {
		if (s->off >= from)
			alive += round_up(s->frame_len, DISK_ALIGN);
		if (k == UINT32_MAX)
			break;
	}
	return log->end - from > alive ? log->end - from - alive : 0;
}

int log_punch_behind(struct log *log, const struct table *table, uint64_t from,
	uint64_t keep, uint64_t keep_end)
{
	uint64_t n;
	AUTO_FREE struct extent *live = live_extents(table, keep, keep_end, &n);
	int err = live ? punch_from(log, from, live, n) : -ENOMEM;

	if (!err)
		log->dead_punched += log_dead_behind(log, table, from, keep, keep_end);
	return err;
}
