/* SPDX-License-Identifier: MIT */
/*
 * Finding tensors in a zip archive from the front, while it is written:
 *
 *   local record ──► member: its length known? ──► tensors in it ──► next record
 *                       │ no: from its content (.npy, storage of a pickle), or
 *                       └──── search for the record that must follow it
 *   directory, end records, descriptors ──► skipped
 *
 * Writers that can't seek (PyTorch) leave lengths 0 and put a descriptor behind the
 * member; those that can (zipfile) fill them in later. Bytes that are no record end the
 * walk.
 *
 * The walk's place is kept in map->state, so each look goes on where the last one ended
 * (NOT_YET), and each byte is searched once. What it believed of a member's length may be
 * wrong. Then no record follows, the walk ends, and the rest is coded as bytes; nothing
 * depends on it but the ratio. zip_checksums.c doesn't rely on it.
 *
 * PyTorch's archives have data.pkl first, which gives type and length of the members in
 * data/. TorchScript's have their tensors first; these wait in `untyped`.
 */
#include "format/zip_walk.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "format/npy.h"
#include "format/torch_pickle.h"
#include "format/zip.h"

enum {
	MAX_NAME = 1024,
	MAX_UNTYPED = 1 << 16, /* storages that came before their pickle */
	WINDOW = 64 << 10,
	NPY_FIRST = 4096, /* bytes read of a member's .npy header; longer ones are rare */
	SIGNATURE_BYTES = 4,
};

enum found { FOUND, NOT_YET, NOWHERE };

struct member {
	uint64_t at, data, size; /* offsets of local record and bytes; number of bytes */
	bool has_size, stored;
	unsigned name_len;
	char name[MAX_NAME + 1];
};

/* A storage whose type isn't known yet. */
struct untyped {
	uint64_t data, size;
	char key[24];
};

struct walk {
	uint64_t at; /* the next record */
	/* how far the search for that member's end got; 0: not started */
	uint64_t search_at;
	struct torch_pickle torch;
	size_t folder_len; /* of "archive/data/", the folder of the pickle's storages */
	char folder[MAX_NAME + 1];
	struct untyped *untyped;
	size_t n_untyped;
};

/* ---- records ----------------------------------------------------------------------- */

/* Known methods only (APPNOTE 4.4.5; 12: bzip2, 14: LZMA, 93: Zstandard, 95: xz); other
   numbers mean that this is no record. */
static bool is_method(unsigned method)
{
	return method == ZIP_STORED || method == ZIP_DEFLATED || method == 12 ||
		method == 14 || method == 93 || method == 95;
}

bool zip_begins(const uint8_t *p, size_t n)
{
	uint64_t at = 0;

	while (n - at >= ZIP_LOCAL_BYTES && le_get32(p + at) == ZIP_LOCAL) {
		unsigned method = le_get16(p + at + 8);
		uint32_t size = le_get32(p + at + 18);
		uint64_t header = ZIP_LOCAL_BYTES + (uint64_t)le_get16(p + at + 26) +
			le_get16(p + at + 28);

		if (method != ZIP_STORED || le_get16(p + at + 6) & ZIP_FLAG_ENCRYPTED)
			return false;
		/* A folder tells nothing about what follows. */
		if (size || le_get16(p + at + 26) == 0 || header > n - at ||
			p[at + ZIP_LOCAL_BYTES + le_get16(p + at + 26) - 1] != '/')
			return true;
		at += header;
	}
	return false;
}

/* The length in a record's zip64 field, used when the usual field is all ones. */
static bool zip64_size(const uint8_t *extra, size_t n, uint64_t *out)
{
	while (n >= 4) {
		size_t len = le_get16(extra + 2);

		if (len > n - 4)
			return false;
		if (le_get16(extra) == ZIP64_EXTRA && len >= 16) {
			*out = le_get64(extra + 4);
			return le_get64(extra + 12) == *out;
		}
		extra += 4 + len;
		n -= 4 + len;
	}
	return false;
}

/* Read the local record at `at`. NOT_YET: it isn't complete. */
static enum found read_member(const struct format_reader *file, uint64_t at,
	struct member *out)
{
	uint8_t head[ZIP_LOCAL_BYTES];
	unsigned name_len, extra_len, flags;

	if (file->size - at < ZIP_LOCAL_BYTES)
		return NOT_YET;
	if (!format_read(file, head, sizeof(head), at))
		return NOWHERE;
	name_len = le_get16(head + 26);
	extra_len = le_get16(head + 28);
	if (file->size - at - ZIP_LOCAL_BYTES < (uint64_t)name_len + extra_len)
		return NOT_YET;

