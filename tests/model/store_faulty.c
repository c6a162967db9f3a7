/* SPDX-License-Identifier: MIT */
#include "store_faulty.h"

#include <stdbool.h>
#include <string.h>

#include "base/lock.h"

void store_faulty_init(struct store_faulty *f, struct blob_io below)
{
	memset(f, 0, sizeof(*f));
	f->below = below;
	lock_init(&f->lock, LOCK_STORE);
}

void store_faulty_release(struct store_faulty *f)
{
	lock_destroy(&f->lock);
}

/* Count a call. True: it is one that fails. */
static bool strikes(struct store_faulty *f, unsigned kind, int *err)
{
	WITH_LOCK(&f->lock);
	if (!(f->kinds & kind))
		return false;
	f->calls++;
	if (f->calls < f->first || f->calls - f->first >= f->count)
		return false;
	f->failed++;
	*err = f->err;
	return true;
}

static ssize_t faulty_pread(void *ctx, void *buf, size_t n, uint64_t off)
{
	struct store_faulty *f = ctx;
	int err = 0;

	if (strikes(f, FAULTY_PREAD, &err)) {
		if (err)
			return err;
		n = (n + 1) / 2;
	}
	return f->below.ops->pread(f->below.ctx, buf, n, off);
}

static ssize_t faulty_pwrite(void *ctx, const void *buf, size_t n, uint64_t off)
{
	struct store_faulty *f = ctx;
	int err = 0;

	if (strikes(f, FAULTY_PWRITE, &err)) {
		if (err)
			return err;
		n = (n + 1) / 2;
	}
	return f->below.ops->pwrite(f->below.ctx, buf, n, off);
}

static int faulty_truncate(void *ctx, uint64_t size)
{
	struct store_faulty *f = ctx;
	int err = 0;

	if (strikes(f, FAULTY_TRUNCATE, &err) && err)
		return err;
	return f->below.ops->truncate(f->below.ctx, size);
}

static int faulty_punch(void *ctx, uint64_t off, uint64_t len)
{
	struct store_faulty *f = ctx;
	int err = 0;

	if (strikes(f, FAULTY_PUNCH, &err) && err)
		return err;
	return f->below.ops->punch(f->below.ctx, off, len);
}

static int faulty_reserve(void *ctx, uint64_t off, uint64_t len)
{
	struct store_faulty *f = ctx;
	int err = 0;

	if (strikes(f, FAULTY_RESERVE, &err) && err)
		return err;
	return f->below.ops->reserve(f->below.ctx, off, len);
}

static int faulty_sync(void *ctx)
{
	struct store_faulty *f = ctx;
	int err = 0;

	if (strikes(f, FAULTY_SYNC, &err) && err)
		return err;
	return f->below.ops->sync(f->below.ctx);
}

static int64_t faulty_size(void *ctx)
{
	struct store_faulty *f = ctx;
	int err = 0;

	if (strikes(f, FAULTY_SIZE, &err) && err)
		return err;
	return f->below.ops->size(f->below.ctx);
}

static int64_t faulty_used(void *ctx)
{
	const struct store_faulty *f = ctx;

	return f->below.ops->used(f->below.ctx);
}

static const struct blob_io_ops faulty_ops = {
	.pread = faulty_pread,
	.pwrite = faulty_pwrite,
	.truncate = faulty_truncate,
	.punch = faulty_punch,
	.reserve = faulty_reserve,
	.sync = faulty_sync,
	.size = faulty_size,
	.used = faulty_used,
};

struct blob_io store_faulty_store(struct store_faulty *f)
{
	return (struct blob_io){ &faulty_ops, f };
}

void store_faulty_set(struct store_faulty *f, unsigned kinds, uint64_t first,
	uint64_t count, int err)
{
	WITH_LOCK(&f->lock);
	f->kinds = kinds;
	f->first = first;
	f->count = count;
	f->err = err;
	f->calls = f->failed = 0;
}

uint64_t store_faulty_calls(struct store_faulty *f)
{
	WITH_LOCK(&f->lock);
	return f->calls;
}

uint64_t store_faulty_failed(struct store_faulty *f)
{
	WITH_LOCK(&f->lock);
	return f->failed;
}
