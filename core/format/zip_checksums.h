/* SPDX-License-Identifier: MIT */
/* The checksums of a complete zip archive (APPNOTE 6.3.9, 4.3.7, 4.3.9, 4.3.12 to 4.3.16
   and 4.5.3). */
#ifndef ALCM_FORMAT_ZIP_CHECKSUMS_H
#define ALCM_FORMAT_ZIP_CHECKSUMS_H

#include "format/tensor_map.h"

/*
 * The CRC-32 of each stored member, with every place where it stands: in the directory,
 * and in the local record or the descriptor behind the bytes. False, with `out` empty: it
 * isn't known what would have to be changed with a member's bytes, and `why` (a static
 * text).
 */
bool zip_checksums(const struct format_reader *file, struct checksums *out,
	const char **why);

#endif
