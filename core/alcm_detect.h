/* SPDX-License-Identifier: MIT */
/* What the files of detection share. */
#ifndef ALCM_DETECT_H
#define ALCM_DETECT_H

#include "alcm.h"

/* What alcm_detect_parse() reads. */
const char *detect_name(enum alcm_detect detect);

/* The verdict that alcm_verdict_keep() left with the file, if it still holds. */
bool verdict_kept(int fd, enum alcm_detect detect, const struct stat *st,
	struct alcm_verdict *out);

#endif
