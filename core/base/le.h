/* SPDX-License-Identifier: MIT */
/* Little-endian numbers in byte arrays of any alignment, on machines of any byte
   order. */
#ifndef ALCM_BASE_LE_H
#define ALCM_BASE_LE_H

#include <stdint.h>
#include <string.h>

/* Copies and swaps rather than shifts: the compiler makes vectors of loops over them. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LE_ORDER(width, v) (v)
#else
#define LE_ORDER(width, v) __builtin_bswap##width(v)
#endif

static inline uint16_t le_get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return LE_ORDER(16, v);
}

static inline uint32_t le_get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return LE_ORDER(32, v);
}

static inline uint64_t le_get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return LE_ORDER(64, v);
}

static inline double le_get_double(const uint8_t *p)
{
	uint64_t bits = le_get64(p);
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static inline void le_put16(uint8_t *p, uint16_t v)
{
	v = LE_ORDER(16, v);
	memcpy(p, &v, sizeof(v));
}

static inline void le_put32(uint8_t *p, uint32_t v)
{
	v = LE_ORDER(32, v);
	memcpy(p, &v, sizeof(v));
}

static inline void le_put64(uint8_t *p, uint64_t v)
{
	v = LE_ORDER(64, v);
	memcpy(p, &v, sizeof(v));
}

static inline void le_put_double(uint8_t *p, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	le_put64(p, bits);
}

#endif
