/* SPDX-License-Identifier: MIT */
#include "format/container.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

bool format_read(const struct format_reader *file, void *buf, size_t n, uint64_t off)
{
	return off <= file->size && n <= file->size - off && !file->read(file->ctx, buf, n, off);
}

uint64_t container_later(const struct format_reader *file)
{
	return file->size + file->size / 4 + 4096;
}

/* Which container the file is, once its first bytes are there. */
static void recognise(struct container *c, const struct format_reader *file)
{
	uint8_t prefix[FORMAT_BEGIN_BYTES];
	size_t len = (size_t)min_u64(sizeof(prefix), file->size), n;
	const struct format *table = format_table(&n);

	c->head_bytes = sizeof(prefix);
	c->wants = CONTAINER_DONE;
	if (!format_read(file, prefix, len, 0))
		return;
	for (size_t i = 0; i < n && !c->format; i++) {
		if (table[i].begins && table[i].begins(prefix, len))
			c->format = &table[i];
	}
	if (c->format)
		c->wants = 0;
	else if (len < sizeof(prefix))
		c->wants = sizeof(prefix);
}

void container_update(struct container *c, const struct format_reader *file)
{
	if (file->size < c->wants || c->wants == CONTAINER_DONE)
		return;
	if (!c->format)
		recognise(c, file);
	if (!c->format)
		return;
	c->wants = CONTAINER_DONE;
	c->format->walk(c, file);
	if (!segments_sort(&c->segments)) {
		segments_release(&c->segments);
		c->wants = CONTAINER_DONE;
	}
}

void container_reset(struct container *c)
{
	if (c->format && c->format->release)
		c->format->release(c);
	segments_release(&c->segments);
	memset(c, 0, sizeof(*c));
}

int container_cut(const struct container *c, uint64_t off, uint64_t end, struct segment **out,
	size_t *n)
{
	const struct segments *l = &c->segments;
	size_t first = segments_find(l->items, l->n, off), last = first;

	*out = NULL;
	*n = 0;
	while (last < l->n && l->items[last].offset < end)
		last++;
	if (first == last)
		return 0;
	*out = mem_alloc((last - first) * sizeof(**out));
	if (!*out)
		return -ENOMEM;
	memcpy(*out, l->items + first, (last - first) * sizeof(**out));
	*n = last - first;
	return 0;
}
