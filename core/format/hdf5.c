/* SPDX-License-Identifier: MIT */
/*
 * Datasets of an HDF5 file:
 *
 *   superblock ──► root group ──► B-tree ──► symbol nodes ──► names, object
 *   headers ──► groups again, or datasets
 *
 * Parts behind the file's present end are left out, and looked for again later. A file is
 * a graph that may have loops, so the steps of a walk are limited. A dataset with two
 * names is listed once.
 *
 * Sections of the HDF5 File Format Specification 3.0:
 *
 *   superblock           II.A        addresses and lengths of eight bytes, base 0
 *   B-tree, version 1    III.A.1     type 0: groups; type 1: chunks of a dataset
 *   symbol node, heap    III.B–D     "SNOD" has entries, "HEAP" the names
 *   object header        IV.A.1.a    version 1, a list of messages
 *   messages             IV.A.2      .b dataspace, .d datatype, .i layout, .l filters,
 *                                    .q continuation, .r symbol table
 *
 * What isn't understood is left out, and the rest is listed: unlike a header that is one
 * text, each dataset stands for itself. A wrong or stale entry only costs ratio. So
 * changes behind the superblock don't make the map stale; HDF5 updates its trees all the
 * time.
 */
#include "format/hdf5.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"

enum {
	SIGNATURE_BYTES = 8,
	SUPERBLOCK_BYTES = 96,
	MAX_STEPS = 1 << 18,
	MAX_DEPTH = 16,
	MAX_NAME = 1024,
	MAX_DIMS = 32, /* HDF5's own limit */
	MAX_MESSAGE = 512,
	NODE_BYTES = 24, /* a B-tree's node, before its keys */
	SYMBOL_BYTES = 40,
	HEADER_BYTES = 16,
};

enum message {
	MESSAGE_DATASPACE = 1,
	MESSAGE_DATATYPE = 3,
	MESSAGE_LAYOUT = 8,
	MESSAGE_FILTERS = 11,
	MESSAGE_CONTINUATION = 16,
	MESSAGE_SYMBOL_TABLE = 17,
};

enum { LAYOUT_CONTIGUOUS = 1, LAYOUT_CHUNKED = 2 };

/* Classes of datatypes. */
enum { INTEGER = 0, FLOAT = 1 };

#define NOWHERE UINT64_MAX

static const uint8_t signature[SIGNATURE_BYTES] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a,
	'\n' };

struct walk {
	const struct format_reader *file;
	struct segments *out;
	unsigned steps;
	bool cut; /* some of the file isn't there yet */
	size_t name_len;
	char name[MAX_NAME];
};

/* The layout of a float's fields in bits, as in a datatype message. */
struct float_form {
	uint16_t offset, precision;
	uint8_t sign, exponent, exponent_bits, mantissa, mantissa_bits;
	uint32_t bias;
};

/* The contents of an object header. */
struct object {
	uint64_t btree, heap; /* of a group; NOWHERE: it isn't a group */
	unsigned n_dims;
	uint64_t shape[MAX_DIMS];
	bool has_shape, filtered, big_endian, signed_ints;
	unsigned class;
	uint32_t elem_bytes;
	struct float_form form; /* of a float; all zero: not like IEEE's */
	unsigned layout;
	uint64_t data, data_bytes;
	uint32_t chunk[MAX_DIMS + 1]; /* the chunk's shape, then the size of an element */
};

bool hdf5_begins(const uint8_t *prefix, size_t n)
{
	return n >= SIGNATURE_BYTES && memcmp(prefix, signature, SIGNATURE_BYTES) == 0;
}

/* Read n bytes at `at`. False: they aren't there yet, or the walk has taken too many
   steps. */
static bool get(struct walk *w, uint64_t at, void *buf, size_t n)
{
	if (++w->steps > MAX_STEPS)
		return false;
	if (at != NOWHERE && (at > w->file->size || n > w->file->size - at))
		w->cut = true;
	return at != NOWHERE && format_read(w->file, buf, n, at);
}

/* ---- messages ---------------------------------------------------------------------- */

/* Version 1 has eight bytes before the dimensions, version 2 four. A scalar has none. */
static void read_dataspace(const uint8_t *p, size_t n, struct object *o)
{
	size_t at = p[0] == 1 ? 8 : 4;

	if ((p[0] != 1 && p[0] != 2) || p[1] > MAX_DIMS || n < at + (size_t)p[1] * 8)
		return;
	o->n_dims = p[1];
	for (unsigned i = 0; i < o->n_dims; i++)
		o->shape[i] = le_get64(p + at + i * 8);
	o->has_shape = true;
}

