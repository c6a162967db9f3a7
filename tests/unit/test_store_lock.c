/* SPDX-License-Identifier: MIT */
/* The lock of a store, seen from every way that leads to it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alcm.h"
#include "test_dir.h"

static char base[64];

/* base/top/store/sub, and base/top/other beside the store */
static void setup(void)
{
	static const char *const dirs[] = { "", "/top", "/top/store", "/top/store/sub",
		"/top/other" };
	char path[128];

	(void)snprintf(base, sizeof(base), "%s/%d", test_dir, (int)getpid());
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", base, dirs[i]);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
}

static void path_in(char out[128], const char *name)
{
	(void)snprintf(out, 128, "%s/%s", base, name);
}

static int lock(const char *name, enum alcm_use use, struct alcm_store **out)
{
	struct alcm_diag diag = { 0 };
	char path[128];
	int err;

	path_in(path, name);
	*out = NULL;
	ck_assert_int_eq(alcm_store_open(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), out),
		0);
	err = alcm_store_lock(*out, use, use == ALCM_USE_MOUNT ? "/mnt" : NULL, &diag);
	if (err) {
		ck_assert_str_ne(diag.cause, "");
		alcm_store_close(*out);
		*out = NULL;
	}
	return err;
}

static void expect(const char *name, enum alcm_use use, int want)
{
	struct alcm_store *s;

	ck_assert_msg(lock(name, use, &s) == want, "%s, use %d", name, (int)use);
	alcm_store_close(s);
}

/* What is held at top/store, and what another gets at a place for a use. */
static const struct pair {
	enum alcm_use held;
	const char *place;
	enum alcm_use use;
	int want;
} pairs[] = {
	{ ALCM_USE_MOUNT, "top/store", ALCM_USE_MOUNT, -EBUSY },
	{ ALCM_USE_MOUNT, "top/store", ALCM_USE_VERB, -EBUSY },
	{ ALCM_USE_MOUNT, "top/store", ALCM_USE_FILE, -EBUSY },
	{ ALCM_USE_MOUNT, "top/store", ALCM_USE_READ, -EBUSY },
	{ ALCM_USE_MOUNT, "top/store/sub", ALCM_USE_MOUNT, -EBUSY },
	{ ALCM_USE_MOUNT, "top/store/sub", ALCM_USE_FILE, -EBUSY },
	{ ALCM_USE_MOUNT, "top", ALCM_USE_MOUNT, -EBUSY },
	{ ALCM_USE_MOUNT, "top", ALCM_USE_VERB, -EBUSY },
	{ ALCM_USE_MOUNT, "", ALCM_USE_VERB, -EBUSY },
	{ ALCM_USE_MOUNT, "top", ALCM_USE_FILE, 0 },
	{ ALCM_USE_MOUNT, "top/other", ALCM_USE_MOUNT, 0 },
	{ ALCM_USE_MOUNT, "top/other", ALCM_USE_VERB, 0 },
	{ ALCM_USE_VERB, "top/store", ALCM_USE_MOUNT, -EAGAIN },
	{ ALCM_USE_VERB, "top/store", ALCM_USE_VERB, -EAGAIN },
	{ ALCM_USE_VERB, "top/store/sub", ALCM_USE_MOUNT, -EAGAIN },
	{ ALCM_USE_VERB, "top", ALCM_USE_MOUNT, -EAGAIN },
	{ ALCM_USE_VERB, "top/other", ALCM_USE_VERB, 0 },
	{ ALCM_USE_FILE, "top/store", ALCM_USE_MOUNT, -EAGAIN },
	{ ALCM_USE_READ, "top/store", ALCM_USE_READ, 0 },
	{ ALCM_USE_READ, "top/store/sub", ALCM_USE_READ, 0 },
	{ ALCM_USE_READ, "top", ALCM_USE_READ, 0 },
	{ ALCM_USE_READ, "top/store", ALCM_USE_MOUNT, -EBUSY },
	{ ALCM_USE_READ, "top/store/sub", ALCM_USE_VERB, -EBUSY },
	{ ALCM_USE_READ, "top", ALCM_USE_VERB, -EBUSY },
};

