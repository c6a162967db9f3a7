/* SPDX-License-Identifier: MIT */
/*
 * Damage to a blob at rest: every bit flipped, one after the other, and the file cut at
 * every length.
 *
 * After a flip the newest commit is read: the right bytes, or -EIO for at most one chunk,
 * or a blob that can't be opened (-EIO). After a cut it may also be the newest commit
 * that is still whole, or, if there is none, the chunks from the first on whose records
 * are. A flip that matters is found by alcm_check(), and repairing keeps everything that
 * could be read before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "blob/blob.h"
#include "blob/recover.h"
#include "model.h"
#include "store_mem.h"

enum {
	HEADER = 128,
	MAX_FILE = 3 * MODEL_CHUNK,
	MAX_BLOB = 64 << 10,
	MAX_STATES = 3,
	/* less of a blob than this can't be told from a file with these bytes */
	MAGIC_BYTES = 8,
};

/* What the file was after a commit (and before it was quantised), and the length of the
   blob then. */
struct state {
	size_t size, blob_bytes;
	uint8_t bytes[MAX_FILE], written[MAX_FILE];
};

struct damage {
	struct model m; /* of it only name and seed, for messages, and the rng */
	const char *profile;
	struct store_mem *image;
	unsigned n_states;
	struct state states[MAX_STATES];
	uint8_t pristine[MAX_BLOB]; /* the blob after the last commit */
	bool matters[MAX_BLOB];     /* a byte of what the last commit refers to */
	uint8_t broken[MAX_BLOB];
	/* Of one damaged image: what could be read, chunk by chunk. */
	bool readable[MAX_FILE / MODEL_CHUNK];
	const char *what;
	size_t at;
	uint64_t n_images, n_refused, n_lost; /* not opened; opened with a chunk lost */
};

#define damage_die(d, ...)                                                             \
	(fprintf(stderr, "profile %s, %s %zu of %zu:\n", (d)->profile, (d)->what, (d)->at, \
		 (d)->states[(d)->n_states - 1].blob_bytes),                                   \
		die(&(d)->m, __VA_ARGS__))

/* ---- the blob ---------------------------------------------------------------------- */

static void must(struct damage *d, int err, const char *what)
{
	if (err)
		damage_die(d, "%s: %s", what, strerror(-err));
}

/* Rows of floats that compress to little, so that every bit can have its turn. */
static size_t make_file(uint8_t *out, unsigned rows, unsigned salt)
{
	int n = snprintf((char *)out + 10, HEADER - 10,
		"{'descr': '<f4', 'fortran_order': False, 'shape': (%u, 64), }", rows);

	memset(out + 10 + n, ' ', (size_t)(HEADER - 11 - n));
	memcpy(out, "\x93NUMPY\x01\x00\x76\x00", 10);
	out[HEADER - 1] = '\n';
	for (unsigned i = 0; i < rows * 64; i++) {
		float v = i % 64 < 40 ? 0 : (float)((i * 37 + salt) % 11) * 0.125f - 0.5f;

		memcpy(out + HEADER + 4 * i, &v, 4);
	}
	return HEADER + 256u * rows;
}

static void commit(struct damage *d, struct alcm_blob *blob)
{
	struct state *s = &d->states[d->n_states++];
	bool changed;

	s->size = alcm_blob_size(blob);
	if (alcm_blob_pread(blob, s->written, s->size, 0, NULL) != (ssize_t)s->size)
		damage_die(d, "what was written can't be read");
	must(d, alcm_blob_quantise(blob, 0.01, &changed, NULL), "quantise");
	must(d, alcm_blob_commit(blob, true, NULL), "commit");
	s->blob_bytes = store_mem_size(d->image);
	if (s->blob_bytes > MAX_BLOB)
		damage_die(d, "the blob has %zu bytes", s->blob_bytes);
	if (alcm_blob_pread(blob, s->bytes, s->size, 0, NULL) != (ssize_t)s->size)
		damage_die(d, "a committed state can't be read");
}

static void write_at(struct damage *d, struct alcm_blob *blob, const uint8_t *from,
	size_t n, size_t off)
{
	if (alcm_blob_pwrite(blob, from, n, off, NULL) != (ssize_t)n)
		damage_die(d, "write");
}

static void mark(struct damage *d, uint64_t from, uint64_t n)
{
	memset(d->matters + from, true, n);
}