/* Byte 0: the class in its low half. Bytes 1 to 3: bits by class. Bytes 4 to 7: the size.
   Then follow the properties of the class. */
static void read_datatype(const uint8_t *p, size_t n, struct object *o)
{
	o->class = p[0] & 15;
	o->elem_bytes = le_get32(p + 4);
	o->big_endian = p[1] & 1;
	o->signed_ints = p[1] & 8;
	/* A float, in neither VAX order nor a form without the implied leading bit. */
	if (o->class == FLOAT && n >= 20 && !(p[1] & 0x40) && (p[1] >> 4 & 3) == 2)
		o->form = (struct float_form){ .offset = le_get16(p + 8),
			.precision = le_get16(p + 10),
			.sign = p[2],
			.exponent = p[12],
			.exponent_bits = p[13],
			.mantissa = p[14],
			.mantissa_bits = p[15],
			.bias = le_get32(p + 16) };
}

/* Compact and virtual layouts are left out: they have no run of elements in the file. */
static void read_layout(const uint8_t *p, size_t n, struct object *o)
{
	unsigned rank = p[2];

	if (p[0] != 3 && p[0] != 4)
		return;
	if (p[1] == LAYOUT_CONTIGUOUS && n >= 18) {
		o->layout = LAYOUT_CONTIGUOUS;
		o->data = le_get64(p + 2);
		o->data_bytes = le_get64(p + 10);
	} else if (p[0] == 3 && p[1] == LAYOUT_CHUNKED && rank >= 1 && rank <= MAX_DIMS + 1 &&
		n >= 11 + (size_t)rank * 4) {
		o->layout = LAYOUT_CHUNKED;
		o->data = le_get64(p + 3);
		for (unsigned i = 0; i < rank; i++)
			o->chunk[i] = le_get32(p + 11 + i * 4);
	}
}

/* Every message that matters has at least eight bytes. */
static void read_message(unsigned type, const uint8_t *p, size_t n, struct object *o)
{
	if (n < 8)
		return;
	switch (type) {
	case MESSAGE_DATASPACE:
		read_dataspace(p, n, o);
		break;
	case MESSAGE_DATATYPE:
		read_datatype(p, n, o);
		break;
	case MESSAGE_LAYOUT:
		read_layout(p, n, o);
		break;
	case MESSAGE_FILTERS:
		o->filtered = p[1] > 0;
		break;
	case MESSAGE_SYMBOL_TABLE:
		o->btree = le_get64(p);
		o->heap = n >= 16 ? le_get64(p + 8) : NOWHERE;
		break;
	default:
		break;
	}
}

/* Read the messages in [at, at + n), and in continuation blocks. False: not all of them
   are there. */
static bool read_messages(struct walk *w, uint64_t at, uint64_t n, struct object *o,
	unsigned depth)
{
	while (n >= 8) {
		uint8_t head[8], body[MAX_MESSAGE];
		size_t len, some;

		if (!get(w, at, head, sizeof(head)))
			return false;
		len = le_get16(head + 2);
		some = len < sizeof(body) ? len : sizeof(body);
		if (len > n - 8 || !get(w, at + 8, body, some))
			return false;
		if (le_get16(head) == MESSAGE_CONTINUATION && some >= 16) {
			if (depth == MAX_DEPTH ||
				!read_messages(w, le_get64(body), le_get64(body + 8), o, depth + 1))
				return false;
		} else {
			read_message(le_get16(head), body, some, o);
		}
		at += 8 + len;
		n -= 8 + len;
	}
	return true;
}

/* Only object headers of version 1, which is what h5py writes by default. */
static bool read_object(struct walk *w, uint64_t at, struct object *o)
{
	uint8_t head[HEADER_BYTES];

	*o = (struct object){ .btree = NOWHERE, .heap = NOWHERE };
	return get(w, at, head, sizeof(head)) && head[0] == 1 &&
		read_messages(w, at + HEADER_BYTES, le_get32(head + 8), o, 0);
}

/* ---- datasets ---------------------------------------------------------------------- */

