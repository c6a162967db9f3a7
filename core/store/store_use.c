/* SPDX-License-Identifier: MIT */
/*
 * An open store, and its lock. The lock has two halves:
 *
 *   marks (marks.h)   visible on this machine by every way to the store: by another name,
 *                     from a directory above or below it, through a bind mount, from
 *                     another namespace
 *   .alcm/lock        flock(2), for machines that share a network filesystem, and for
 *                     scripts that wait
 *
 * Own marks are set before those of others are looked at: of two processes that start at
 * once at least one sees the other. Both may be refused, so callers try again a few times
 * after a pause.
 *
 * The marks come first, so the holder of the marks may make and remove .alcm/lock. A
 * command that finds no store where it works makes none: .alcm then holds only its jobs,
 * and is removed with the last of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/beneath.h"
#include "base/diag.h"
#include "base/fd.h"
#include "store/marks.h"
#include "store/swap_job.h"
#include "store/tree.h"

struct alcm_store {
	int dirfd;
	int lock_fd; /* of .alcm/lock; -1: there is none */
	bool locked, marked, temporary;
	enum alcm_use use;
	struct place place;
};

int alcm_store_open(int dirfd, struct alcm_store **out)
{
	struct alcm_store *s = mem_zalloc(1, sizeof(*s));

	if (!s) {
		close(dirfd);
		return -ENOMEM;
	}
	s->lock_fd = -1;
	s->dirfd = dirfd;
	*out = s;
	return 0;
}

int alcm_store_dirfd(const struct alcm_store *s)
{
	return s->dirfd;
}

bool alcm_store_is_temporary(const struct alcm_store *s)
{
	return s->temporary;
}

/* ---- marks ------------------------------------------------------------------------- */

static enum mark mark_for(enum alcm_use use)
{
	static const enum mark marks[] = {
		[ALCM_USE_MOUNT] = MARK_MOUNT,
		[ALCM_USE_VERB] = MARK_VERB,
		[ALCM_USE_FILE] = MARK_VERB,
		[ALCM_USE_READ] = MARK_READ,
	};

	return marks[use];
}

enum {
	ALL = 1 << ALCM_USE_MOUNT | 1 << ALCM_USE_VERB | 1 << ALCM_USE_FILE |
		1 << ALCM_USE_READ,
	WRITERS = ALL & ~(1 << ALCM_USE_READ),
	TREES = ALL & ~(1 << ALCM_USE_FILE), /* those of all that lies below */
};

/* What bars a use of a store: marks of others, in the order in which they are told. */
static const struct bar {
	bool above; /* the mark is on a directory above; else on the store */
	enum mark mark;
	unsigned bars; /* of uses, as bits */
	int err;
	const char *cause;
} rows[] = {
	{ false, MARK_MOUNT, ALL, -EBUSY, "the store is mounted already" },
	{ false, MARK_READ, WRITERS, -EBUSY, "the store is mounted already, for reading" },
	{ true, MARK_MOUNT, ALL, -EBUSY, "it lies in a store that is mounted" },
	{ true, MARK_READ, WRITERS, -EBUSY,
		"it lies in a store that is mounted for reading" },
	{ false, MARK_BELOW_MOUNT, TREES, -EBUSY, "a store below it is mounted" },
	{ false, MARK_BELOW_READ, TREES &WRITERS, -EBUSY,
		"a store below it is mounted for reading" },
	{ false, MARK_VERB, ALL, -EAGAIN, "another alcm command changes files there" },
	{ true, MARK_VERB, ALL, -EAGAIN,
		"another alcm command changes files in a directory above it" },
	{ false, MARK_BELOW_VERB, TREES, -EAGAIN,
		"another alcm command changes files below it" },
};

/* Why the place can't be used while others do what was seen; 0 when it can. */
static int judge_marks(const struct marks_seen *seen, enum alcm_use use,
	struct alcm_diag *diag)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bar *b = &rows[i];

		if ((b->above ? seen->above : seen->self)[b->mark] && b->bars & 1u << use)
			return diag_set(diag, b->err, 0, "%s", b->cause);
	}
	return 0;
}

