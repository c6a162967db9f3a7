/* SPDX-License-Identifier: MIT */
/*
 * Finding and locking the store of an operand.
 *
 *     store_open     the nearest root at or above the operand, or a temporary store
 *     store_lock     marks and lock file, then recovery of interrupted conversions
 *     store_close    all of it released
 *
 * A root is a directory with a store's .alcm. A file below none gets a temporary store in
 * its own directory, which leaves no traces: conversions need a place for the new content
 * on the same filesystem, and the same marks keep two commands apart.
 *
 *   held by                       store_lock()
 *   another command               waits; after some seconds it says so
 *   a mount                       fails, or waits with --wait
 *   nothing, but a crash left     finishes its jobs and says so
 *     jobs behind
 *
 * A name inside a mount is refused, since the file would be changed below the mount that
 * serves it. The store's own path is what the user has to name.
 */
#include "cli_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "cli_path.h"

#define FUSE_MAGIC 0x65735546

/* Any FUSE filesystem can have the magic; only ours has these attributes. */
bool store_is_mount(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) != 0 || (unsigned long)fs.f_type != FUSE_MAGIC)
		return false;
	return getxattr(path, "user.alcm.state", NULL, 0) >= 0 ||
		getxattr(path, "user.alcm.profile", NULL, 0) >= 0;
}

/* Cut the last component off an absolute path. False: it is the root directory. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || strcmp(path, "/") == 0)
		return false;
	slash[slash == path ? 1 : 0] = '\0';
	return true;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_root(const char *dir)
{
	AUTO_CLOSE int fd = path_open(dir, O_PATH | O_DIRECTORY);

	return fd >= 0 && alcm_store_is_root(fd);
}

/* The nearest store's root at or above the absolute `start`; NULL: none. In a nested
   store the inner one counts: it is the one whose mount would serve the file. */
static char *find_root(const char *start)
{
	char *dir = strdup(start);

	while (dir && !is_root(dir)) {
		if (!go_up(dir)) {
			free(dir);
			return NULL;
		}
	}
	return dir;
}

enum cli_exit store_open(struct cli *cli, const char *path, struct store_at *out)
{
	AUTO_FREE char *start = path_real(path);
	int fd, err;

	*out = (struct store_at){ .dirfd = -1 };
	if (!start)
		return cli_error(cli, path, "%s", strerror(errno));
	if (store_is_mount(path))
		return cli_error(cli, path,
			"is inside a mount; name the file in the store instead");
	out->use = is_dir(path) ? ALCM_USE_VERB : ALCM_USE_FILE;
	if (out->use == ALCM_USE_FILE)
		go_up(start);
	out->root = find_root(start);
	if (!out->root) {
		out->temporary = true;
		out->root = steal(start);
	}
	fd = path_open(out->root, O_RDONLY | O_DIRECTORY);
	err = fd < 0 ? fd : alcm_store_open(fd, &out->store);
	if (err) {
		cli_error(cli, out->root, "%s", strerror(-err));
		store_close(out);
		return CLI_FAILED;
	}
	out->dirfd = alcm_store_dirfd(out->store);
	return CLI_OK;
}

struct recovery {
	struct cli *cli;
	struct store_at *store;
};

/* Errors are printed and not counted: n_finished is what a repair has done. */
static void log_recovery(void *ctx, enum alcm_log_level level, const char *text)
{
	struct recovery *r = ctx;

	r->store->n_finished += level != ALCM_LOG_ERROR;
	cli_error(r->cli, r->store->root, "%s", text);
}

