/* SPDX-License-Identifier: MIT */
/* Whether the machine was started again since. */
#ifndef ALCM_BLOB_BOOT_H
#define ALCM_BLOB_BOOT_H

#include <stdint.h>

/* This machine's boot id; zero when it can't be known. */
void boot_id(uint8_t id[16]);

#endif