/* Header, live records, index and trailer; between them lie fillings and what is dead. */
static void map_blob(struct damage *d)
{
	struct blob_io store = store_mem_store(d->image);
	struct recovered rec;
	struct slot *s;
	struct disk_index x;

	must(d, recover_state(&store, &rec, NULL), "recover_state");
	must(d, blob_io_read(&store, d->pristine, rec.file_size, 0), "reading the blob");
	memset(d->matters, 0, sizeof(d->matters));
	mark(d, 0, DISK_HEADER_BYTES);
	for (uint32_t k = 0; (s = table_next(&rec.table, &k)); k++)
		mark(d, s->off, s->frame_len);
	if (disk_index_get(&x, d->pristine + rec.trailer.index_off, DISK_INDEX_BYTES) !=
		DISK_OK)
		damage_die(d, "no index");
	mark(d, rec.trailer.index_off, DISK_INDEX_BYTES + x.body_len);
	mark(d, rec.trailer.off, DISK_TRAILER_BYTES);
	table_release(&rec.table);
}

/* One save; or a save, a chunk written anew, and a longer end. */
static void make_blob(struct damage *d, bool several)
{
	static uint8_t file[MAX_FILE];
	struct alcm_profile profile;
	struct alcm_blob *blob;
	size_t size = make_file(file, several ? 300 : 260, 0);

	must(d, alcm_profile_parse(d->profile, &profile, NULL), "profile");
	must(d, blob_create_on(d->m.alcm, store_mem_store(d->image), &profile, &blob),
		"create");
	write_at(d, blob, file, size, 0);
	commit(d, blob);
	if (several) {
		make_file(file, 300, 5);
		write_at(d, blob, file + MODEL_CHUNK, 4000, MODEL_CHUNK);
		commit(d, blob);
		write_at(d, blob, file, 3000, size);
		commit(d, blob);
	}
	alcm_blob_close(blob);
	map_blob(d);
}

/* ---- a damaged image --------------------------------------------------------------- */

/* Compare what is read with a state; the number of chunks lost, or -1 when something
   differs. */
static int compare(struct damage *d, struct alcm_blob *blob, const struct state *s)
{
	static uint8_t buf[MODEL_CHUNK];
	int n_lost = 0;

	memset(d->readable, 0, sizeof(d->readable));
	for (size_t at = 0; at < s->size; at += MODEL_CHUNK) {
		size_t n = min_u64(MODEL_CHUNK, s->size - at);
		ssize_t got = alcm_blob_pread(blob, buf, n, at, NULL);

		if (got == -EIO) {
			n_lost++;
			continue;
		}
		if (got != (ssize_t)n || memcmp(buf, s->bytes + at, n) != 0)
			return -1;
		d->readable[at / MODEL_CHUNK] = true;
	}
	return n_lost;
}

/* The newest state that a cut leaves whole; NULL: none. */
static const struct state *state_within(const struct damage *d, size_t blob_bytes)
{
	const struct state *s = NULL;

	for (unsigned i = 0; i < d->n_states; i++) {
		if (d->states[i].blob_bytes <= blob_bytes)
			s = &d->states[i];
	}
	return s;
}

/* Without any commit: whole chunks from the first on, each as it once was. */
static void check_prefix(struct damage *d, struct alcm_blob *blob)
{
	static uint8_t buf[MODEL_CHUNK];
	size_t size = alcm_blob_size(blob);

	if (size > MAX_FILE)
		damage_die(d, "%zu bytes were rebuilt", size);
	for (size_t at = 0; at < size; at += MODEL_CHUNK) {
		size_t n = min_u64(MODEL_CHUNK, size - at);
		bool known = false;

		if (alcm_blob_pread(blob, buf, n, at, NULL) != (ssize_t)n)
			damage_die(d, "a rebuilt chunk can't be read");
		for (unsigned i = 0; i < d->n_states; i++) {
			const struct state *s = &d->states[i];

			known |= at + n <= s->size &&
				(memcmp(buf, s->bytes + at, n) == 0 ||
					memcmp(buf, s->written + at, n) == 0);
		}
		if (!known)
			damage_die(d, "a rebuilt chunk is what no state has");
		d->readable[at / MODEL_CHUNK] = true;
	}
}

/* `want`: what must be read; NULL: as much as there is left. False: it can't be
   opened. */
static bool check_reads(struct damage *d, const struct state *want)
{
	struct alcm_diag diag = { 0 };
	struct alcm_blob *blob;
	int err = blob_open_on(d->m.alcm, store_mem_store(d->image), false, &blob, &diag);
	int n_lost;

	memset(d->readable, 0, sizeof(d->readable));
	if (err == -EIO && diag.cause[0])
		return false;
	if (err)
		damage_die(d, "opening says %s, cause '%s'", strerror(-err), diag.cause);
	model_salvage(&d->m, blob);
	if (!want) {
		check_prefix(d, blob);
	} else {
		if (alcm_blob_size(blob) != want->size)
			damage_die(d, "size %llu, want %zu", (unsigned long long)alcm_blob_size(blob),
				want->size);
		n_lost = compare(d, blob, want);
		if (n_lost < 0)
			damage_die(d, "wrong bytes");
		if (n_lost > 1)
			damage_die(d, "%d chunks are lost by it", n_lost);
		d->n_lost += (uint64_t)n_lost;
	}
	alcm_blob_close(blob);
	return true;
}

