/* SPDX-License-Identifier: MIT */
/* Figures add up field by field; ratios and CAQ are only computed from sums. own_* and
   zlib_* are sums over files that have a trial of zlib, so a comparison of the two is of
   the same files. */
#include "report_model.h"

void figures_add(struct figures *to, const struct figures *f)
{
	to->n_files += f->n_files;
	to->n_compressed += f->n_compressed;
	to->n_lossy += f->n_lossy;
	to->logical += f->logical;
	to->stored += f->stored;
	to->cpu_seconds += f->cpu_seconds;
	to->own_logical += f->own_logical;
	to->own_stored += f->own_stored;
	to->own_cpu_seconds += f->own_cpu_seconds;
	to->zlib_stored += f->zlib_stored;
	to->zlib_cpu_seconds += f->zlib_cpu_seconds;
}
