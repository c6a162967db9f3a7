/* SPDX-License-Identifier: MIT */
/*
 * Acknowledged changes that couldn't be stored: pages of a mapping that don't fit, a
 * failed fsync() of the store. The kernel counts such pages as clean and reports the
 * error to one caller only, so the file remembers. Every fsync() and every close of a
 * writer fails until the lost ranges are written again or cut off.
 *
 *   lost [0, 100)                     a page that didn't fit
 *   write of [40, 60) succeeds        leaves [0, 40) and [60, 100)
 *   truncate to 50                    leaves [0, 40)
 *   write of [0, 40) succeeds         leaves nothing: fsync() succeeds again
 *
 * The list lives in the content, and is_memorable() (content_state.c) keeps that while
 * there is one: a program can't get rid of the error by closing and opening the file. It
 * doesn't survive the mount. Whatever is uncertain counts as lost, because an error too
 * many makes a program save again, and an error too few loses data.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "inode.h"
#include "mount_log.h"
#include "path.h"

/* More than the pieces that the kernel writes at once, in any order. */
enum { MAX_RANGES = 64 };

struct range {
	off_t from, to; /* half-open */
};

struct lost {
	int err; /* the first error */
	unsigned n;
	struct range ranges[MAX_RANGES];
};

/* Used when there is no memory: everything is lost, for good. */
static struct lost everything = { .err = -EIO, .n = 1, .ranges = { { 0, CONTENT_END } } };

/* Add a range. If the list is full, its last range grows: losing too much is safer than
   too little. An added range may overlap others; cut() treats each by itself. */
static void add(struct lost *l, off_t from, off_t to)
{
	struct range *last;

	if (l->n < MAX_RANGES) {
		l->ranges[l->n++] = (struct range){ from, to };
		return;
	}
	last = &l->ranges[MAX_RANGES - 1];
	last->from = from < last->from ? from : last->from;
	last->to = to > last->to ? to : last->to;
}

/* Remove [from, to). A range that it would split stays whole if the list is full. The
   four cases of a range: split in two, beginning cut off (or all of it), end cut off,
   untouched. Ranges that became empty are removed afterwards. The second half of a split
   range goes to the end of the list, beyond `n`, and isn't looked at again. */
static void cut(struct lost *l, off_t from, off_t to)
{
	unsigned n = l->n, kept = 0;

	for (unsigned k = 0; k < n; k++) {
		struct range r = l->ranges[k];

		if (r.from < from && r.to > to && l->n < MAX_RANGES) {
			add(l, to, r.to);
			r.to = from;
		} else if (from <= r.from && to > r.from) {
			r.from = to < r.to ? to : r.to;
		} else if (to >= r.to && from < r.to) {
			r.to = from;
		}
		l->ranges[k] = r;
	}
	for (unsigned k = 0; k < l->n; k++)
		if (l->ranges[k].from < l->ranges[k].to)
			l->ranges[kept++] = l->ranges[k];
	l->n = kept;
}

/* Only the first loss is logged. The kernel sends many pages that don't fit, and one line
   already says that each fsync fails. */
void content_lose(struct fs *fs, struct inode *i, int err, off_t from, off_t to)
{
	struct content *c = i->content;
	char path[PATH_TEXT];
	bool first;

	{
		WITH_LOCK(&c->lock);
		first = !c->lost;
		if (first)
			c->lost = calloc(1, sizeof(*c->lost));
		if (!c->lost)
			c->lost = &everything;
		if (first && c->lost != &everything)
			c->lost->err = err;
		if (c->lost != &everything)
			add(c->lost, from, to);
	}
	if (first)
		fs_log(fs, ALCM_LOG_ERROR,
			"%s: changes at offset %lld could not be stored and are lost: %s; each fsync "
			"and close fails until they are written again",
			path_of(fs, i->path_fd, path), (long long)from, strerror(-err));
}

static void forget_locked(struct content *c)
{
	if (c->lost != &everything)
		free(c->lost);
	c->lost = NULL;
}

void content_regain(struct inode *i, off_t from, off_t to)
{
	struct content *c = i->content;

	WITH_LOCK(&c->lock);
	if (!c->lost)
		return;
	if (c->lost != &everything)
		cut(c->lost, from, to);
	if (!c->lost->n || (!from && to == CONTENT_END))
		forget_locked(c);
}

int content_lost(struct inode *i)
{
	WITH_LOCK(&i->content->lock);
	return i->content->lost ? i->content->lost->err : 0;
}

void content_lost_release(struct inode *i)
{
	WITH_LOCK(&i->content->lock);
	forget_locked(i->content);
}