static bool found_any(const struct alcm_check *c)
{
	return c->n_bad || c->header_bad || c->trailer_lost || c->orphan_tail;
}

/* Everything that was readable is so after a repair, and nothing is left that could be
   repaired. */
static void check_repair(struct damage *d, const struct state *want, bool opened)
{
	bool before[MAX_FILE / MODEL_CHUNK];
	struct alcm_check c;

	memcpy(before, d->readable, sizeof(before));
	must(d, blob_check_on(d->m.alcm, store_mem_store(d->image), true, &c), "repair");
	if (!check_reads(d, want) && opened)
		damage_die(d, "it can't be opened after it was repaired");
	for (size_t k = 0; k < sizeof(before) / sizeof(before[0]); k++) {
		if (before[k] && !d->readable[k])
			damage_die(d, "repairing lost chunk %zu", k);
	}
	if (!opened)
		return;
	must(d, blob_check_on(d->m.alcm, store_mem_store(d->image), false, &c), "check");
	if (c.header_bad || c.trailer_lost || c.orphan_tail)
		damage_die(d, "there is something left to repair: %s", c.first.cause);
}

static void try_image(struct damage *d, size_t n, const struct state *want, bool matters)
{
	struct alcm_check c;

	store_mem_load(d->image, d->broken, n);

	bool opened = check_reads(d, want);

	must(d, blob_check_on(d->m.alcm, store_mem_store(d->image), false, &c), "check");
	if (matters && !found_any(&c))
		damage_die(d, "alcm_check() finds nothing");
	if (!matters && (found_any(&c) || !opened))
		damage_die(d, "bytes that mean nothing mean something: %s", c.first.cause);
	if (found_any(&c))
		check_repair(d, want, opened);
	d->n_images++;
	d->n_refused += !opened;
}

static void flip_every_bit(struct damage *d, uint64_t stride)
{
	const struct state *newest = &d->states[d->n_states - 1];
	size_t n = newest->blob_bytes;

	d->what = "flipped bit, byte";
	memcpy(d->broken, d->pristine, n);
	for (uint64_t bit = rng_below(&d->m.rng, stride); bit < 8 * n; bit += stride) {
		d->at = bit / 8;
		d->broken[d->at] ^= (uint8_t)(1 << bit % 8);
		try_image(d, n, newest, d->matters[d->at]);
		d->broken[d->at] = d->pristine[d->at];
	}
}

static void cut_everywhere(struct damage *d, uint64_t stride)
{
	size_t n = d->states[d->n_states - 1].blob_bytes;

	d->what = "cut to";
	memcpy(d->broken, d->pristine, n);
	for (d->at = MAGIC_BYTES; d->at < n; d->at += 1 + rng_below(&d->m.rng, stride)) {
		/* Exactly after a commit nothing is missing. */
		const struct state *want = state_within(d, d->at);

		try_image(d, d->at, want, !want || want->blob_bytes != d->at);
	}
}

void model_damage(const struct options *o)
{
	static const char *const profiles[] = { "lossless", "paper", "alcm", "bounded:0.01",
		"bounded-abs:0.001" };
	struct alcm *alcm = model_engine(1, 8 << 20, MODEL_CHUNK);
	struct damage *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	for (unsigned i = 0; i < 2 * sizeof(profiles) / sizeof(profiles[0]); i++) {
		memset(d, 0, sizeof(*d));
		d->m = (struct model){ .name = "damage", .seed = o->seed, .alcm = alcm };
		d->m.rng.state = o->seed + 1;
		d->profile = profiles[i / 2];
		d->what = "making it";
		d->image = store_mem_new();
		make_blob(d, i % 2);
		/* n_ops: only every so manieth bit, so that it is quick. */
		flip_every_bit(d, o->n_ops);
		cut_everywhere(d, o->n_ops);
		printf("%s, %u commits: a blob of %zu bytes, %llu images; %llu can't be opened, "
			   "%llu "
			   "lack a chunk\n",
			d->profile, d->n_states, d->states[d->n_states - 1].blob_bytes,
			(unsigned long long)d->n_images, (unsigned long long)d->n_refused,
			(unsigned long long)d->n_lost);
		store_mem_free(d->image);
	}
	free(d);
	alcm_free(alcm);
}
