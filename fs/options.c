/* SPDX-License-Identifier: MIT */
/*
 * Options of the command line, of -o and of fstab. options_rows.c has a row for each.
 * Options of libfuse and the kernel are passed on, those of other filesystems are refused
 * with advice, and unknown ones are errors: a typing error must not silently change a
 * mount.
 *
 *   argument ──► not an option: STORE, then MOUNTPOINT
 *            ──► has a row: its kind says what the value is and where it goes
 *            ──► "x-…": for other programs, dropped
 *            ──► refused[]: an error that says what to do instead
 *            ──► else an error, with the nearest name if one is near
 *
 * If an option is given twice the last one counts, as with mount(8). Values are checked
 * when they are read, and what needs more than one of them in options_check().
 */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "fs.h"
#include "mount_log.h"
#include "options_rows.h"

/* The edit distance of two names up to their "=", by dynamic programming with one row:
   `row[j]` is the distance of a's first i letters and b's first j. Names longer than the
   row are cut. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[40];
	size_t na = strcspn(a, "="), nb = strcspn(b, "=");

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

/* A distance of 4 or more isn't a typing error any more. */
static int unknown_option(const char *arg)
{
	const char *nearest = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < n_option_rows; i++) {
		const char *name = option_rows[i].name;
		unsigned d = name[0] == '-' ? least : distance(arg, name);

		if (d < least) {
			least = d;
			nearest = name;
		}
	}
	if (nearest)
		fs_fail("unknown option '%s'; did you mean '%s'?", arg, nearest);
	else
		fs_fail("unknown option '%s'; see alcmfs -h", arg);
	return -1;
}

/* Options of other filesystems, and what to do instead. */
static const struct {
	const char *name, *instead;
} refused[] = {
	{ "uid=", "files keep their owners in the store; chown them there" },
	{ "gid=", "files keep their groups in the store; chgrp them there" },
	{ "umask=", "files keep their modes in the store; chmod them there" },
	{ "fmask=", "files keep their modes in the store; chmod them there" },
	{ "dmask=", "directories keep their modes in the store; chmod them there" },
	{ "entry_timeout=", "attr_timeout= applies to names, too" },
	{ "negative_timeout=", "missing names are looked up each time" },
	{ "ac_attr_timeout=", "use attr_timeout=" },
	{ "allow_root", "use allow_other" },
	{ "remount", "a mount keeps its options; unmount, then mount again" },
	{ "bind", "use mount --bind on the mount point" },
};

/* Options for other programs: mount(8) reserves "x-" and, if they aren't kept, "X-". */
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

/* ---- values ------------------------------------------------------------------------ */

/* Parse a number of digits only, with one point in a fraction: no sign, exponent, "nan"
   or trailing text. */
static bool parse_number(const char *text, enum option_kind kind, double *out)
{
	size_t whole = strspn(text, "0123456789"), n = whole;

	if (kind == OPTION_FRACTION && text[n] == '.')
		n += 1 + strspn(text + n + 1, "0123456789");
	if (!whole || text[n])
		return false;
	*out = strtod(text, NULL);
	return true;
}

static void set_number(void *target, enum option_kind kind, double value)
{
	if (kind == OPTION_FRACTION)
		*(double *)target = value;
	else
		*(unsigned *)target = (unsigned)value;
}

static int take_number(const struct option_row *row, const char *arg, void *target)
{
	double value = 0;
	bool power = row->kind == OPTION_POWER;

	if (parse_number(arg + strlen(row->name), row->kind, &value) && value >= row->least &&
		value <= row->most && !(power && (unsigned)value & ((unsigned)value - 1))) {
		set_number(target, row->kind, value);
		return 0;
	}
	fs_fail("%s: not a %s from %.0f to %.0f (%s)", arg,
		power                              ? "power of two"
			: row->kind == OPTION_FRACTION ? "number"
										   : "whole number",
		row->least, row->most, row->unit);
	return -1;
}

static int take_text(char **target, const char *text)
{
	free(*target);
	*target = strdup(text);
	return *target ? 0 : -1;
}

/* Take an option. 0: done; 1: it is for libfuse; -1: it is wrong, and the message was
   printed. */
static int take(struct options *opt, const struct option_row *row, const char *arg)
{
	void *target = (char *)opt + row->target;
	int err = 0;

	switch (row->kind) {
	case OPTION_IGNORED:
		return 0;
	case OPTION_PASSED:
		return 1;
	case OPTION_ON:
	case OPTION_OFF:
		*(bool *)target = row->kind == OPTION_ON;
		break;
	case OPTION_TEXT:
		err = take_text(target, arg + strlen(row->name));
		break;
	case OPTION_WHOLE:
	case OPTION_POWER:
	case OPTION_FRACTION:
		err = take_number(row, arg, target);
	}
	return err ? err : row->passed;
}

