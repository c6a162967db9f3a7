/* SPDX-License-Identifier: MIT */
#include "transform/transform_table.h"

#include <stddef.h>

static const struct transform table[] = {
	[TRANSFORM_NONE] = { "none", false, false, 0 },
	[TRANSFORM_BYTES] = { "bytes", true, false, 0xfffffffdu },
	[TRANSFORM_FLOAT] = { "float", true, true, 1u << 2 | 1u << 4 | 1u << 8 },
};

const struct transform *transform_find(uint8_t id)
{
	return id < sizeof(table) / sizeof(table[0]) ? &table[id] : NULL;
}

bool transform_takes(const struct transform *t, unsigned width)
{
	if (!t->planes)
		return width == 0;
	return width >= 2 && width <= TRANSFORM_MAX_PLANES && (t->widths >> (width % 32) & 1);
}
