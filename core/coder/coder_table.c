/* SPDX-License-Identifier: MIT */
/*
 * The table of coders, and the memory that they need in each thread. `bins` has no
 * functions here: it codes integers of a transform, not bytes, so the codec calls it by
 * name.
 *
 * The ids are on disk (docs/format.md, section 3.2), so rows are only ever added. A new
 * coder is a file with a row, and a line in CODERS. It must decode hostile input into
 * exactly n bytes or fail. What it encodes is decoded and compared before it is stored
 * (unless params.verify is off), so a fault of an encoder costs time and no data.
 */
#include "coder/coder_table.h"

#include <errno.h>

#include "base/alloc.h"

const struct coder_ops coder_bins = { .name = "bins", .codes = true };

#define CODER_ROW(id, NAME, row) [id] = &coder_##row,
static const struct coder_ops *const table[CODER_COUNT] = { CODERS(CODER_ROW) };
#undef CODER_ROW

int coder_state_new(struct coder_state **out)
{
	struct coder_state *s = mem_zalloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	for (unsigned id = 0; id < CODER_COUNT; id++) {
		if (!table[id]->state_new)
			continue;
		s->own[id] = table[id]->state_new();
		if (!s->own[id]) {
			coder_state_free(s);
			return -ENOMEM;
		}
	}
	*out = s;
	return 0;
}

void coder_state_free(struct coder_state *s)
{
	if (!s)
		return;
	for (unsigned id = 0; id < CODER_COUNT; id++) {
		if (s->own[id])
			table[id]->state_free(s->own[id]);
	}
	mem_free(s);
}

void coder_set_rows(struct coder_state *s, uint32_t row_len, uint32_t row_skip)
{
	s->row_len = row_len;
	s->row_skip = row_skip;
}

void coder_set_counts(struct coder_state *s, const uint32_t counts[256])
{
	s->counts = counts;
}

const struct coder_ops *coder_find(uint8_t id)
{
	return id < CODER_COUNT ? table[id] : NULL;
}

const char *coder_name(uint8_t id)
{
	return id < CODER_COUNT ? table[id]->name : "?";
}