/* A refused process sets its marks for a moment, too, and retries after a longer pause.
   Only a mark that stays through all looks belongs to a mount. */
bool alcm_store_is_mounted(int dirfd)
{
	enum { LOOKS = 5, PAUSE_US = 3000 };
	struct place_key key;

	if (place_own_key(dirfd, &key))
		return false;
	for (int k = 0; k < LOOKS; k++) {
		if (!marks_of_mount(dirfd, &key))
			return false;
		usleep(PAUSE_US);
	}
	return true;
}

static int take_marks(struct alcm_store *s, struct alcm_diag *diag)
{
	struct marks_seen seen;
	int err = place_find(s->dirfd, &s->place);

	if (!err) {
		err = marks_set(s->dirfd, &s->place, mark_for(s->use));
		/* This filesystem has no such locks on directories; .alcm/lock remains. */
		s->marked = !err;
		if (err && err != -ENOMEM)
			return 0;
	}
	if (!err)
		err = marks_look(s->dirfd, &s->place, &seen);
	if (err)
		return diag_set(diag, err, 0, "can't tell whether it is in use: %s",
			err == -ENOSYS ? "there is no /proc" : strerror(-err));
	return judge_marks(&seen, s->use, diag);
}

static void drop_marks(struct alcm_store *s)
{
	marks_clear(s->dirfd);
	place_release(&s->place);
}

/* ---- .alcm and its lock ------------------------------------------------------------ */

/*
 * Open the directory `name` of `parent`, and make it if necessary; a descriptor or a
 * negative errno. Users read their reports there, so the umask of the first mount must
 * not shut them out.
 */
static int make_open_to_all(int parent, const char *name)
{
	struct stat st;
	int fd;

	if (mkdirat(parent, name, 0755) && errno != EEXIST)
		return -errno;
	fd = beneath_open(parent, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0 && !fstat(fd, &st) && (st.st_mode & 0755) != 0755)
		(void)fchmod(fd, (st.st_mode & 07777) | 0755);
	return fd;
}

static int make_admin(const struct alcm_store *s)
{
	AUTO_CLOSE int admin = make_open_to_all(s->dirfd, ".alcm"), caq = -1;

	if (admin < 0)
		return admin;
	caq = make_open_to_all(admin, "caq");
	/* If a link is in its place, there are no reports. Nothing else needs them. */
	return caq < 0 && caq != -ELOOP && caq != -ENOTDIR ? caq : 0;
}

/* A file that isn't regular or has more names could be meant to block us, or to make us
   write into another file. */
