/* SPDX-License-Identifier: MIT */
/*
 * Which profile a file gets (fs/policy.c) below directories whose attributes are any
 * bytes. Input: directories from the file's own to the root, each what getxattr(2)
 * answers (0 … 63: so many bytes, which follow; 64 and more: an error), and at the end
 * which profile the mount has.
 *
 * The answer is what the nearest directory that says anything says; lossless if that
 * isn't understood; the mount's if none does.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "inode.h"
#include "mount_log.h"
#include "path.h"
#include "policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_DIRS = 16, MAX_VALUE = 80 };

/* A directory's answer. */
static struct answer {
	int err; /* of inode_pin() */
	int xattr_errno;
	size_t n;
	char value[MAX_VALUE];
} answers[MAX_DIRS];

static struct inode dirs[MAX_DIRS];
static unsigned n_pinned, n_logged;

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* ---- what policy.c asks of the mount; a descriptor is the directory's number ------- */

int inode_pin(struct fs *fs, struct inode *inode, int *fd)
{
	(void)fs;
	*fd = (int)(inode - dirs);
	if (!answers[*fd].err)
		n_pinned++;
	return answers[*fd].err;
}

void inode_unpin_later(struct fs *fs, struct inode *inode)
{
	(void)fs;
	(void)inode;
	n_pinned--;
}

void inode_forget(struct fs *fs, struct inode *inode, uint64_t n)
{
	(void)fs;
	require(inode->n_lookups >= n);
	inode->n_lookups -= n;
}

const char *path_of(const struct fs *fs, int fd, char buf[PATH_TEXT])
{
	(void)fs;
	(void)fd;
	return strcpy(buf, "dir");
}

void fs_log(struct fs *fs, enum alcm_log_level level, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	(void)fs;
	require(level == ALCM_LOG_WARNING);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n_logged++;
}

ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	const struct answer *a = &answers[atoi(strrchr(path, '/') + 1)];

	require(!strcmp(name, POLICY_XATTR));
	errno = a->xattr_errno ? a->xattr_errno : ERANGE;
	if (a->xattr_errno || a->n > size)
		return -1;
	memcpy(value, a->value, a->n);
	return (ssize_t)a->n;
}

/* ---- the input --------------------------------------------------------------------- */

static unsigned take_dirs(const uint8_t **at, const uint8_t *end)
{
	static const int errors[] = { ENODATA, EOPNOTSUPP, EIO, EACCES };
	unsigned n = 0;

	for (; n < MAX_DIRS && *at < end; n++) {
		struct answer *a = &answers[n];
		uint8_t first = *(*at)++;

		*a = (struct answer){ .n = first % MAX_VALUE };
		if (first >= 128)
			a->xattr_errno = errors[first & 3];
		if (first >= 248)
			a->err = -ESTALE;
		if (first >= 128 || a->n > (size_t)(end - *at))
			a->n = 0;
		memcpy(a->value, *at, a->n);
		*at += a->n;
	}
	return n;
}

static void expect(const struct answer *a, const struct alcm_profile *got)
{
	struct alcm_profile want;
	char text[MAX_VALUE + 1] = "";
	size_t n = a->n && !a->value[a->n - 1] ? a->n - 1 : a->n;

	memcpy(text, a->value, n);
	if (a->err || a->xattr_errno || strlen(text) != n || n > 63 ||
		alcm_profile_parse(text, &want, NULL)) {
		alcm_profile_default(&want);
		require(n_logged == 1);
	}
	require(got->id == want.id && got->bound == want.bound &&
		!strcmp(got->name, want.name));
	/* What it is called says the same, and is what the attribute shows. */
	require(!policy_parse(got->name, strlen(got->name), &want, &(struct alcm_diag){ 0 }));
	require(got->id == want.id && got->bound == want.bound);
}

static bool silent(const struct answer *a)
{
	return !a->err && (a->xattr_errno == ENODATA || a->xattr_errno == EOPNOTSUPP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const mounts[] = { "lossless", "paper", "bounded:0.01", "alcm" };
	const uint8_t *at = data, *end = data + size;
	unsigned n = take_dirs(&at, end), nearest = 0;
	struct fs fs = { .opt.threads = 1 };
	struct inode file = { .id.type = S_IFREG, .parent = n ? &dirs[0] : NULL };
	struct alcm_profile got;

	n_logged = 0;
	require(!alcm_profile_parse(mounts[at < end ? *at & 3 : 0], &fs.profile, NULL));
	lock_init(&fs.table_lock, LOCK_TABLE);
	for (unsigned i = 0; i < n; i++)
		dirs[i] = (struct inode){ .id.type = S_IFDIR,
			.parent = i + 1 < n ? &dirs[i + 1] : NULL };
	policy_profile(&fs, &file, &got);
	while (nearest < n && silent(&answers[nearest]))
		nearest++;
	if (nearest < n)
		expect(&answers[nearest], &got);
	else
		require(!strcmp(got.name, fs.profile.name) && !n_logged);
	require(!n_pinned);
	for (unsigned i = 0; i < n; i++)
		require(!dirs[i].n_lookups);
	lock_destroy(&fs.table_lock);
	return 0;
}
