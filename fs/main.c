/* SPDX-License-Identifier: MIT */
/* Options, the store's lock, becoming a daemon, and the session's life. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include "fs.h"
#include "inode.h"

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

/* ---- messages ------------------------------------------------------------------------------- */

void fs_log(const struct fs *fs, enum alcm_log_level level, const char *fmt, ...)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO };
	va_list ap;

	va_start(ap, fmt);
	if (fs->to_syslog) {
		vsyslog(priorities[level], fmt, ap);
	} else {
		char text[1024];

		vsnprintf(text, sizeof(text), fmt, ap);
		fprintf(stderr, "alcmfs: %s\n", text);
	}
	va_end(ap);
}

static void log_from_core(void *ctx, enum alcm_log_level level, const char *text)
{
	fs_log(ctx, level, "%s", text);
}

static void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void fail(const char *fmt, ...)
{
	va_list ap;

	fputs("alcmfs: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* ---- options ---------------------------------------------------------------------------------- */

enum { KEY_IGNORE = 1, KEY_PASS };

#define OPTION(name, field)                              \
	{                                                \
		name, offsetof(struct options, field), 1 \
	}

/* As FUSE_OPT_KEY, which clang takes for a conversion that loses bits. */
#define KEY(name, key)                \
	{                             \
		name, UINT32_MAX, key \
	}

static const struct fuse_opt option_table[] = {
	OPTION("threads=%u", threads),
	OPTION("budget=%u", budget_mib),
	OPTION("chunk=%u", chunk_kib),
	OPTION("min_size=%u", min_size),
	OPTION("profile=%s", profile),
	OPTION("noverify", noverify),
	{ "verify", offsetof(struct options, noverify), 0 },
	OPTION("attr_timeout=%lf", attr_timeout),
	OPTION("-f", foreground),
	OPTION("-d", debug),
	OPTION("-h", show_help),
	OPTION("--help", show_help),
	OPTION("-V", show_version),
	OPTION("--version", show_version),
	OPTION("allow_other", allow_other),
	KEY("default_permissions", KEY_IGNORE),
	/* What mount(8) and fstab may add. */
	KEY("auto", KEY_IGNORE),
	KEY("noauto", KEY_IGNORE),
	KEY("user", KEY_IGNORE),
	KEY("nouser", KEY_IGNORE),
	KEY("users", KEY_IGNORE),
	KEY("nofail", KEY_IGNORE),
	KEY("_netdev", KEY_IGNORE),
	KEY("defaults", KEY_IGNORE),
	/* What the kernel and fusermount3 understand. */
	KEY("fsname=", KEY_PASS),
	KEY("subtype=", KEY_PASS),
	KEY("auto_unmount", KEY_PASS),
	KEY("ro", KEY_PASS),
	KEY("rw", KEY_PASS),
	KEY("dev", KEY_PASS),
	KEY("nodev", KEY_PASS),
	KEY("suid", KEY_PASS),
	KEY("nosuid", KEY_PASS),
	KEY("exec", KEY_PASS),
	KEY("noexec", KEY_PASS),
	KEY("atime", KEY_PASS),
	KEY("noatime", KEY_PASS),
	KEY("sync", KEY_PASS),
	KEY("async", KEY_PASS),
	KEY("dirsync", KEY_PASS),
	FUSE_OPT_END,
};

/* How many single-letter edits lie between two names; short ones only. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[40];
	size_t na = strcspn(a, "="), nb = strcspn(b, "=%");

	if (nb > 38)
		nb = 38;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

static int unknown_option(const char *arg)
{
	const char *nearest = NULL;
	unsigned least = 4;

	for (const struct fuse_opt *o = option_table; o->templ; o++) {
		unsigned d = o->templ[0] == '-' ? least : distance(arg, o->templ);

		if (d < least) {
			least = d;
			nearest = o->templ;
		}
	}
	if (nearest)
		fail("unknown option '%s'; did you mean '%.*s'?", arg, (int)strcspn(nearest, "%"),
			nearest);
	else
		fail("unknown option '%s'; see alcmfs -h", arg);
	return -1;
}

static int on_option(void *data, const char *arg, int key, struct fuse_args *out)
{
	struct options *opt = data;

	(void)out;
	switch (key) {
	case KEY_IGNORE:
		return 0;
	case KEY_PASS:
		return 1;
	case FUSE_OPT_KEY_NONOPT:
		if (!opt->store)
			return (opt->store = strdup(arg)) ? 0 : -1;
		if (!opt->mountpoint)
			return (opt->mountpoint = strdup(arg)) ? 0 : -1;
		fail("unexpected argument '%s'", arg);
		return -1;
	default:
		return unknown_option(arg);
	}
}

static void usage(void)
{
	puts("usage: alcmfs STORE MOUNTPOINT [-o OPTION,…] [-f] [-d] [-V] [-h]\n"
	     "\n"
	     "Mount STORE, a directory, at MOUNTPOINT: tensor files saved there are compressed.\n"
	     "\n"
	     "  -f              stay in the foreground, messages on stderr\n"
	     "  -d              as -f, with a trace of every request\n"
	     "  -o threads=N    encoding threads (default: one per core)\n"
	     "  -o budget=MiB   memory for chunk buffers of all files (default 256, at least 8)\n"
	     "  -o chunk=KiB    chunk size of new files: 64, 128, 256 (default), … 16384\n"
	     "  -o min_size=N   files below N bytes are stored as they are (default 4096)\n"
	     "  -o profile=P    what compression may do to values: lossless (default)\n"
	     "  -o noverify     don't decode and compare each chunk before its buffer is let go\n"
	     "  -o attr_timeout=S  seconds for which the kernel may cache attributes (default "
	     "1)\n"
	     "  -o allow_other  let other users in (default for root)\n"
	     "and the general options of mount(8), such as ro.\n"
	     "\n"
	     "Unmount with: fusermount3 -u MOUNTPOINT");
}

static int check_options(struct fs *fs)
{
	struct options *o = &fs->opt;
	struct alcm_diag diag = { 0 };

	if (!o->store || !o->mountpoint) {
		fail("%s; see alcmfs -h", o->store ? "no mount point" : "no store");
		return -EINVAL;
	}
	if (o->budget_mib < 8 || o->budget_mib > 1 << 20) {
		fail("budget=%d: from 8 to 1048576 MiB", (int)o->budget_mib);
		return -EINVAL;
	}
	if (o->chunk_kib < 64 || o->chunk_kib > 16384 || (o->chunk_kib & (o->chunk_kib - 1))) {
		fail("chunk=%u: a power of two from 64 to 16384 KiB", o->chunk_kib);
		return -EINVAL;
	}
	if (o->threads > 1024) {
		fail("threads=%d: at most 1024", (int)o->threads);
		return -EINVAL;
	}
	alcm_profile_default(&fs->profile);
	if (o->profile && alcm_profile_parse(o->profile, &fs->profile, &diag)) {
		fail("%s", diag.cause);
		return -EINVAL;
	}
	return 0;
}

/* ---- the store ---------------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || (n == 1 && path[n]));
}

static int check_paths(struct options *o)
{
	char *store = realpath(o->store, NULL), *mount = NULL;
	int err = 0;

	if (!store) {
		err = -errno;
		fail("%s: %s", o->store, strerror(-err));
	} else if (!(mount = realpath(o->mountpoint, NULL))) {
		err = -errno;
		fail("%s: %s", o->mountpoint, strerror(-err));
	} else if (is_below(store, mount)) {
		err = -EINVAL;
		fail("the store %s lies inside the mount point %s: it would be hidden by it",
			store, mount);
	} else if (is_below(mount, store)) {
		err = -EINVAL;
		fail("the mount point %s lies inside the store %s: it would contain itself",
			mount, store);
	}
	if (!err) {
		free(o->store);
		free(o->mountpoint);
		o->store = store;
		o->mountpoint = mount;
		return 0;
	}
	free(store);
	free(mount);
	return err;
}

/* A daemon whose mount was just taken away may still be writing its last commits. */
static int take_lock(int fd)
{
	enum { TRIES = 200, PAUSE_US = 50 * 1000 };

	for (int i = 0; i < TRIES; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK)
			return -1;
		usleep(PAUSE_US);
	}
	errno = EWOULDBLOCK;
	return -1;
}

/* One store, one mount: locks and caches in the kernel are then complete. */
static int lock_store(struct fs *fs)
{
	const char *store = fs->opt.store;
	int err = 0;

	fs->store_fd = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fs->store_fd < 0) {
		err = -errno;
		fail("%s: %s", store, strerror(-err));
		return err;
	}
	if ((mkdirat(fs->store_fd, ADMIN_NAME, 0755) && errno != EEXIST) ||
		(mkdirat(fs->store_fd, ADMIN_NAME "/caq", 0755) && errno != EEXIST) ||
		(fs->lock_fd = openat(fs->store_fd, ADMIN_NAME "/lock",
			 O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0) {
		err = -errno;
		fail("%s/%s: %s", store, ADMIN_NAME, strerror(-err));
		return err;
	}
	if (take_lock(fs->lock_fd)) {
		err = -errno;
		fail("%s is in use: by another mount, or by alcm changing it in place", store);
		return err;
	}
	err = alcm_swap_recover(fs->store_fd, log_from_core, fs);
	if (err)
		fail("%s: finishing what a crash cut off: %s", store, strerror(-err));
	return err;
}

static int start_engine(struct fs *fs)
{
	struct alcm_params p;
	int err;

	alcm_params_default(&p);
	p.threads = fs->opt.threads;
	p.budget_bytes = (size_t)fs->opt.budget_mib << 20;
	p.chunk_bytes = fs->opt.chunk_kib << 10;
	p.verify = !fs->opt.noverify;
	p.log = log_from_core;
	p.log_ctx = fs;
	err = alcm_new(&p, &fs->alcm);
	if (err)
		fail("can't start the workers: %s", strerror(-err));
	return err;
}

/* As many descriptors as the limit allows, less what libraries and handles need. */
static void size_fd_cache(struct fs *fs)
{
	struct rlimit r = { 1024, 1024 };

	if (!getrlimit(RLIMIT_NOFILE, &r)) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
		(void)getrlimit(RLIMIT_NOFILE, &r);
	}
	fs->max_fds = r.rlim_cur > 1 << 20 ? 1 << 19 : (unsigned)r.rlim_cur / 2;
}

/* ---- the session ---------------------------------------------------------------------------------- */

/*
 * A shell starts background commands with SIGINT ignored, nohup with SIGHUP, and libfuse leaves
 * ignored signals alone. A daemon has no terminal whose wishes that could be.
 */
static void default_signals(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

static int serve(struct fs *fs)
{
	struct fuse_loop_config loop = { .clone_fd = 0, .max_idle_threads = 10 };
	int err;

	if (!fs->opt.foreground)
		default_signals();
	if (fuse_set_signal_handlers(fs->session))
		return -EIO;
	if (fuse_session_mount(fs->session, fs->opt.mountpoint)) {
		fuse_remove_signal_handlers(fs->session);
		return -EIO;
	}
	fs->to_syslog = !fs->opt.foreground;
	if (fs->to_syslog)
		openlog("alcmfs", LOG_PID, LOG_DAEMON);
	/* The parent exits here, with 0: the mount is there. Threads start in the child only. */
	err = fuse_daemonize(fs->opt.foreground) ? -EIO : 0;
	if (!err)
		err = start_engine(fs);
	if (!err)
		err = fuse_session_loop_mt(fs->session, &loop);
	fuse_session_unmount(fs->session);
	fuse_remove_signal_handlers(fs->session);
	/* A signal that ended the loop is the way to unmount, no failure. */
	return err < 0 ? err : 0;
}

static int add_session_options(struct fs *fs, struct fuse_args *args)
{
	char name[PATH_MAX + 32];

	snprintf(name, sizeof(name), "-ofsname=%s,subtype=alcmfs", fs->opt.store);
	/* A comma in the path would end the option. */
	if (strchr(fs->opt.store, ','))
		snprintf(name, sizeof(name), "-osubtype=alcmfs");
	if (fuse_opt_insert_arg(args, 1, name) || fuse_opt_add_arg(args, "-odefault_permissions"))
		return -ENOMEM;
	if ((fs->is_root || fs->opt.allow_other) && fuse_opt_add_arg(args, "-oallow_other"))
		return -ENOMEM;
	if (fs->opt.debug && fuse_opt_add_arg(args, "-odebug"))
		return -ENOMEM;
	return 0;
}

static int run(struct fs *fs, struct fuse_args *args)
{
	int err = check_options(fs);

	if (!err)
		err = check_paths(&fs->opt);
	if (!err)
		err = lock_store(fs);
	if (!err)
		err = inode_table_init(fs);
	if (!err)
		err = add_session_options(fs, args);
	if (err)
		return err;
	fs->session = fuse_session_new(args, &fs_ops, sizeof(fs_ops), fs);
	if (!fs->session)
		return -EINVAL;
	/* Memory reclaim must not wait for a daemon that is writing back. */
	(void)prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
	umask(0);
	size_fd_cache(fs);
	err = serve(fs);
	inode_table_release(fs);
	alcm_free(fs->alcm);
	fuse_session_destroy(fs->session);
	return err;
}

int main(int argc, char *argv[])
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct fs fs = {
		.opt = { .budget_mib = 256, .chunk_kib = 256, .min_size = 4096, .attr_timeout = 1 },
		.store_fd = -1,
		.lock_fd = -1,
		.is_root = geteuid() == 0,
	};
	int err;

	/* Request buffers come and go; the heap keeps them, mmap would fault each page anew. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	err = fuse_opt_parse(&args, &fs.opt, option_table, on_option);
	fs.opt.foreground |= fs.opt.debug;
	if (!err && fs.opt.show_version)
		printf("alcmfs %s\nlibfuse %s\n", ALCM_VERSION, fuse_pkgversion());
	else if (!err && fs.opt.show_help)
		usage();
	else if (!err)
		err = run(&fs, &args);
	fuse_opt_free_args(&args);
	free(fs.opt.store);
	free(fs.opt.mountpoint);
	free(fs.opt.profile);
	if (fs.store_fd >= 0)
		close(fs.store_fd);
	return err ? 1 : 0;
}
