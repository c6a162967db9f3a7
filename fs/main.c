/* SPDX-License-Identifier: MIT */
/*
 * The life of a mount: options, the store's lock, becoming a daemon, serving, the end.
 *
 *   options ──► checks ──► lock the store, finish jobs ──► mount ──► fork ──► threads
 *       ──► serve until a signal or unmount
 *       ──► stop notify, workers ──► unmount ──► stop the other threads ──► free
 *
 * The order of the end matters: a running notification needs workers, and reports that
 * are still due need the tables.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

#include "admin.h"
#include "content.h"
#include "daemonize.h"
#include "fs.h"
#include "inode.h"
#include "mount_engine.h"
#include "mount_log.h"
#include "mount_point.h"
#include "op.h"
#include "path.h"
#include "privileges.h"
#include "process_limits.h"
#include "read_ahead.h"
#include "signals.h"
#include "store_lock.h"

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

/* ---- the store --------------------------------------------------------------------- */

/* The store's files are reached through their descriptors' names in /proc. */
static int check_proc(void)
{
	if (alcm_process_has_proc())
		return 0;
	fs_fail("/proc isn't mounted, or isn't that of this process: no file of the store "
			"could be opened (mount -t proc proc /proc)");
	return -ENOENT;
}

static int open_store(struct fs *fs)
{
	const char *store = fs->opt.store;
	int fd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 ? -errno : alcm_store_open(fd, &fs->store);

	if (err) {
		fs_fail("%s: %s", store, strerror(-err));
		return err;
	}
	fs->store_fd = alcm_store_dirfd(fs->store);
	err = store_lock(fs);
	if (err || fs->only_reads)
		return err;
	err = alcm_swap_recover(fs->store, fs_log_core, fs);
	if (err < 0)
		fs_fail("%s: finishing what a crash interrupted: %s", store, strerror(-err));
	/* A file that can't be finished must not keep the others from being used. */
	return err < 0 ? err : 0;
}

/* ---- what inodes mean to the rest -------------------------------------------------- */

/* A file that is being opened at this moment is examined at its close. */
static void drop_from_queues(struct fs *fs, struct inode *i)
{
	if (!i->content)
		return;
	idle_drop(fs, i);
	reports_drop(fs, i);
}

static const struct inode_hooks hooks = {
	.nameless = drop_from_queues,
	.evict = content_evict,
	.kept = content_forget,
	.gone = content_release,
};

/* ---- threads ----------------------------------------------------------------------- */

static int start_threads(struct fs *fs)
{
	return privileges_drop(fs)
		?: engine_start(fs)
		?: summaries_start(fs)
		?: reports_start(fs, admin_write_report)
		?: notify_start(fs)
		?: idle_start(fs, content_convert)
		?: rest_start(fs)
		?: workers_start(fs);
}

static void detach(struct fs *fs, int parent)
{
	fs->to_syslog = true;
	openlog("alcmfs", LOG_PID, LOG_DAEMON);
	daemonize_done(parent);
}

/* ---- the session ------------------------------------------------------------------- */

static int serve(struct fs *fs)
{
	int err, parent = -1;

	signals_set(fs);
	if (fuse_session_mount(fs->session, fs->opt.mountpoint))
		return -EIO;
	err = mount_point_forbid_links(&fs->opt);
	if (err) {
		fuse_session_unmount(fs->session);
		return err;
	}
	if (!mount_point_is_fd(fs->opt.mountpoint))
		read_ahead_raise(fs->opt.mountpoint);
	/* Threads don't survive a fork, so they start in the child. */
	err = fs->opt.foreground ? 0 : daemonize_fork(&parent);
	if (!err && chdir("/"))
		err = -errno;
	if (!err)
		err = start_threads(fs);
	if (!err && parent >= 0)
		detach(fs, parent);
	if (!err)
		err = workers_serve(fs);
	if (err < 0)
		fs_log(fs, ALCM_LOG_ERROR, "the mount ends: %s", strerror(-err));
	notify_stop(fs);
	workers_stop(fs);
	privileges_raise(fs, PRIVILEGE_ADMIN);
	fuse_session_unmount(fs->session);
	rest_stop(fs);
	idle_stop(fs);
	reports_stop(fs);
	summaries_stop(fs);
	/* A signal that ended the loop is a way to unmount, not a failure. */
	return err < 0 ? err : 0;
}

static int add_session_options(struct fs *fs, struct fuse_args *args)
{
	char name[PATH_MAX + 32];

	snprintf(name, sizeof(name), "-ofsname=%s,subtype=alcmfs", fs->opt.store);
	/* A comma in the path would end the option. */
	if (strchr(fs->opt.store, ','))
		snprintf(name, sizeof(name), "-osubtype=alcmfs");
	if (fuse_opt_insert_arg(args, 1, name) ||
		fuse_opt_add_arg(args, "-odefault_permissions"))
		return -ENOMEM;
	if ((fs->is_root || fs->opt.allow_other) && fuse_opt_add_arg(args, "-oallow_other"))
		return -ENOMEM;
	if (fs->opt.debug && fuse_opt_add_arg(args, "-odebug"))
		return -ENOMEM;
	return 0;
}

/* Nothing is read from it, and a terminal may be needed by others. */
static void close_stdin(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd > STDIN_FILENO) {
		(void)dup2(fd, STDIN_FILENO);
		close(fd);
	}
}

static int make_tables(struct fs *fs, struct fuse_args *args)
{
	int err = inode_table_init(fs) ?: add_session_options(fs, args);

	if (err)
		fs_fail("can't start: %s", strerror(-err));
	return err;
}

static int run(struct fs *fs, struct fuse_args *args)
{
	int err = options_check(fs)
		?: check_proc()
		?: mount_point_check(&fs->opt, fs->is_root)
		?: open_store(fs)
		?: make_tables(fs, args);

	if (err)
		return err;
	fs->session = fuse_session_new(args, &fs_ops, sizeof(fs_ops), fs);
	if (!fs->session)
		return -EINVAL;
	/* Memory reclaim must not wait for a daemon that is itself writing back. */
	(void)prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
	umask(0);
	close_stdin();
	err = process_limits_apply(fs) ?: serve(fs);
	op_dir_end(fs);
	inode_table_release(fs);
	alcm_free(fs->alcm);
	read_buffers_trim(&fs->read_buffers);
	fuse_session_destroy(fs->session);
	return err;
}

/*
 * One heap. With one per thread, each would grow to the most that its thread ever had at
 * once, and malloc_trim() (rest.c) only trims the end of the first. Buffers of chunks and
 * requests are mapped outside of it, so that small long-lived objects don't end up
 * between them.
 */
static void set_up_heap(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
}

static int start(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct fs fs = {
		.store_fd = -1,
		.is_root = geteuid() == 0,
		.hooks = &hooks,
	};
	int err;

	activity_init(&fs.activity);
	notify_init(&fs.notify);
	workers_init(&fs.workers);
	read_buffers_init(&fs.read_buffers);
	set_up_heap();
	err = options_parse(&args, &fs.opt);
	if (!err && fs.opt.show_version)
		printf("alcmfs %s\nlibfuse %s\n", ALCM_VERSION, fuse_pkgversion());
	else if (!err && fs.opt.show_help)
		options_usage();
	else if (!err)
		err = run(&fs, &args);
	fuse_opt_free_args(&args);
	options_release(&fs.opt);
	alcm_predictor_free(fs.predictor);
	alcm_store_close(fs.store);
	return err ? 1 : 0;
}

int main(int argc, char *argv[])
{
	return alcm_process_run(start, argc, argv);
}
