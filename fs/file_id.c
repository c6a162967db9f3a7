/* SPDX-License-Identifier: MIT */
#include "file_id.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* Since Linux 6.5: a handle that only has to tell files apart. Nearly every file system has those. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID AT_REMOVEDIR
#endif

struct handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ];
};

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15U;
	return h ^ h >> 32;
}

static uint64_t hash(uint64_t seed, const unsigned char *bytes, size_t n)
{
	uint64_t h = mix(seed, n);

	for (size_t at = 0; at < n; at += sizeof(uint64_t)) {
		uint64_t word = 0;
		size_t left = n - at;

		memcpy(&word, bytes + at, left < sizeof(word) ? left : sizeof(word));
		h = mix(h, word);
	}
	return h;
}

/* Handles of FUSE name what its kernel side remembers, which forgets. */
static void get_handle(int fd, struct file_id *id)
{
	struct handle h;
	int mount_id;

	h.head.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(fd, "", &h.head, &mount_id, AT_EMPTY_PATH | AT_HANDLE_FID)) {
		h.head.handle_bytes = MAX_HANDLE_SZ;
		if (name_to_handle_at(fd, "", &h.head, &mount_id, AT_EMPTY_PATH))
			return;
	}
	id->has_handle = true;
	for (unsigned k = 0; k < 2; k++)
		id->handle[k] = hash(mix(k + 1, (uint64_t)h.head.handle_type), h.head.f_handle,
			h.head.handle_bytes);
}

int file_id_get(int fd, struct file_id *out)
{
	struct statfs sf;
	struct statx x;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO | STATX_BTIME, &x) ||
		fstatfs(fd, &sf))
		return -errno;
	*out = (struct file_id){ .dev = makedev(x.stx_dev_major, x.stx_dev_minor),
		.ino = x.stx_ino,
		.type = x.stx_mode & S_IFMT,
		.copied_up = sf.f_type == OVERLAYFS_SUPER_MAGIC,
		.fs = hash(1, (const unsigned char *)&sf.f_fsid, sizeof(sf.f_fsid)) };
	if (x.stx_mask & STATX_BTIME && !out->copied_up)
		out->birth = (struct timespec){ .tv_sec = x.stx_btime.tv_sec,
			.tv_nsec = x.stx_btime.tv_nsec };
	if (sf.f_type != FUSE_SUPER_MAGIC)
		get_handle(fd, out);
	return 0;
}

/* Whether the handle alone names the file. */
static bool by_handle(const struct file_id *id)
{
	return id->copied_up && id->has_handle;
}

bool file_id_same(const struct file_id *a, const struct file_id *b)
{
	if (a->type != b->type || a->has_handle != b->has_handle || a->copied_up != b->copied_up ||
		a->handle[0] != b->handle[0] || a->handle[1] != b->handle[1])
		return false;
	if (by_handle(a))
		return a->fs == b->fs;
	return a->dev == b->dev && a->ino == b->ino && a->birth.tv_sec == b->birth.tv_sec &&
		a->birth.tv_nsec == b->birth.tv_nsec;
}

uint64_t file_id_hash(const struct file_id *id)
{
	return by_handle(id) ? mix(id->fs, id->handle[0]) : mix(id->dev, id->ino);
}

bool file_id_is_weak(const struct file_id *id)
{
	return !id->has_handle && !id->birth.tv_sec && !id->birth.tv_nsec;
}
