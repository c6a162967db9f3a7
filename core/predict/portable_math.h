/* SPDX-License-Identifier: MIT */
/*
 * Logarithm and power of 2 by additions and multiplications only. So decisions made with
 * them, and weights trained with them, are the same on every machine and with every C
 * library.
 */
#ifndef ALCM_PREDICT_PORTABLE_MATH_H
#define ALCM_PREDICT_PORTABLE_MATH_H

#include <stdint.h>
#include <string.h>

/* log2(x) to 4e-6, of a normal x > 0. Exact for powers of 2. */
static inline float portable_log2(float x)
{
	uint32_t bits;
	int exponent;
	float m;

	memcpy(&bits, &x, sizeof(bits));
	exponent = (int)(bits >> 23) - 127;
	bits = (bits & 0x7fffff) | 127u << 23;
	memcpy(&m, &bits, sizeof(m));
	m -= 1;
	return (float)exponent +
		m *
		(1.4425017f +
			m *
				(-0.7176681f +
					m *
						(0.4557429f +
							m * (-0.2748323f + m * (0.1193814f + m * -0.0251256f)))));
}

/* 2^x with a relative error of 4e-6; x is limited to −126 … 127. */
static inline float portable_exp2(float x)
{
	uint32_t bits;
	float power, f;
	int whole;

	if (!(x > -126))
		x = -126;
	if (x > 127)
		x = 127;
	whole = (int)x - (x < (float)(int)x);
	f = x - (float)whole;
	bits = (uint32_t)(whole + 127) << 23;
	memcpy(&power, &bits, sizeof(power));
	return power *
		(1 +
			f *
				(0.6931482f +
					f *
						(0.2401985f +
							f * (0.0556900f + f * (0.0091529f + f * 0.0018104f)))));
}

#endif
