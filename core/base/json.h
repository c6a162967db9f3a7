/* SPDX-License-Identifier: MIT */
/*
 * What JSON documents of core, fs and tools share: members that are fields of a struct,
 * written and read by the same row, and the parts that several documents have.
 *
 * A NULL on the way (memory is short) makes cJSON drop the item.
 */
#ifndef ALCM_BASE_JSON_H
#define ALCM_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "alcm.h"

enum json_kind { JSON_DOUBLE, JSON_U64, JSON_U32, JSON_BOOL, JSON_TEXT };

struct json_field {
	const char *name;
	enum json_kind kind;
	size_t offset, size;
};

/* The fields of one struct that make up an object. */
struct json_fields {
	const struct json_field *rows;
	size_t n;
};

/* clang-format off */
#define JSON_KIND(v) _Generic((v), double: JSON_DOUBLE, uint64_t: JSON_U64, \
	uint32_t: JSON_U32, bool: JSON_BOOL, char *: JSON_TEXT)
#define JSON_FIELDS(list) { (list), sizeof(list) / sizeof(*(list)) }
/* A row: member `name` is `field` of the struct `s`. */
#define JSON_FIELD(s, name, field)                              \
	{ name, JSON_KIND(((struct s *)0)->field), offsetof(struct s, field), \
		sizeof(((struct s *)0)->field) }
/* clang-format on */

/* ---- writing ----------------------------------------------------------------------- */

/* JSON has neither NaN nor infinity: both become null. */
void json_add_number(cJSON *to, const char *name, double v);

/* null for "". */
void json_add_text(cJSON *to, const char *name, const char *text);

/* A text that may be any bytes, as UTF-8. */
void json_add_name(cJSON *to, const char *key, const char *name);

void json_add_fields(cJSON *to, const struct json_fields *fields, const void *from);

/* The whole text of `root`, which is freed, for alcm_free_text(). NULL: no memory. */
char *json_print(cJSON *root);

/* ---- reading ----------------------------------------------------------------------- */

const cJSON *json_get(const cJSON *object, const char *key);

/* null, and anything that isn't a number, is NaN: the writer writes NaN as null. */
double json_number(const cJSON *object, const char *key);

/* 0 for values that can't be a count. */
uint64_t json_to_count(double v);
uint64_t json_count(const cJSON *object, const char *key);

/* Copy a text. False: it is missing, or too long for `capacity`. */
bool json_text(const cJSON *object, const char *key, char *out, size_t capacity);

/* False: a text is missing or too long; the other fields are set all the same. */
bool json_read_fields(const cJSON *from, const struct json_fields *fields, void *to);

/* ---- what files' metrics look like ------------------------------------------------- */

extern const struct json_fields json_plane, json_statistics, json_distortion;

/* "statistics"; without values its figures are null and not 0. */
void json_add_statistics(cJSON *to, const struct alcm_stats *stats);

/* "dtype", "shape" and "order"; null where there is no dtype. */
void json_add_type(cJSON *to, const char *dtype, const uint64_t *shape, unsigned n_dims,
	bool fortran_order);

/* "planes" */
void json_add_planes(cJSON *to, const struct alcm_plane *planes, unsigned n);

/* "tensors" of a container, each by itself or grouped by name patterns; nothing if there
   are none. */
void json_add_tensors(cJSON *to, const struct alcm_tensor *rows, unsigned n,
	const struct alcm_plane *planes);

/* `name` with "why_not" and the errors of a lossy profile; NULL: the profile is
   lossless, and the member null. */
cJSON *json_add_quantisation(cJSON *to, const char *name,
	const struct alcm_quantisation *q);

#endif
