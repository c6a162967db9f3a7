/* SPDX-License-Identifier: MIT */
/* Log lines of a mount: to stderr in the foreground, to syslog as a daemon. Each names
   the file it is about, relative to the store. */
#include "mount_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "fs.h"
#include "path.h"

void fs_log(struct fs *fs, enum alcm_log_level level, const char *fmt, ...)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO };
	va_list ap;

	if (level == ALCM_LOG_ERROR)
		activity_count(&fs->activity, ACTIVITY_N_LOGGED_ERRORS, 1);
	va_start(ap, fmt);
	if (fs->to_syslog) {
		vsyslog(priorities[level], fmt, ap);
	} else {
		char text[1024];

		vsnprintf(text, sizeof(text), fmt, ap);
		fprintf(stderr, "alcmfs: %s\n", text);
	}
	va_end(ap);
}

void fs_log_core(void *ctx, enum alcm_log_level level, const char *text)
{
	fs_log(ctx, level, "%s", text);
}

void fs_log_file(void *ctx, int fd, enum alcm_log_level level, const char *text)
{
	char path[PATH_TEXT];

	if (fd < 0)
		fs_log_core(ctx, level, text);
	else
		fs_log(ctx, level, "%s: %s", path_of(ctx, fd, path), text);
}

void fs_fail(const char *fmt, ...)
{
	va_list ap;

	fputs("alcmfs: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
