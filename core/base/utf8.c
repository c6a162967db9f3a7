/* SPDX-License-Identifier: MIT */
/*
 * Names as valid UTF-8, for JSON. File names are any bytes; each byte that isn't part of
 * a valid sequence becomes U+FFFD. So two names may look the same in a document; where
 * that matters, as in a sidecar's name, the bytes are used.
 */
#include <stddef.h>
#include <string.h>

#include "alcm.h"
#include "base/alloc.h"

/* The length of the UTF-8 sequence at `s` (RFC 3629: no overlong forms, no surrogates);
   0: none. */
static size_t utf8_len(const unsigned char *s)
{
	static const struct {
		unsigned char lead_min, lead_max, second_min, second_max, len;
	} forms[] = {
		{ 0x01, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		size_t len = forms[f].len, k = 2;

		if (s[0] < forms[f].lead_min || s[0] > forms[f].lead_max)
			continue;
		if (len > 1 && (s[1] < forms[f].second_min || s[1] > forms[f].second_max))
			return 0;
		while (k < len && s[k] >= 0x80 && s[k] <= 0xbf)
			k++;
		return k < len ? 0 : len;
	}
	return 0;
}

/* A byte becomes three at most, so the buffer is sure to suffice. */
char *alcm_utf8(const char *name)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *text = mem_alloc(3 * strlen(name) + 1), *to = text;

	while (text && *name) {
		size_t len = utf8_len((const unsigned char *)name);

		memcpy(to, len ? name : replacement, len ? len : 3);
		to += len ? len : 3;
		name += len ? len : 1;
	}
	if (text)
		*to = '\0';
	return text;
}
