/* SPDX-License-Identifier: MIT */
/* The table of transforms. `none` and `grid` have their rows here: one does nothing, and
   for the other the codec calls codec/grid.h. */
#include "transform/transform_table.h"

#include <stddef.h>

static struct plane_name name_whole(unsigned no)
{
	(void)no;
	return (struct plane_name){ "bytes", -1, "" };
}

/* The plane is the part itself, so nothing is copied. */
static void split_none(const struct transform_part *part, const uint8_t *raw, uint8_t *to,
	uint8_t *scratch, struct transform_planes *planes)
{
	(void)to, (void)scratch;
	planes->at[0] = raw;
	planes->len[0] = part->n_bytes;
}

const struct transform_ops transform_none = {
	.name = "none",
	.widths = 1u << 0,
	.n_planes = 1,
	.value_bits = 8,
	.plane_name = name_whole,
	.plane_len = transform_elements,
	.split = split_none,
};

static struct plane_name name_grid(unsigned no)
{
	return (struct plane_name){ no ? "codes" : "scales", -1, "" };
}

const struct transform_ops transform_grid = {
	.name = "grid",
	.widths = TRANSFORM_WORDS,
	.n_planes = 2,
	.n_extra = 1,
	.codes = true,
	.plane_name = name_grid,
};

static struct plane_name name_reference(unsigned no)
{
	(void)no;
	return (struct plane_name){ "reference", -1, "" };
}

const struct transform_ops transform_copy = {
	.name = "copy",
	.widths = 1u << 0,
	.n_planes = 1,
	.refers = true,
	.value_bits = 8,
	.plane_name = name_reference,
};

#define TRANSFORM_ROW(id, NAME, row) [id] = &transform_##row,
static const struct transform_ops *const table[] = { TRANSFORMS(TRANSFORM_ROW) };
#undef TRANSFORM_ROW

const struct transform_ops *transform_find(uint8_t id)
{
	return id < sizeof(table) / sizeof(table[0]) ? table[id] : NULL;
}

bool transform_takes(const struct transform_ops *t, unsigned width)
{
	return width < 64 && t->widths >> width & 1;
}

unsigned transform_n_planes(const struct transform_ops *t, unsigned width)
{
	return t->n_planes + (t->per_byte ? width : 0);
}
