/* SPDX-License-Identifier: MIT */
/* When to make summaries. A change makes a round due, half a second later; after a long
   round the thread rests, so that summaries take about a tenth of the time at most. */
#include "summaries.h"

#include <errno.h>
#include <string.h>

#include "fs.h"
#include "mount_log.h"

enum {
	PAUSE_MS = 500, /* after a change, so that a run of saves costs one round */
	REST_ROUNDS = 10,
};

void summaries_refresh(struct fs *fs, const char *dir)
{
	int err;

	{
		WITH_LOCK(&fs->summaries.making);
		err = alcm_summary_refresh(fs->store, dir);
	}
	if (err && err != -ENODATA && err != -ENOENT && err != -EAGAIN && err != -ENOTDIR)
		fs_log(fs, ALCM_LOG_WARNING, "%s: no summary: %s", *dir ? dir : ".",
			strerror(-err));
}

/* Going down from the top finds all that are missing. */
static void refresh_all(struct fs *fs)
{
	summaries_refresh(fs, "");
}

int summaries_start(struct fs *fs)
{
	lock_init(&fs->summaries.making, LOCK_SUMMARIES);
	return background_start(&fs->summaries.work, fs, refresh_all, PAUSE_MS, REST_ROUNDS);
}

void summaries_stop(struct fs *fs)
{
	background_stop(&fs->summaries.work);
}

void summaries_changed(struct fs *fs)
{
	background_due(&fs->summaries.work);
}
