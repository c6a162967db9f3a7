/* SPDX-License-Identifier: MIT */
#include "cli_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mkostemp(3) gives 0600; a file that someone creates has what the umask leaves. */
static int give_usual_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask) == 0 ? 0 : -errno;
}

enum cli_exit cli_write_file(struct cli *cli, const char *path, int (*put)(void *ctx, int fd),
	void *ctx)
{
	char *tmp;
	int fd, err;

	if (asprintf(&tmp, "%s.XXXXXX", path) < 0)
		return cli_error(cli, NULL, "out of memory");
	fd = mkostemp(tmp, O_CLOEXEC);
	err = fd < 0 ? -errno : put(ctx, fd);
	if (!err)
		err = give_usual_mode(fd);
	if (fd >= 0 && close(fd) != 0 && !err)
		err = -errno;
	if (!err && rename(tmp, path) != 0)
		err = -errno;
	if (fd >= 0 && err)
		unlink(tmp);
	free(tmp);
	return err ? cli_error_from(cli, path, err, NULL) : CLI_OK;
}

static int put_text(void *ctx, int fd)
{
	const char *text = ctx;
	size_t left = strlen(text);

	while (left) {
		ssize_t put = write(fd, text, left);

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0) {
			text += put;
			left -= (size_t)put;
		}
	}
	return 0;
}

enum cli_exit cli_write_text(struct cli *cli, const char *path, const char *text)
{
	return cli_write_file(cli, path, put_text, (void *)(uintptr_t)text);
}
