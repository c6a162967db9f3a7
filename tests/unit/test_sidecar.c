/* SPDX-License-Identifier: MIT */
/* Sidecars and paths below a directory: what they are for, and that no link leads out. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alcm.h"
#include "base/beneath.h"
#include "test_dir.h"

static char top[64];
static int store, outside, about;
static struct alcm_store *opened; /* the same as `store` */

static void setup(void)
{
	snprintf(top, sizeof(top), "%s/%d", test_dir, (int)getpid());
	ck_assert_int_eq(mkdir(top, 0700), 0);

	int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(mkdirat(dir, "store", 0755), 0);
	ck_assert_int_eq(mkdirat(dir, "outside", 0755), 0);
	store = openat(dir, "store", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	outside = openat(dir, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(store, ".alcm", 0755), 0);
	ck_assert_int_eq(mkdirat(store, "run", 0750), 0);
	about = openat(store, "run/w.npy", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	ck_assert_int_ge(about, 0);
	close(dir);
	ck_assert_int_eq(alcm_store_open(dup(store), &opened), 0);
}

static void teardown(void)
{
	char command[128];

	alcm_store_close(opened);
	close(store);
	close(outside);
	close(about);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	ck_assert_int_eq(system(command), 0);
}

static bool reads_as(const char *name, const char *want)
{
	char *text = NULL;
	struct stat st;
	size_t len;
	bool same = !alcm_sidecar_read(opened, name, &text, &len, &st) &&
		len == strlen(want) && strcmp(text, want) == 0;

	alcm_free_text(text);
	return same;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(fstatat(store, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

START_TEST(test_components)
{
	static const struct {
		const char *path;
		int result;
	} cases[] = {
		{ "run/w.npy", 0 },
		{ "run/./w.npy", 0 },
		{ "", -EINVAL },
		{ "/run/w.npy", -EINVAL },
		{ "run//w.npy", -EINVAL },
		{ "run/../run/w.npy", -EXDEV },
		{ "..", -EXDEV },
		{ "run/..", -EXDEV },
		{ "nothing/w.npy", -ENOENT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = beneath_open(store, cases[i].path, O_RDONLY, 0);

		ck_assert_msg((fd < 0 ? fd : 0) == cases[i].result, "%s: %d", cases[i].path, fd);
		if (fd >= 0)
			close(fd);
	}
}
END_TEST

START_TEST(test_no_link_is_followed)
{
	ck_assert_int_eq(symlinkat("../outside", store, "link"), 0);
	ck_assert_int_eq(symlinkat("w.npy", store, "run/same"), 0);
	close(openat(outside, "secret", O_CREAT | O_CLOEXEC, 0600));
	ck_assert_int_lt(beneath_open(store, "link", O_RDONLY, 0), 0);
	ck_assert_int_lt(beneath_open(store, "link/secret", O_RDONLY, 0), 0);
	ck_assert_int_eq(beneath_open(store, "run/same", O_RDONLY, 0), -ELOOP);
	ck_assert_int_lt(beneath_open(store, "link/new", O_RDWR | O_CREAT, 0600), 0);
	ck_assert_int_lt(faccessat(outside, "new", F_OK, 0), 0);
}
END_TEST

START_TEST(test_write_read_move_remove)
{
	ck_assert_int_eq(alcm_sidecar_write(opened, "run/w.npy.json", "one", about), 0);
	ck_assert(reads_as("run/w.npy.json", "one"));
	ck_assert_int_eq(alcm_sidecar_write(opened, "run/w.npy.json", "two", about), 0);
	ck_assert(reads_as("run/w.npy.json", "two"));
	ck_assert_int_eq(mkdirat(store, "later", 0700), 0);
	ck_assert_int_eq(alcm_sidecar_move(opened, "run/w.npy.json", "later/v.npy.json", 0),
		0);
	ck_assert(reads_as("later/v.npy.json", "two"));
	ck_assert_int_eq(alcm_sidecar_move(opened, "run/w.npy.json", "later/x", 0), -ENOENT);
	ck_assert_int_eq(alcm_sidecar_remove(opened, "later/v.npy.json", false), 0);
	ck_assert_int_eq(alcm_sidecar_remove(opened, "later", true), 0);
	ck_assert_int_eq(unlinkat(store, ".alcm/caq/run", AT_REMOVEDIR),
		0); /* no refuse left in it */
}
END_TEST

static bool is_there(const char *path)
{
	return !faccessat(store, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* Written too late, below a directory that has gone: a link in it is removed, not
   followed. */
START_TEST(test_left_behind)
{
	ck_assert_int_eq(mkdirat(store, "run/deep", 0700), 0);
	ck_assert_int_eq(alcm_sidecar_write(opened, "run/deep/w.json", "x", about), 0);
	ck_assert_int_eq(alcm_sidecar_write(opened, "run/w.json", "x", about), 0);
	ck_assert_int_eq(symlinkat("../../../../outside", store, ".alcm/caq/run/deep/link"),
		0);
	close(openat(outside, "keep", O_CREAT | O_CLOEXEC, 0600));
	alcm_sidecar_prune(opened, "run/deep/w.json");
	ck_assert(!is_there(".alcm/caq/run/deep/w.json") && is_there(".alcm/caq/run/deep"));
	ck_assert_int_eq(unlinkat(store, "run/deep", AT_REMOVEDIR), 0);
	alcm_sidecar_prune(opened, "run/deep/w.json");
	ck_assert(!is_there(".alcm/caq/run/deep") && is_there(".alcm/caq/run/w.json"));
	ck_assert_int_eq(faccessat(outside, "keep", F_OK, 0), 0);

	ck_assert_int_eq(mkdirat(store, "new", 0700), 0);
	ck_assert_int_eq(alcm_sidecar_mkdir(opened, "new"), 0);
	ck_assert_int_eq(alcm_sidecar_move(opened, "new", "run", 0), 0);
	ck_assert(is_there(".alcm/caq/run") && !is_there(".alcm/caq/run/w.json"));
	ck_assert_int_eq(alcm_sidecar_remove(opened, "run", true), 0);
	ck_assert(!is_there(".alcm/caq/run"));
}
END_TEST

START_TEST(test_as_private_as_the_file)
{
	struct stat st;
	char *text;
	size_t len;

	ck_assert_int_eq(alcm_sidecar_write(opened, "run/w.npy.json", "x", about), 0);
	ck_assert_uint_eq(mode_of(".alcm/caq/run/w.npy.json"), 0640);
	ck_assert_uint_eq(mode_of(".alcm/caq/run"), 0750);
	ck_assert_int_eq(alcm_sidecar_read(opened, "run/w.npy.json", &text, &len, &st), 0);
	alcm_free_text(text);
	ck_assert(alcm_sidecar_private_enough(&st, about));

	/* Closed later: so are their images, as soon as somebody asks for them. */
	ck_assert_int_eq(fchmod(about, 0600), 0);
	ck_assert(!alcm_sidecar_private_enough(&st, about));
	ck_assert_int_eq(fchmodat(store, "run", 0700, 0), 0);
	ck_assert_int_eq(alcm_sidecar_mkdir(opened, "run"), 0);
	ck_assert_uint_eq(mode_of(".alcm/caq/run"), 0700);
	ck_assert_int_eq(alcm_sidecar_mkdir(opened, "nothing"), -ENOENT);
	ck_assert_int_eq(alcm_sidecar_mkdir(opened, "run/w.npy"), -ENOTDIR);
}
END_TEST

/* Each directory of the tree in turn is a link to another place. */
START_TEST(test_links_in_the_tree)
{
	static const char *const places[] = { ".alcm/caq/run", ".alcm/caq", ".alcm" };
	struct stat st;
	char *text;
	size_t len;

	ck_assert_int_eq(mkdirat(outside, "run", 0755), 0);
	ck_assert_int_eq(mkdirat(outside, "caq", 0755), 0);
	ck_assert_int_eq(mkdirat(outside, "caq/run", 0755), 0);
	ck_assert_int_eq(alcm_sidecar_write(opened, "run/w.npy.json", "x", about), 0);
	ck_assert_int_eq(alcm_sidecar_remove(opened, "run/w.npy.json", false), 0);
	for (size_t i = 0; i < 3; i++) {
		char to[160];
		static const char *const targets[] = { "outside/run", "outside", "outside" };

		snprintf(to, sizeof(to), "%s/%s", top, targets[i]);
		ck_assert_int_eq(unlinkat(store, places[i], AT_REMOVEDIR), 0);
		ck_assert_int_eq(symlinkat(to, store, places[i]), 0);
		ck_assert_int_lt(alcm_sidecar_write(opened, "run/w.npy.json", "x", about), 0);
		ck_assert_int_lt(alcm_sidecar_mkdir(opened, "run/deeper"), 0);
		ck_assert_int_lt(alcm_sidecar_read(opened, "run/w.npy.json", &text, &len, &st),
			0);
		ck_assert_int_lt(alcm_sidecar_remove(opened, "run/w.npy.json", false), 0);
		ck_assert_int_eq(unlinkat(store, places[i], 0), 0);
	}
	ck_assert_int_lt(faccessat(outside, "run/w.npy.json", F_OK, 0), 0);
	ck_assert_int_lt(faccessat(outside, "caq/run/w.npy.json", F_OK, 0), 0);
}
END_TEST

/* A sidecar that is a link, or that has another name outside, is replaced, never written
   to. */
START_TEST(test_links_as_sidecars)
{
	char text[8] = "", to[160];
	int fd = openat(outside, "victim", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_eq(write(fd, "safe", 4), 4);
	ck_assert_int_eq(alcm_sidecar_write(opened, "a.json", "x", about), 0);
	snprintf(to, sizeof(to), "%s/outside/victim", top);
	ck_assert_int_eq(unlinkat(store, ".alcm/caq/a.json", 0), 0);
	ck_assert_int_eq(symlinkat(to, store, ".alcm/caq/a.json"), 0);
	ck_assert_int_eq(linkat(outside, "victim", store, ".alcm/caq/b.json", 0), 0);
	ck_assert_int_eq(alcm_sidecar_write(opened, "a.json", "report", about), 0);
	ck_assert_int_eq(alcm_sidecar_write(opened, "b.json", "report", about), 0);
	ck_assert(reads_as("a.json", "report"));
	ck_assert(reads_as("b.json", "report"));
	ck_assert_int_eq(pread(fd, text, sizeof(text), 0), 4);
	ck_assert_str_eq(text, "safe");
	close(fd);
}
END_TEST

START_TEST(test_odd_sidecars)
{
	struct stat st;
	char *text;
	size_t len;
	int fd;

	ck_assert_int_eq(alcm_sidecar_write(opened, "a.json", "x", about), 0);
	ck_assert_int_eq(mkfifoat(store, ".alcm/caq/fifo.json", 0644), 0);
	ck_assert_int_eq(alcm_sidecar_read(opened, "fifo.json", &text, &len, &st), -EINVAL);
	fd = openat(store, ".alcm/caq/huge.json", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_eq(ftruncate(fd, (off_t)1 << 40), 0);
	close(fd);
	ck_assert_int_eq(alcm_sidecar_read(opened, "huge.json", &text, &len, &st), -EFBIG);
	ck_assert_int_eq(alcm_sidecar_read(opened, "../lock", &text, &len, &st), -EXDEV);
	ck_assert_int_eq(alcm_sidecar_write(opened, "../lock", "x", about), -EXDEV);
}
END_TEST

static char *repeat(char *buf, const char *what, size_t n)
{
	for (buf[0] = '\0'; strlen(buf) + strlen(what) <= n;)
		strcat(buf, what);
	return buf;
}

/* File names without a sidecar of the usual name: too long, of one byte or three a
   character; the summary's. */
START_TEST(test_unusual_names)
{
	static const char *const parts[] = { "x", "\xe2\x82\xac" };
	char file[NAME_MAX + 1], name[PATH_MAX], back[PATH_MAX + NAME_MAX], way[PATH_MAX];

	ck_assert_int_eq(mkdirat(store, "deep", 0755), 0);
	for (size_t n = 245; n <= NAME_MAX + 1; n++) {
		const char *last = n > NAME_MAX ? "summary" : repeat(file, parts[_i], n);
		size_t len = strlen(last);

		snprintf(way, sizeof(way), "deep/%s", last);
		ck_assert_int_eq(alcm_sidecar_name(way, name, sizeof(name)), 0);
		ck_assert_uint_le(strlen(name), strlen("deep/") + NAME_MAX);
		ck_assert_int_eq(strncmp(name, way, 5 + (len < 230 ? len : 230)), 0);
		ck_assert_int_eq(strcmp(name + strlen(way), ".json") == 0,
			len <= 250 && n <= NAME_MAX);
		ck_assert_str_ne(name, "deep/" ALCM_SUMMARY_NAME);
		ck_assert_int_eq(alcm_sidecar_name(way, back, strlen(name)), -ENAMETOOLONG);
		/* Cut between characters. */
		ck_assert(len <= 250 || strcspn(name + 5, ".") % strlen(parts[_i]) == 0);
		/* And back, once the file is there. */
		ck_assert_int_eq(mknodat(store, way, S_IFREG | 0644, 0), 0);
		ck_assert_int_eq(alcm_sidecar_file(opened, name, back, sizeof(back)), 0);
		ck_assert_str_eq(back, way);
		ck_assert_int_eq(alcm_sidecar_write(opened, name, "about it", about), 0);
		ck_assert(reads_as(name, "about it"));
		ck_assert_int_eq(alcm_sidecar_remove(opened, name, false), 0);
		ck_assert_int_eq(unlinkat(store, way, 0), 0);
		ck_assert_int_eq(alcm_sidecar_file(opened, name, back, sizeof(back)), 0);
	}
}
END_TEST

/* Two long names that begin alike, and a short one that looks as if it were made of one
   of them. */
START_TEST(test_names_are_told_apart)
{
	char a[NAME_MAX + 1], b[NAME_MAX + 1], of_a[PATH_MAX], of_b[PATH_MAX];
	char back[PATH_MAX + NAME_MAX];

	repeat(a, "long", 252);
	repeat(b, "long", 252)[251] = 'G';
	ck_assert_int_eq(alcm_sidecar_name(a, of_a, sizeof(of_a)), 0);
	ck_assert_int_eq(alcm_sidecar_name(b, of_b, sizeof(of_b)), 0);
	ck_assert_str_ne(of_a, of_b);
	ck_assert_int_eq(mknodat(store, a, S_IFREG | 0644, 0), 0);
	ck_assert_int_eq(mknodat(store, b, S_IFREG | 0644, 0), 0);
	ck_assert_int_eq(alcm_sidecar_file(opened, of_b, back, sizeof(back)), 0);
	ck_assert_str_eq(back, b);
	of_a[strlen(of_a) - 5] = '\0';
	ck_assert_int_eq(mknodat(store, of_a, S_IFREG | 0644, 0), 0);
	ck_assert_int_eq(alcm_sidecar_name(of_a, of_b, sizeof(of_b)), 0);
	ck_assert_int_eq(alcm_sidecar_file(opened, of_b, back, sizeof(back)), 0);
	ck_assert_str_eq(back, of_a);
	ck_assert_int_eq(alcm_sidecar_file(opened, ".alcm-scheduler", back, sizeof(back)),
		-EINVAL);
	ck_assert_int_eq(alcm_sidecar_file(opened, "a/.json", back, sizeof(back)), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sidecar");
	TCase *tcase = tcase_create("sidecar");
	SRunner *runner = srunner_create(suite);
	int n_failed;

	test_dir_add(tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_components);
	tcase_add_test(tcase, test_no_link_is_followed);
	tcase_add_test(tcase, test_write_read_move_remove);
	tcase_add_test(tcase, test_left_behind);
	tcase_add_test(tcase, test_as_private_as_the_file);
	tcase_add_test(tcase, test_links_in_the_tree);
	tcase_add_test(tcase, test_links_as_sidecars);
	tcase_add_test(tcase, test_odd_sidecars);
	tcase_add_loop_test(tcase, test_unusual_names, 0, 2);
	tcase_add_test(tcase, test_names_are_told_apart);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
