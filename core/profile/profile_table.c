/* SPDX-License-Identifier: MIT */
/* What compression may do to the values; one row per profile. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"

static const struct alcm_profile profiles[] = {
	{ .id = 0, .name = "lossless", .prune_share = 0.01 },
	{ .id = 1, .name = "paper", .lossy = true, .prune_share = 0.01 },
};

enum { N_PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

int alcm_profile_parse(const char *text, struct alcm_profile *out, struct alcm_diag *diag)
{
	char known[96] = "";

	for (unsigned i = 0; i < N_PROFILES; i++) {
		size_t n = strlen(known);

		if (strcmp(text, profiles[i].name) == 0) {
			*out = profiles[i];
			return 0;
		}
		snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "", profiles[i].name);
	}
	return diag_set(diag, -EINVAL, 0, "unknown profile '%.40s'; known: %s", text, known);
}

bool alcm_profile_of_id(uint8_t id, struct alcm_profile *out)
{
	if (id >= N_PROFILES)
		return false;
	*out = profiles[id];
	return true;
}

void alcm_profile_default(struct alcm_profile *out)
{
	*out = profiles[0];
}
