/* SPDX-License-Identifier: MIT */
/*
 * Reading long attributes. The kernel limits a value to 64 KiB, so a longer document is
 * also offered in pieces: NAME.0, NAME.1, … A piece shorter than ALCM_DOCUMENT_PIECE is
 * the last.
 *
 *   user.alcm.report      the whole document, if the kernel lets it through
 *   user.alcm.report.0    full ──┐
 *   user.alcm.report.1    full   ├─ joined
 *   user.alcm.report.2    short ─┘
 *   user.alcm.report.0    the same as before? Then nothing has changed between the pieces
 *
 * The mount makes each piece from a document of that moment (fs/documents.c), so a save
 * in between would join halves of two reports.
 */
#include "cli_mounted.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/xattr.h>

#include "alcm.h"

enum {
	VALUE_MAX = 64 << 10, /* the kernel's limit */
	N_TRIES = 5,          /* while the file changes */
	NAME_ROOM = 64,
};

/* The file that an attribute is read from. */
struct place {
	int fd; /* -1: by path */
	const char *path;
};

static ssize_t get(const struct place *at, const char *name, char *buf, size_t capacity)
{
	return at->fd >= 0 ? fgetxattr(at->fd, name, buf, capacity)
					   : getxattr(at->path, name, buf, capacity);
}

static ssize_t get_piece(const struct place *at, const char *name, unsigned k, char *buf)
{
	char piece[NAME_ROOM];

	(void)snprintf(piece, sizeof(piece), "%s.%u", name, k);
	return get(at, piece, buf, ALCM_DOCUMENT_PIECE);
}

/* Read all pieces one by one. Returns the total length, or -1 and errno. The end is the
   first piece that isn't full, so a document whose length is a multiple of the piece ends
   with an empty one. */
static ssize_t get_pieces(const struct place *at, const char *name, char *text)
{
	ssize_t n = ALCM_DOCUMENT_PIECE, len = 0;

	for (unsigned k = 0; n == ALCM_DOCUMENT_PIECE; k++) {
		if (k == ALCM_DOCUMENT_PIECES) {
			errno = EFBIG;
			return -1;
		}
		n = get_piece(at, name, k, text + len);
		if (n < 0)
			return -1;
		len += n;
	}
	return len;
}

/* The first piece of a report names the commit. If it is unchanged after the last piece,
   all pieces are from the same report. */
static bool unchanged(const struct place *at, const char *name, const char *text)
{
	char first[ALCM_DOCUMENT_PIECE];

	return get_piece(at, name, 0, first) == ALCM_DOCUMENT_PIECE &&
		memcmp(first, text, sizeof(first)) == 0;
}

/* The file may change between two pieces; then everything is read again. */
static char *get_long(const struct place *at, const char *name)
{
	char *text = malloc((size_t)ALCM_DOCUMENT_PIECE * ALCM_DOCUMENT_PIECES + 1);
	ssize_t n = -1;

	for (unsigned k = 0; text && k < N_TRIES; k++) {
		n = get_pieces(at, name, text);
		if (n < 0)
			break;
		if (n < ALCM_DOCUMENT_PIECE || unchanged(at, name, text)) {
			text[n] = '\0';
			return text;
		}
		errno = EAGAIN;
	}
	free(text);
	return NULL;
}

/* E2BIG comes from the kernel, ERANGE from the mount: both say that it is too long. */
char *mounted_document(int fd, const char *path, const char *name)
{
	const struct place at = { fd, path };
	char buf[VALUE_MAX];
	ssize_t n = get(&at, name, buf, sizeof(buf));

	if (n < 0)
		return errno == E2BIG || errno == ERANGE ? get_long(&at, name) : NULL;
	return strndup(buf, (size_t)n);
}
