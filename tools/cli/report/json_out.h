/* SPDX-License-Identifier: MIT */
/* Parts of the JSON that others need: the page has the files, alcm du the figures. */
#ifndef ALCM_TOOLS_JSON_OUT_H
#define ALCM_TOOLS_JSON_OUT_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "report_model.h"

/* A text that may be any bytes, as UTF-8. NULLs (memory is short) make cJSON drop the
   item. */
void json_add_name(cJSON *to, const char *key, const char *name);

/* docs/collection.schema.json's figures. */
void json_add_figures(cJSON *to, const struct figures *f);

/*
 * A list of the files that are compressed, as report --json has them but with numbers of
 * six digits. False: out of memory.
 */
bool json_write_compressed(FILE *to, const struct report *report);

#endif
