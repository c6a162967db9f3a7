/* SPDX-License-Identifier: MIT */
/*
 * Files of torch.save before PyTorch 1.6. The lengths of the pickles aren't stored, so
 * the file is read in ever larger windows until all five are whole: 1, 4, 16 and 64 MiB,
 * each from the start.
 *
 *   magic │ version │ machine │ object │ keys │ length, storage │ length, storage │ …
 *   └────────────── five pickles ─────────────┘ └─ in the order of the list `keys` ─┘
 *
 * The object names each storage by its key, with type and length. The lengths in front of
 * the storages say the same, so they are skipped. Storages follow without padding.
 */
#include "format/torch_legacy.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "format/torch_pickle.h"

enum {
	FIRST_WINDOW = 1 << 20,
	N_PICKLES = 5,
	OBJECT = 3, /* the fourth has the tensors, the fifth the keys */
	LENGTH_BYTES = 8,
};

/* PROTO 2, LONG1 of ten bytes 0x1950a86a20f9469cfc6c, STOP. */
static const uint8_t magic[] = { 0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9,
	0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e };

bool torch_legacy_begins(const uint8_t *prefix, size_t n)
{
	return n >= sizeof(magic) && memcmp(prefix, magic, sizeof(magic)) == 0;
}

/* Place the storages, which follow in the order of their keys from `at` on. One that the
   object doesn't mention has no known length, so everything behind it has no place. */
static void place_all(const struct torch_pickle *object, const struct torch_pickle *keys,
	uint64_t at, struct segments *out)
{
	for (size_t i = 0; i < keys->n_listed; i++) {
		const struct torch_storage *s = torch_pickle_find(object, keys->listed[i].text,
			keys->listed[i].len);

		if (!s || !checked_add(at, LENGTH_BYTES, &at) ||
			torch_pickle_place(object, s, at, out) || !checked_add(at, s->bytes, &at))
			return;
	}
}

/* Read all pickles within the n bytes at `bytes`. */
static enum pickle_end read_all(const uint8_t *bytes, size_t n, struct segments *out)
{
	struct torch_pickle pickles[N_PICKLES] = { 0 };
	enum pickle_end end = PICKLE_WHOLE;
	size_t at = 0;

	for (unsigned i = 0; i < N_PICKLES && end == PICKLE_WHOLE; i++) {
		size_t used;

		end = torch_pickle_read(bytes + at, n - at, &pickles[i], &used);
		at += used;
	}
	if (end == PICKLE_WHOLE)
		place_all(&pickles[OBJECT], &pickles[N_PICKLES - 1], at, out);
	for (unsigned i = 0; i < N_PICKLES; i++)
		torch_pickle_release(&pickles[i]);
	return end;
}

void torch_legacy_walk(struct tensor_map *map, const struct format_reader *file)
{
	for (uint64_t capacity = FIRST_WINDOW; capacity <= TORCH_MAX_PICKLE; capacity *= 4) {
		uint64_t n = min_u64(capacity, file->size);
		AUTO_FREE uint8_t *bytes = mem_alloc(n);
		enum pickle_end end;

		map->head_bytes = n;
		if (!bytes || !format_read(file, bytes, n, 0))
			return;
		end = read_all(bytes, n, &map->segments);
		if (end == PICKLE_CUT && n == file->size)
			map->wants = format_later(file);
		if (end != PICKLE_CUT || n == file->size)
			return;
	}
}
