/* SPDX-License-Identifier: MIT */
/*
 * The mount's engine, and the parameters that engines of idle conversions share.
 *
 * The engine starts in the process that serves, after the fork, because its threads
 * wouldn't survive one, and after privileges are dropped, because threads inherit
 * capabilities. An option that isn't given leaves core's default, which comes from the
 * CPUs and the memory that this process may use.
 */
#include "mount_engine.h"

#include "mount_log.h"

void engine_params(struct fs *fs, struct alcm_params *p)
{
	alcm_params_default(p);
	p->threads = fs->opt.threads;
	if (fs->opt.budget_mib)
		p->budget_bytes = (size_t)fs->opt.budget_mib << 20;
	p->chunk_bytes = fs->opt.chunk_kib << 10;
	p->verify = !fs->opt.noverify;
	p->predictor = fs->predictor;
	p->log = fs_log_file;
	p->log_ctx = fs;
}

int engine_start(struct fs *fs)
{
	struct alcm_params p;

	engine_params(fs, &p);
	return alcm_new(&p, &fs->alcm);
}