static int try_open_lock(const struct alcm_store *s)
{
	const char *name = ".alcm/lock";
	struct stat st;
	int fd = s->use == ALCM_USE_READ
		? beneath_open(s->dirfd, name, O_RDONLY | O_NONBLOCK, 0)
		: beneath_open(s->dirfd, name, O_RDWR | O_CREAT | O_NONBLOCK, 0600);

	/* flock(2) needs no right to write. */
	if (fd == -EACCES && s->use != ALCM_USE_MOUNT)
		fd = beneath_open(s->dirfd, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_nlink > 1) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* An overlay with an index was seen to count the index's own link for a moment. */
static int open_lock(const struct alcm_store *s)
{
	enum { TRIES = 5, PAUSE_US = 20000 };
	int fd = try_open_lock(s);

	for (int k = 1; k < TRIES && fd == -EINVAL; k++) {
		usleep(PAUSE_US);
		fd = try_open_lock(s);
	}
	return fd;
}

/* Whether the name still leads to `fd`. A lock on a file without a name would exclude
   nothing. */
static bool is_current(const struct alcm_store *s, int fd)
{
	struct stat held, named = { 0 };
	AUTO_CLOSE int now = beneath_open(s->dirfd, ".alcm/lock", O_PATH, 0);

	return now >= 0 && fstat(fd, &held) == 0 && fstat(now, &named) == 0 &&
		held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int take_lock_file(struct alcm_store *s, struct alcm_diag *diag)
{
	AUTO_CLOSE int fd = open_lock(s);
	int err;

	if (fd == -ENOENT && s->use == ALCM_USE_READ)
		return 0;
	if (fd < 0)
		return diag_set(diag, fd, 0, ".alcm/lock: %s",
			fd == -EINVAL ? "it is not a regular file, or has hard links"
				: fd == -ELOOP || fd == -ENOTDIR
				? "a symbolic link, or not in a directory"
				: strerror(-fd));
	err = or_errno(flock(fd, (s->use == ALCM_USE_READ ? LOCK_SH : LOCK_EX) | LOCK_NB));
	if (!err && !is_current(s, fd))
		err = -EWOULDBLOCK;
	if (!err) {
		s->lock_fd = fd_steal(&fd);
		return 0;
	}
	if (err == -EWOULDBLOCK)
		return diag_set(diag, -EBUSY, 0,
			"a mount on another machine, or another program, holds .alcm/lock");
	return diag_set(diag, err, 0, ".alcm/lock: %s", strerror(-err));
}

/* The text only explains a refusal to others. Without it the lock still holds. */
static void write_holder(const struct alcm_store *s, const char *holder)
{
	if (!ftruncate(s->lock_fd, 0) && dprintf(s->lock_fd, "%s\n", holder) < 0)
		(void)!ftruncate(s->lock_fd, 0);
}

/* A temporary store has no lock file: with one, it would become a store of its own. */
static int take_files(struct alcm_store *s, const char *holder, struct alcm_diag *diag)
{
	int err = s->use == ALCM_USE_MOUNT ? make_admin(s) : 0;

	if (err)
		return diag_set(diag, err, 0, ".alcm: %s",
			err == -ELOOP || err == -ENOTDIR ? "a symbolic link, or not a directory"
											 : strerror(-err));
	s->temporary = (s->use == ALCM_USE_VERB || s->use == ALCM_USE_FILE) &&
		!alcm_store_is_root(s->dirfd);
	if (s->temporary)
		return 0;
	err = take_lock_file(s, diag);
	if (!err && s->use == ALCM_USE_MOUNT)
		write_holder(s, holder);
	return err;
}

/* Marks first, files second: the files are only touched by the holder of the marks. */
int alcm_store_lock(struct alcm_store *s, enum alcm_use use, const char *holder,
	struct alcm_diag *diag)
{
	int err;

	s->use = use;
	err = take_marks(s, diag) ?: take_files(s, holder, diag);
	if (err)
		drop_marks(s);
	s->locked = !err;
	return err;
}

struct links {
	dev_t dev;
	ino_t ino;
	nlink_t left; /* names not found yet */
};

/* For tree_find(): 0 once every name of the file was found. */
static int count_link(void *ctx, int at, const char *name, const struct stat *st)
{
	struct links *l = ctx;

	(void)at;
	(void)name;
	return st->st_dev == l->dev && st->st_ino == l->ino && !--l->left ? 0 : -ENOENT;
}

/* If the marks can't be read, other users are assumed. */
static bool others_use_device(const struct alcm_store *s)
{
	struct marks_seen seen;

	return marks_look(s->dirfd, &s->place, &seen) || seen.device[MARK_MOUNT] ||
		seen.device[MARK_READ] || seen.device[MARK_VERB];
}

/* A file with a name in another store could be in use there. The tree is only searched
   when another store on this device is in use at all. */
int alcm_store_may_change(const struct alcm_store *s, int fd, struct alcm_diag *diag)
{
	struct links links;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	links = (struct links){ st.st_dev, st.st_ino, st.st_nlink };
	if (st.st_nlink < 2 || !s->marked || !others_use_device(s) ||
		!tree_find(s->dirfd, false, count_link, &links))
		return 0;
	return diag_set(diag, -EBUSY, 0,
		"it has hard links outside of this store, perhaps in another one that is in use "
		"on this filesystem: unmount that first");
}

/* ---- the end ----------------------------------------------------------------------- */

void alcm_store_close(struct alcm_store *s)
{
	if (!s)
		return;
	if (s->locked && s->temporary)
		swap_dir_remove(s->dirfd);
	fd_close(s->lock_fd);
	place_release(&s->place);
	/* Closing the descriptor removes the marks. */
	close(s->dirfd);
	mem_free(s);
}
