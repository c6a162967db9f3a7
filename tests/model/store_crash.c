/* SPDX-License-Identifier: MIT */
#include "store_crash.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/lock.h"

enum { SECTOR = 512 };

struct store_crash {
	struct lock lock; /* makes a change and its entry in the log one step */
	struct store_mem *start, *now;
	struct crash_op *ops;
	size_t n_ops, max_ops;
};

struct store_crash *store_crash_new(struct store_mem *start)
{
	struct store_crash *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	lock_init(&c->lock, LOCK_STORE);
	c->start = store_mem_new();
	c->now = store_mem_new();
	if (start) {
		store_mem_copy(c->start, start);
		store_mem_copy(c->now, start);
	}
	return c;
}

void store_crash_free(struct store_crash *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_ops; i++)
		free(c->ops[i].data);
	free(c->ops);
	store_mem_free(c->start);
	store_mem_free(c->now);
	lock_destroy(&c->lock);
	free(c);
}

static void log_locked(struct store_crash *c, struct crash_op op)
{
	if (c->n_ops == c->max_ops) {
		c->max_ops = 2 * c->max_ops + 64;
		c->ops = realloc(c->ops, c->max_ops * sizeof(*c->ops));
		if (!c->ops)
			abort();
	}
	c->ops[c->n_ops++] = op;
}

static struct blob_io now(struct store_crash *c)
{
	return store_mem_store(c->now);
}

static ssize_t crash_pread(void *ctx, void *buf, size_t n, uint64_t off)
{
	struct blob_io s = now(ctx);

	return s.ops->pread(s.ctx, buf, n, off);
}

static ssize_t crash_pwrite(void *ctx, const void *buf, size_t n, uint64_t off)
{
	struct store_crash *c = ctx;
	struct blob_io s = now(c);
	uint8_t *data = malloc(n ? n : 1);

	if (!data)
		abort();
	memcpy(data, buf, n);
	WITH_LOCK(&c->lock);
	log_locked(c, (struct crash_op){ CRASH_WRITE, off, n, data });
	return s.ops->pwrite(s.ctx, buf, n, off);
}

static int crash_truncate(void *ctx, uint64_t size)
{
	struct store_crash *c = ctx;
	struct blob_io s = now(c);

	WITH_LOCK(&c->lock);
	log_locked(c, (struct crash_op){ CRASH_TRUNCATE, size, 0, NULL });
	return s.ops->truncate(s.ctx, size);
}

static int crash_punch(void *ctx, uint64_t off, uint64_t len)
{
	struct store_crash *c = ctx;
	struct blob_io s = now(c);

	WITH_LOCK(&c->lock);
	log_locked(c, (struct crash_op){ CRASH_PUNCH, off, len, NULL });
	return s.ops->punch(s.ctx, off, len);
}

static int crash_reserve(void *ctx, uint64_t off, uint64_t len)
{
	struct blob_io s = now(ctx);

	return s.ops->reserve(s.ctx, off, len);
}

static int crash_sync(void *ctx)
{
	struct store_crash *c = ctx;

	WITH_LOCK(&c->lock);
	log_locked(c, (struct crash_op){ CRASH_SYNC, 0, 0, NULL });
	return 0;
}

static int64_t crash_size(void *ctx)
{
	return (int64_t)store_mem_size(((struct store_crash *)ctx)->now);
}

static int64_t crash_used(void *ctx)
{
	return (int64_t)store_mem_used(((struct store_crash *)ctx)->now);
}

static const struct blob_io_ops crash_ops = {
	.pread = crash_pread,
	.pwrite = crash_pwrite,
	.truncate = crash_truncate,
	.punch = crash_punch,
	.reserve = crash_reserve,
	.sync = crash_sync,
	.size = crash_size,
	.used = crash_used,
};

struct blob_io store_crash_store(struct store_crash *c)
{
	return (struct blob_io){ &crash_ops, c };
}

size_t store_crash_n_ops(struct store_crash *c)
{
	lock_take(&c->lock);

	size_t n = c->n_ops;

	lock_drop(&c->lock);
	return n;
}

struct crash_op store_crash_op(struct store_crash *c, size_t i)
{
	lock_take(&c->lock);

	struct crash_op op = c->ops[i];

	lock_drop(&c->lock);
	return op;
}

void store_crash_rewind(const struct store_crash *c, struct store_mem *to)
{
	store_mem_copy(to, c->start);
}

static void grow_to(struct store_mem *to, uint64_t size)
{
	struct blob_io s = store_mem_store(to);

	if (store_mem_size(to) < size)
		(void)s.ops->truncate(s.ctx, size);
}

static void write_sectors(const struct crash_op *op, uint64_t how, struct store_mem *to)
{
	struct blob_io s = store_mem_store(to);
	uint64_t done = 0;

	while (done < op->len) {
		uint64_t at = op->off + done;
		uint64_t run = min_u64(op->len - done, SECTOR - at % SECTOR);

		/* Knuth's generator: its high bits are random enough for a coin. */
		how = how * 6364136223846793005u + 1442695040888963407u;
		if (how >> 63)
			(void)s.ops->pwrite(s.ctx, op->data + done, run, at);
		done += run;
	}
	grow_to(to, op->off + op->len);
}

static void apply_write(const struct crash_op *op, enum crash_fate fate, uint64_t how,
	struct store_mem *to)
{
	struct blob_io s = store_mem_store(to);

	switch (fate) {
	case CRASH_WHOLE:
		(void)s.ops->pwrite(s.ctx, op->data, op->len, op->off);
		break;
	case CRASH_CUT:
		(void)s.ops->pwrite(s.ctx, op->data, min_u64(how, op->len), op->off);
		break;
	case CRASH_SECTORS:
		write_sectors(op, how, to);
		break;
	case CRASH_ZEROS:
		grow_to(to, op->off + op->len);
		break;
	case CRASH_LOST:
		break;
	}
}

void store_crash_apply(const struct store_crash *c, size_t i, enum crash_fate fate,
	uint64_t how, struct store_mem *to)
{
	const struct crash_op *op = &c->ops[i];
	struct blob_io s = store_mem_store(to);

	if (op->kind == CRASH_WRITE)
		apply_write(op, fate, how, to);
	else if (op->kind == CRASH_TRUNCATE && fate == CRASH_WHOLE)
		(void)s.ops->truncate(s.ctx, op->off);
	else if (op->kind == CRASH_PUNCH && fate == CRASH_WHOLE)
		(void)s.ops->punch(s.ctx, op->off, op->len);
}
