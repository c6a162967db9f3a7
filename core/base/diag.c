/* SPDX-License-Identifier: MIT */
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
