/* SPDX-License-Identifier: MIT */
#include "alcm.h"

double alcm_caq(double ratio, double cpu_seconds)
{
	return ratio / (cpu_seconds + 1);
}
