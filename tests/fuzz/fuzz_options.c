/* SPDX-License-Identifier: MIT */
/* Mount options (fs/options.c), as one comma-separated text behind -o, and arguments
   between NULs. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "mount_log.h"

enum { MAX_ARGS = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fs/main.c has it print; here it must only not be given anything that printing would
   trip over. */
void fs_fail(const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(struct fs *fs)
{
	const struct options *o = &fs->opt;

	/* A file that the fuzzer names could be anything: reading weights has a target of its
	   own. */
	free(fs->opt.predictor);
	fs->opt.predictor = NULL;
	if (options_check(fs))
		return;
	require(o->store && o->mountpoint && (!o->budget_mib || o->budget_mib >= 8) &&
		o->budget_mib <= 1 << 20);
	require(o->chunk_kib >= 64 && o->chunk_kib <= 16384 &&
		!(o->chunk_kib & (o->chunk_kib - 1)));
	require(o->threads <= 1024 && o->attr_timeout >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fs fs = { 0 };
	char *text = malloc(size + 1), *at = text;

	require(text);
	memcpy(text, data, size);
	text[size] = '\0';
	require(!fuse_opt_add_arg(&args, "alcmfs") && !fuse_opt_add_arg(&args, "/store") &&
		!fuse_opt_add_arg(&args, "/mnt") && !fuse_opt_add_arg(&args, "-o"));
	for (unsigned n = 0; n < MAX_ARGS && at <= text + size; n++, at += strlen(at) + 1)
		require(!fuse_opt_add_arg(&args, at));
	if (!options_parse(&args, &fs.opt))
		check(&fs);
	fuse_opt_free_args(&args);
	options_release(&fs.opt);
	free(text);
	return 0;
}
