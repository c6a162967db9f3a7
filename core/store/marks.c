/* SPDX-License-Identifier: MIT */
/*
 * Setting and finding marks. A line of /proc/locks is enough to decode one:
 *
 *     7: OFDLCK ADVISORY  READ -1 fe:00:1234 START END
 *                                 │        │
 *                                 │        └ magic, enum mark, hash
 *                                 └ device and inode of the marked root directory
 */
#include "store/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not declared where _GNU_SOURCE isn't. */
#ifndef F_OFD_SETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#endif

enum { MAGIC = 0x414c, MAGIC_SHIFT = 48 };

/* One lock of the registry, from its line in /proc/locks. */
struct mark_line {
	enum mark mark;
	uint64_t hash;
	unsigned major, minor;
	unsigned long long ino;
};

static int64_t mark_offset(enum mark mark, uint64_t hash)
{
	return (int64_t)MAGIC << MAGIC_SHIFT | (int64_t)mark << PLACE_KEY_BITS |
		(int64_t)hash;
}

static int lock(int fd, short type, int64_t start, int64_t len)
{
	struct flock l = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len
	};

	return fcntl(fd, F_OFD_SETLK, &l) ? -errno : 0;
}

/* A name of the root itself gets the plain mark; a name above it gets MARK_BELOW_…. */
static enum mark mark_of(const struct place_key *key, enum mark use)
{
	return key->self ? use : use + MARK_BELOW_MOUNT;
}

/* All or none: half of the marks would hide this user from some of the others. */
int marks_set(int rootfd, const struct place *place, enum mark use)
{
	int err = 0;

	for (size_t i = 0; !err && i < place->n_keys; i++) {
		const struct place_key *k = &place->keys[i];

		err = lock(rootfd, F_RDLCK, mark_offset(mark_of(k, use), k->hash), 1);
	}
	if (err)
		marks_clear(rootfd);
	return err;
}

void marks_clear(int rootfd)
{
	(void)lock(rootfd, F_UNLCK, (int64_t)MAGIC << MAGIC_SHIFT, (int64_t)1 << MAGIC_SHIFT);
}

/* False for the locks of other programs. */
static bool parse_line(const char *line, struct mark_line *out)
{
	uint64_t start;

	if (sscanf(line, "%*d: OFDLCK %*s READ %*d %x:%x:%llu %" SCNu64, &out->major,
			&out->minor, &out->ino, &start) != 4 ||
		start >> MAGIC_SHIFT != MAGIC)
		return false;
	out->mark = start >> PLACE_KEY_BITS & 7;
	out->hash = start & (((uint64_t)1 << PLACE_KEY_BITS) - 1);
	return out->mark < MARKS;
}

/* The inode of `rootfd` as /proc/locks shows it, read from a lock of our own. On some
   filesystems, such as btrfs, stat(2) gives another device. */
static int own_inode(int rootfd, struct mark_line *out)
{
	char path[48], line[256];
	FILE *f;
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", rootfd);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ENOSYS : -errno;
	while (!found && fgets(line, sizeof(line), f))
		found = strncmp(line, "lock:", 5) == 0 && parse_line(line + 5, out);
	(void)fclose(f);
	return found ? 0 : -ENOSYS;
}

/* Record what a mark says about the place, unless it lies on our own root. */
static void note(const struct place *place, const struct mark_line *own,
	const struct mark_line *line, struct marks_seen *out)
{
	bool same_dev = line->major == own->major && line->minor == own->minor;
	bool same_root = same_dev && line->ino == own->ino;

	for (size_t i = 0; i < place->n_keys; i++) {
		const struct place_key *k = &place->keys[i];

		/* others_hold() finds marks on the same root; a line here may be our own. */
		if (k->hash == line->hash && !same_root)
			(k->self ? out->self : out->above)[line->mark] = true;
	}
	if (same_dev && !same_root)
		out->device[line->mark] = true;
}

/* Whether another descriptor holds this mark on the same root. A write lock would
   conflict with every read lock except those of `rootfd` itself. */
static bool others_hold(int rootfd, enum mark mark, uint64_t hash)
{
	struct flock l = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = mark_offset(mark, hash),
		.l_len = 1 };

	return fcntl(rootfd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

bool marks_of_mount(int dirfd, const struct place_key *key)
{
	return others_hold(dirfd, MARK_MOUNT, key->hash) ||
		others_hold(dirfd, MARK_READ, key->hash);
}

static void look_at_root(int rootfd, const struct place *place, struct marks_seen *out)
{
	for (size_t i = 0; i < place->n_keys; i++) {
		for (int m = MARK_MOUNT; place->keys[i].self && m <= MARK_READ; m++)
			out->self[m] |= others_hold(rootfd, m, place->keys[i].hash);
	}
}

/* Read the list once. The kernel hands it out a page at a time, and a lock that is
   removed in between hides another one. */
static int look_at_all(const struct place *place, const struct mark_line *own,
	struct marks_seen *out)
{
	struct mark_line line;
	char text[256];
	FILE *f = fopen("/proc/locks", "re");

	if (!f)
		return -ENOSYS;
	while (fgets(text, sizeof(text), f)) {
		if (parse_line(text, &line))
			note(place, own, &line, out);
	}
	(void)fclose(f);
	return 0;
}

int marks_look(int rootfd, const struct place *place, struct marks_seen *out)
{
	/* Several reads make it unlikely that a mark is missed in all of them. */
	enum { LOOKS = 8 };
	struct marks_seen seen = { 0 };
	struct mark_line own = { 0 };
	int err = own_inode(rootfd, &own);

	look_at_root(rootfd, place, &seen);
	for (int i = 0; !err && i < LOOKS; i++)
		err = look_at_all(place, &own, &seen);
	if (!err)
		*out = seen;
	return err;
}
