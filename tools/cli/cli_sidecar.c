/* SPDX-License-Identifier: MIT */
/*
 * Reports beside a store's blobs, for pack, unpack and check. A mount writes them with
 * the same functions of the library, so both produce the same text.
 *
 *   MISSING   there is none; a mount makes it when it is asked for
 *   STALE     it is about an older commit, another name, or can't be read
 *   CURRENT   it says what a new one would say
 *
 * A report can't be wrong in a way that matters: nothing reads data by it. So check
 * counts reports that are not current without calling the store damaged.
 */
#include "cli_sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli.h"

enum sidecar_state sidecar_check(const struct alcm_store *store, const char *rel,
	const struct alcm_info *info, const struct timespec *mtime)
{
	enum sidecar_state state = SIDECAR_STALE;
	char name[PATH_MAX], *text = NULL;
	struct stat st;
	size_t len;
	int err = alcm_sidecar_name(rel, name, sizeof(name))
		?: alcm_sidecar_read(store, name, &text, &len, &st);

	if (err == -ENOENT)
		state = SIDECAR_MISSING;
	else if (!err && alcm_report_current(text, len, info, rel, mtime))
		state = SIDECAR_CURRENT;
	alcm_free_text(text);
	return state;
}

int sidecar_write(const struct alcm_store *store, const char *rel,
	const struct alcm_info *info, int fd)
{
	char name[PATH_MAX], *text = NULL;
	struct stat st;
	int err = alcm_sidecar_name(rel, name, sizeof(name))
		?: or_errno(fstat(fd, &st))
		?: alcm_report_json(info, rel, &st.st_mtim, &text)
		?: alcm_sidecar_write(store, name, text, fd);
	alcm_free_text(text);
	return err;
}

int sidecar_write_for(struct alcm *alcm, const struct alcm_store *store, const char *rel)
{
	AUTO_CLOSE int fd = alcm_open_beneath(alcm_store_dirfd(store), rel, O_RDONLY, 0);
	struct alcm_blob *blob = NULL;
	struct alcm_info info;
	int err = (fd < 0 ? fd : alcm_blob_open(alcm, fd, false, &blob, NULL))
		?: alcm_blob_info(blob, &info, NULL)
		?: alcm_blob_list_tensors(blob, &info)
		?: sidecar_write(store, rel, &info, fd);

	alcm_blob_close(blob);
	return err;
}

void sidecar_remove(const struct alcm_store *store, const char *rel)
{
	char name[PATH_MAX];

	if (!alcm_sidecar_name(rel, name, sizeof(name)))
		(void)alcm_sidecar_remove(store, name, false);
}
