/* SPDX-License-Identifier: MIT */
/* A cause that is too long is cut off at the end: it is for people, and begins with what
   matters. The last one set wins, so a caller may say it better. */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

int diag_set(struct alcm_diag *diag, int err, uint64_t offset, const char *fmt, ...)
{
	va_list ap;

	if (!diag)
		return err;
	diag->offset = offset;
	va_start(ap, fmt);
	(void)vsnprintf(diag->cause, sizeof(diag->cause), fmt, ap);
	va_end(ap);
	return err;
}
