/* SPDX-License-Identifier: MIT */
/*
 * The data for the page's script: the files as in alcm report --json, deflated and in
 * Base64. So 5,000 files take 3 MB, beside the table for readers without a script.
 *
 * The page is one file that works offline. Base64 has no "<", so data from a store can't
 * end the element that holds it, whatever names of files contain.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "html_out.h"
#include "json_out.h"

/* RFC 4648, with "=" for the missing bytes of the last group. */
static void put_base64(FILE *to, const uint8_t *bytes, size_t n)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t b1 = i + 1 < n ? bytes[i + 1] : 0, b2 = i + 2 < n ? bytes[i + 2] : 0;
		uint32_t three = (uint32_t)bytes[i] << 16 | b1 << 8 | b2;

		fputc(letters[three >> 18], to);
		fputc(letters[three >> 12 & 63], to);
		fputc(i + 1 < n ? letters[three >> 6 & 63] : '=', to);
		fputc(i + 2 < n ? letters[three & 63] : '=', to);
	}
}

/* zlib's format, which browsers call "deflate". */
static bool put_deflated(FILE *to, const char *text, size_t n)
{
	uLongf len = compressBound(n);
	uint8_t *packed = malloc(len);
	bool ok = packed &&
		compress2(packed, &len, (const uint8_t *)text, n, Z_BEST_COMPRESSION) == Z_OK;

	if (ok)
		put_base64(to, packed, len);
	free(packed);
	return ok;
}

bool html_data(FILE *to, const struct report *report)
{
	char *text = NULL;
	size_t n = 0;
	FILE *json = open_memstream(&text, &n);
	bool ok = json && json_write_compressed(json, report);

	if (json)
		ok = fclose(json) == 0 && ok;
	ok = ok && put_deflated(to, text, n);
	free(text);
	return ok;
}
