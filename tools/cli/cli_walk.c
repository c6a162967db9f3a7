/* SPDX-License-Identifier: MIT */
/*
 * The walk goes down by descriptors: each entry is opened relative to its directory. So a
 * directory that is renamed or replaced by a link during the walk can't lead out of the
 * tree.
 *
 *   visit ──► refuse (in place only) ──► directory: WALK_DIR, its entries, WALK_DIR_DONE
 *                                    ──► file: WALK_FILE; all else: WALK_OTHER
 *
 * Links are followed for the operand itself, as the user has named it, and never below.
 * Paths in entries are only for messages; they may be longer than the kernel accepts.
 *
 * The depth of recursion is that of the tree, with one open directory for each level.
 */
#include "cli_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

struct walker {
	struct cli *cli;
	walk_fn fn;
	void *ctx;
	size_t root_len; /* length of the operand, which every path begins with */
	bool quiet;
	bool in_place; /* see walk_in_place() */
};

static enum cli_exit visit(struct walker *w, int dirfd, const char *name,
	const char *path);

static const char *rel_of(const struct walker *w, const char *path)
{
	const char *rel = path + w->root_len;

	while (*rel == '/')
		rel++;
	return rel;
}

static enum cli_exit emit(struct walker *w, enum walk_kind kind, int dirfd,
	const char *name, const char *path, const struct stat *st)
{
	struct walk_entry entry = {
		.kind = kind,
		.dirfd = dirfd,
		.name = name,
		.path = path,
		.rel = rel_of(w, path),
		.st = st,
	};

	return w->fn(w->ctx, &entry);
}

static enum cli_exit complain(struct walker *w, const char *path)
{
	/* It was removed after its directory was read; that is no error. */
	if (errno == ENOENT && rel_of(w, path)[0])
		return CLI_OK;
	return w->quiet ? CLI_FAILED : cli_error(w->cli, path, "%s", strerror(errno));
}

/* A user's directory may have this name; the one of a store contains one of these. An
   empty .alcm is nothing that has to be skipped. */
static bool is_admin_dir(int dirfd, const char *name)
{
	return strcmp(name, ".alcm") == 0 &&
		(faccessat(dirfd, ".alcm/lock", F_OK, 0) == 0 ||
			faccessat(dirfd, ".alcm/caq", F_OK, 0) == 0 ||
			faccessat(dirfd, ".alcm/swap", F_OK, 0) == 0);
}

int walk_open(const struct walk_entry *entry, int access)
{
	return cli_open_file(entry->dirfd, entry->name,
		access | (entry->rel[0] ? O_NOFOLLOW : 0));
}

static enum cli_exit visit_children(struct walker *w, DIR *dir, const char *path)
{
	enum cli_exit worst = CLI_OK;
	struct dirent *e;

	while (errno = 0, (e = readdir(dir))) {
		char *child;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
			is_admin_dir(dirfd(dir), e->d_name))
			continue;
		child = cli_join(path, e->d_name);
		if (!child) {
			errno = ENOMEM;
			return complain(w, path);
		}
		worst = cli_worse(worst, visit(w, dirfd(dir), e->d_name, child));
		free(child);
	}
	return errno ? cli_worse(worst, complain(w, path)) : worst;
}

/* A directory that can't be read is still reported to `fn` before and after. */
static enum cli_exit visit_dir(struct walker *w, int at, const char *name,
	const char *path, const struct stat *st)
{
	enum cli_exit worst = emit(w, WALK_DIR, at, name, path, st);
	int nofollow = rel_of(w, path)[0] ? O_NOFOLLOW : 0;
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | nofollow);
	DIR *dir;

	if (fd_opendir(fd, &dir)) {
		worst = cli_worse(worst, complain(w, path));
	} else {
		worst = cli_worse(worst, visit_children(w, dir, path));
		closedir(dir);
	}
	return cli_worse(worst, emit(w, WALK_DIR_DONE, at, name, path, st));
}

/* Whether the name is a mount point. STATX_ATTR_MOUNT_ROOT also tells bind mounts of
   single files, which have the device of the tree around them. */
static bool is_mount_point(int dirfd, const char *name)
{
	struct statx x;

	return statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &x) ==
		0 &&
		x.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/*
 * Whether the directory is a store's root, even if its .alcm was removed while mounted.
 */
