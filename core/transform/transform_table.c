/* SPDX-License-Identifier: MIT */
/*
 * The table of transforms, by their number on disk (docs/format.md, section 3.1). A new
 * transform is a file with a row, and a line in TRANSFORMS.
 *
 * Rows without code of their own are here. `none` does nothing. For `grid` and `copy` the
 * codec calls codec/grid.h and codec/copy.h, since they need more than a part's bytes: a
 * coder for codes, and another record. So these two have no functions; `codes` and
 * `refers` tell the codec before it would call one.
 */
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

/* The id is from disk. NULL isn't damage, but a newer alcm's record. */
const struct transform_ops *transform_find(uint8_t id)
{
	return id < sizeof(table) / sizeof(table[0]) ? table[id] : NULL;
}

/* The width may be any byte from disk; a shift by 64 or more would be undefined. */
bool transform_takes(const struct transform_ops *t, unsigned width)
{
	return width < 64 && t->widths >> width & 1;
}

unsigned transform_n_planes(const struct transform_ops *t, unsigned width)
{
	return t->n_planes + (t->per_byte ? width : 0);
}
