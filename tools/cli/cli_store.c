/* SPDX-License-Identifier: MIT */
#include "cli_store.h"

#include <dirent.h>
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

#define FUSE_MAGIC 0x65735546

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

static bool has_admin_dir(const char *dir)
{
	char *admin = cli_join(dir, ".alcm");
	bool has = admin && is_dir(admin);

	free(admin);
	return has;
}

/* The nearest directory at or above the absolute `start` that holds .alcm; NULL: none. */
static char *find_root(const char *start)
{
	char *dir = strdup(start);

	while (dir && !has_admin_dir(dir)) {
		if (!go_up(dir)) {
			free(dir);
			return NULL;
		}
	}
	return dir;
}

enum cli_exit store_open(struct cli *cli, const char *path, struct store_at *out)
{
	char *start = realpath(path, NULL);

	*out = (struct store_at){ .dirfd = -1, .lock_fd = -1 };
	if (!start)
		return cli_error(cli, path, "%s", strerror(errno));
	if (store_is_mount(path)) {
		free(start);
		return cli_error(cli, path, "is inside a mount; name the file in the store below");
	}
	if (!is_dir(start))
		go_up(start);
	out->root = find_root(start);
	if (!out->root) {
		out->temporary = true;
		out->root = start;
		start = NULL;
	}
	free(start);
	out->dirfd = open(out->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dirfd >= 0)
		return CLI_OK;
	cli_error(cli, out->root, "%s", strerror(errno));
	store_close(out);
	return CLI_FAILED;
}

static int open_lock(const struct store_at *store)
{
	int fd = alcm_open_beneath(store->dirfd, ".alcm/lock", O_RDWR | O_CREAT, 0600);

	/* flock(2) needs no right to write. */
	if (fd == -EACCES)
		fd = alcm_open_beneath(store->dirfd, ".alcm/lock", O_RDONLY, 0);
	return fd;
}

struct recovery {
	struct cli *cli;
	struct store_at *store;
};

static void log_recovery(void *ctx, enum alcm_log_level level, const char *text)
{
	struct recovery *r = ctx;

	r->store->n_finished += level != ALCM_LOG_ERROR;
	cli_error(r->cli, r->store->root, "%s", text);
}

unsigned store_count_jobs(const struct store_at *store)
{
	int fd = alcm_open_beneath(store->dirfd, ".alcm/swap", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	unsigned n = 0;
	struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

enum cli_exit store_lock(struct cli *cli, struct store_at *store)
{
	struct recovery recovery = { cli, store };
	int err;

	if (store->temporary && mkdirat(store->dirfd, ".alcm", 0700) != 0 && errno != EEXIST)
		return cli_error(cli, store->root, "can't make .alcm: %s", strerror(errno));
	store->lock_fd = open_lock(store);
	if (store->lock_fd < 0)
		return cli_error(cli, store->root, "can't lock the store: .alcm/lock: %s",
			strerror(-store->lock_fd));
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		err = errno;
		close(store->lock_fd);
		store->lock_fd = -1;
		if (err == EWOULDBLOCK)
			return cli_error(cli,
				store->root, "the store is mounted, or another alcm works on it: unmount first");
		return cli_error(cli, store->root, "can't lock the store: %s", strerror(err));
	}
	err = alcm_swap_recover(store->dirfd, log_recovery, &recovery);
	if (err)
		return cli_error(cli, store->root,
			"can't finish a job that a crash left in .alcm/swap: %s", strerror(-err));
	return CLI_OK;
}

bool store_is_busy(const struct store_at *store)
{
	int fd = alcm_open_beneath(store->dirfd, ".alcm/lock", O_RDONLY, 0);
	bool busy;

	if (fd < 0)
		return false;
	busy = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return busy;
}

void store_close(struct store_at *store)
{
	if (store->temporary && store->lock_fd >= 0) {
		unlinkat(store->dirfd, ".alcm/lock", 0);
		unlinkat(store->dirfd, ".alcm/swap", AT_REMOVEDIR);
		unlinkat(store->dirfd, ".alcm", AT_REMOVEDIR);
	}
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	if (store->dirfd >= 0)
		close(store->dirfd);
	free(store->root);
	*store = (struct store_at){ .dirfd = -1, .lock_fd = -1 };
}

char *store_rel(const struct store_at *store, const char *path)
{
	char *full = realpath(path, NULL), *rel;
	size_t n = strlen(store->root);

	if (!full)
		return NULL;
	n = n == 1 ? 0 : n; /* the root directory itself is the store */
	if (strncmp(full, store->root, n) != 0 || (full[n] != '/' && full[n] != '\0')) {
		free(full);
		errno = EXDEV;
		return NULL;
	}
	rel = strdup(full + n + (full[n] == '/'));
	free(full);
	return rel;
}
