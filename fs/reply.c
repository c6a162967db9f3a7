/* SPDX-License-Identifier: MIT */
/* Answers without data. Errors are counted here, so the mount's figures include every
   one. */
#include "reply.h"

#include "fs.h"

void reply_result(fuse_req_t req, int result)
{
	activity_count_result(&req_fs(req)->activity, result);
	fuse_reply_err(req, -result);
}
