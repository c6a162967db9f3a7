/* SPDX-License-Identifier: MIT */
/* Limits of the process: used to size caches and requests, or warned about. */
#include "process_limits.h"

#include "mount_log.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sys/resource.h>

/* The cache of descriptors may use half of the limit. The rest is for handles, whose
   number other processes decide. */
static int size_fd_cache(struct fs *fs)
{
	/* With fewer than LEAST not even one file at a time can be saved with its report. */
	enum { LEAST = 20 };
	enum { ROOM = 1 << 20 }; /* Linux's default limit for root */
	struct rlimit r = { 1024, 1024 };

	if (!getrlimit(RLIMIT_NOFILE, &r)) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
		(void)getrlimit(RLIMIT_NOFILE, &r);
	}
	fs->max_fds = r.rlim_cur > ROOM ? ROOM / 2 : (unsigned)r.rlim_cur / 2;
	if (r.rlim_cur < ROOM) {
		r = (struct rlimit){ ROOM, ROOM };
		(void)setrlimit(RLIMIT_NOFILE, &r);
		(void)getrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur >= LEAST)
		return 0;
	fs_fail("the limit of open files is %llu, and the mount needs at least %d (ulimit "
			"-n)",
		(unsigned long long)r.rlim_cur, LEAST);
	return -EMFILE;
}

/* The C library loads this when a thread ends, and aborts if no descriptor is free for it
   then. */
static void load_unwinder(void)
{
	(void)dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL);
}

static uint64_t budget_of(const struct fs *fs, const struct alcm_limits *limits)
{
	return fs->opt.budget_mib ? (uint64_t)fs->opt.budget_mib << 20
							  : alcm_limits_budget(limits);
}

/*
 * Sizes that follow from the budget besides chunk buffers. Inodes kept for file handles
 * get an eighth of it. Up to some 30 requests are answered at once, each with a buffer,
 * so a small budget has short requests.
 *
 *   budget     chunk buffers   a request    inodes kept
 *   8 MiB      8 MiB           128 KiB        4,096
 *   64 MiB     64 MiB          1 MiB         32,768
 *   256 MiB    256 MiB         1 MiB        131,072
 */
static void size_by_budget(struct fs *fs)
{
	enum { INODE_BYTES = 256, KEPT_SHARE = 8 };
	enum { REQUEST_SHARE = 64, LEAST_REQUEST = 128 << 10, MOST_REQUEST = 1 << 20 };
	struct alcm_limits limits;
	uint64_t budget, request;

	alcm_limits_get(&limits);
	budget = budget_of(fs, &limits);
	request = budget / REQUEST_SHARE & ~(uint64_t)(LEAST_REQUEST - 1);
	fs->max_request_bytes = request < LEAST_REQUEST ? LEAST_REQUEST
		: request > MOST_REQUEST                    ? MOST_REQUEST
													: (unsigned)request;
	fs->max_kept = (unsigned)(budget / KEPT_SHARE / INODE_BYTES);
	if (fs->opt.noforget)
		fs->max_kept = UINT_MAX;
}

static void warn_of_memory(const struct fs *fs)
{
	struct alcm_limits limits;
	uint64_t budget;

	alcm_limits_get(&limits);
	budget = budget_of(fs, &limits);
	if (!alcm_limits_allow(&limits, budget))
		fs_fail("warning: budget=%u may be too large: the whole daemon may take %u MiB, "
				"by "
				"%s, and is killed if it needs more",
			(unsigned)(budget >> 20), (unsigned)(limits.memory_bytes >> 20),
			limits.memory_by);
}

static void warn_of_cpu_time(void)
{
	struct rlimit r;

	if (!getrlimit(RLIMIT_CPU, &r) && r.rlim_max != RLIM_INFINITY)
		fs_fail("warning: the mount ends after %llu s of CPU time, by the limit of the "
				"process (ulimit -t)",
			(unsigned long long)r.rlim_max);
}

int process_limits_apply(struct fs *fs)
{
	int err = size_fd_cache(fs);

	if (err)
		return err;
	load_unwinder();
	size_by_budget(fs);
	warn_of_memory(fs);
	warn_of_cpu_time();
	return 0;
}
