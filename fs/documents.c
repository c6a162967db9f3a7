/* SPDX-License-Identifier: MIT */
/*
 * Documents as extended attributes. A value has at most 64 KiB, so longer texts are read
 * in pieces: NAME.0, NAME.1, …
 *
 *   getxattr user.alcm.report     all of it; fails with E2BIG or ERANGE if it is too long
 *   getxattr user.alcm.report.0   its first ALCM_DOCUMENT_PIECE bytes
 *   getxattr user.alcm.report.1   the next; a shorter piece is the last
 *
 * Each piece is cut from a text that is made for this call, so no state is kept between
 * two calls. A reader that needs all pieces of one moment compares the first with a
 * second look at it (tools/cli/cli_mounted.c).
 *
 * To add a document, write a function that makes the text and add a row to `documents`;
 * the manual page lists them.
 */
#include "documents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin.h"
#include "inode.h"
#include "mount_stats.h"

enum { VALUE_MAX = 64 << 10 }; /* the longest value of an extended attribute */

/* ---- the documents ----------------------------------------------------------------- */

static int report(struct fs *fs, struct inode *i, int fd, bool names, char **out)
{
	(void)names;
	return S_ISREG(i->id.type) ? admin_report(fs, i, fd, out) : -ENODATA;
}

static int scheduler(struct fs *fs, struct inode *i, int fd, bool names, char **out)
{
	(void)names;
	return S_ISDIR(i->id.type) ? admin_scheduler(fs, fd, out) : -ENODATA;
}

/* The mount's figures. File names are left out if they make it too long. */
static int stats(struct fs *fs, struct inode *i, int fd, bool names, char **out)
{
	char *text = stats_json(fs, names);

	(void)i;
	(void)fd;
	if (text && strlen(text) > VALUE_MAX) {
		alcm_free_text(text);
		text = stats_json(fs, false);
	}
	*out = text;
	return text ? 0 : -ENOMEM;
}

static const struct {
	const char *name;
	int (*make)(struct fs *fs, struct inode *inode, int fd, bool names, char **out);
} documents[] = {
	{ "report", report },
	{ "scheduler", scheduler },
	{ "stats", stats },
};

/* ---- pieces ------------------------------------------------------------------------ */

/* Whether `name` is NAME (then `*piece` is -1) or NAME.K. */
static bool is_of(const char *name, const char *document, long *piece)
{
	size_t n = strlen(document);
	char *end;

	*piece = -1;
	if (strncmp(name, document, n) != 0)
		return false;
	if (!name[n])
		return true;
	if (name[n] != '.' || name[n + 1] < '0' || name[n + 1] > '9')
		return false;
	*piece = strtol(name + n + 1, &end, 10);
	return !*end && *piece < ALCM_DOCUMENT_PIECES;
}

/* Cut the text down to one piece; returns its length. */
static size_t cut(char *text, size_t len, long piece)
{
	size_t from = (size_t)piece * ALCM_DOCUMENT_PIECE, n;

	from = from < len ? from : len;
	n = len - from < ALCM_DOCUMENT_PIECE ? len - from : ALCM_DOCUMENT_PIECE;
	memmove(text, text + from, n);
	return n;
}

ssize_t document_get(struct fs *fs, struct inode *inode, int fd, const char *name,
	bool names, char **out)
{
	for (size_t k = 0; k < sizeof(documents) / sizeof(documents[0]); k++) {
		char *text;
		long piece;
		size_t len;
		int err;

		if (!is_of(name, documents[k].name, &piece))
			continue;
		err = inode->admin ? -ENODATA : documents[k].make(fs, inode, fd, names, &text);
		if (err)
			return err;
		len = strlen(text);
		*out = text;
		return (ssize_t)(piece < 0 ? len : cut(text, len, piece));
	}
	return -ENODATA;
}
