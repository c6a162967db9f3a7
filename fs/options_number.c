/* SPDX-License-Identifier: MIT */
#include "options_number.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"

static const struct {
	const char *name; /* with "=" */
	size_t offset;    /* of an unsigned in struct options, or of a double */
	double least, most;
	enum { WHOLE, POWER_OF_TWO, FRACTION } kind;
	const char *unit;
} table[] = {
	{ "threads=", offsetof(struct options, threads), 1, 1024, WHOLE, "threads" },
	{ "budget=", offsetof(struct options, budget_mib), 8, 1 << 20, WHOLE, "MiB" },
	{ "chunk=", offsetof(struct options, chunk_kib), 64, 16384, POWER_OF_TWO, "KiB" },
	{ "min_size=", offsetof(struct options, min_size), 0, UINT32_MAX, WHOLE, "bytes" },
	{ "quiet=", offsetof(struct options, quiet), 0, 366 * 86400, WHOLE, "seconds" },
	{ "attr_timeout=", offsetof(struct options, attr_timeout), 0, 366 * 86400, FRACTION,
		"seconds" },
};

int options_number_find(const char *arg)
{
	for (size_t row = 0; row < sizeof(table) / sizeof(table[0]); row++) {
		if (strncmp(arg, table[row].name, strlen(table[row].name)) == 0)
			return (int)row;
	}
	return -1;
}

/* Digits only, with one point in a fraction: no sign, exponent, "nan" or anything behind. */
static bool parse(const char *text, int kind, double *out)
{
	size_t whole = strspn(text, "0123456789"), n = whole;

	if (kind == FRACTION && text[n] == '.')
		n += 1 + strspn(text + n + 1, "0123456789");
	if (!whole || text[n])
		return false;
	*out = strtod(text, NULL);
	return true;
}

bool options_number_take(struct options *opt, int row, const char *arg)
{
	const char *text = arg + strlen(table[row].name);
	char *field = (char *)opt + table[row].offset;
	bool fraction = table[row].kind == FRACTION, power = table[row].kind == POWER_OF_TWO;
	double value = 0;

	if (!parse(text, table[row].kind, &value) || value < table[row].least ||
		value > table[row].most || (power && ((unsigned)value & ((unsigned)value - 1)))) {
		fs_fail("%s: not a %s from %.0f to %.0f (%s)", arg,
			fraction        ? "number"
				: power ? "power of two"
					: "whole number",
			table[row].least, table[row].most, table[row].unit);
		return false;
	}
	if (fraction)
		*(double *)(void *)field = value;
	else
		*(unsigned *)(void *)field = (unsigned)value;
	return true;
}
