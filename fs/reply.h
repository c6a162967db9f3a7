/* SPDX-License-Identifier: MIT */
/* Answers to requests. No lock may be held across one; debug builds check that. */
#ifndef ALCMFS_REPLY_H
#define ALCMFS_REPLY_H

#include "base/lock.h"
#include "compat.h"

/* Answer a request without data: 0 or a negative errno. All errors go through here. */
void reply_result(fuse_req_t req, int result);

#define REPLYING(call) (lock_assert_free(LOCK_ANY), call)
#define fuse_reply_attr(...) REPLYING(fuse_reply_attr(__VA_ARGS__))
#define fuse_reply_buf(...) REPLYING(fuse_reply_buf(__VA_ARGS__))
#define fuse_reply_create(...) REPLYING(fuse_reply_create(__VA_ARGS__))
#define fuse_reply_data(...) REPLYING(fuse_reply_data(__VA_ARGS__))
#define fuse_reply_entry(...) REPLYING(fuse_reply_entry(__VA_ARGS__))
#define fuse_reply_err(...) REPLYING(fuse_reply_err(__VA_ARGS__))
#define fuse_reply_lseek(...) REPLYING(fuse_reply_lseek(__VA_ARGS__))
#define fuse_reply_none(...) REPLYING(fuse_reply_none(__VA_ARGS__))
#define fuse_reply_open(...) REPLYING(fuse_reply_open(__VA_ARGS__))
#define fuse_reply_readlink(...) REPLYING(fuse_reply_readlink(__VA_ARGS__))
#define fuse_reply_statfs(...) REPLYING(fuse_reply_statfs(__VA_ARGS__))
#define fuse_reply_write(...) REPLYING(fuse_reply_write(__VA_ARGS__))
#define fuse_reply_xattr(...) REPLYING(fuse_reply_xattr(__VA_ARGS__))

#endif
