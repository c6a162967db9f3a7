/* SPDX-License-Identifier: MIT */
/*
 * One mounted store. Everything a request needs hangs on this; there are no globals, so
 * two mounts can live in one process.
 */
#ifndef ALCMFS_FS_H
#define ALCMFS_FS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "activity.h"
#include "alcm.h"
#include "base/lock.h"
#include "compat.h"
#include "idle.h"
#include "notify.h"
#include "options.h"
#include "read_buffers.h"
#include "reports.h"
#include "rest.h"
#include "summaries.h"
#include "workers.h"

struct inode;
struct inode_hooks;

SLIST_HEAD(inode_bucket, inode);
TAILQ_HEAD(inode_list, inode);
LIST_HEAD(dir_list, dir_handle);

/* The admin directory at the store's root. */
#define ADMIN_NAME ".alcm"

struct fs {
	struct options opt;
	struct alcm *alcm;
	struct alcm_profile profile;      /* of the root directory */
	enum alcm_detect detect;          /* which files are compressed */
	struct alcm_predictor *predictor; /* NULL: the built-in */
	struct alcm_store *store;         /* locked for as long as the mount lives */
	int store_fd;                     /* the store's root */
	bool only_reads; /* the store can't be written: no reports, no conversions */
	bool is_root;    /* may act for other users */
	bool to_syslog;  /* a daemon; otherwise messages go to stderr */
	struct fuse_session *session;
	struct workers workers;

	/* guards what follows, and inodes' lookup counts, parents and names */
	struct lock table_lock;
	unsigned n_inodes; /* in the table */
	struct inode_bucket *buckets;
	struct inode *root;
	const struct inode_hooks *hooks; /* constant */
	struct inode_bucket *numbers;    /* of all inodes by number */
	struct inode_list kept;          /* kept for file handles, oldest first */
	unsigned n_kept, max_kept;
	unsigned max_request_bytes; /* most data of a request or its answer */
	atomic_uint last_generation;

	struct activity activity;
	struct reports reports;
	struct summaries summaries;
	struct idle idle;
	struct notify notify;
	struct rest rest;
	struct read_buffers read_buffers;

	atomic_bool told_of_blobs; /* that compressed files are copied in is logged once */
	struct lock dirs_lock;     /* guards the list of open directories; a leaf */
	struct dir_list dirs;

	struct lock unopened_lock;  /* guards `told` of inodes without content */
	struct lock scheduler_lock; /* one save at a time updates a directory's scheduler */

	/* guards the LRU, pins, path_fd of inodes and fd counts; a leaf */
	struct lock fd_lock;
	/* unused inodes with open descriptors, oldest first */
	struct inode_list lru;
	unsigned n_fds, max_fds;
	/* inodes without a name that the kernel hasn't forgotten */
	unsigned n_nameless;
	uint64_t n_forgotten; /* count of such inodes that were freed */
};

static inline struct fs *req_fs(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* The operations (session.c puts them into one table). */
extern const struct fuse_lowlevel_ops fs_ops;

#endif
