/* SPDX-License-Identifier: MIT */
/*
 * The head of a GGUF file is read front to back through a window, because vocabularies in
 * it take megabytes. Reading stops for good at the file's present end (`cut`: try again
 * later) or at something impossible (`bad`). After that every read returns 0 or NULL, so
 * callers check once at the end.
 *
 *   "GGUF" │ version │ n_tensors │ n_metadata │ key, kind, value │ … │
 *   name, dimensions, type, offset │ … │ padding to the alignment │ tensors
 *
 * Counts and lengths have 64 bits. They aren't limited by numbers, but by the file: each
 * step reads at least one byte of it, and the cursor never passes the end (at ≤ size), so
 * no subtraction of the two wraps.
 *
 * A head that is cut is read from the start when the file is a quarter larger. So all
 * attempts together read a few times the head.
 *
 * Version 1 has counts of 32 bits and isn't read. Big-endian files have their version's
 * bytes swapped, so they don't match either.
 */
#include "format/gguf.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"

enum {
	HEAD_BYTES = 24,
	MAX_DIMS = 4,
	MAX_NAME = 256,
	MAX_DEPTH = 4, /* arrays of arrays */
	DEFAULT_ALIGNMENT = 32,
	WINDOW = 64 << 10,
};

struct type {
	const char *name;
	uint16_t elems, bytes; /* of a block */
	enum dtype_id dtype;
};

/* Quantised types by ggml's number (ggml.h, enum ggml_type; ggml-common.h has the
   blocks). A block of them is an opaque element here: one of Q4_0 is a scale of two bytes
   and 32 weights of half a byte. */
static const struct type quantised[] = {
	[2] = { "Q4_0", 32, 18 },
	[3] = { "Q4_1", 32, 20 },
	[6] = { "Q5_0", 32, 22 },
	[7] = { "Q5_1", 32, 24 },
	[8] = { "Q8_0", 32, 34 },
	[9] = { "Q8_1", 32, 36 },
	[10] = { "Q2_K", 256, 84 },
	[11] = { "Q3_K", 256, 110 },
	[12] = { "Q4_K", 256, 144 },
	[13] = { "Q5_K", 256, 176 },
	[14] = { "Q6_K", 256, 210 },
	[15] = { "Q8_K", 256, 292 },
	[16] = { "IQ2_XXS", 256, 66 },
	[17] = { "IQ2_XS", 256, 74 },
	[18] = { "IQ3_XXS", 256, 98 },
	[19] = { "IQ1_S", 256, 50 },
	[20] = { "IQ4_NL", 32, 18 },
	[21] = { "IQ3_S", 256, 110 },
	[22] = { "IQ2_S", 256, 82 },
	[23] = { "IQ4_XS", 256, 136 },
	[29] = { "IQ1_M", 256, 56 },
	[34] = { "TQ1_0", 256, 54 },
	[35] = { "TQ2_0", 256, 66 },
	[39] = { "MXFP4", 32, 17 },
};

/* Kinds of metadata and their lengths; 0: the length is in the data. */
enum { KIND_U32 = 4, KIND_TEXT = 8, KIND_ARRAY = 9, KIND_U64 = 10 };

