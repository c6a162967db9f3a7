/* SPDX-License-Identifier: MIT */
/*
 * Storages and tensors among the values of a pickle. A tensor's name is the keys on the
 * path to it.
 *
 *   ("storage", FloatStorage, "0", "cpu", 6)              persistent id: a storage
 *   _rebuild_tensor_v2(storage, 0, (2, 3), (3, 1), …)     a call: a mention of a tensor
 *
 * The machine calls back for both while it runs; collect() does the rest at the end, when
 * all parents are known. Without memory, or with too many tensors, there are none.
 */
#include "format/torch_pickle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/checked.h"

enum {
	MAX_NAME_DEPTH = 32,
	MAX_NAME = 1024,
};

/* Meanings of globals, and kinds of FOUND nodes. */
enum { G_OTHER, G_REBUILD, G_REBUILD_PARAMETER, G_TYPE };
enum { A_STORAGE, A_TENSOR };
enum { UNTYPED = 2 * DTYPE_COUNT };

/* A tensor in the pickle: its storage, and the tuple that rebuilds it. */
struct mention {
	uint32_t node, storage, args;
	uint64_t offset; /* bytes, in the storage */
};

struct reading {
	struct torch_pickle *out;
	struct mention *mentions;
	size_t n_mentions, mentions_capacity;
};

/* ---- while it is read -------------------------------------------------------------- */

static bool equals(const uint8_t *text, size_t len, const char *want)
{
	return len && len == strlen(want) && memcmp(text, want, len) == 0;
}

/* G_TYPE plus twice the type's id, plus 1 if it is complex; untyped bytes come after all
   types. */
static int64_t type_number(const uint8_t *name, size_t len)
{
	const char *text = (const char *)name;
	struct dtype_named type;

	if (equals(name, len, "UntypedStorage") || equals(name, len, "_UntypedStorage"))
		return G_TYPE + UNTYPED;
	if (!dtype_by_name(DTYPE_IN_TORCH, text, len, &type) &&
		!dtype_by_name(DTYPE_IN_TORCH_STORAGE, text, len, &type))
		return G_OTHER;
	return G_TYPE + 2 * (int64_t)type.id + type.complex;
}

static struct dtype_named type_at(int number)
{
	bool complex = number % 2;
	const struct dtype *type;

	if (number == UNTYPED)
		return (struct dtype_named){ DTYPE_U8, "bytes", 1, false };
	type = dtype_get((enum dtype_id)(number / 2));
	return (struct dtype_named){
		.id = (enum dtype_id)(number / 2),
		.name = complex ? type->complex_in[DTYPE_IN_TORCH] : type->in[DTYPE_IN_TORCH],
		.elem_bytes = complex ? 2u * type->width_bytes : type->width_bytes,
		.complex = complex,
	};
}

static int64_t meaning_of_global(const uint8_t *name, size_t len)
{
	if (equals(name, len, "_rebuild_tensor_v2") || equals(name, len, "_rebuild_tensor") ||
		equals(name, len, "_rebuild_tensor_v3"))
		return G_REBUILD;
	if (equals(name, len, "_rebuild_parameter") ||
		equals(name, len, "_rebuild_parameter_with_state"))
		return G_REBUILD_PARAMETER;
	return type_number(name, len);
}

static int type_of(const struct pickle_machine *m, uint32_t node)
{
	const struct pickle_node *n = &m->nodes[node];

	return n->kind == PICKLE_GLOBAL && n->number >= G_TYPE ? (int)(n->number - G_TYPE)
														   : -1;
}

static uint32_t found(struct pickle_machine *m, uint32_t what, size_t index)
{
	uint32_t node = pickle_make(m, PICKLE_FOUND);

	if (!m->bad) {
		m->nodes[node].found.what = what;
		m->nodes[node].found.index = (uint32_t)index;
	}
	return node;
}

/* A persistent id: ("storage", type, key, device, length). */
static uint32_t on_persistent(struct pickle_machine *m, uint32_t id)
{
	struct torch_pickle *out = ((struct reading *)m->ctx)->out;
	const struct pickle_node *key = &m->nodes[pickle_item(m, id, 2)];
	int t = type_of(m, pickle_item(m, id, 1));
	struct torch_storage s = { 0 };
	struct dtype_named type;
	uint64_t length;

	if (!pickle_is_text(m, pickle_item(m, id, 0), "storage") ||
		key->kind != PICKLE_TEXT || t < 0 ||
		!pickle_number(m, pickle_item(m, id, 4), &length))
		return pickle_make(m, PICKLE_OTHER);
	type = type_at(t);
	if (!checked_mul(length, type.elem_bytes, &s.bytes))
		return pickle_make(m, PICKLE_OTHER);
	s.key = (const char *)m->bytes + key->range.at;
	s.key_len = key->range.len;
	s.dtype = type.id;
	s.elem_bytes = type.elem_bytes;
	s.type = type.name;
	PICKLE_APPEND(m, out->storages, out->n_storages, out->storages_capacity, s);
	return found(m, A_STORAGE, out->n_storages - 1);
}

