/* SPDX-License-Identifier: MIT */
/*
 * The name of a file's sidecar: NAME.json. If that is longer than a name can be, or is
 * the name of the summary, it is BEGINNING.HASH.json, with the hash of all of NAME.
 *
 *   w.npy       w.npy.json
 *   summary     summary.HASH.json       summary.json is the directory's
 *   255 × "x"   xxx….HASH.json          233 of the x are kept, as NAME_MAX is 255
 *
 * The way back is a search in the directory, as a hash can't be undone; it is needed
 * rarely.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "alcm.h"
#include "base/beneath.h"
#include "base/fd.h"

#define SUFFIX ".json"

enum {
	SUFFIX_LEN = sizeof(SUFFIX) - 1,
	HASH_DIGITS = 16,
	KEPT_MAX = NAME_MAX - SUFFIX_LEN - HASH_DIGITS - 1, /* of BEGINNING */
};

/* The last component of a path. */
static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "summary" has an unusual name, because its usual one is the directory's summary. */
static bool has_usual_name(const char *last)
{
	static const char summary[] = ALCM_SUMMARY_NAME;

	return strlen(last) + SUFFIX_LEN <= NAME_MAX &&
		(strncmp(last, summary, strlen(last)) != 0 ||
			strcmp(&summary[strlen(last)], SUFFIX) != 0);
}

/* Don't cut a UTF-8 character in two: some stores accept valid names only. */
static size_t kept_len(const char *last)
{
	size_t n = strlen(last);

	if (n <= KEPT_MAX)
		return n;
	n = KEPT_MAX;
	while (n > KEPT_MAX - 4 && ((unsigned char)last[n] & 0xc0) == 0x80)
		n--;
	return n;
}

int alcm_sidecar_name(const char *file, char *out, size_t capacity)
{
	const char *last = last_of(file);
	int n;

	if (has_usual_name(last))
		n = snprintf(out, capacity, "%s" SUFFIX, file);
	else
		n = snprintf(out, capacity, "%.*s.%016llx" SUFFIX,
			(int)((size_t)(last - file) + kept_len(last)), file,
			(unsigned long long)XXH3_64bits(last, strlen(last)));
	return n < 0 || (size_t)n >= capacity ? -ENAMETOOLONG : 0;
}

/* Such a name may also be a real file's, so the caller looks at the store first. */
static bool ends_in_hash(const char *file)
{
	size_t n = strlen(last_of(file));
	const char *hash = file + strlen(file) - HASH_DIGITS;

	return n > HASH_DIGITS && hash[-1] == '.' &&
		strspn(hash, "0123456789abcdef") == HASH_DIGITS;
}

/* Search the directory for the file with this sidecar, among names that have no usual
   one; its name replaces the one in `out`. */
static void find_unusual(int store_dirfd, const char *sidecar, char *out, size_t capacity)
{
	char last[NAME_MAX + 1], its[NAME_MAX + 1];
	AUTO_CLOSE int parent = beneath_parent(store_dirfd, sidecar, last);
	size_t at = (size_t)(last_of(sidecar) - sidecar);
	const struct dirent *e;
	DIR *dir;

	if (parent < 0 ||
		fd_opendir(openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), &dir))
		return;
	while ((e = readdir(dir))) {
		if (!has_usual_name(e->d_name) &&
			!alcm_sidecar_name(e->d_name, its, sizeof(its)) && strcmp(its, last) == 0)
			(void)snprintf(out + at, capacity - at, "%s", e->d_name);
	}
	closedir(dir);
}

int alcm_sidecar_file(const struct alcm_store *store, const char *sidecar, char *out,
	size_t capacity)
{
	size_t n = strlen(last_of(sidecar)), len = strlen(sidecar);

	if (n <= SUFFIX_LEN || strcmp(sidecar + len - SUFFIX_LEN, SUFFIX) != 0)
		return -EINVAL;
	if (len + NAME_MAX >= capacity)
		return -ENAMETOOLONG;
	(void)snprintf(out, capacity, "%.*s", (int)(len - SUFFIX_LEN), sidecar);
	if (ends_in_hash(out) && !beneath_exists(alcm_store_dirfd(store), out))
		find_unusual(alcm_store_dirfd(store), sidecar, out, capacity);
	return 0;
}
