/* SPDX-License-Identifier: MIT */
/*
 * Why a file is stored as it is, in words: for `alcm info` and the attribute
 * user.alcm.why.
 *
 * A blob answers from its own metrics. For a plain file the first that is known counts:
 *
 *   1. what this mount decided at a close or a conversion, if the ctime is still the same
 *   2. the verdict in the attribute ALCM_VERDICT_XATTR, if size and mtime match
 *   3. a new judgement from samples, which is then remembered as in 1.
 *
 * The attribute exists because judging reads samples all over the file. It is only kept
 * where its cost is hidden: setting it moves the ctime, so an idle file never gets one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "content.h"
#include "content_state.h"
#include "inode.h"
#include "path.h"

/* The order of the two fstat() calls: the kernel's pages are current only if nothing but
   our attribute has moved the ctime, so it is compared with the one from before. */
void content_keep_verdict(struct fs *fs, struct inode *i, int fd,
	const struct alcm_verdict *verdict)
{
	struct content *c = i->content;
	struct stat before, after;

	if (fstat(fd, &before))
		return;
	(void)alcm_verdict_keep(fd, fs->detect, &before, verdict);
	/* That moved the ctime; the kernel's pages are still right. */
	if (fstat(fd, &after))
		return;
	{
		WITH_LOCK(&c->lock);
		if (c->cached && same_time(&c->cached_ctime, &before.st_ctim))
			c->cached_ctime = after.st_ctim;
	}
	content_remember(fs, i, verdict, &after.st_ctim);
}

void content_remember(struct fs *fs, struct inode *i, const struct alcm_verdict *verdict,
	const struct timespec *ctime)
{
	struct content *c = content_get(fs, i);

	/* Without memory it is judged again when asked. */
	if (!c)
		return;
	WITH_LOCK(&c->lock);
	memcpy(c->reason, verdict->reason, sizeof(c->reason));
	c->reason_ctime = *ctime;
}

static bool remembered(struct inode *i, const struct stat *st, char reason[96])
{
	struct content *c = i->content;

	if (!c)
		return false;
	WITH_LOCK(&c->lock);
	memcpy(reason, c->reason, sizeof(c->reason));
	return c->reason[0] && same_time(&c->reason_ctime, &st->st_ctim);
}

/* The reason of a plain file: the remembered one, or a new judgement. */
static int why_plain(struct fs *fs, struct inode *i, int path_fd, char *out, size_t n)
{
	struct alcm_verdict v = { 0 };
	AUTO_CLOSE int fd = path_open_quietly(fd_path(path_fd));
	struct stat st;
	int err = 0;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!remembered(i, &st, v.reason))
		err = alcm_detect_file(fs->detect, fs->opt.min_size, fd, &st, &v);
	if (err)
		return err;
	if (!v.worth)
		content_remember(fs, i, &v, &st.st_ctim);
	return alcm_verdict_text(&v, &st, out, n);
}

int content_why(struct fs *fs, struct inode *i, int path_fd, char *out, size_t n)
{
	struct alcm_info info;
	int err = content_info(fs, i, path_fd, &info);

	if (!err && info.n_tensors)
		return snprintf(out, n, "%s: %llu tensors", info.format,
			(unsigned long long)info.n_tensors);
	if (!err && strcmp(info.format, "bytes") == 0)
		return snprintf(out, n, "its content");
	if (!err && strcmp(info.format, ALCM_FORMAT_BLOB) == 0)
		return snprintf(out, n, "%s", ALCM_FORMAT_BLOB_WHY);
	if (!err)
		return snprintf(out, n, "%s", info.format);
	return err == -ENODATA ? why_plain(fs, i, path_fd, out, n) : err;
}