	AUTO_FREE uint8_t *extra = mem_alloc(extra_len + 1u);

	out->at = at;
	out->name_len = name_len < MAX_NAME ? name_len : MAX_NAME;
	out->data = at + ZIP_LOCAL_BYTES + name_len + extra_len;
	if (!extra || !format_read(file, out->name, out->name_len, at + ZIP_LOCAL_BYTES) ||
		!format_read(file, extra, extra_len, at + ZIP_LOCAL_BYTES + name_len))
		return NOWHERE;
	out->name[out->name_len] = '\0';
	flags = le_get16(head + 6);
	out->stored = le_get16(head + 8) == ZIP_STORED && !(flags & ZIP_FLAG_ENCRYPTED);
	out->size = le_get32(head + 18);
	out->has_size = out->size != 0;
	if (out->size == ZIP64_IN_EXTRA)
		out->has_size = zip64_size(extra, extra_len, &out->size) && out->size;
	if (!is_method(le_get16(head + 8)) || out->size > UINT64_MAX / 2)
		return NOWHERE;
	if (name_len && out->name[out->name_len - 1] == '/')
		out->has_size = true; /* a folder: nothing */
	return FOUND;
}

/* The length of the record that begins with `sig`; `head` has its first bytes. 0: it
   can't be skipped. */
static uint64_t record_bytes(const struct format_reader *file, uint64_t at, uint32_t sig,
	const uint8_t head[ZIP_CENTRAL_BYTES])
{
	uint8_t next[2];

	if (sig == ZIP_CENTRAL)
		return ZIP_CENTRAL_BYTES + (uint64_t)le_get16(head + 28) + le_get16(head + 30) +
			le_get16(head + 32);
	if (sig == ZIP_END)
		return ZIP_END_BYTES + (uint64_t)le_get16(head + 20);
	if (sig == ZIP64_END)
		return 12 + min_u64(le_get64(head + 4), UINT32_MAX);
	if (sig == ZIP64_LOCATOR)
		return ZIP64_LOCATOR_BYTES;
	if (sig != ZIP_DESCRIPTOR)
		return 0;
	/* With 64-bit lengths it is eight bytes longer; only the next record can tell. */
	if (format_read(file, next, 2, at + ZIP_DESCRIPTOR_BYTES) && next[0] == 'P' &&
		next[1] == 'K')
		return ZIP_DESCRIPTOR_BYTES;
	return ZIP64_DESCRIPTOR_BYTES;
}

static bool is_record(const struct format_reader *file, uint64_t at)
{
	uint8_t sig[SIGNATURE_BYTES];

	if (!format_read(file, sig, sizeof(sig), at))
		return false;
	return le_get32(sig) == ZIP_LOCAL || le_get32(sig) == ZIP_CENTRAL ||
		le_get32(sig) == ZIP_DESCRIPTOR;
}

/* ---- lengths that no header has ---------------------------------------------------- */

/*
 * Whether the record at `at` can follow the member. Four bytes of a signature occur in
 * tensors by chance, so more must fit: a descriptor's length is the one from the member's
 * start to here, and records have a known method and a version of at most 6.3.
 */
static bool ends_member(const struct format_reader *file, const struct member *member,
	uint64_t at)
{
	uint8_t p[ZIP64_DESCRIPTOR_BYTES] = { 0 };
	size_t n = (size_t)min_u64(sizeof(p), file->size - at);
	struct member next;

	if (n < ZIP_DESCRIPTOR_BYTES || !format_read(file, p, n, at))
		return false;
	switch (le_get32(p)) {
	case ZIP_DESCRIPTOR:
		return member->stored ? le_get32(p + 8) == (uint32_t)(at - member->data)
							  : le_get32(p + 8) == (uint32_t)(at - member->data) ||
				le_get64(p + 8) == at - member->data;
	case ZIP_LOCAL:
		return read_member(file, at, &next) == FOUND && next.name_len &&
			le_get16(p + 4) <= 63;
	case ZIP_CENTRAL:
		return n >= 12 && is_method(le_get16(p + 10)) && (le_get16(p + 4) & 0xff) <= 63;
	default:
		return false;
	}
}

/* Continue the search for a member's end at w->search_at. Windows overlap by a
   descriptor. */
