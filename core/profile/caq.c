/* SPDX-License-Identifier: MIT */
/* The paper's figure of merit, in one place: every report and the scheduler use it. */
#include "alcm.h"

double alcm_caq(double ratio, double cpu_seconds)
{
	return ratio / (cpu_seconds + 1);
}
