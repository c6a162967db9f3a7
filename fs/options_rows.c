/* SPDX-License-Identifier: MIT */
/*
 * The table of options: target, range, default and help of each.
 *
 * A row is read by options.c alone, for parsing, defaults and -h. To add an option:
 *
 *   1. a field in struct options (options.h), of the kind's type: unsigned for NUMBER,
 *      double for FRACTION, char * for TEXT, bool for ON and OFF
 *   2. a row here: NUMBER(kind, field, least, most, unit, default); a default below
 *      `least` means "not given", and the help text says what happens then
 *   3. docs/alcmfs.8
 *
 * A name that ends in "=" takes a value. Without HELP a row works, but -h doesn't show
 * it: opposites, older names, and options that exist only so that fstab may have them.
 * `passed` hands the option on to libfuse as well.
 */
#include "options_rows.h"

#include "alcm.h"

/* The fields of each kind of row besides name and help. */
#define ON(field) .kind = OPTION_ON, .target = offsetof(struct options, field)
#define OFF(field) .kind = OPTION_OFF, .target = offsetof(struct options, field)
#define TEXT(field, otherwise) \
	.kind = OPTION_TEXT, .target = offsetof(struct options, field), .text = (otherwise)
#define NUMBER(how, field, from, to, of, otherwise)                                   \
	.kind = OPTION_##how, .target = offsetof(struct options, field), .least = (from), \
	.most = (to), .unit = (of), .number = (otherwise)
#define HELP(value, words) .arg = (value), .help = (words)
#define IGNORED(option)                          \
	{                                            \
		.name = (option), .kind = OPTION_IGNORED \
	}
#define PASSED(option)                          \
	{                                           \
		.name = (option), .kind = OPTION_PASSED \
	}

enum { YEAR = 366 * 86400 };

const struct option_row option_rows[] = {
	{ "-f", ON(foreground), HELP("", "stay in the foreground, messages on stderr") },
	{ "-d", ON(debug), HELP("", "like -f, with a trace of every request") },
	{ "threads=", NUMBER(WHOLE, threads, 1, 1024, "threads", 0),
		HELP("N", "encoding threads (default: one per usable CPU)") },
	{ "budget=", NUMBER(WHOLE, budget_mib, 8, 1 << 20, "MiB", 0),
		HELP("MiB",
			"memory for the chunk buffers of all files (default: a quarter of what "
			"the process may have, from 8 to 256)") },
	{ "chunk=", NUMBER(POWER, chunk_kib, 64, 16384, "KiB", 256),
		HELP("KiB", "chunk size of new files, a power of two") },
	{ "min_size=", NUMBER(WHOLE, min_size, 0, UINT32_MAX, "bytes", ALCM_MIN_SIZE),
		HELP("N", "files below N bytes stay plain") },
	{ "profile=", TEXT(profile, "lossless"),
		HELP("P",
			"what compression may do to values: lossless, paper, alcm, bounded:E, "
			"bounded-abs:E") },
	{ "predictor=", TEXT(predictor, NULL),
		HELP("F", "weights by alcm-lab train; E of the profiles comes from them") },
	{ "detect=", TEXT(detect, "tensors"),
		HELP("D",
			"what is compressed: npy, tensors (every tensor format and content "
			"that is clearly numeric), all (except compressed content)") },
	{ "idle=", NUMBER(WHOLE, idle, 0, YEAR, "seconds", 300),
		HELP("S",
			"a file that was changed in place is compressed after it has been closed "
			"for S seconds, if that pays; 0: never") },
	{ "quiet=", NUMBER(WHOLE, idle, 0, YEAR, "seconds", 300) },
	{ "noverify", ON(noverify),
		HELP("", "don't decode and compare each chunk before its buffer is released") },
	{ "verify", OFF(noverify) },
	{ "attr_timeout=", NUMBER(FRACTION, attr_timeout, 0, YEAR, "seconds", 1),
		HELP("S", "seconds for which the kernel may cache attributes") },
	{ "noforget", ON(noforget),
		HELP("",
			"file handles (NFS exports) stay valid until the mount ends; takes about "
			"256 bytes of memory per file ever looked up") },
	{ "allow_other", ON(allow_other),
		HELP("", "open the mount to other users (default for root)") },
	{ "-h", ON(show_help) },
	{ "--help", ON(show_help) },
	{ "-V", ON(show_version) },
	{ "--version", ON(show_version) },
	IGNORED("default_permissions"),
	/* For mount(8) and other readers of fstab. A mount point may always contain files. */
	IGNORED("auto"),
	IGNORED("noauto"),
	IGNORED("user"),
	IGNORED("user="),
	IGNORED("nouser"),
	IGNORED("users"),
	IGNORED("nousers"),
	IGNORED("owner"),
	IGNORED("noowner"),
	IGNORED("group"),
	IGNORED("nogroup"),
	IGNORED("nofail"),
	IGNORED("_netdev"),
	IGNORED("defaults"),
	IGNORED("comment="),
	IGNORED("nonempty"),
	/* The mount on which the store lies decides when access times move. */
	IGNORED("relatime"),
	IGNORED("norelatime"),
	IGNORED("strictatime"),
	IGNORED("nostrictatime"),
	IGNORED("diratime"),
	IGNORED("nodiratime"),
	IGNORED("lazytime"),
	IGNORED("nolazytime"),
	/* Without meaning here, or gone from the kernel. */
	IGNORED("iversion"),
	IGNORED("noiversion"),
	IGNORED("mand"),
	IGNORED("nomand"),
	IGNORED("silent"),
	IGNORED("loud"),
	{ "nosymfollow", ON(nosymfollow) },
	{ "symfollow", OFF(nosymfollow) },
	/* For the kernel and fusermount3. */
	PASSED("fsname="),
	PASSED("subtype="),
	PASSED("auto_unmount"),
	/* with it the store may be read-only, too */
	{ "ro", ON(read_only), .passed = true },
	{ "rw", OFF(read_only), .passed = true },
	PASSED("dev"),
	PASSED("nodev"),
	PASSED("suid"),
	PASSED("nosuid"),
	PASSED("exec"),
	PASSED("noexec"),
	PASSED("atime"),
	{ "noatime", ON(noatime), .passed = true }, /* the kernel leaves access times to us */
	PASSED("sync"),
	PASSED("async"),
	PASSED("dirsync"),
};
const size_t n_option_rows = sizeof(option_rows) / sizeof(option_rows[0]);