/* The arguments of _rebuild_tensor_v2(): (storage, offset, shape, strides, …). */
static uint32_t on_call(struct pickle_machine *m, int64_t which, uint32_t args)
{
	struct reading *r = m->ctx;
	uint32_t first = pickle_item(m, args, 0);
	const struct pickle_node *n = &m->nodes[first];
	struct mention mention = { .args = args };

	if (which == G_REBUILD_PARAMETER && first != PICKLE_NO_NODE)
		return first;
	if (which != G_REBUILD || n->kind != PICKLE_FOUND || n->found.what != A_STORAGE)
		return pickle_make(m, PICKLE_OTHER);
	mention.storage = n->found.index;
	mention.node = found(m, A_TENSOR, r->n_mentions);
	PICKLE_APPEND(m, r->mentions, r->n_mentions, r->mentions_capacity, mention);
	return mention.node;
}

static const struct pickle_meaning meaning = { meaning_of_global, on_persistent,
	on_call };

/* ---- what it comes to -------------------------------------------------------------- */

static int compare_keys(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return c ? c : (a_len > b_len) - (a_len < b_len);
}

static int by_key(const void *a, const void *b)
{
	const struct torch_storage *x = a, *y = b;

	return compare_keys(x->key, x->key_len, y->key, y->key_len);
}

static int by_place(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;

	if (x->storage != y->storage)
		return x->storage < y->storage ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Put a key's text in front of `end`; returns where it begins. */
static size_t prepend(const struct pickle_machine *m, uint32_t key, char *name,
	size_t end)
{
	const struct pickle_node *k = &m->nodes[key];
	const char *text = (const char *)m->bytes + k->range.at;
	size_t len = k->range.len;
	char digits[24];

	if (k->kind == PICKLE_NUMBER) {
		len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, k->number);
		text = digits;
	} else if (k->kind != PICKLE_TEXT) {
		return end;
	}
	if (end < MAX_NAME && end > 0)
		name[--end] = '.';
	if (len > end)
		len = end;
	memcpy(name + end - len, text, len);
	return end - len;
}

/* Make a name such as "model.layer.weight" at the end of `name`; returns its start. */
static size_t name_of(const struct pickle_machine *m, uint32_t node, char *name)
{
	size_t at = MAX_NAME;

	for (unsigned depth = 0; node != PICKLE_NO_NODE && depth < MAX_NAME_DEPTH; depth++) {
		at = prepend(m, m->nodes[node].key, name, at);
		node = m->nodes[node].parent;
	}
	return at;
}

/* Whether elements have no gaps, in any order of axes; `sorted` gets the axes, slowest
   first. */
static bool is_dense(const uint64_t *shape, const uint64_t *strides, unsigned n,
	uint64_t *sorted)
{
	uint64_t strides_left[ALCM_MAX_DIMS], expected = 1;

	memcpy(sorted, shape, n * sizeof(*shape));
	memcpy(strides_left, strides, n * sizeof(*strides));
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = i; k > 0 && strides_left[k - 1] < strides_left[k]; k--) {
			uint64_t s = strides_left[k], d = sorted[k];

			strides_left[k] = strides_left[k - 1];
			sorted[k] = sorted[k - 1];
			strides_left[k - 1] = s;
			sorted[k - 1] = d;
		}
	}
	for (unsigned i = n; i-- > 0;) {
		if (sorted[i] != 1 && strides_left[i] != expected)
			return false;
		if (!checked_mul(expected, sorted[i], &expected))
			return false;
	}
	return true;
}

/* The tensor's own type, given by _rebuild_tensor_v3(), or its storage's. */
static struct dtype_named type_of_tensor(const struct pickle_machine *m,
	const struct mention *mention, const struct torch_storage *storage)
{
	int own = type_of(m, pickle_item(m, mention->args, 6));

	return own < 0 ? (struct dtype_named){ storage->dtype, storage->type,
		storage->elem_bytes, false }
				   : type_at(own);
}

