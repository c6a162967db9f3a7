/* SPDX-License-Identifier: MIT */
/*
 * A directory for the files of a test program. The process that runs the tests, each in a
 * process of its own, makes and removes it, so that it goes also when a test failed,
 * crashed or took too long.
 */
#ifndef ALCM_TESTS_TEST_DIR_H
#define ALCM_TESTS_TEST_DIR_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static char test_dir[32];

static inline void test_dir_make(void)
{
	(void)snprintf(test_dir, sizeof(test_dir), "/tmp/alcm-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(test_dir));
}

static inline void test_dir_remove(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", test_dir);
	ck_assert_int_eq(system(command), 0);
}

/* Before fixtures that use it. */
static inline void test_dir_add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, test_dir_make, test_dir_remove);
}

#endif
