/* SPDX-License-Identifier: MIT */
/* Hostile bytes as a whole blob: open it, read it, check it, mend it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include "alcm.h"

static struct alcm *engine(void)
{
	static struct alcm *alcm;
	struct alcm_params params;

	alcm_params_default(&params);
	params.threads = 1;
	params.budget_bytes = 8 << 20;
	if (!alcm && alcm_new(&params, &alcm))
		abort();
	return alcm;
}

static void read_all(int fd)
{
	static uint8_t buf[1 << 16];
	struct alcm_blob *blob = NULL;
	struct alcm_info info;
	uint64_t size;

	if (alcm_blob_open(engine(), fd, false, &blob, NULL))
		return;
	size = alcm_blob_size(blob);
	for (uint64_t off = 0; off < size && off < 1 << 20; off += sizeof(buf))
		(void)alcm_blob_pread(blob, buf, sizeof(buf), off, NULL);
	(void)alcm_blob_info(blob, &info, NULL);
	alcm_blob_close(blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);
	struct alcm_check check;
	struct alcm_probe probe;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)alcm_probe(fd, &probe, NULL);
	read_all(fd);
	(void)alcm_check(engine(), fd, false, &check);
	(void)alcm_check(engine(), fd, true, &check);
	read_all(fd);
	close(fd);
	return 0;
}