enum { N_PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

START_TEST(test_pair)
{
	const struct pair *p = &pairs[_i];
	struct alcm_store *held;

	ck_assert_int_eq(lock("top/store", p->held, &held), 0);
	expect(p->place, p->use, p->want);
	alcm_store_close(held);
	expect(p->place, p->use, 0);
}
END_TEST

/* The root is renamed, or so is a directory above it, while the store is held. */
START_TEST(test_renamed)
{
	char from[128], to[128];
	struct alcm_store *held;

	ck_assert_int_eq(lock("top/store", ALCM_USE_MOUNT, &held), 0);
	path_in(from, "top/store");
	path_in(to, "top/renamed");
	ck_assert_int_eq(rename(from, to), 0);
	expect("top/renamed", ALCM_USE_VERB, -EBUSY);
	expect("top/renamed/sub", ALCM_USE_VERB, -EBUSY);
	expect("top", ALCM_USE_VERB, -EBUSY);
	path_in(from, "top");
	path_in(to, "moved");
	ck_assert_int_eq(rename(from, to), 0);
	expect("moved/renamed/sub", ALCM_USE_FILE, -EBUSY);
	expect("moved", ALCM_USE_VERB, -EBUSY);
	alcm_store_close(held);
}
END_TEST

/* Asked by those who come from above: a command that waits for them is no mount. */
START_TEST(test_is_mounted)
{
	struct alcm_store *held;
	char path[128];
	int fd;

	path_in(path, "top/store");
	fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert(!alcm_store_is_mounted(fd));
	ck_assert_int_eq(lock("top/store", ALCM_USE_VERB, &held), 0);
	ck_assert(!alcm_store_is_mounted(fd));
	alcm_store_close(held);
	ck_assert_int_eq(lock("top/store", ALCM_USE_MOUNT, &held), 0);
	ck_assert(alcm_store_is_mounted(fd));
	alcm_store_close(held);
	ck_assert(!alcm_store_is_mounted(fd));
	close(fd);
}
END_TEST

/* A directory of the store, seen through a bind mount, above which nothing of the store
   can be seen. */
START_TEST(test_bind_mount)
{
	char from[128], to[128];
	struct alcm_store *held;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return; /* only root may mount */
	path_in(from, "top/store/sub");
	path_in(to, "top/other");
	ck_assert_int_eq(mount(from, to, NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(lock("top/store", ALCM_USE_MOUNT, &held), 0);
	expect("top/other", ALCM_USE_FILE, -EBUSY);
	alcm_store_close(held);
	/* And the other way round. */
	ck_assert_int_eq(lock("top/other", ALCM_USE_MOUNT, &held), 0);
	expect("top/store", ALCM_USE_VERB, -EBUSY);
	expect("top/store/sub", ALCM_USE_FILE, -EBUSY);
	alcm_store_close(held);
	/* A store that is renamed is known by its inode, which a mount of the filesystem's
	   root shows. */
	ck_assert_int_eq(lock("top/store", ALCM_USE_MOUNT, &held), 0);
	path_in(from, "top/store");
	path_in(to, "top/renamed");
	ck_assert_int_eq(rename(from, to), 0);
	expect("top/other", ALCM_USE_FILE, -EBUSY);
	alcm_store_close(held);
	path_in(to, "top/other");
	umount2(to, MNT_DETACH);
}
END_TEST

START_TEST(test_hard_links)
{
	char file[128], name[128];
	struct alcm_store *held, *other;
	struct alcm_diag diag = { 0 };
	int fd;

	path_in(file, "top/store/f");
	path_in(name, "top/other/f");
	fd = open(file, O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(lock("top/store", ALCM_USE_MOUNT, &held), 0);
	ck_assert_int_eq(lock("top/other", ALCM_USE_VERB, &other), 0);
	ck_assert_int_eq(alcm_store_may_change(other, fd, &diag), 0);
	ck_assert_int_eq(link(file, name), 0);
	ck_assert_int_eq(alcm_store_may_change(other, fd, &diag), -EBUSY);
	ck_assert_str_ne(diag.cause, "");
	/* Its names are all in the store that is locked: no other is concerned. */
	ck_assert_int_eq(unlink(file), 0);
	path_in(file, "top/other/f2");
	ck_assert_int_eq(link(name, file), 0);
	ck_assert_int_eq(alcm_store_may_change(other, fd, &diag), 0);
	/* Once it isn't, other stores of this filesystem may be, on a machine that does more
	   than this. */
	alcm_store_close(held);
	alcm_store_close(other);
	close(fd);
}
END_TEST

/* Removed and made again, .alcm/lock is another file; the store is held all the same. */
START_TEST(test_lock_file_replaced)
{
	char name[128];
	struct alcm_store *held;

	ck_assert_int_eq(lock("top/store", ALCM_USE_MOUNT, &held), 0);
	path_in(name, "top/store/.alcm/lock");
	ck_assert_int_eq(unlink(name), 0);
	expect("top/store", ALCM_USE_MOUNT, -EBUSY);
	alcm_store_close(held);
	expect("top/store", ALCM_USE_MOUNT, 0);
}
END_TEST

/* By another machine, whose marks can't be seen. */
START_TEST(test_lock_file_held)
{
	char name[128];
	int fd;

	expect("top/store", ALCM_USE_MOUNT, 0);
	path_in(name, "top/store/.alcm/lock");
	fd = open(name, O_RDONLY);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	expect("top/store", ALCM_USE_MOUNT, -EBUSY);
	expect("top/store", ALCM_USE_VERB, -EBUSY);
	expect("top/store", ALCM_USE_READ, -EBUSY);
	close(fd);
	expect("top/store", ALCM_USE_READ, 0);
}
END_TEST

/* A command leaves nothing where no store was, and everything where one is. */
START_TEST(test_temporary)
{
	struct alcm_store *s;
	char name[128];

	path_in(name, "top/store/.alcm");
	ck_assert_int_eq(lock("top/store", ALCM_USE_VERB, &s), 0);
	ck_assert(alcm_store_is_temporary(s));
	alcm_store_close(s);
	ck_assert_int_ne(access(name, F_OK), 0);
	expect("top/store", ALCM_USE_MOUNT, 0);
	ck_assert_int_eq(lock("top/store", ALCM_USE_VERB, &s), 0);
	ck_assert(!alcm_store_is_temporary(s));
	alcm_store_close(s);
	ck_assert_int_eq(access(name, F_OK), 0);
}
END_TEST

/* What a command leaves that was killed while it made, or removed, the directory of its
   jobs. 0: no job. */
START_TEST(test_leftover)
{
	struct alcm_store *s;
	char name[128], swap[128];

	path_in(name, "top/store/.alcm");
	path_in(swap, "top/store/.alcm/swap");
	ck_assert_int_eq(mkdir(name, 0755), 0);
	if (_i)
		ck_assert_int_eq(mkdir(swap, 0700), 0);
	ck_assert_int_eq(lock("top/store", ALCM_USE_VERB, &s), 0);
	ck_assert(alcm_store_is_temporary(s));
	alcm_store_close(s);
	ck_assert_int_ne(access(name, F_OK), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store_lock");
	TCase *tc = tcase_create("all");
	SRunner *runner;

	test_dir_add(tc);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, test_pair, 0, N_PAIRS);
	tcase_add_test(tc, test_renamed);
	tcase_add_test(tc, test_is_mounted);
	tcase_add_test(tc, test_bind_mount);
	tcase_add_test(tc, test_hard_links);
	tcase_add_test(tc, test_lock_file_replaced);
	tcase_add_test(tc, test_lock_file_held);
	tcase_add_test(tc, test_temporary);
	tcase_add_loop_test(tc, test_leftover, 0, 2);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