/* Whether a float has exactly the layout of `type`. */
static bool is_form_of(const struct float_form *f, const struct dtype *type)
{
	return f->offset == 0 && f->precision == type->width_bytes * 8 && f->mantissa == 0 &&
		f->mantissa_bits == type->mantissa_bits && f->exponent == type->mantissa_bits &&
		f->exponent_bits == type->exponent_bits && f->sign == f->precision - 1 &&
		f->bias == (1U << (type->exponent_bits - 1)) - 1;
}

/* Whether the object's elements are of this type. */
static bool is_type(const struct object *o, const struct dtype *type)
{
	enum dtype_class integers = o->signed_ints ? DTYPE_INT : DTYPE_UINT;

	if (!type->hdf5 || type->width_bytes != o->elem_bytes)
		return false;
	if (o->class == INTEGER)
		return type->class == integers;
	return o->class == FLOAT && type->class == DTYPE_FLOAT && is_form_of(&o->form, type);
}

/* DTYPE_BYTES if no type matches. */
static enum dtype_id type_of(const struct object *o)
{
	for (unsigned id = 0; id < DTYPE_COUNT; id++) {
		if (is_type(o, dtype_get((enum dtype_id)id)))
			return (enum dtype_id)id;
	}
	return DTYPE_BYTES;
}

/* Adds a run of elements to the list, if its type is known and its length agrees. */
static void add(struct walk *w, const struct object *o, const uint64_t *shape,
	uint64_t offset)
{
	struct segment_about a = { .name = w->name,
		.name_len = w->name_len,
		.dtype = type_of(o),
		.elem_bytes = o->elem_bytes,
		.big_endian = o->big_endian,
		.row_elems = segments_row_elems(shape, o->n_dims, false),
		.n_dims = o->n_dims,
		.shape = shape,
		.offset = offset,
		.bytes = o->elem_bytes };

	if (a.dtype == DTYPE_BYTES)
		return;
	a.type = dtype_get(a.dtype)->name;
	for (unsigned i = 0; i < o->n_dims; i++) {
		if (!checked_mul(a.bytes, shape[i], &a.bytes))
			return;
	}
	if (!a.bytes || (o->layout == LAYOUT_CONTIGUOUS && a.bytes != o->data_bytes))
		return;
	(void)segments_add(w->out, &a);
}

/* Read a B-tree node: its level and its number of children. False: there is none. */
static bool read_node(struct walk *w, uint64_t at, unsigned type, unsigned *level,
	unsigned *n)
{
	uint8_t p[NODE_BYTES];

	if (!get(w, at, p, sizeof(p)) || memcmp(p, "TREE", 4) != 0 || p[4] != type)
		return false;
	*level = p[5];
	*n = le_get16(p + 6);
	return true;
}

/*
 * Add the chunks below a node. Chunks at a border are stored at full size. Behind a
 * node's head keys and children take turns, and a key comes first:
 *
 *   key 0 │ child 0 │ key 1 │ child 1 │ …     a key: size and filters (8 bytes), then the
 *                                             chunk's place along n_dims + 1 axes
 */
static void read_chunks(struct walk *w, const struct object *o, uint64_t at,
	unsigned depth)
{
	unsigned key_bytes = 8 + 8 * (o->n_dims + 1), level, n;
	uint64_t shape[MAX_DIMS];

	if (depth == MAX_DEPTH || !read_node(w, at, 1, &level, &n))
		return;
	for (unsigned i = 0; i < o->n_dims; i++)
		shape[i] = o->chunk[i];
	for (unsigned i = 0; i < n; i++) {
		uint64_t child_at = at + NODE_BYTES + (uint64_t)i * (key_bytes + 8) + key_bytes;
		uint8_t child[8];

		if (!get(w, child_at, child, sizeof(child)))
			return;
		if (level)
			read_chunks(w, o, le_get64(child), depth + 1);
		else
			add(w, o, shape, le_get64(child));
	}
}

/* Filtered datasets are compressed already. */
static void read_dataset(struct walk *w, const struct object *o)
{
	if (!o->has_shape || !o->elem_bytes || o->filtered || o->data == NOWHERE)
		return;
	if (o->layout == LAYOUT_CONTIGUOUS)
		add(w, o, o->shape, o->data);
	else if (o->layout == LAYOUT_CHUNKED)
		read_chunks(w, o, o->data, 0);
}

/* ---- groups ------------------------------------------------------------------------ */

static void read_group(struct walk *w, uint64_t btree, uint64_t heap, unsigned depth);

