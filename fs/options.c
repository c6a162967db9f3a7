/* SPDX-License-Identifier: MIT */
/* What can be said on the command line, in -o and in fstab. */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "options_number.h"

enum { KEY_IGNORE = 1, KEY_PASS, KEY_NUMBER };

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
	KEY("threads=", KEY_NUMBER),
	KEY("budget=", KEY_NUMBER),
	KEY("chunk=", KEY_NUMBER),
	KEY("min_size=", KEY_NUMBER),
	KEY("quiet=", KEY_NUMBER),
	OPTION("profile=%s", profile),
	OPTION("predictor=%s", predictor),
	OPTION("detect=%s", detect),
	OPTION("noverify", noverify),
	{ "verify", offsetof(struct options, noverify), 0 },
	KEY("attr_timeout=", KEY_NUMBER),
	OPTION("noforget", noforget),
	OPTION("-f", foreground),
	OPTION("-d", debug),
	OPTION("-h", show_help),
	OPTION("--help", show_help),
	OPTION("-V", show_version),
	OPTION("--version", show_version),
	OPTION("allow_other", allow_other),
	KEY("default_permissions", KEY_IGNORE),
	/* For mount(8) and what reads fstab. A mount point may have files in any case. */
	KEY("auto", KEY_IGNORE),
	KEY("noauto", KEY_IGNORE),
	KEY("user", KEY_IGNORE),
	KEY("user=", KEY_IGNORE),
	KEY("nouser", KEY_IGNORE),
	KEY("users", KEY_IGNORE),
	KEY("nousers", KEY_IGNORE),
	KEY("owner", KEY_IGNORE),
	KEY("noowner", KEY_IGNORE),
	KEY("group", KEY_IGNORE),
	KEY("nogroup", KEY_IGNORE),
	KEY("nofail", KEY_IGNORE),
	KEY("_netdev", KEY_IGNORE),
	KEY("defaults", KEY_IGNORE),
	KEY("comment=", KEY_IGNORE),
	KEY("nonempty", KEY_IGNORE),
	/* When access times move, the mount that the store lies on decides. */
	KEY("relatime", KEY_IGNORE),
	KEY("norelatime", KEY_IGNORE),
	KEY("strictatime", KEY_IGNORE),
	KEY("nostrictatime", KEY_IGNORE),
	KEY("diratime", KEY_IGNORE),
	KEY("nodiratime", KEY_IGNORE),
	KEY("lazytime", KEY_IGNORE),
	KEY("nolazytime", KEY_IGNORE),
	/* No such thing here, or not any more in the kernel. */
	KEY("iversion", KEY_IGNORE),
	KEY("noiversion", KEY_IGNORE),
	KEY("mand", KEY_IGNORE),
	KEY("nomand", KEY_IGNORE),
	KEY("silent", KEY_IGNORE),
	KEY("loud", KEY_IGNORE),
	OPTION("nosymfollow", nosymfollow),
	{ "symfollow", offsetof(struct options, nosymfollow), 0 },
	/* What the kernel and fusermount3 understand. */
	KEY("fsname=", KEY_PASS),
	KEY("subtype=", KEY_PASS),
	KEY("auto_unmount", KEY_PASS),
	OPTION("ro", read_only), /* and then the store may be read-only, too */
	KEY("ro", KEY_PASS),
	{ "rw", offsetof(struct options, read_only), 0 },
	KEY("rw", KEY_PASS),
	KEY("dev", KEY_PASS),
	KEY("nodev", KEY_PASS),
	KEY("suid", KEY_PASS),
	KEY("nosuid", KEY_PASS),
	KEY("exec", KEY_PASS),
	KEY("noexec", KEY_PASS),
	KEY("atime", KEY_PASS),
	OPTION("noatime", noatime), /* the kernel leaves access times to us */
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
		fs_fail("unknown option '%s'; did you mean '%.*s'?", arg,
			(int)strcspn(nearest, "%"), nearest);
	else
		fs_fail("unknown option '%s'; see alcmfs -h", arg);
	return -1;
}

/* What other filesystems take, with what to do instead. */
static const struct {
	const char *name, *instead;
} refused[] = {
	{ "uid=", "files have the owners that they have in the store; chown them there" },
	{ "gid=", "files have the groups that they have in the store; chgrp them there" },
	{ "umask=", "files have the modes that they have in the store; chmod them there" },
	{ "fmask=", "files have the modes that they have in the store; chmod them there" },
	{ "dmask=", "directories have the modes that they have in the store; chmod them there" },
	{ "entry_timeout=", "attr_timeout= holds for names, too" },
	{ "negative_timeout=", "names that aren't there are looked up each time" },
	{ "ac_attr_timeout=", "use attr_timeout=" },
	{ "allow_root", "use allow_other" },
	{ "remount", "a mount keeps its options; unmount, then mount again" },
	{ "bind", "use mount --bind on the mount point" },
};

