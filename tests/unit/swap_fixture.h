/* SPDX-License-Identifier: MIT */
/* A store in a directory of its own, files in it, and what must hold of them. */
#ifndef ALCM_TESTS_SWAP_FIXTURE_H
#define ALCM_TESTS_SWAP_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alcm.h"
#include "store/swap_job.h"
#include "test_dir.h"

enum { SIZE = 300000 };

static char store[64];
static int store_fd;
static struct alcm_store *opened; /* the same */
static uint8_t content[SIZE];
static const struct timespec old_mtime = { 1500000000, 123456789 };

static inline void setup(void)
{
	(void)snprintf(store, sizeof(store), "%s/%d", test_dir, (int)getpid());
	ck_assert_int_eq(mkdir(store, 0755), 0);
	store_fd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(store_fd, 0);
	ck_assert_int_eq(alcm_store_open(dup(store_fd), &opened), 0);
	for (size_t i = 0; i < SIZE; i++)
		content[i] = (uint8_t)(i % 7 ? i / 256 : i * i);
	swap_set_hook_for_tests(NULL);
}

static inline void teardown(void)
{
	char command[128];

	alcm_store_close(opened);
	close(store_fd);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", store);
	ck_assert_int_eq(system(command), 0);
}

static inline struct alcm *engine(void)
{
	struct alcm_params params;
	struct alcm *alcm;

	alcm_params_default(&params);
	params.threads = 1;
	params.budget_bytes = 16 << 20;
	ck_assert_int_eq(alcm_new(&params, &alcm), 0);
	return alcm;
}

static inline void set_mtime(int fd)
{
	const struct timespec times[2] = { old_mtime, old_mtime };

	ck_assert_int_eq(futimens(fd, times), 0);
}

static inline int make_file(const char *path, mode_t mode, const void *bytes, size_t n)
{
	int fd = openat(store_fd, path, O_RDWR | O_CREAT | O_EXCL, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, n, 0), (ssize_t)n);
	set_mtime(fd);
	return fd;
}

static inline int pack(const char *path, int fd)
{
	struct alcm *alcm = engine();
	struct alcm_profile profile;
	struct alcm_diag diag = { 0 };

	alcm_profile_default(&profile);

	int err = alcm_pack(alcm, opened, path, fd, &profile, &diag);

	alcm_free(alcm);
	return err;
}

static inline int unpack(const char *path, int fd)
{
	struct alcm *alcm = engine();
	struct alcm_diag diag = { 0 };
	int err = alcm_unpack(alcm, opened, path, fd, &diag);

	alcm_free(alcm);
	return err;
}

static inline enum alcm_kind kind_of(int fd)
{
	struct alcm_probe probe;

	ck_assert_int_eq(alcm_probe(fd, &probe, NULL), 0);
	return probe.kind;
}

/* What a reader sees, whichever kind the file is of. */
static inline void assert_content(int fd, const uint8_t *want, size_t n)
{
	uint8_t *got = malloc(n + 1);

	ck_assert_ptr_nonnull(got);
	if (kind_of(fd) == ALCM_PLAIN) {
		ck_assert_int_eq(pread(fd, got, n + 1, 0), (ssize_t)n);
	} else {
		struct alcm *alcm = engine();
		struct alcm_blob *blob;

		ck_assert_int_eq(alcm_blob_open(alcm, fd, false, &blob, NULL), 0);
		ck_assert_int_eq(alcm_blob_pread(blob, got, n + 1, 0, NULL), (ssize_t)n);
		alcm_blob_close(blob);
		alcm_free(alcm);
	}
	if (n)
		ck_assert_mem_eq(got, want, n);
	free(got);
}

static inline void assert_same_file(const char *path, const struct stat *before)
{
	struct stat now;

	ck_assert_int_eq(fstatat(store_fd, path, &now, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(now.st_ino, before->st_ino);
	ck_assert_uint_eq(now.st_mode, before->st_mode);
	ck_assert_int_eq(now.st_mtim.tv_sec, old_mtime.tv_sec);
	ck_assert_int_eq(now.st_mtim.tv_nsec, old_mtime.tv_nsec);
}

static inline void assert_swap_empty(void)
{
	char command[160];

	(void)snprintf(command, sizeof(command),
		"test -z \"$(ls -A '%s/.alcm/swap' 2>/dev/null)\"", store);
	ck_assert_int_eq(system(command), 0);
}

static inline void recover(void)
{
	ck_assert_int_eq(alcm_swap_recover(opened, NULL, NULL), 0);
}

static inline int run_suite(const char *name, TCase *tc)
{
	Suite *s = suite_create(name);
	SRunner *runner;

	tcase_set_timeout(tc, 120);
	test_dir_add(tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