/* Add the tensor, unless it has gaps or exceeds its storage. */
static int add_tensor(const struct pickle_machine *m, const struct mention *mention,
	struct torch_pickle *out)
{
	struct torch_storage *storage = &out->storages[mention->storage];
	uint64_t shape[ALCM_MAX_DIMS], strides[ALCM_MAX_DIMS], sorted[ALCM_MAX_DIMS];
	int n = pickle_numbers(m, pickle_item(m, mention->args, 2), shape, ALCM_MAX_DIMS);
	struct dtype_named type = type_of_tensor(m, mention, storage);
	struct segment_about a = { .type = type.name,
		.dtype = type.id,
		.elem_bytes = type.elem_bytes,
		.offset = mention->offset,
		.shape = shape };
	char name[MAX_NAME];
	size_t at = name_of(m, mention->node, name);
	int err;

	if (n < 0 ||
		pickle_numbers(m, pickle_item(m, mention->args, 3), strides, ALCM_MAX_DIMS) !=
			n ||
		!is_dense(shape, strides, (unsigned)n, sorted))
		return 0;
	a.bytes = a.elem_bytes;
	for (int i = 0; i < n; i++) {
		if (!checked_mul(a.bytes, shape[i], &a.bytes))
			return 0;
	}
	if (!a.bytes || a.offset > storage->bytes || a.bytes > storage->bytes - a.offset)
		return 0;
	a.n_dims = (unsigned)n;
	a.order = memcmp(sorted, shape, (size_t)n * sizeof(*shape)) ? ORDER_OTHER : ORDER_C;
	a.row_elems = segments_row_elems(sorted, (unsigned)n, false);
	a.name = name + at;
	a.name_len = MAX_NAME - at;
	err = segments_add(&out->tensors, &a);
	storage->n += !err;
	return err;
}

/* Set the offset of each tensor in its storage, in bytes. */
static void set_offsets(const struct pickle_machine *m, struct reading *r)
{
	for (size_t i = 0; i < r->n_mentions; i++) {
		struct mention *x = &r->mentions[i];
		uint32_t width = type_of_tensor(m, x, &r->out->storages[x->storage]).elem_bytes;
		uint64_t elems;

		if (!pickle_number(m, pickle_item(m, x->args, 1), &elems) ||
			!checked_mul(elems, width, &x->offset))
			x->offset = UINT64_MAX;
	}
}

/* Keep one storage per key: each tensor of a shared storage has mentioned it. */
static int unite_storages(struct reading *r)
{
	struct torch_pickle *out = r->out;
	AUTO_FREE uint32_t *now = mem_zalloc(out->n_storages + 1, sizeof(*now));
	size_t n = 0;

	if (!now)
		return -ENOMEM;
	for (size_t i = 0; i < out->n_storages; i++)
		out->storages[i].first = i; /* the number by which mentions refer to it */
	if (out->n_storages)
		qsort(out->storages, out->n_storages, sizeof(*out->storages), by_key);
	for (size_t i = 0; i < out->n_storages; i++) {
		const struct torch_storage s = out->storages[i];

		if (!n || by_key(&out->storages[n - 1], &s) != 0)
			out->storages[n++] = s;
		else
			out->storages[n - 1].opaque |= out->storages[n - 1].dtype != s.dtype;
		now[s.first] = (uint32_t)n - 1;
	}
	out->n_storages = n;
	for (size_t i = 0; i < r->n_mentions; i++)
		r->mentions[i].storage = now[r->mentions[i].storage];
	return 0;
}

/* Copy the keys, which point into the caller's pickle. */
static int keep_keys(const struct pickle_machine *m, struct torch_pickle *out)
{
	size_t len = 0;
	char *to;

	for (size_t i = 0; i < out->n_storages; i++)
		len += out->storages[i].key_len;
	out->key_texts = to = mem_alloc(len);
	out->listed = mem_zalloc(m->n_listed + 1, sizeof(*out->listed));
	if (!out->key_texts || !out->listed)
		return -ENOMEM;
	for (size_t i = 0; i < out->n_storages; i++) {
		struct torch_storage *s = &out->storages[i];

		memcpy(to, s->key, s->key_len);
		s->key = to;
		to += s->key_len;
	}
	for (size_t i = 0; i < m->n_listed; i++) {
		const struct pickle_node *n = &m->nodes[m->listed[i]];

		if (n->kind != PICKLE_TEXT)
			continue;
		out->listed[out->n_listed++] = (struct torch_key){
			(const char *)m->bytes + n->range.at, n->range.len
		};
	}
	return 0;
}

