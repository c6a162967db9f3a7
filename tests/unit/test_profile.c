/* SPDX-License-Identifier: MIT */
/* Names of profiles, and an error that helps. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alcm.h"
#include "profile/profile.h"

START_TEST(lossless_is_the_default)
{
	struct alcm_profile p, parsed;

	alcm_profile_default(&p);
	ck_assert_uint_eq(p.id, 0);
	ck_assert_str_eq(p.name, "lossless");
	ck_assert_int_eq(alcm_profile_parse("lossless", &parsed, NULL), 0);
	ck_assert_uint_eq(parsed.id, 0);
	ck_assert_str_eq(parsed.name, "lossless");
}
END_TEST

static const char *const unknown[] = { "", "Lossless", "lossles", "lossless ",
	" lossless", "lossless:1", "zip" };

START_TEST(others_are_refused_by_name)
{
	struct alcm_profile p = { .id = 77, .name = "untouched" };
	struct alcm_diag diag = { .cause = "" };

	ck_assert_int_eq(alcm_profile_parse(unknown[_i], &p, &diag), -EINVAL);
	ck_assert_ptr_nonnull(strstr(diag.cause, unknown[_i]));
	ck_assert_ptr_nonnull(strstr(diag.cause, "known: lossless"));
	ck_assert_uint_eq(p.id, 77);
	ck_assert_str_eq(p.name, "untouched");
	ck_assert_int_eq(alcm_profile_parse(unknown[_i], &p, NULL), -EINVAL);
}
END_TEST

START_TEST(long_names_still_list_the_known)
{
	char text[5000];
	struct alcm_profile p;
	struct alcm_diag diag = { .cause = "" };

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(alcm_profile_parse(text, &p, &diag), -EINVAL);
	ck_assert_ptr_nonnull(strstr(diag.cause, "known: lossless"));
}
END_TEST

static const struct {
	const char *text, *name;
	uint8_t id;
	double bound;
} bounded[] = {
	{ "bounded:1e-3", "bounded:0.001", 2, 1e-3 },
	{ "bounded:0.1", "bounded:0.1", 2, 0.1 },
	{ "bounded:0.30000000000000004", "bounded:0.30000000000000004", 2,
		0.30000000000000004 },
	{ "bounded-abs:1e-6", "bounded-abs:1e-06", 3, 1e-6 },
	{ "bounded-abs:250", "bounded-abs:2.5e+02", 3, 250 },
};

START_TEST(bounds_are_part_of_the_name)
{
	struct alcm_profile p, again;

	ck_assert_int_eq(alcm_profile_parse(bounded[_i].text, &p, NULL), 0);
	ck_assert_uint_eq(p.id, bounded[_i].id);
	ck_assert(p.lossy);
	ck_assert_double_eq(p.bound, bounded[_i].bound);
	ck_assert_str_eq(p.name, bounded[_i].name);
	ck_assert_int_eq(alcm_profile_parse(p.name, &again, NULL), 0);
	ck_assert_double_eq(again.bound, p.bound);
	ck_assert(profile_of_id(p.id, p.bound, &again));
	ck_assert_str_eq(again.name, p.name);
}
END_TEST

static const char *const bad_bounds[] = { "bounded", "bounded:", "bounded:0",
	"bounded:-0.1", "bounded:1", "bounded:nan", "bounded:inf", "bounded:1e-3x",
	"bounded:x", "bounded-abs:0", "bounded-abs:-1", "bounded-abs:inf", "bounded-abs:nan",
	"bounded-abs" };

START_TEST(impossible_bounds_are_refused)
{
	struct alcm_profile p = { .id = 77 };
	struct alcm_diag diag = { .cause = "" };

	ck_assert_int_eq(alcm_profile_parse(bad_bounds[_i], &p, &diag), -EINVAL);
	ck_assert_ptr_nonnull(strstr(diag.cause, bad_bounds[_i]));
	ck_assert_uint_eq(p.id, 77);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, lossless_is_the_default);
	tcase_add_loop_test(tc, others_are_refused_by_name, 0,
		sizeof(unknown) / sizeof(unknown[0]));
	tcase_add_loop_test(tc, bounds_are_part_of_the_name, 0,
		sizeof(bounded) / sizeof(bounded[0]));
	tcase_add_loop_test(tc, impossible_bounds_are_refused, 0,
		sizeof(bad_bounds) / sizeof(bad_bounds[0]));
	tcase_add_test(tc, long_names_still_list_the_known);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
