/* SPDX-License-Identifier: MIT */
#ifndef ALCM_PROFILE_PROFILE_H
#define ALCM_PROFILE_PROFILE_H

#include "alcm.h"

/* The profile with this id and bound, as stored in blobs. False: there is none. */
bool profile_of_id(uint8_t id, double bound, struct alcm_profile *out);

#endif