static enum found search_end(struct walk *w, const struct format_reader *file,
	struct member *member)
{
	AUTO_FREE uint8_t *window = mem_alloc(WINDOW);

	if (!window)
		return NOWHERE;
	w->search_at = max_u64(w->search_at, member->data);
	while (file->size - w->search_at >= ZIP64_DESCRIPTOR_BYTES) {
		size_t n = (size_t)min_u64(WINDOW, file->size - w->search_at), at = 0;

		if (!format_read(file, window, n, w->search_at))
			return NOWHERE;
		for (const uint8_t *p; at + SIGNATURE_BYTES <= n; at++) {
			p = memchr(window + at, 'P', n - at - SIGNATURE_BYTES + 1);
			if (!p)
				break;
			at = (size_t)(p - window);
			if (p[1] != 'K' || !ends_member(file, member, w->search_at + at))
				continue;
			member->size = w->search_at + at - member->data;
			return FOUND;
		}
		if (n < WINDOW)
			break;
		w->search_at += n - ZIP64_DESCRIPTOR_BYTES;
	}
	return NOT_YET;
}

/* ---- what members hold ------------------------------------------------------------- */

static bool ends_in(const struct member *m, const char *suffix)
{
	size_t n = strlen(suffix);

	return m->name_len >= n && strcmp(m->name + m->name_len - n, suffix) == 0;
}

/*
 * Read the header of a .npy member. False: it isn't one, or the header isn't there yet.
 */
static bool read_npy(const struct format_reader *file, const struct member *m,
	struct npy *npy)
{
	uint8_t prefix[NPY_FIRST];
	size_t n = (size_t)min_u64(sizeof(prefix), file->size - m->data);

	return m->stored && ends_in(m, ".npy") && format_read(file, prefix, n, m->data) &&
		npy_parse(prefix, n, npy) && npy->data_bytes <= UINT64_MAX / 2;
}

/* "archive/data.pkl" names what is in "archive/data/". */
static bool is_pickle(const struct member *m)
{
	return m->stored && ends_in(m, ".pkl") && m->name_len > 4;
}

/* The key of a storage: its name without the folder. NULL: it is in another folder. */
static const char *key_in_folder(const struct walk *w, const struct member *m)
{
	return w->folder_len && m->name_len > w->folder_len &&
			memcmp(m->name, w->folder, w->folder_len) == 0
		? m->name + w->folder_len
		: NULL;
}

static const struct torch_storage *find_storage(const struct walk *w,
	const struct member *m)
{
	const char *key = key_in_folder(w, m);

	return key && m->stored ? torch_pickle_find(&w->torch, key, strlen(key)) : NULL;
}

/*
 * Remember a member that may be a storage of a later pickle, as in TorchScript archives.
 */
static void keep_untyped(struct walk *w, const struct member *m)
{
	const char *slash = strrchr(m->name, '/');
	struct untyped u = { m->data, m->size, "" };

	if (!slash || !slash[1] || strlen(slash + 1) >= sizeof(u.key) || !m->size ||
		w->n_untyped == MAX_UNTYPED || !mem_room(&w->untyped, w->n_untyped))
		return;
	memcpy(u.key, slash + 1, strlen(slash + 1));
	w->untyped[w->n_untyped++] = u;
}

static void place_untyped(struct tensor_map *map, struct walk *w)
{
	for (size_t i = 0; i < w->n_untyped; i++) {
		const struct untyped *u = &w->untyped[i];
		const struct torch_storage *s = torch_pickle_find(&w->torch, u->key,
			strlen(u->key));

		if (s && s->bytes == u->size)
			(void)torch_pickle_place(&w->torch, s, u->data, &map->segments);
	}
	w->n_untyped = 0;
}

/* A pickle of tensors replaces the one before: of several archives in a file each has
   one. */
static void read_pickle(struct tensor_map *map, struct walk *w,
	const struct format_reader *file, const struct member *m)
{
	AUTO_FREE uint8_t *bytes = NULL;
	struct torch_pickle torch;
	size_t used;

	if (m->size > TORCH_MAX_PICKLE || !(bytes = mem_alloc(m->size)) ||
		!format_read(file, bytes, m->size, m->data))
		return;
	if (torch_pickle_read(bytes, m->size, &torch, &used) != PICKLE_WHOLE ||
		!torch.n_storages) {
		torch_pickle_release(&torch);
		return;
	}
	torch_pickle_release(&w->torch);
	w->torch = torch;
	w->folder_len = m->name_len - strlen(".pkl") + 1;
	memcpy(w->folder, m->name, m->name_len);
	w->folder[w->folder_len - 1] = '/';
	w->folder[w->folder_len] = '\0';
	place_untyped(map, w);
}

