/* SPDX-License-Identifier: MIT */
/* A range coder (Martin 1979) with carry: symbols are intervals [start, start + size) of
   a total of at most 2^16. docs/format.md, section 3.6. */
#ifndef ALCM_CODER_RANGE_H
#define ALCM_CODER_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGE_MIN ((uint32_t)1 << 24)

struct range_encoder {
	uint64_t low; /* 33 bits: the carry is bit 32 */
	uint32_t range;
	uint8_t cache;
	/* the cached byte and the 0xff bytes after it, which a carry may still change */
	uint64_t n_cached;
	uint8_t *out;
	size_t len, capacity; /* len may exceed capacity: then nothing more was stored */
};

static inline void range_encoder_init(struct range_encoder *e, uint8_t *out,
	size_t capacity)
{
	*e = (struct range_encoder){
		.range = UINT32_MAX, .n_cached = 1, .out = out, .capacity = capacity
	};
}

static inline void range_put_byte(struct range_encoder *e, uint8_t byte)
{
	if (e->len < e->capacity)
		e->out[e->len] = byte;
	e->len++;
}

static inline void range_shift_low(struct range_encoder *e)
{
	if (e->low < 0xff000000u || e->low >> 32) {
		uint8_t carry = (uint8_t)(e->low >> 32), byte = (uint8_t)(e->cache + carry);

		for (; e->n_cached; e->n_cached--) {
			range_put_byte(e, byte);
			byte = (uint8_t)(0xff + carry);
		}
		e->cache = (uint8_t)(e->low >> 24);
	}
	e->n_cached++;
	e->low = (e->low & 0x00ffffff) << 8;
}

static inline void range_encode(struct range_encoder *e, uint32_t start, uint32_t size,
	uint32_t total)
{
	uint32_t r = e->range / total;

	e->low += (uint64_t)r * start;
	e->range = r * size;
	while (e->range < RANGE_MIN) {
		e->range <<= 8;
		range_shift_low(e);
	}
}

/* The length of everything, or 0 when it didn't fit. */
static inline size_t range_finish(struct range_encoder *e)
{
	for (int i = 0; i < 5; i++)
		range_shift_low(e);
	return e->len <= e->capacity ? e->len : 0;
}

struct range_decoder {
	const uint8_t *in, *end;
	uint32_t range, code, r;
	unsigned n_beyond; /* bytes read beyond the end */
};

static inline uint8_t range_next_byte(struct range_decoder *d)
{
	if (d->in < d->end)
		return *d->in++;
	d->n_beyond++;
	return 0;
}

static inline void range_decoder_init(struct range_decoder *d, const uint8_t *in,
	size_t len)
{
	*d = (struct range_decoder){ .in = in, .end = in + len, .range = UINT32_MAX };
	for (int i = 0; i < 5; i++)
		d->code = d->code << 8 | range_next_byte(d);
}

/* The place of the next symbol in the total, always below `total`. range_decode_take()
   must follow. */
static inline uint32_t range_decode_at(struct range_decoder *d, uint32_t total)
{
	uint32_t at;

	d->r = d->range / total;
	at = d->code / d->r;
	return at < total ? at : total - 1;
}

static inline void range_decode_take(struct range_decoder *d, uint32_t start,
	uint32_t size)
{
	d->code -= d->r * start;
	d->range = d->r * size;
	while (d->range < RANGE_MIN) {
		d->range <<= 8;
		d->code = d->code << 8 | range_next_byte(d);
	}
}

/* Whether the stream was used up exactly. */
static inline bool range_decoder_done(const struct range_decoder *d)
{
	return d->in == d->end && !d->n_beyond;
}

#endif