/* Only for a message: without the lock a job may belong to a command that is running. */
unsigned store_count_jobs(const struct store_at *store)
{
	int fd = alcm_open_beneath(store->dirfd, ".alcm/swap", O_RDONLY | O_DIRECTORY, 0);
	unsigned n = 0;
	struct dirent *e;
	DIR *dir;

	if (fd_opendir(fd, &dir))
		return 0;
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

/*
 * Other commands end soon, so they are always waited for. A mount may stay for weeks. The
 * pauses are random: two commands that start at the same time see each other's marks and
 * both step back, and must not do so forever.
 */
static int wait_for_lock(struct cli *cli, struct store_at *store, struct alcm_diag *diag)
{
	enum { PAUSE_US = 20 * 1000, QUIET_PAUSES = 100 };
	unsigned seed = (unsigned)getpid();

	for (unsigned k = 0;; k++) {
		int err = alcm_store_lock(store->store, store->use, NULL, diag);

		if (err != -EAGAIN && !(err == -EBUSY && cli->wait))
			return err;
		if (k == QUIET_PAUSES)
			cli_error(cli, store->root, "waiting: %s", diag->cause);
		usleep(PAUSE_US + (useconds_t)rand_r(&seed) % PAUSE_US);
	}
}

enum cli_exit store_lock(struct cli *cli, struct store_at *store)
{
	struct recovery recovery = { cli, store };
	struct alcm_diag diag = { 0 };
	int err = wait_for_lock(cli, store, &diag);

	if (err == -EBUSY)
		return cli_error(cli, store->root, "%s: unmount first, or wait for that (--wait)",
			diag.cause);
	if (err)
		return cli_error(cli, store->root, "can't lock the store: %s",
			diag.cause[0] ? diag.cause : strerror(-err));
	store->temporary = alcm_store_is_temporary(store->store);
	err = alcm_swap_recover(store->store, log_recovery, &recovery);
	/* A file that can't be recovered doesn't block the others. */
	if (err < 0)
		return cli_error(cli, store->root,
			"can't finish the jobs that a crash left in .alcm/swap: %s", strerror(-err));
	return CLI_OK;
}

/* Open the directory of the store's file `rel`; a negative errno. */
static int open_parent(const struct store_at *store, const char *rel)
{
	AUTO_FREE char *dir = strdup(rel);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!dir)
		return -ENOMEM;
	if (slash)
		*slash = '\0';
	return alcm_open_beneath(store->dirfd, slash ? dir : ".", O_PATH | O_DIRECTORY, 0);
}

int store_resume(const struct store_at *store, const char *rel, int fd,
	struct alcm_diag *diag)
{
	uint64_t logical_bytes;

	if (alcm_swap_pending(fd, &logical_bytes) != 1)
		return 0;

	AUTO_CLOSE int dir = open_parent(store, rel);

	return dir < 0 ? dir : alcm_swap_resume(dir, fd, diag);
}

/* The lock file is enough here, and it is asked without keeping anything. The lock is
   dropped at once, so a mount that starts at this moment is at most delayed. */
bool store_is_busy(const struct store_at *store)
{
	AUTO_CLOSE int fd = alcm_open_beneath(store->dirfd, ".alcm/lock", O_RDONLY, 0);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

void store_close(struct store_at *store)
{
	alcm_store_close(store->store);
	free(store->root);
	*store = (struct store_at){ .dirfd = -1 };
}

/* Both are real paths, so a beginning that is equal means below. EXDEV: `path` has been
   moved, or it is a link that leads out of the store. */
char *store_rel(const struct store_at *store, const char *path)
{
	AUTO_FREE char *full = path_real(path);
	size_t n = strlen(store->root);

	if (!full)
		return NULL;
	n = n == 1 ? 0 : n; /* the root directory itself is the store */
	if (strncmp(full, store->root, n) != 0 || (full[n] != '/' && full[n] != '\0')) {
		errno = EXDEV;
		return NULL;
	}
	return strdup(full + n + (full[n] == '/'));
}

/* Either part may be "": the operand is the store, or the file itself. */
char *store_rel_of(const char *rel, const char *below)
{
	return *rel && *below ? cli_join(rel, below) : strdup(*rel ? rel : below);
}