static void look_into(struct tensor_map *map, struct walk *w,
	const struct format_reader *file, const struct member *m)
{
	const struct torch_storage *storage = find_storage(w, m);
	struct npy npy;

	if (read_npy(file, m, &npy) && npy.data_offset + npy.data_bytes <= m->size)
		(void)npy_add(&map->segments, &npy, m->data, m->name,
			m->name_len - strlen(".npy"));
	else if (storage && storage->bytes <= m->size)
		(void)torch_pickle_place(&w->torch, storage, m->data, &map->segments);
	else if (is_pickle(m))
		read_pickle(map, w, file, m);
	else if (m->stored)
		keep_untyped(w, m);
}

/* ---- the walk ---------------------------------------------------------------------- */

/*
 * Find the length of the member at w->at. Content that knows its own length is believed,
 * as tensors then are known while they are written. If that was wrong, the search finds
 * it.
 */
static enum found find_size(struct walk *w, const struct format_reader *file,
	struct member *m)
{
	const struct torch_storage *storage = find_storage(w, m);
	struct npy npy;

	if (m->has_size)
		return FOUND;
	if (is_record(file, m->data)) {
		m->size = 0;
		return FOUND;
	}
	if (w->search_at) {
		/* The content was wrong about it, or didn't tell. */
	} else if (read_npy(file, m, &npy)) {
		m->size = npy.data_offset + npy.data_bytes;
		return FOUND;
	} else if (storage) {
		m->size = storage->bytes;
		return FOUND;
	} else if (ends_in(m, ".npy") && file->size - m->data < NPY_FIRST) {
		return NOT_YET; /* it may become a .npy */
	}
	return search_end(w, file, m);
}

/* Step over the member at w->at. NOT_YET: it isn't complete. */
static enum found step_member(struct tensor_map *map, struct walk *w,
	const struct format_reader *file)
{
	struct member m;
	enum found found = read_member(file, w->at, &m);
	uint64_t end;

	if (found == FOUND)
		found = find_size(w, file, &m);
	if (found != FOUND)
		return found;
	end = m.data + m.size;
	if (is_pickle(&m) && end > file->size)
		return NOT_YET;
	look_into(map, w, file, &m);
	w->at = end;
	w->search_at = 0;
	return FOUND;
}

static enum found step(struct tensor_map *map, struct walk *w,
	const struct format_reader *file)
{
	uint8_t head[ZIP_CENTRAL_BYTES] = { 0 };
	uint64_t len, n = w->at < file->size ? min_u64(sizeof(head), file->size - w->at) : 0;
	uint32_t sig;

	if (n < ZIP_END_BYTES)
		return NOT_YET;
	if (!format_read(file, head, (size_t)n, w->at))
		return NOWHERE;
	sig = le_get32(head);
	if (sig == ZIP_LOCAL)
		return step_member(map, w, file);
	/* Zeros are space that isn't written yet. */
	if (sig == 0 || (sig == ZIP_CENTRAL && n < sizeof(head)))
		return NOT_YET;
	/* zipfile appends by writing new members over the directory: then begin again. */
	if (sig == ZIP_CENTRAL && !map->tail)
		map->tail = w->at;
	len = record_bytes(file, w->at, sig, head);
	if (!len)
		return NOWHERE;
	w->at += len;
	return FOUND;
}

void zip_walk(struct tensor_map *map, const struct format_reader *file)
{
	struct walk *w = map->state;
	enum found found;

	/* Not more: zipfile goes back to fill lengths into local records that were read
	   already, and that mustn't restart the walk at every member. */
	map->head_bytes = SIGNATURE_BYTES;
	if (!w)
		w = map->state = mem_zalloc(1, sizeof(*w));
	if (!w)
		return;
	do {
		found = step(map, w, file);
	} while (found == FOUND);
	if (found == NOT_YET)
		map->wants = max_u64(w->at, w->search_at) + ZIP_END_BYTES;
}

void zip_release(struct tensor_map *map)
{
	struct walk *w = map->state;

	if (!w)
		return;
	torch_pickle_release(&w->torch);
	mem_free(w->untyped);
	mem_free(w);
	map->state = NULL;
}
