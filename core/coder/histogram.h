/* SPDX-License-Identifier: MIT */
/* How often each byte occurs. */
#ifndef ALCM_CODER_HISTOGRAM_H
#define ALCM_CODER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

void histogram_of(const uint8_t *in, size_t n, uint32_t counts[256]);

#endif