static bool is_store(int dirfd, const char *name)
{
	AUTO_CLOSE int fd = openat(dirfd, name,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && (alcm_store_is_root(fd) || alcm_store_is_mounted(fd));
}

/* Report and skip what doesn't belong to this store. */
static enum cli_exit refuse(struct walker *w, int dirfd, const char *name,
	const char *path, const struct stat *st)
{
	bool is_root = rel_of(w, path)[0] == '\0';

	if (is_root && S_ISDIR(st->st_mode))
		return CLI_OK;
	if (is_mount_point(dirfd, name))
		return cli_error(w->cli, path,
			is_root ? "is a mount of a single file; name the file itself"
					: "left out: something is mounted here; name it as an operand");
	if (S_ISDIR(st->st_mode) && is_store(dirfd, name))
		return cli_error(w->cli, path,
			"left out: it is a store of its own; name it as an operand");
	return CLI_OK;
}

/* Each entry is looked at once, and `fn` gets that stat. A file that is replaced between
   this and walk_open() is then another one, which its own checks find out. */
static enum cli_exit visit(struct walker *w, int dirfd, const char *name,
	const char *path)
{
	bool is_root = rel_of(w, path)[0] == '\0';
	struct stat st;

	if (fstatat(dirfd, name, &st, is_root ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return complain(w, path);
	if (w->in_place) {
		enum cli_exit status = refuse(w, dirfd, name, path, &st);

		if (status)
			return status;
	}
	if (S_ISDIR(st.st_mode))
		return visit_dir(w, dirfd, name, path, &st);
	return emit(w, S_ISREG(st.st_mode) ? WALK_FILE : WALK_OTHER, dirfd, name, path, &st);
}

enum cli_exit walk(struct cli *cli, const char *path, walk_fn fn, void *ctx)
{
	struct walker w = { .cli = cli, .fn = fn, .ctx = ctx, .root_len = strlen(path) };

	return visit(&w, AT_FDCWD, path, path);
}

enum cli_exit walk_in_place(struct cli *cli, const char *path, walk_fn fn, void *ctx)
{
	struct walker w = {
		.cli = cli, .fn = fn, .ctx = ctx, .root_len = strlen(path), .in_place = true
	};

	return visit(&w, AT_FDCWD, path, path);
}

enum cli_exit walk_below(struct cli *cli, int dirfd, const char *path, walk_fn fn,
	void *ctx)
{
	struct walker w = { .cli = cli, .fn = fn, .ctx = ctx, .root_len = strlen(path) };

	return visit(&w, dirfd, ".", path);
}

static enum cli_exit add_stored(void *ctx, const struct walk_entry *entry)
{
	if (entry->kind == WALK_FILE)
		*(uint64_t *)ctx += (uint64_t)entry->st->st_size;
	return CLI_OK;
}

static enum cli_exit add_logical(void *ctx, const struct walk_entry *entry)
{
	AUTO_CLOSE int fd = entry->kind == WALK_FILE ? walk_open(entry, O_RDONLY) : -1;
	struct alcm_probe probe;

	if (fd >= 0 && alcm_probe(fd, &probe, NULL) == 0)
		*(uint64_t *)ctx += probe.logical_size;
	return CLI_OK;
}

/* Errors are left to the walk that does the work, so each is reported once. */
uint64_t walk_total_bytes(struct cli *cli, bool logical)
{
	uint64_t total = 0;

	for (int i = 0; i < cli->n_paths; i++) {
		struct walker w = {
			.cli = cli,
			.fn = logical ? add_logical : add_stored,
			.ctx = &total,
			.root_len = strlen(cli->paths[i]),
			.quiet = true,
		};

		visit(&w, AT_FDCWD, cli->paths[i], cli->paths[i]);
	}
	return total;
}

/* Open addressing with linear probing, in a table that is at most half full. The
   multiplier spreads consecutive inode numbers. It always ends: a table that is half full
   has free slots. */
static struct walk_id *find_slot(struct walk_id *ids, size_t n_slots, dev_t dev,
	ino_t ino)
{
	size_t i = ((size_t)ino * 0x9E3779B97F4A7C15u ^ (size_t)dev) & (n_slots - 1);

	while (ids[i].ino != 0 && (ids[i].ino != ino || ids[i].dev != dev))
		i = (i + 1) & (n_slots - 1);
	return &ids[i];
}

static int grow(struct walk_seen *seen)
{
	size_t n_slots = seen->n_slots ? 2 * seen->n_slots : 256;
	struct walk_id *ids = calloc(n_slots, sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < seen->n_slots; i++) {
		if (seen->ids[i].ino)
			*find_slot(ids, n_slots, seen->ids[i].dev, seen->ids[i].ino) = seen->ids[i];
	}
	free(seen->ids);
	seen->ids = ids;
	seen->n_slots = n_slots;
	return 0;
}

int walk_seen_add(struct walk_seen *seen, const struct stat *st)
{
	struct walk_id *slot;

	if (st->st_nlink < 2 || st->st_ino == 0)
		return 0;
	if (2 * (seen->n + 1) > seen->n_slots && grow(seen))
		return -ENOMEM;
	slot = find_slot(seen->ids, seen->n_slots, st->st_dev, st->st_ino);
	if (slot->ino)
		return 1;
	*slot = (struct walk_id){ .dev = st->st_dev, .ino = st->st_ino };
	seen->n++;
	return 0;
}

void walk_seen_free(struct walk_seen *seen)
{
	free(seen->ids);
	*seen = (struct walk_seen){ 0 };
}