/* Append the name at `at` to the path; returns the path's former length. */
static size_t push_name(struct walk *w, uint64_t at)
{
	size_t before = w->name_len, capacity;
	uint8_t text[256] = { 0 };

	if (w->name_len && w->name_len + 1 < MAX_NAME)
		w->name[w->name_len++] = '/';
	capacity = MAX_NAME - w->name_len < sizeof(text) ? MAX_NAME - w->name_len
													 : sizeof(text);
	if (at < w->file->size) {
		size_t n = (size_t)min_u64(capacity, w->file->size - at);

		(void)get(w, at, text, n);
		n = strnlen((const char *)text, n);
		memcpy(w->name + w->name_len, text, n);
		w->name_len += n;
	}
	return before;
}

/* Read a symbol node: entries with a name and an object each. */
static void read_symbols(struct walk *w, uint64_t at, uint64_t names, unsigned depth)
{
	uint8_t head[8], entry[SYMBOL_BYTES];

	if (!get(w, at, head, sizeof(head)) || memcmp(head, "SNOD", 4) != 0)
		return;
	for (unsigned i = 0; i < le_get16(head + 6); i++) {
		struct object o;
		size_t before;

		if (!get(w, at + sizeof(head) + (uint64_t)i * SYMBOL_BYTES, entry, sizeof(entry)))
			return;
		if (!read_object(w, le_get64(entry + 8), &o))
			continue;
		before = push_name(w, names + le_get64(entry));
		if (o.btree != NOWHERE)
			read_group(w, o.btree, o.heap, depth + 1);
		else
			read_dataset(w, &o);
		w->name_len = before;
	}
}

/* Inner nodes lead to nodes, leaves to symbol nodes. Keys of groups have eight bytes: the
   place of a name, which a walk of everything doesn't need. */
static void read_tree(struct walk *w, uint64_t at, uint64_t names, unsigned depth)
{
	unsigned level, n;

	if (depth >= MAX_DEPTH || !read_node(w, at, 0, &level, &n))
		return;
	for (unsigned i = 0; i < n; i++) {
		uint8_t child[8];

		if (!get(w, at + NODE_BYTES + 8 + (uint64_t)i * 16, child, sizeof(child)))
			return;
		if (level)
			read_tree(w, le_get64(child), names, depth + 1);
		else
			read_symbols(w, le_get64(child), names, depth);
	}
}

static void read_group(struct walk *w, uint64_t btree, uint64_t heap, unsigned depth)
{
	uint8_t head[32];

	if (get(w, heap, head, sizeof(head)) && memcmp(head, "HEAP", 4) == 0)
		read_tree(w, btree, le_get64(head + 24), depth);
}

/* The offset of the root group's object header; NOWHERE: an unknown superblock, or one
   that isn't at byte 0. */
static uint64_t root_of(const uint8_t *p)
{
	unsigned version = p[8], sizes_at = version < 2 ? 13 : 9;
	uint64_t base_at = version == 0 ? 24 : version == 1 ? 28 : 12;

	if (version > 3 || p[sizes_at] != 8 || p[sizes_at + 1] != 8 || le_get64(p + base_at))
		return NOWHERE;
	return le_get64(p + base_at + (version < 2 ? 40 : 24));
}

/* Keep one of several names of a dataset. */
static void drop_doubles(struct segments *l)
{
	size_t n = 0;

	segments_order(l->items, l->n);
	for (size_t i = 0; i < l->n; i++) {
		if (!n || l->items[n - 1].offset != l->items[i].offset)
			l->items[n++] = l->items[i];
	}
	l->n = n;
}

void hdf5_walk(struct tensor_map *map, const struct format_reader *file)
{
	AUTO_FREE struct walk *w = mem_zalloc(1, sizeof(*w));
	uint8_t super[SUPERBLOCK_BYTES];
	struct object root;

	map->head_bytes = SUPERBLOCK_BYTES;
	if (!w)
		return;
	if (file->size < SUPERBLOCK_BYTES || !format_read(file, super, sizeof(super), 0)) {
		map->wants = SUPERBLOCK_BYTES;
		return;
	}
	segments_release(&map->segments);
	w->file = file;
	w->out = &map->segments;
	if (read_object(w, root_of(super), &root) && root.btree != NOWHERE)
		read_group(w, root.btree, root.heap, 0);
	drop_doubles(&map->segments);
	if (w->cut)
		map->wants = format_later(file);
}
