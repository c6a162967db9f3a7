/* SPDX-License-Identifier: MIT */
/* Byte counts for people, with binary units: 1023 is "1023 B", 1024 is "1.0 KiB". Three
   or four digits and a unit, so columns stay narrow; info and du print exact numbers with
   --bytes. */
#include <stdio.h>

#include "cli.h"

char *cli_bytes(uint64_t n, char *buf)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)n;
	size_t unit = 0;

	for (; v >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		v /= 1024;
	snprintf(buf, 16, unit ? "%.1f %s" : "%.0f %s", v, units[unit]);
	return buf;
}
