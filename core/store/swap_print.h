/* SPDX-License-Identifier: MIT */
/* Prints of a file's content: they tell one content from another without keeping its
   bytes. */
#ifndef ALCM_STORE_SWAP_PRINT_H
#define ALCM_STORE_SWAP_PRINT_H

#include <stdint.h>

struct swap_print {
	uint64_t size;
	uint64_t hash;
};

/* The file's size, and the hash of its first 64 KiB: enough where its mtime is compared
   too. */
int swap_print_head(int fd, struct swap_print *out);

/*
 * The hash of the first `size` bytes of the file. Holes hash as the zeros that they read
 * as, and cost nothing. -ENODATA: the file is shorter.
 */
int swap_print_all(int fd, uint64_t size, struct swap_print *out);

/* 1: the first bytes of the file have this print of all of them. 0: they don't. Or a
   negative errno. */
int swap_print_matches(int fd, const struct swap_print *print);

#endif
