/* SPDX-License-Identifier: MIT */
/*
 * The 512 bytes at the start of a file that is being converted in place; conversion.h
 * says why. The layout is in docs/format.md, 2.7. A text for people follows the fields,
 * so `head FILE` explains itself.
 */
#include "blob/conversion.h"

#include <stdio.h>
#include <string.h>

#include "base/le.h"
#include "blob/disk.h"

static const uint8_t magic[8] = { 0x89, 'A', 'L', 'C', 'M', 'c', '\r', '\n' };

enum { VERSION = 1, FIXED_BYTES = 64 };

/* For people who look into the file. */
static const char text[] =
	"\nalcm was converting this file in place. Its whole content is in\n"
	".alcm/swap of its store. To finish: mount the store, or run\n"
	"alcm check --repair on the file.\n";

_Static_assert(sizeof(text) <= CONVERSION_BYTES - FIXED_BYTES, "the text has its place");

void conversion_put(uint8_t buf[CONVERSION_BYTES], const struct conversion *c)
{
	memset(buf, 0, CONVERSION_BYTES);
	memcpy(buf, magic, sizeof(magic));
	le_put32(buf + 16, VERSION);
	buf[20] = c->pack;
	memcpy(buf + 24, c->id, CONVERSION_ID_BYTES);
	le_put64(buf + 40, c->logical_bytes);
	memcpy(buf + FIXED_BYTES, text, sizeof(text) - 1);
	le_put64(buf + 8, disk_hash(buf + 16, CONVERSION_BYTES - 16));
}

bool conversion_begins(const uint8_t *buf, size_t n)
{
	return n >= sizeof(magic) && memcmp(buf, magic, sizeof(magic)) == 0;
}

/*
 * The checks follow the order of every frame: length, magic, checksum, version, fields.
 */
bool conversion_get(struct conversion *out, const uint8_t *buf, size_t n)
{
	if (n < CONVERSION_BYTES || !conversion_begins(buf, n) ||
		le_get64(buf + 8) != disk_hash(buf + 16, CONVERSION_BYTES - 16) ||
		le_get32(buf + 16) != VERSION || buf[20] > 1)
		return false;
	out->pack = buf[20];
	memcpy(out->id, buf + 24, CONVERSION_ID_BYTES);
	out->logical_bytes = le_get64(buf + 40);
	return true;
}
