/* SPDX-License-Identifier: MIT */
/*
 * The random numbers of NumPy's legacy generator, bit for bit:
 * numpy.random.RandomState(seed) and numpy.random.seed(seed) with an integer seed.
 * Matsumoto and Nishimura's MT19937 (1998), the authors' seeding of 2002 from one 32-bit
 * number, doubles of 53 bits, and Marsaglia's polar method for normal values, whose
 * logarithm comes from the C library.
 *
 * No memory, no locks: an object belongs to one thread at a time.
 */
#ifndef ALCM_LAB_MT19937_H
#define ALCM_LAB_MT19937_H

#include <stdbool.h>
#include <stdint.h>

enum { MT19937_WORDS = 624 };

struct mt19937 {
	uint32_t state[MT19937_WORDS];
	unsigned n_used;     /* words of `state` that were used */
	bool has_normal;     /* mt19937_randn() makes two at a time … */
	double other_normal; /* … and keeps one for the next call */
};

/* seed(seed): starts again, and drops a kept normal value. */
void mt19937_seed(struct mt19937 *mt, uint32_t seed);

/* 32 random bits. */
uint32_t mt19937_bits(struct mt19937 *mt);

/* rand(): uniform in [0, 1), a multiple of 2^-53. */
double mt19937_rand(struct mt19937 *mt);

/* uniform(low, high). */
double mt19937_uniform(struct mt19937 *mt, double low, double high);

/* randn(): mean 0, variance 1. */
double mt19937_randn(struct mt19937 *mt);

#endif
