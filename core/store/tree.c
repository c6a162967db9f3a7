/* SPDX-License-Identifier: MIT */
/*
 * A walk in no particular order, without recursion. One errno is remembered: "not found"
 * is only certain if everything could be searched.
 *
 * Directories to search are on a stack as paths, each below the root without links. Users
 * may move things during the walk, so a file can be missed or seen twice; callers
 * recognise a file by what it is, not by where it was found. On the way .alcm at the root
 * and other filesystems are left out, and stores within this one unless asked for.
 *
 * Results: 0 or more from `look` ends the walk; -ENOENT goes on; another error goes on,
 * and is what the walk returns if nothing is found.
 */
#include "store/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/beneath.h"
#include "base/fd.h"

/* A directory to search, on a stack. Paths, because descriptors would run out in a deep
   tree. */
struct todo {
	struct todo *next;
	char path[]; /* "" or ends in "/" */
};

struct tree {
	int dirfd;
	bool stores_too;
	tree_look look;
	void *ctx;
	struct todo *stack;
};

/*
 * -ENOENT on success, as look_at() returns: a directory isn't a file that was looked for.
 */
static int push(struct tree *t, const char *dir, const char *name)
{
	size_t len = strlen(dir) + strlen(name) + 2;
	struct todo *todo = mem_alloc(sizeof(*todo) + len);

	if (!todo)
		return -ENOMEM;
	(void)snprintf(todo->path, len, "%s%s%s", dir, name, *name ? "/" : "");
	todo->next = t->stack;
	t->stack = todo;
	return -ENOENT;
}

static bool is_store(int at, const char *name)
{
	AUTO_CLOSE int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && alcm_store_is_root(fd);
}

/* Another filesystem isn't entered: a name there can't be a link to a file here. */
static int look_at(struct tree *t, int at, const char *name, const struct todo *in,
	dev_t dev)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		(!in->path[0] && strcmp(name, ".alcm") == 0))
		return -ENOENT;
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (st.st_dev != dev)
		return -ENOENT;
	if (S_ISDIR(st.st_mode))
		return !t->stores_too && is_store(at, name) ? -ENOENT : push(t, in->path, name);
	return S_ISREG(st.st_mode) ? t->look(t->ctx, at, name, &st) : -ENOENT;
}

static int search_dir(struct tree *t, const struct todo *in)
{
	int at = beneath_open(t->dirfd, *in->path ? in->path : ".", O_RDONLY | O_DIRECTORY,
		0);
	int found = -ENOENT, unsure = -ENOENT;
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (at < 0)
		return at;
	d = fstat(at, &st) ? NULL : fdopendir(at);
	if (!d) {
		found = -errno;
		close(at);
		return found;
	}
	while (found < 0 && (e = readdir(d))) {
		found = look_at(t, at, e->d_name, in, st.st_dev);
		if (found < 0 && found != -ENOENT)
			unsure = found;
	}
	closedir(d);
	return found >= 0 ? found : unsure;
}

int tree_find(int dirfd, bool stores_too, tree_look look, void *ctx)
{
	struct tree t = {
		.dirfd = dirfd, .stores_too = stores_too, .look = look, .ctx = ctx
	};
	int found = push(&t, "", ""), unsure = found;

	while (t.stack) {
		struct todo *in = t.stack;

		t.stack = in->next;
		if (found < 0)
			found = search_dir(&t, in);
		if (found < 0 && found != -ENOENT)
			unsure = found;
		mem_free(in);
	}
	return found >= 0 ? found : unsure;
}
