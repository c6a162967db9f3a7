/* SPDX-License-Identifier: MIT */
/*
 * Profiles: what compression may do to the values. One row per profile, by id.
 *
 * On disk a profile is the header's byte 21, and its bound the double in bytes 56 to 63
 * (docs/format.md, section 2.1). As text it is NAME, or NAME:E with a bound, for options,
 * reports and messages:
 *
 *     lossless   paper   alcm   bounded:0.001   bounded-abs:1e-05
 *
 * The bound of `bounded` is relative to the range of the values, so it is below 1; that
 * of `bounded-abs` is in the values' own unit, and any finite number.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "profile/profile.h"

/* the paper's share before the scheduler has any score */
static const double first_prune_share = 0.01;

struct profile {
	const char *name;
	bool lossy;
	double bound_below; /* a bound E follows the name, with 0 < E < this; 0: no bound */
};

/* By id, as on disk. */
static const struct profile profiles[] = {
	{ "lossless", false, 0 },
	{ "paper", true, 0 },
	{ "bounded", true, 1 },
	{ "bounded-abs", true, (double)INFINITY },
	{ "alcm", true, 0 },
};

enum { N_PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

/* NAME:E, with the fewest digits that read back as E. 17 significant digits always do,
   for any double. */
static void set_name(struct alcm_profile *p, const char *name)
{
	int digits = 1;

	if (p->bound <= 0) {
		snprintf(p->name, sizeof(p->name), "%s", name);
		return;
	}
	do {
		snprintf(p->name, sizeof(p->name), "%s:%.*g", name, digits, p->bound);
	} while (strtod(strchr(p->name, ':') + 1, NULL) != p->bound && digits++ < 17);
}

bool profile_of_id(uint8_t id, double bound, struct alcm_profile *out)
{
	if (id >= N_PROFILES)
		return false;
	*out = (struct alcm_profile){
		.id = id,
		.lossy = profiles[id].lossy,
		.prune_share = first_prune_share,
		.bound = profiles[id].bound_below > 0 ? bound : 0,
	};
	set_name(out, profiles[id].name);
	return true;
}

static int unknown(const char *text, struct alcm_diag *diag)
{
	char known[96] = "";

	for (unsigned i = 0; i < N_PROFILES; i++) {
		size_t n = strlen(known);

		snprintf(known + n, sizeof(known) - n, "%s%s%s", n ? ", " : "", profiles[i].name,
			profiles[i].bound_below > 0 ? ":E" : "");
	}
	return diag_set(diag, -EINVAL, 0, "unknown profile '%.40s'; known: %s", text, known);
}

/* Parse the E behind the colon. The comparisons are written so that NaN fails them, and
   "inf" isn't below infinity. */
static int parse_bound(const struct profile *p, const char *text, double *bound,
	struct alcm_diag *diag)
{
	char *end;

	*bound = strtod(text, &end);
	if (end == text || *end || !(*bound > 0) || !(*bound < p->bound_below))
		return diag_set(diag, -EINVAL, 0, "%s:%.40s: E must be a number above 0%s",
			p->name, text, isfinite(p->bound_below) ? " and below 1" : "");
	return 0;
}

int alcm_profile_parse(const char *text, struct alcm_profile *out, struct alcm_diag *diag)
{
	size_t len = strcspn(text, ":");
	double bound = 0;
	int err = 0;

	for (unsigned id = 0; id < N_PROFILES; id++) {
		const struct profile *p = &profiles[id];

		if (strlen(p->name) != len || strncmp(text, p->name, len) != 0)
			continue;
		if ((text[len] == ':') != (p->bound_below > 0))
			return text[len]
				? unknown(text, diag)
				: diag_set(diag, -EINVAL, 0, "%s needs a bound: %s:E", p->name, p->name);
		if (text[len])
			err = parse_bound(p, text + len + 1, &bound, diag);
		if (!err)
			(void)profile_of_id((uint8_t)id, bound, out);
		return err;
	}
	return unknown(text, diag);
}

void alcm_profile_default(struct alcm_profile *out)
{
	(void)profile_of_id(0, 0, out);
}

/* The paper's figure of merit, in one place: every report and the scheduler use it. The
   1 s keeps it finite; a ratio of 4 scores 4 at no cost and 2 after a second. */
double alcm_caq(double ratio, double cpu_seconds)
{
	return ratio / (cpu_seconds + 1);
}