/* Tensors of two types share a storage: its type is unsure. Mentions are sorted by
   storage. */
static void find_shared(const struct pickle_machine *m, const struct reading *r)
{
	for (size_t i = 1; i < r->n_mentions; i++) {
		const struct mention *a = &r->mentions[i - 1], *b = &r->mentions[i];

		if (a->storage == b->storage &&
			type_of(m, pickle_item(m, a->args, 6)) !=
				type_of(m, pickle_item(m, b->args, 6)))
			r->out->storages[a->storage].opaque = true;
	}
}

static int collect(const struct pickle_machine *m, struct reading *r)
{
	struct torch_pickle *out = r->out;
	int err = 0;

	set_offsets(m, r);
	err = unite_storages(r);
	if (r->n_mentions)
		qsort(r->mentions, r->n_mentions, sizeof(*r->mentions), by_place);
	find_shared(m, r);
	for (size_t i = 0; i < out->n_storages; i++)
		out->storages[i].n = 0;
	for (size_t i = 0; i < r->n_mentions && !err; i++) {
		struct torch_storage *s = &out->storages[r->mentions[i].storage];

		if (!s->n)
			s->first = out->tensors.n;
		err = add_tensor(m, &r->mentions[i], out);
	}
	return err ? err : keep_keys(m, out);
}

enum pickle_end torch_pickle_read(const uint8_t *bytes, size_t n,
	struct torch_pickle *out, size_t *used)
{
	struct reading r = { .out = out };
	struct pickle_machine m = { .meaning = &meaning, .ctx = &r, .bytes = bytes, .n = n };
	enum pickle_end end;

	memset(out, 0, sizeof(*out));
	end = pickle_run(&m);
	if (end == PICKLE_WHOLE && collect(&m, &r))
		end = PICKLE_BAD;
	*used = m.at;
	mem_free(r.mentions);
	pickle_release(&m);
	return end;
}

void torch_pickle_release(struct torch_pickle *p)
{
	mem_free(p->storages);
	mem_free(p->key_texts);
	mem_free(p->listed);
	segments_release(&p->tensors);
	memset(p, 0, sizeof(*p));
}

const struct torch_storage *torch_pickle_find(const struct torch_pickle *p,
	const char *key, size_t len)
{
	struct torch_storage wanted = { .key = key, .key_len = len };

	if (!p->n_storages)
		return NULL;
	return bsearch(&wanted, p->storages, p->n_storages, sizeof(wanted), by_key);
}

/* Place the bytes between two tensors of a storage, or a storage without tensors. */
static int place_rest(const struct torch_storage *s, uint64_t from, uint64_t to,
	uint64_t offset, struct segments *out)
{
	uint64_t elems = (to - from) / s->elem_bytes;
	struct segment_about a = { .name = "",
		.type = s->type,
		.dtype = s->dtype,
		.elem_bytes = s->elem_bytes,
		.opaque = s->opaque,
		.n_dims = 1,
		.shape = &elems,
		.offset = offset + from,
		.bytes = elems * s->elem_bytes };

	return elems ? segments_add(out, &a) : 0;
}

int torch_pickle_place(const struct torch_pickle *p, const struct torch_storage *s,
	uint64_t offset, struct segments *out)
{
	uint64_t at = 0, end;
	int err = 0;

	if (!checked_add(offset, s->bytes, &end))
		return 0;
	for (size_t i = s->first; i < s->first + s->n && !err; i++) {
		const struct segment *t = &p->tensors.items[i];
		struct segment_about a = { .name = p->tensors.texts + t->name,
			.name_len = strlen(p->tensors.texts + t->name),
			.type = p->tensors.texts + t->type,
			.dtype = (enum dtype_id)t->dtype,
			.elem_bytes = t->elem_bytes,
			.opaque = s->opaque,
			.order = (enum segment_order)t->order,
			.row_elems = t->row_len ? t->row_len /
					(t->elem_bytes / dtype_get((enum dtype_id)t->dtype)->width_bytes)
									: 0,
			.n_dims = t->n_dims,
			.shape = p->tensors.dims + t->shape,
			.offset = offset + t->offset,
			.bytes = t->bytes };

		if (t->offset < at) /* a view of bytes that are placed already */
			continue;
		err = place_rest(s, at, t->offset, offset, out) ?: segments_add(out, &a);
		at = t->offset + t->bytes;
	}
	return err ? err : place_rest(s, at, s->bytes, offset, out);
}
