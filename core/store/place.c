/* SPDX-License-Identifier: MIT */
/*
 * Collecting the names of a place. An example: /srv/models is a bind mount of the
 * directory /data/models on the disk 8:1, and the store is /srv/models/store. Its names
 * are
 *
 *     by inode      store, /srv/models, /srv, /
 *     by path       8:1 /data/models/store, then /data/models, /data and / on 8:1,
 *                   then those of the mount above it, from /srv/models up to its root
 *     hidden        the inodes of /data and of / on 8:1, if another mount shows them
 */
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "store/unrooted.h"

enum { DEPTH_MAX = 4096 };

/* ---- keys -------------------------------------------------------------------------- */

/* The upper bits: XXH3 mixes all of them equally well. */
static uint64_t hash_of(const char *text)
{
	return XXH3_64bits(text, strlen(text)) >> (64 - PLACE_KEY_BITS);
}

static int add_key(struct place *p, bool self, const char *text)
{
	uint64_t hash = hash_of(text);

	for (size_t i = 0; i < p->n_keys; i++) {
		if (p->keys[i].hash == hash)
			return 0;
	}
	if (!mem_room(&p->keys, p->n_keys))
		return -ENOMEM;
	p->keys[p->n_keys++] = (struct place_key){ hash, self };
	return 0;
}

void place_release(struct place *p)
{
	mem_free(p->keys);
	*p = (struct place){ 0 };
}

/* ---- by inode, upwards through ".." ------------------------------------------------ */

enum { INODE_TEXT = 64 };

static const char *inode_text(char text[INODE_TEXT], const struct stat *st)
{
	(void)snprintf(text, INODE_TEXT, "i %llu %llu", (unsigned long long)st->st_dev,
		(unsigned long long)st->st_ino);
	return text;
}

static int add_inode(struct place *p, bool self, const struct stat *st)
{
	char text[INODE_TEXT];

	return add_key(p, self, inode_text(text, st));
}

int place_own_key(int dirfd, struct place_key *out)
{
	char text[INODE_TEXT];
	struct stat st;

	if (fstat(dirfd, &st))
		return -errno;
	*out = (struct place_key){ hash_of(inode_text(text, &st)), true };
	return 0;
}

static int add_inodes(struct place *p, int dirfd)
{
	AUTO_CLOSE int at = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st = { 0 }, above = { 0 };
	int err;

	if (at < 0 || fstat(at, &st))
		return -errno;
	err = add_inode(p, true, &st);
	for (int depth = 0; !err && depth < DEPTH_MAX; depth++) {
		int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		/*
		 * Without permission to search the directory above, its path still identifies it.
		 */
		if (up < 0)
			break;
		fd_close(at);
		at = up;
		if (fstat(at, &above) || (above.st_dev == st.st_dev && above.st_ino == st.st_ino))
			break;
		st = above;
		err = add_inode(p, false, &st);
	}
	return err;
}

/* ---- by path within the filesystem ------------------------------------------------- */

/* The mounts below this thread's root directory. In unrooted_call() that isn't the root
   directory of the process. */
#define MOUNTS "/proc/thread-self/mountinfo"

/* State of the walk through the mounts; too large for a stack. */
struct climb {
	struct place *place;
	struct mountinfo row;
	char path[PATH_MAX];       /* a directory as this process sees it */
	char inside[2 * PATH_MAX]; /* the same within its filesystem */
	char text[2 * PATH_MAX + 64];
	struct mountinfo other;    /* another mount of the filesystem of `row` */
	char hidden[3 * PATH_MAX]; /* a directory above `row`, at its path in `other` */
};

/* The mount with this id into c->row. -ENOENT: none that this process may see. */
static int find_row(struct climb *c, int id)
{
	FILE *f = fopen(MOUNTS, "re");
	int err = -ENOENT;

	if (!f)
		return errno == ENOENT ? -ENOSYS : -errno;
	while (err && mountinfo_next(f, &c->row))
		err = c->row.id == id ? 0 : -ENOENT;
	(void)fclose(f);
	return err;
}