static const uint8_t kind_bytes[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

struct cursor {
	const struct format_reader *file;
	uint64_t at;
	uint64_t from; /* offset of the window in the file; `filled` bytes are valid */
	size_t filled;
	bool cut, bad;
	uint8_t window[WINDOW];
};

bool gguf_begins(const uint8_t *prefix, size_t n)
{
	return n >= 8 && memcmp(prefix, "GGUF", 4) == 0 && le_get32(prefix + 4) >= 2 &&
		le_get32(prefix + 4) <= 3;
}

/* ---- reading ----------------------------------------------------------------------- */

/* Advance by n bytes, unless the file ends before. */
static void skip(struct cursor *k, uint64_t n)
{
	if (k->cut || k->bad)
		return;
	if (n > k->file->size - k->at)
		k->cut = true;
	else
		k->at += n;
}

/* The next n ≤ WINDOW bytes; NULL: they are not there. The pointer is good until the next
   call. skip() has tested that they lie within the file, so a new window holds them. */
static const uint8_t *take(struct cursor *k, size_t n)
{
	uint64_t at = k->at;

	skip(k, n);
	if (k->cut || k->bad)
		return NULL;
	if (at < k->from || at + n > k->from + k->filled) {
		k->from = at;
		k->filled = (size_t)min_u64(WINDOW, k->file->size - at);
		if (!format_read(k->file, k->window, k->filled, at)) {
			k->bad = true;
			return NULL;
		}
	}
	return k->window + (at - k->from);
}

static uint32_t take32(struct cursor *k)
{
	const uint8_t *p = take(k, 4);

	return p ? le_get32(p) : 0;
}

static uint64_t take64(struct cursor *k)
{
	const uint8_t *p = take(k, 8);

	return p ? le_get64(p) : 0;
}

/* Read a text and keep its first `capacity` bytes. Returns how many. */
static size_t take_text(struct cursor *k, char *out, size_t capacity)
{
	uint64_t len = take64(k);
	size_t n = (size_t)min_u64(len, capacity);
	const uint8_t *p = take(k, n);

	if (!p)
		return 0;
	memcpy(out, p, n);
	skip(k, len - n);
	return n;
}

/* Arrays of fixed elements are skipped at once; others are bounded by the file's size. */
static void skip_value(struct cursor *k, uint32_t kind, unsigned depth)
{
	uint64_t count;
	uint32_t of;

	if (kind >= sizeof(kind_bytes) || depth > MAX_DEPTH) {
		k->bad = true;
	} else if (kind == KIND_TEXT) {
		skip(k, take64(k));
	} else if (kind == KIND_ARRAY) {
		of = take32(k);
		count = take64(k);
		if (of < sizeof(kind_bytes) && kind_bytes[of] && !k->cut)
			skip(k, count > UINT64_MAX / 8 ? UINT64_MAX : count * kind_bytes[of]);
		else
			for (; count && !k->cut && !k->bad; count--)
				skip_value(k, of, depth + 1);
	} else {
		skip(k, kind_bytes[kind]);
	}
}

/* Read the metadata; only the alignment matters here. `key` has space for one byte more
   than its name has, so a longer key with that beginning isn't taken for it. */
static uint64_t read_metadata(struct cursor *k, uint64_t count)
{
	static const char name[] = "general.alignment";
	uint64_t alignment = DEFAULT_ALIGNMENT;

	for (; count && !k->cut && !k->bad; count--) {
		char key[sizeof(name)];
		size_t len = take_text(k, key, sizeof(key));
		uint32_t kind = take32(k);

		if (len == sizeof(name) - 1 && memcmp(key, name, len) == 0 && kind == KIND_U32)
			alignment = take32(k);
		else
			skip_value(k, kind, 0);
	}
	return alignment;
}

/* ---- tensors ----------------------------------------------------------------------- */

/* ggml's numbers are stored plus 1, so that 0 means "none". */
static bool find_type(uint32_t no, struct type *out)
{
	for (unsigned id = 0; id < DTYPE_COUNT; id++) {
		const struct dtype *t = dtype_get((enum dtype_id)id);

		if (!t->ggml || t->ggml - 1u != no)
			continue;
		*out = (struct type){ t->in[DTYPE_IN_GGUF], 1, t->width_bytes,
			(enum dtype_id)id };
		return true;
	}
	if (no >= sizeof(quantised) / sizeof(quantised[0]) || !quantised[no].name)
		return false;
	*out = quantised[no];
	return true;
}

/* Set type, length and rows from ggml's number and the dimensions, slowest first. */
static bool set_type(uint32_t no, const uint64_t *shape, struct segment_about *a)
{
	uint64_t elems = 1;
	struct type type;

	if (!find_type(no, &type))
		return false;
	for (unsigned i = 0; i < a->n_dims; i++) {
		if (!checked_mul(elems, shape[i], &elems))
			return false;
	}
	a->type = type.name;
	a->dtype = type.dtype;
	a->elem_bytes = type.bytes;
	if (a->dtype != DTYPE_BYTES)
		a->row_elems = segments_row_elems(shape, a->n_dims, false);
	return elems % type.elems == 0 &&
		checked_mul(elems / type.elems, type.bytes, &a->bytes);
}

/* GGUF lists the fastest dimension first; segments have it last. */
static void read_tensor(struct cursor *k, struct segments *out)
{
	uint64_t dims[MAX_DIMS], shape[MAX_DIMS];
	char name[MAX_NAME];
	struct segment_about a = { .name = name, .shape = shape };
	uint32_t type;

	a.name_len = take_text(k, name, sizeof(name));
	a.n_dims = take32(k);
	if (a.n_dims > MAX_DIMS)
		k->bad = true;
	for (unsigned i = 0; i < a.n_dims && !k->bad; i++)
		dims[i] = take64(k);
	type = take32(k);
	a.offset = take64(k); /* relative to the head's end, which isn't known yet */
	if (k->cut || k->bad)
		return;
	for (unsigned i = 0; i < a.n_dims; i++)
		shape[i] = dims[a.n_dims - 1 - i];
	k->bad |= !set_type(type, shape, &a) || segments_add(out, &a);
}

/* Offsets of tensors become absolute once the head's end is known. Alignments are powers
   of two; the limit keeps the rounding from wrapping. */
static void read_head(struct cursor *k, struct segments *out)
{
	uint64_t n_tensors, n_metadata, alignment, base;

	skip(k, 8);
	n_tensors = take64(k);
	n_metadata = take64(k);
	alignment = read_metadata(k, n_metadata);
	k->bad |= !alignment || (alignment & (alignment - 1)) || alignment > 1 << 20;
	for (; n_tensors && !k->cut && !k->bad; n_tensors--)
		read_tensor(k, out);
	if (k->cut || k->bad)
		return;
	base = round_up(k->at, alignment);
	for (size_t i = 0; i < out->n; i++)
		k->bad |= !checked_add(out->items[i].offset, base, &out->items[i].offset);
}

void gguf_walk(struct tensor_map *map, const struct format_reader *file)
{
	AUTO_FREE struct cursor *k = mem_alloc(sizeof(*k));

	if (!k)
		return;
	k->file = file;
	k->at = k->from = k->filled = 0;
	k->cut = k->bad = false;
	read_head(k, &map->segments);
	map->head_bytes = max_u64(k->at, HEAD_BYTES);
	if (k->cut || k->bad)
		segments_release(&map->segments);
	if (k->cut)
		map->wants = format_later(file);
}