static int set_defaults(struct options *opt)
{
	memset(opt, 0, sizeof(*opt));
	for (size_t i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];
		void *target = (char *)opt + row->target;

		if (row->kind >= OPTION_WHOLE)
			set_number(target, row->kind, row->number);
		if (row->text && take_text(target, row->text))
			return -ENOMEM;
	}
	return 0;
}

/* ---- arguments --------------------------------------------------------------------- */

/*
 * Find an argument's row. A name with a value is its beginning, any other name all of it.
 */
static const struct option_row *find_row(const char *arg)
{
	for (size_t i = 0; i < n_option_rows; i++) {
		const char *name = option_rows[i].name;
		size_t n = strlen(name);

		if (name[n - 1] == '=' ? !strncmp(arg, name, n) : !strcmp(arg, name))
			return &option_rows[i];
	}
	return NULL;
}

static int take_operand(struct options *opt, const char *arg)
{
	if (!opt->store)
		return take_text(&opt->store, arg);
	if (!opt->mountpoint)
		return take_text(&opt->mountpoint, arg);
	fs_fail("unexpected argument '%s'", arg);
	return -1;
}

static int on_argument(void *data, const char *arg, int key, struct fuse_args *out)
{
	const struct option_row *row = key == FUSE_OPT_KEY_NONOPT ? NULL : find_row(arg);

	(void)out;
	if (key == FUSE_OPT_KEY_NONOPT)
		return take_operand(data, arg);
	return row ? take(data, row, arg) : other_option(arg);
}

int options_parse(struct fuse_args *args, struct options *opt)
{
	int err = set_defaults(opt);

	if (!err && fuse_opt_parse(args, opt, NULL, on_argument))
		err = -EINVAL;
	opt->foreground |= opt->debug;
	return err;
}

/* Texts are freed by their rows, so a new text option needs nothing here. */
void options_release(struct options *opt)
{
	free(opt->store);
	free(opt->mountpoint);
	for (size_t i = 0; i < n_option_rows; i++) {
		if (option_rows[i].kind == OPTION_TEXT)
			free(*(char **)(void *)((char *)opt + option_rows[i].target));
	}
	memset(opt, 0, sizeof(*opt));
}

/* ---- usage ------------------------------------------------------------------------- */

enum { HELP_COLUMN = 18, LINE = 80 };

/* Print words from column HELP_COLUMN on, where the cursor is. */
static void print_wrapped(const char *words)
{
	size_t column = HELP_COLUMN;

	for (size_t n; *words; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (column + n > LINE) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		printf("%s%.*s", column > HELP_COLUMN ? " " : "", (int)n, words);
		column += n + 1;
	}
	putchar('\n');
}

static void print_row(const struct option_row *row)
{
	char left[64], words[512];
	int n = snprintf(words, sizeof(words), "%s", row->help);
	char *end = words + n;
	size_t capacity = sizeof(words) - (size_t)n;

	if (row->text)
		snprintf(end, capacity, " (default: %s)", row->text);
	else if (row->unit && row->number < row->least) /* the help text states the default */
		snprintf(end, capacity, " (%.0f to %.0f)", row->least, row->most);
	else if (row->unit)
		snprintf(end, capacity, " (%.0f to %.0f; default: %.0f)", row->least, row->most,
			row->number);
	n = snprintf(left, sizeof(left), "  %s%s%s", row->name[0] == '-' ? "" : "-o ",
		row->name, row->arg);
	printf("%-*s", HELP_COLUMN - 1, left);
	/* A name that is too long for its column has its own line. */
	printf(n < HELP_COLUMN ? " " : "\n%*s", HELP_COLUMN, "");
	print_wrapped(words);
}

void options_usage(void)
{
	puts("usage: alcmfs STORE MOUNTPOINT [-o OPTION,…] [-f] [-d] [-V] [-h]\n\n"
		 "Mount STORE, a directory, at MOUNTPOINT: tensor files saved there are "
		 "compressed.\n");
	for (size_t i = 0; i < n_option_rows; i++) {
		if (option_rows[i].help)
			print_row(&option_rows[i]);
	}
	puts("and the general options of mount(8), such as ro.\n\n"
		 "Unmount with: fusermount3 -u MOUNTPOINT");
}

/* ---- what they mean ---------------------------------------------------------------- */

static int load_predictor(struct fs *fs, const char *path)
{
	struct alcm_diag diag = { 0 };
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : alcm_predictor_read(fd, &fs->predictor, &diag);

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
	if (!alcm_detect_parse(o->detect, &fs->detect)) {
		fs_fail("detect=%s: npy, tensors or all", o->detect);
		return -EINVAL;
	}
	if (alcm_profile_parse(o->profile, &fs->profile, &diag)) {
		fs_fail("profile=%s: %s", o->profile, diag.cause);
		return -EINVAL;
	}
	return o->predictor ? load_predictor(fs, o->predictor) : 0;
}