/* For programs other than us: mount(8) calls these "x-" and, if they don't last, "X-". */
static bool is_for_others(const char *arg)
{
	return (arg[0] == 'x' || arg[0] == 'X') && arg[1] == '-';
}

static int other_option(const char *arg)
{
	if (is_for_others(arg))
		return 0;
	for (size_t k = 0; k < sizeof(refused) / sizeof(refused[0]); k++) {
		if (strncmp(arg, refused[k].name, strlen(refused[k].name)) == 0) {
			fs_fail("option '%s' isn't supported: %s", arg, refused[k].instead);
			return -1;
		}
	}
	return unknown_option(arg);
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
	case KEY_NUMBER:
		return options_number_take(opt, options_number_find(arg), arg) ? 0 : -1;
	case FUSE_OPT_KEY_NONOPT:
		if (!opt->store)
			return (opt->store = strdup(arg)) ? 0 : -1;
		if (!opt->mountpoint)
			return (opt->mountpoint = strdup(arg)) ? 0 : -1;
		fs_fail("unexpected argument '%s'", arg);
		return -1;
	default:
		return other_option(arg);
	}
}

void options_usage(void)
{
	puts("usage: alcmfs STORE MOUNTPOINT [-o OPTION,…] [-f] [-d] [-V] [-h]\n"
	     "\n"
	     "Mount STORE, a directory, at MOUNTPOINT: tensor files saved there are compressed.\n"
	     "\n"
	     "  -f              stay in the foreground, messages on stderr\n"
	     "  -d              as -f, with a trace of every request\n"
	     "  -o threads=N    encoding threads (default: one for each CPU that may be used)\n"
	     "  -o budget=MiB   memory for chunk buffers of all files (default: a quarter of "
	     "what\n"
	     "                  the process may have, from 8 to 256)\n"
	     "  -o chunk=KiB    chunk size of new files: 64, 128, 256 (default), … 16384\n"
	     "  -o min_size=N   files below N bytes are stored as they are (default 4096)\n"
	     "  -o profile=P    what compression may do to values: lossless (default),\n"
	     "                  paper, alcm, bounded:E, bounded-abs:E\n"
	     "  -o predictor=F  weights by alcm-lab train; E of the profiles comes from them\n"
	     "  -o detect=D     what is compressed: npy, tensors (default: every tensor format "
	     "and\n"
	     "                  content that is clearly numeric), all (but what is already)\n"
	     "  -o quiet=S      a file that is changed in place is compressed when it has been\n"
	     "                  closed for S seconds, if that pays (default 300; 0: never)\n"
	     "  -o noverify     don't decode and compare each chunk before its buffer is let go\n"
	     "  -o attr_timeout=S  seconds for which the kernel may cache attributes (default "
	     "1)\n"
	     "  -o noforget     file handles (NFS exports) stay good until the mount ends; "
	     "takes\n"
	     "                  about 1 KiB of memory for each file ever looked up\n"
	     "  -o allow_other  let other users in (default for root)\n"
	     "and the general options of mount(8), such as ro.\n"
	     "\n"
	     "Unmount with: fusermount3 -u MOUNTPOINT");
}

static int load_predictor(struct fs *fs, const char *path)
{
	struct alcm_diag diag = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : alcm_predictor_read(fd, &fs->predictor, &diag);

	if (fd >= 0)
		close(fd);
	if (err)
		fs_fail("predictor=%s: %s", path, diag.cause[0] ? diag.cause : strerror(-err));
	return err;
}

int options_check(struct fs *fs)
{
	struct options *o = &fs->opt;
	struct alcm_diag diag = { 0 };

	if (!o->store || !o->mountpoint) {
		fs_fail("%s; see alcmfs -h", o->store ? "no mount point" : "no store");
		return -EINVAL;
	}
	fs->detect = ALCM_DETECT_TENSORS;
	if (o->detect && !alcm_detect_parse(o->detect, &fs->detect)) {
		fs_fail("detect=%s: npy, tensors or all", o->detect);
		return -EINVAL;
	}
	alcm_profile_default(&fs->profile);
	if (o->profile && alcm_profile_parse(o->profile, &fs->profile, &diag)) {
		fs_fail("profile=%s: %s", o->profile, diag.cause);
		return -EINVAL;
	}
	return o->predictor ? load_predictor(fs, o->predictor) : 0;
}

int options_parse(struct fuse_args *args, struct options *opt)
{
	return fuse_opt_parse(args, opt, option_table, on_option) ? -EINVAL : 0;
}
