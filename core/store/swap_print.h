/* SPDX-License-Identifier: MIT */
/*
 * Fingerprints of content: they tell one content from another without keeping its bytes.
 */
#ifndef ALCM_STORE_SWAP_PRINT_H
#define ALCM_STORE_SWAP_PRINT_H

#include <stdint.h>

struct swap_print {
	uint64_t size;
	uint64_t hash;
};

/*
 * The file's size, and the hash of its first 64 KiB. Only good together with its mtime.
 */
int swap_print_head(int fd, struct swap_print *out);

/* The hash of the first `size` bytes of the file. Holes count as zeros and aren't read.
   -ENODATA: the file is shorter. */
int swap_print_all(int fd, uint64_t size, struct swap_print *out);

/* Whether the first print->size bytes of the file have this print: 1, 0 or a negative
   errno. */
int swap_print_matches(int fd, const struct swap_print *print);

#endif
