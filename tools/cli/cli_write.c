/* SPDX-License-Identifier: MIT */
/*
 * Output files, on top of cli_new_file.c.
 *
 *   cli_may_write()      before the work: refuse an existing output without --force
 *   cli_write_output()   after it: the same check again, then write and rename
 *   cli_write_file()     no check; for files that a verb keeps up to date
 *
 * The early check spares the user an hour of work for a result that can't be written. The
 * late one counts, and RENAME_NOREPLACE makes it safe against a file that has appeared in
 * between.
 */
#include "cli_write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli_new_file.h"

/* new_file_begin() gives mode 0600. The output gets what the umask leaves of 0666, like a
   file made by the shell. */
static int give_usual_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return or_errno(fchmod(fd, 0666 & ~mask));
}

static enum cli_exit write_file(struct cli *cli, const char *path, bool replace,
	int (*put)(void *ctx, int fd), void *ctx)
{
	struct new_file file;
	int err = new_file_begin(AT_FDCWD, path, &file);

	if (!err) {
		err = put(ctx, file.fd) ?: give_usual_mode(file.fd);
		if (err)
			new_file_drop(&file);
		else
			err = new_file_end(&file, replace);
	}
	return err ? cli_error_from(cli, path, err, NULL) : CLI_OK;
}

enum cli_exit cli_write_file(struct cli *cli, const char *path,
	int (*put)(void *ctx, int fd), void *ctx)
{
	return write_file(cli, path, true, put, ctx);
}

enum cli_exit cli_may_write(struct cli *cli, const char *path)
{
	struct stat st;

	if (!path || cli->force || lstat(path, &st) != 0)
		return CLI_OK;
	return cli_error(cli, path, "exists already; --force replaces it");
}

enum cli_exit cli_write_output(struct cli *cli, const char *path,
	int (*put)(void *ctx, int fd), void *ctx)
{
	enum cli_exit status = cli_may_write(cli, path);

	return status ? status : write_file(cli, path, cli->force, put, ctx);
}

static int put_text(void *ctx, int fd)
{
	return fd_write(fd, ctx, strlen(ctx));
}

enum cli_exit cli_write_output_text(struct cli *cli, const char *path, const char *text)
{
	return cli_write_output(cli, path, put_text, (void *)(uintptr_t)text);
}

enum cli_exit cli_write_text(struct cli *cli, const char *path, const char *text)
{
	return cli_write_file(cli, path, put_text, (void *)(uintptr_t)text);
}
