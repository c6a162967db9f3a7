/* SPDX-License-Identifier: MIT */
/* The checksums of a complete zip archive (APPNOTE 6.3.9, 4.3.7, 4.3.9, 4.3.12 to 4.3.16
   and 4.5.3). */
#ifndef ALCM_FORMAT_ZIP_CHECKSUMS_H
#define ALCM_FORMAT_ZIP_CHECKSUMS_H

#include "format/tensor_map.h"

/*
 * The CRC-32 of each stored member, and every place that holds it: in the directory, and
 * in the local record or the descriptor. False, with `out` empty and `why` a static text:
 * it isn't clear what would have to change with a member's bytes.
 */
bool zip_checksums(const struct format_reader *file, struct checksums *out,
	const char **why);

#endif
