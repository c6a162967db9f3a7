/* SPDX-License-Identifier: MIT */
/*
 * Verdicts that stay with their files, in an extended attribute. Size and mtime in the
 * text tell whether the file has changed since. A verdict that can't be stored is only
 * made again.
 *
 * Only "not worth it" is kept, and only if a sample said so: a file worth compressing is
 * compressed soon, and the other verdicts come from its size or its first bytes, which
 * are cheap to look at again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "alcm_detect.h"
#include "base/fd.h"
#include "report/verdict_text.h"

/* Wraps for years far off, which is fine, as it is only compared. */
static int64_t to_ns(const struct timespec *t)
{
	return (int64_t)((uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec);
}

/* Read the kept verdict, if it is about the file as it is now. */
static bool read_kept(int fd, const struct stat *st, struct verdict_text *out)
{
	char text[VERDICT_TEXT_MAX];
	ssize_t n = getxattr(fd_path(fd), ALCM_VERDICT_XATTR, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return verdict_text_read(text, out) && out->size == (uint64_t)st->st_size &&
		out->mtime_ns == to_ns(&st->st_mtim);
}

static int write_kept(int fd, const struct verdict_text *v)
{
	char text[VERDICT_TEXT_MAX];

	if (!verdict_text_write(v, text))
		return -EINVAL;
	return or_errno(setxattr(fd_path(fd), ALCM_VERDICT_XATTR, text, strlen(text), 0));
}

int alcm_verdict_keep(int fd, enum alcm_detect detect, const struct stat *st,
	const struct alcm_verdict *verdict)
{
	struct verdict_text v = { .size = (uint64_t)st->st_size,
		.mtime_ns = to_ns(&st->st_mtim) };

	if (verdict->worth || !verdict->sampled)
		return -EINVAL;
	snprintf(v.level, sizeof(v.level), "%s", detect_name(detect));
	snprintf(v.reason, sizeof(v.reason), "%s", verdict->reason);
	return write_kept(fd, &v);
}

bool verdict_kept(int fd, enum alcm_detect detect, const struct stat *st,
	struct alcm_verdict *out)
{
	struct verdict_text v;

	if (!read_kept(fd, st, &v) || strcmp(v.level, detect_name(detect)) != 0)
		return false;
	*out = (struct alcm_verdict){ .sampled = true };
	snprintf(out->reason, sizeof(out->reason), "%s", v.reason);
	return true;
}

/* An mtime that a user sets doesn't change the content, so the verdict follows it. */
void alcm_verdict_touched(int fd, const struct stat *before, const struct timespec *mtime)
{
	struct verdict_text v;

	if (!read_kept(fd, before, &v))
		return;
	v.mtime_ns = to_ns(mtime);
	(void)write_kept(fd, &v);
}

void alcm_verdict_drop(int fd)
{
	(void)removexattr(fd_path(fd), ALCM_VERDICT_XATTR);
}
