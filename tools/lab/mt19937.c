/* SPDX-License-Identifier: MIT */
/*
 * The Mersenne Twister of Matsumoto and Nishimura (1998), as NumPy's RandomState uses it.
 * The paper's data is made with numpy.random, so the same seed must give the same numbers
 * here.
 *
 * The recurrence, with indices modulo 624, where | joins the top bit of one word to the
 * low 31 bits of the next:
 *
 *     x[k] := x[k+397] ^ twist(x[k] | x[k+1])
 *
 * Each word is computed when it is needed. The words ahead of it are still old, and the
 * words behind it are already new, exactly as in a pass over the whole state.
 *
 *     numpy.random.seed(42)       mt19937_seed(&mt, 42)
 *     its first words             1608637542, 3421126067
 *     or its first rand()         mt19937_rand()      0.3745401188473625
 *     or its first randn()        mt19937_randn()     0.4967141530112327
 *
 * log() may differ in the last bit between C libraries, and randn() with it. Where that
 * matters, kinds.c has its own normal numbers.
 */
#include "mt19937.h"

#include <math.h>

enum { WORDS = MT19937_WORDS, AHEAD = 397 };

#define TOP_BIT 0x80000000u
#define TWIST 0x9908b0dfu

/* Knuth's generator fills the state; a seed that goes straight into it would show in the
   first numbers. */
void mt19937_seed(struct mt19937 *mt, uint32_t seed)
{
	uint32_t word = seed;

	for (unsigned k = 0; k < WORDS; k++) {
		mt->state[k] = word;
		word = 1812433253u * (word ^ word >> 30) + k + 1;
	}
	mt->n_used = 0;
	mt->has_normal = false;
	mt->other_normal = 0;
}

/* One step of the recurrence: replaces and returns one word of the state. */
static uint32_t next_word(struct mt19937 *mt)
{
	unsigned k = mt->n_used % WORDS;
	uint32_t joined = (mt->state[k] & TOP_BIT) | (mt->state[(k + 1) % WORDS] & ~TOP_BIT);

	mt->state[k] = mt->state[(k + AHEAD) % WORDS] ^ joined >> 1 ^
		(joined & 1 ? TWIST : 0);
	mt->n_used = k + 1;
	return mt->state[k];
}

/* The tempering of the reference code. */
uint32_t mt19937_bits(struct mt19937 *mt)
{
	uint32_t x = next_word(mt);

	x ^= x >> 11;
	x ^= x << 7 & 0x9d2c5680u;
	x ^= x << 15 & 0xefc60000u;
	return x ^ x >> 18;
}

/* 27 and 26 bits of two words make the 53 bits of a double, as in NumPy. */
double mt19937_rand(struct mt19937 *mt)
{
	uint64_t high = mt19937_bits(mt) >> 5, low = mt19937_bits(mt) >> 6;

	return (double)(high << 26 | low) * 0x1p-53;
}

double mt19937_uniform(struct mt19937 *mt, double low, double high)
{
	return low + (high - low) * mt19937_rand(mt);
}

/* Marsaglia's polar method. NumPy returns the second of the two values first. */
double mt19937_randn(struct mt19937 *mt)
{
	double x, y, r2, f;

	if (mt->has_normal) {
		mt->has_normal = false;
		return mt->other_normal;
	}
	do {
		x = 2 * mt19937_rand(mt) - 1;
		y = 2 * mt19937_rand(mt) - 1;
		r2 = x * x + y * y;
	} while (r2 >= 1 || r2 == 0);
	f = sqrt(-2 * log(r2) / r2);
	mt->other_normal = f * x;
	mt->has_normal = true;
	return f * y;
}
