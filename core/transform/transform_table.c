/* SPDX-License-Identifier: MIT */
#include "transform/transform_table.h"

#include <stddef.h>

enum { WORD_WIDTHS = 1u << 2 | 1u << 4 | 1u << 8 };

static const struct transform table[] = {
	[TRANSFORM_NONE] = { "none", TRANSFORM_KIND_WHOLE, false, false, 0 },
	[TRANSFORM_BYTES] = { "bytes", TRANSFORM_KIND_PLANES, false, false, 0xfffffffdu },
	[TRANSFORM_FLOAT] = { "float", TRANSFORM_KIND_PLANES, true, false, WORD_WIDTHS },
	[TRANSFORM_GRID] = { "grid", TRANSFORM_KIND_GRID, false, false, WORD_WIDTHS },
	[TRANSFORM_BITS] = { "bits", TRANSFORM_KIND_BITS, false, false, 1u << 1 },
	[TRANSFORM_BIT_PLANES] = { "bit planes", TRANSFORM_KIND_BIT_PLANES, false, false, 1u << 1 },
	[TRANSFORM_DELTAS] = { "deltas", TRANSFORM_KIND_PLANES, false, true, WORD_WIDTHS },
	[TRANSFORM_SPARSE] = { "sparse", TRANSFORM_KIND_SPARSE, true, false, WORD_WIDTHS },
};

const struct transform *transform_find(uint8_t id)
{
	return id < sizeof(table) / sizeof(table[0]) ? &table[id] : NULL;
}

unsigned transform_n_planes(const struct transform *t, unsigned width)
{
	switch (t->kind) {
	case TRANSFORM_KIND_PLANES:
		return width;
	case TRANSFORM_KIND_GRID:
		return 2;
	case TRANSFORM_KIND_BIT_PLANES:
		return 8;
	case TRANSFORM_KIND_SPARSE:
		return 2 + width;
	default:
		return 1;
	}
}

bool transform_takes(const struct transform *t, unsigned width)
{
	if (t->kind == TRANSFORM_KIND_WHOLE)
		return width == 0;
	if (t->kind == TRANSFORM_KIND_BITS || t->kind == TRANSFORM_KIND_BIT_PLANES)
		return width == 1;
	return width >= 2 && width <= TRANSFORM_MAX_PLANES && (t->widths >> (width % 32) & 1);
}
