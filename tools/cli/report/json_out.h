/* SPDX-License-Identifier: MIT */
/* Parts of the JSON for other outputs: the page shows the files, alcm du the figures. */
#ifndef ALCM_TOOLS_JSON_OUT_H
#define ALCM_TOOLS_JSON_OUT_H

#include <stdio.h>

#include "base/json.h"
#include "report_model.h"

/* docs/collection.schema.json's figures. */
void json_add_figures(cJSON *to, const struct figures *f);

/* The compressed files as a list like in report --json, with numbers of six digits.
   False: out of memory. */
bool json_write_compressed(FILE *to, const struct report *report);

#endif
