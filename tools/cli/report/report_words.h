/* SPDX-License-Identifier: MIT */
/* Words and numbers for people, common to all outputs: page, terminal, JSON. */
#ifndef ALCM_TOOLS_REPORT_WORDS_H
#define ALCM_TOOLS_REPORT_WORDS_H

#include "report_model.h"

/* The common name of a file's dtype: "<f4" is "float32". An unknown one is returned
   unchanged. For a container it is the format. Returns `buf`. */
char *words_type(const struct file_detail *detail, char buf[64]);

/* "4096 × 4096", "scalar", "12 tensors" of a container, or "" when the file has no shape.
   Returns `buf`. */
char *words_shape(const struct file_detail *detail, char *buf, size_t capacity);

/* "4096 × 4096", or "scalar" without dimensions. Returns `buf`. */
char *words_dims(const uint64_t *dims, unsigned n_dims, char *buf, size_t capacity);

/* Bytes, possibly negative: "-1.2 MiB". Returns `buf`. */
char *words_bytes(double bytes, char buf[32]);

/* "1.21 : 1 — 34.0 GiB saved of 200.0 GiB, for 12 CPU minutes". Returns `buf`. */
char *words_headline(const struct figures *all, char *buf, size_t capacity);

/* "Lossless: every file reads back bit for bit." or how many are lossy. Returns `buf`. */
char *words_lossy(const struct figures *all, char *buf, size_t capacity);

/* An explanation of the figures: paragraphs, then NULL. */
extern const char *const words_method[];

/*
 * A name for people, in UTF-8. Control characters, and characters that change the
 * direction of text, are spelled out: "\x1b", "\u202e". To free(3); NULL: out of memory.
 */
char *words_visible(const char *name);

/* The time as "2026-01-31T12:00:00Z". Returns `buf`. */
char *words_time(time_t t, char buf[32]);

/* Host and processor: "name, processor, N cores". Returns `buf`. */
char *words_host(char *buf, size_t capacity);

#endif
