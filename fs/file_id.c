/* SPDX-License-Identifier: MIT */
/*
 * Identities of files: statx(2) and name_to_handle_at(2), reduced to a few words. Handles
 * are hashed to 128 bits, so two files with equal hashes aren't a practical concern.
 *
 * Device and inode number alone aren't enough, because filesystems reuse numbers at once.
 * What tells two lives of one number apart depends on the store:
 *
 *   store          handle         birth time      identity
 *   ext4, XFS, …   yes            yes             device, number, both
 *   NFS            yes            seldom          device, number, handle
 *   overlayfs      maybe          not stable      handle, in place of device and number
 *   FUSE           not stable     rarely          device, number, birth time if any
 *   others         no             no              device and number only: "weak"
 *
 * A weak identity is only right while a descriptor is open. So a file with one keeps its
 * descriptor while it is open (content_evict()), and it isn't kept for file handles.
 */
#include "file_id.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* Since Linux 6.5: a handle that only tells files apart. Nearly every file system has
   those. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID AT_REMOVEDIR
#endif

struct handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ];
};

/* A multiplication spreads a word upwards; the shift brings the high bits down again. */
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

/* Mix the file's handle into its identity. False: the store has no handles. */
static bool add_handle(int fd, struct file_id *id)
{
	struct handle h;
	int mount_id;

	h.head.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(fd, "", &h.head, &mount_id, AT_EMPTY_PATH | AT_HANDLE_FID)) {
		h.head.handle_bytes = MAX_HANDLE_SZ;
		if (name_to_handle_at(fd, "", &h.head, &mount_id, AT_EMPTY_PATH))
			return false;
	}
	for (unsigned k = 0; k < 2; k++)
		id->life[k] = hash(mix(k + 1, (uint64_t)h.head.handle_type), h.head.f_handle,
			h.head.handle_bytes);
	return true;
}

static void add_birth(const struct statx_timestamp *birth, struct file_id *id)
{
	for (unsigned k = 0; k < 2; k++)
		id->life[k] = mix(mix(id->life[k] + k, (uint64_t)birth->tv_sec), birth->tv_nsec);
}

int file_id_get(int fd, struct file_id *out)
{
	struct statfs sf;
	struct statx x;
	bool overlay, has_birth, has_handle;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO | STATX_BTIME, &x) ||
		fstatfs(fd, &sf))
		return -errno;
	*out = (struct file_id){ .where = makedev(x.stx_dev_major, x.stx_dev_minor),
		.number = x.stx_ino,
		.type = x.stx_mode & S_IFMT };
	overlay = sf.f_type == OVERLAYFS_SUPER_MAGIC;
	/* Handles of FUSE refer to inodes in the kernel's memory, which it forgets. */
	has_handle = sf.f_type != FUSE_SUPER_MAGIC && add_handle(fd, out);
	/* A copy-up changes the birth time, and between devices the number too. */
	has_birth = !overlay && x.stx_mask & STATX_BTIME &&
		(x.stx_btime.tv_sec || x.stx_btime.tv_nsec);
	if (has_birth)
		add_birth(&x.stx_btime, out);
	if (overlay && has_handle) {
		out->where = hash(1, (const unsigned char *)&sf.f_fsid, sizeof(sf.f_fsid));
		out->number = 0;
	}
	out->weak = !has_handle && !has_birth;
	return 0;
}

bool file_id_same(const struct file_id *a, const struct file_id *b)
{
	return a->where == b->where && a->number == b->number && a->type == b->type &&
		a->life[0] == b->life[0] && a->life[1] == b->life[1] && a->weak == b->weak;
}

uint64_t file_id_hash(const struct file_id *id)
{
	return mix(mix(id->where, id->number), id->life[0]);
}

bool file_id_is_weak(const struct file_id *id)
{
	return id->weak;
}
