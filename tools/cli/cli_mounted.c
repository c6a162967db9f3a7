/* SPDX-License-Identifier: MIT */
#include "cli_mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "cli_sidecar.h"

/* How much of the absolute path `full` is the mount's root: above it the device changes. */
static size_t mount_root_len(char *full, dev_t dev)
{
	size_t root_len = strlen(full);

	while (root_len > 1) {
		size_t n = root_len;
		struct stat st;
		char kept;
		bool same;

		while (n > 0 && full[n - 1] != '/')
			n--;
		n = n > 1 ? n - 1 : 1;
		kept = full[n];
		full[n] = '\0';
		same = stat(full, &st) == 0 && st.st_dev == dev;
		full[n] = kept;
		if (!same)
			break;
		root_len = n;
	}
	return root_len;
}

int mounted_split(const char *path, dev_t dev, char **root, char **rel)
{
	char *full = realpath(path, NULL);
	size_t root_len;

	if (!full)
		return -errno;
	root_len = mount_root_len(full, dev);
	*rel = strdup(full[root_len] == '/' ? full + root_len + 1 : "");
	full[root_len] = '\0';
	*root = full;
	if (*rel)
		return 0;
	free(full);
	return -ENOMEM;
}

/* All of the file behind `fd` as text; NULL with errno set. */
static char *read_text(int fd)
{
	char *text = malloc(MOUNTED_REPORT_MAX + 1);
	size_t n = 0;
	ssize_t got = 1;

	while (text && got > 0 && n < MOUNTED_REPORT_MAX) {
		got = read(fd, text + n, MOUNTED_REPORT_MAX - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (text && got == 0) {
		text[n] = '\0';
		return text;
	}
	if (text && got > 0)
		errno = EFBIG;
	free(text);
	return NULL;
}

char *mounted_report(const char *root, const char *rel)
{
	char *sidecar = sidecar_path(rel), *path = sidecar ? cli_join(root, sidecar) : NULL;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char *text = NULL;

	free(sidecar);
	free(path);
	if (fd >= 0) {
		text = read_text(fd);
		close(fd);
	}
	return text;
}
