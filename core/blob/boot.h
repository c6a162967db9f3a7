/* SPDX-License-Identifier: MIT */
/* Identifies the boot of the machine, to tell whether it restarted since a commit. */
#ifndef ALCM_BLOB_BOOT_H
#define ALCM_BLOB_BOOT_H

#include <stdint.h>

/* This machine's boot id; zero when it can't be known. */
void boot_id(uint8_t id[16]);

#endif
