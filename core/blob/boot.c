/* SPDX-License-Identifier: MIT */
/*
 * Which boot of the machine this is. Recovery compares it with the boot id in a trailer:
 * if they are equal, no power failure can have happened since that commit, and what was
 * written is at least in the kernel's cache. If either is unknown, records are verified;
 * that is slower, and never wrong.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "blob/blob.h"
#include "blob/boot.h"

static uint8_t this_boot[16];
static bool boot_overridden;

/* The kernel's text is a UUID such as 6f1c…-…. Everything but hexadecimal digits is
   skipped. On any failure the id stays zero, which means "unknown". */
static void read_boot_id(void)
{
	char text[37] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	unsigned digits = 0;

	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < n && digits < 32; i++) {
		const char *hex = "0123456789abcdef", *p = strchr(hex, text[i]);

		if (!p || !*p)
			continue;
		this_boot[digits / 2] = (uint8_t)(this_boot[digits / 2] << 4 | (p - hex));
		digits++;
	}
}

void boot_id(uint8_t id[16])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (!boot_overridden)
		pthread_once(&once, read_boot_id);
	memcpy(id, this_boot, sizeof(this_boot));
}

void blob_set_boot_id_for_tests(const uint8_t id[16])
{
	boot_overridden = id != NULL;
	memset(this_boot, 0, sizeof(this_boot));
	if (id)
		memcpy(this_boot, id, sizeof(this_boot));
	else
		read_boot_id();
}
