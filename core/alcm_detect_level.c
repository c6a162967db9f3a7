/* SPDX-License-Identifier: MIT */
/* The names of the levels of detection, as options and reports spell them. They are also
   in kept verdicts (docs/format.md, section 7), so a new name makes old verdicts void. */
#include <string.h>

#include "alcm_detect.h"

static const char *const names[] = {
	[ALCM_DETECT_NPY] = "npy",
	[ALCM_DETECT_TENSORS] = "tensors",
	[ALCM_DETECT_ALL] = "all",
};

bool alcm_detect_parse(const char *text, enum alcm_detect *out)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (enum alcm_detect)i;
			return true;
		}
	}
	return false;
}

const char *detect_name(enum alcm_detect detect)
{
	return names[detect];
}