/* What follows `dir` in `path`, from its slash; NULL: `path` isn't at or below it. */
static const char *path_below(const char *path, const char *dir)
{
	size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	if (strncmp(path, dir, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return strcmp(path + n, "/") == 0 ? "" : path + n;
}

/* The device number comes first: paths repeat from one filesystem to the next. */
static int add_path(struct climb *c, bool self)
{
	(void)snprintf(c->text, sizeof(c->text), "p %u:%u %s", c->row.major, c->row.minor,
		*c->inside ? c->inside : "/");
	return add_key(c->place, self, c->text);
}

/*
 * c->inside lies above the part of the filesystem that c->row shows. If another mount
 * shows it, it has an inode number, which survives a rename. Otherwise its path is its
 * only name.
 */
static int add_hidden(struct climb *c)
{
	FILE *f = fopen(MOUNTS, "re");
	const char *dir = *c->inside ? c->inside : "/", *rel;
	struct stat st;
	int err = 0;

	while (f && !err && mountinfo_next(f, &c->other)) {
		if (c->other.major != c->row.major || c->other.minor != c->row.minor ||
			!(rel = path_below(dir, c->other.root)))
			continue;
		(void)snprintf(c->hidden, sizeof(c->hidden), "%s%s",
			strcmp(c->other.point, "/") == 0 ? "" : c->other.point, rel);

		AUTO_CLOSE int fd = open(*c->hidden ? c->hidden : "/",
			O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0 && !fstat(fd, &st))
			err = add_inode(c->place, false, &st);
	}
	if (f)
		(void)fclose(f);
	return err;
}

/* c->path, and all directories above it on this filesystem, shown by c->row or hidden. */
static int add_paths(struct climb *c, bool self)
{
	const char *rel = path_below(c->path, c->row.point);
	int err;

	if (!rel)
		return -ENOENT;
	(void)snprintf(c->inside, sizeof(c->inside), "%s%s",
		strcmp(c->row.root, "/") == 0 ? "" : c->row.root, rel);
	err = add_path(c, self);
	while (!err && *c->inside) {
		*strrchr(c->inside, '/') = '\0';
		err = add_path(c, false);
		if (!err && !path_below(*c->inside ? c->inside : "/", c->row.root))
			err = add_hidden(c);
	}
	return err;
}

/* Kernels before 5.8 don't tell the mount. Their id of -1 matches no row. */
static int mount_id(int at, const char *path, int *id)
{
	struct statx x;

	if (statx(at, path, AT_EMPTY_PATH, STATX_MNT_ID, &x))
		return -errno;
	*id = x.stx_mask & STATX_MNT_ID ? (int)x.stx_mnt_id : -1;
	return 0;
}

static int see_path(int fd, char path[PATH_MAX])
{
	char proc[48];
	ssize_t n;

	(void)snprintf(proc, sizeof(proc), "/proc/thread-self/fd/%d", fd);
	n = readlink(proc, path, PATH_MAX - 1);
	if (n < 0)
		return errno == ENOENT ? -ENOSYS : -errno;
	path[n] = '\0';
	return 0;
}

/*
 * Climb from mount to mount. A path that can't be followed ends the climb: it is longer
 * than PATH_MAX, lies below a removed directory, or is mounted where this process can't
 * see it. The inode numbers remain.
 */
static int add_all_paths(struct climb *c, int dirfd)
{
	int id = -1, err = mount_id(dirfd, "", &id);

	err = err ?: see_path(dirfd, c->path) ?: find_row(c, id);
	for (bool self = true; !err; self = false) {
		err = add_paths(c, self);
		memcpy(c->path, c->row.point, sizeof(c->path));
		id = c->row.parent;
		if (!err)
			err = find_row(c, id);
	}
	return err == -ENOMEM || err == -ENOSYS ? err : 0;
}

struct search {
	int dirfd, err;
	struct place place;
	struct climb climb;
};

/* For unrooted_call(), which takes a function and its context. */
static void search(void *ctx)
{
	struct search *s = ctx;

	s->climb.place = &s->place;
	s->err = add_inodes(&s->place, s->dirfd);
	if (!s->err)
		s->err = add_all_paths(&s->climb, s->dirfd);
	if (s->err)
		place_release(&s->place);
}

/* Whether chroot(2) made an ordinary directory the root of this process. No mount that
   the process sees shows such a root. */
static bool is_chrooted(struct climb *c)
{
	int id = -1;

	return !mount_id(AT_FDCWD, "/", &id) && id >= 0 && find_row(c, id) == -ENOENT;
}

int place_find(int dirfd, struct place *out)
{
	AUTO_FREE struct search *s = mem_zalloc(1, sizeof(*s));
	bool found;

	if (!s)
		return -ENOMEM;
	s->dirfd = dirfd;
	found = is_chrooted(&s->climb) && !unrooted_call(search, s) && !s->err;
	if (!found)
		search(s);
	if (!s->err)
		*out = s->place;
	return s->err;
}
