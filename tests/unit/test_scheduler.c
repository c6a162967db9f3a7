/* SPDX-License-Identifier: MIT */
/* The paper's scheduler: its rule, its limits, and its state as text. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alcm.h"

START_TEST(follows_the_trend)
{
	struct alcm_scheduler s;

	alcm_scheduler_init(&s);
	ck_assert_double_eq(s.prune_share, 0.01);
	alcm_scheduler_add(&s, 1.5);
	ck_assert_double_eq(s.prune_share, 0.01);
	alcm_scheduler_add(&s, 1.6);
	ck_assert_double_eq_tol(s.prune_share, 0.01 * 0.95, 1e-15);
	/* Against the oldest of the window, not the one before. */
	alcm_scheduler_add(&s, 1.55);
	ck_assert_double_eq_tol(s.prune_share, 0.01 * 0.95 * 0.95, 1e-15);
	/* Equal is no rise. */
	alcm_scheduler_add(&s, 1.5);
	ck_assert_double_eq_tol(s.prune_share, 0.01 * 0.95, 1e-15);
	ck_assert_uint_eq(s.n_saves, 4);
}
END_TEST

START_TEST(looks_back_five_scores)
{
	struct alcm_scheduler s;

	alcm_scheduler_init(&s);
	alcm_scheduler_add(&s, 9);
	for (int i = 0; i < 4; i++)
		alcm_scheduler_add(&s, 1);

	double before = s.prune_share;

	/* The 9 leaves the window with this one: 2 against 1 is a rise. */
	alcm_scheduler_add(&s, 2);
	ck_assert_uint_eq(s.n_scores, ALCM_SCHEDULER_WINDOW);
	ck_assert_double_eq_tol(s.prune_share, before * 0.95, 1e-15);
}
END_TEST

START_TEST(stays_within_limits)
{
	struct alcm_scheduler s;

	alcm_scheduler_init(&s);
	for (int i = 0; i < 200; i++)
		alcm_scheduler_add(&s, 1);
	ck_assert_double_eq(s.prune_share, 0.1);
	for (int i = 0; i < 200; i++)
		alcm_scheduler_add(&s, 2 + i);
	ck_assert_double_eq(s.prune_share, 0.001);
}
END_TEST

START_TEST(state_survives_as_text)
{
	struct alcm_scheduler s, back;
	char *text = NULL;

	alcm_scheduler_init(&s);
	for (int i = 0; i < 7; i++)
		alcm_scheduler_add(&s, 1 + 0.1 * i);
	ck_assert_int_eq(alcm_scheduler_json(&s, &text), 0);
	ck_assert_int_eq(alcm_scheduler_parse(text, strlen(text), &back, NULL), 0);
	ck_assert_double_eq(back.prune_share, s.prune_share);
	ck_assert_uint_eq(back.n_saves, 7);
	ck_assert_uint_eq(back.n_scores, 5);
	ck_assert_mem_eq(back.scores, s.scores, sizeof(s.scores));
	ck_assert_int_eq(alcm_scheduler_parse(text, strlen(text) / 2, &back, NULL), -EINVAL);
	alcm_free_text(text);
}
END_TEST

#define STATE(share, caq)                                                 \
	"{\"schema\":\"alcm-scheduler/1\",\"saves\":1,\"prune_share\":" share \
	",\"caq\":" caq "}"

static const char *const bad[] = {
	"",
	"null",
	"[1]",
	"{}",
	STATE("0.5", "[1]"),
	STATE("-1", "[1]"),
	STATE("\"0.01\"", "[1]"),
	STATE("0.01", "[1,2,3,4,5,6]"),
	STATE("0.01", "[-1]"),
	STATE("0.01", "[null]"),
	STATE("0.01", "7"),
};

START_TEST(anything_else_is_refused)
{
	struct alcm_scheduler s = { .n_saves = 99 };
	struct alcm_diag diag = { 0 };

	ck_assert_int_eq(alcm_scheduler_parse(bad[_i], strlen(bad[_i]), &s, &diag), -EINVAL);
	ck_assert_uint_eq(s.n_saves, 99);
	ck_assert_int_ne(diag.cause[0], 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scheduler");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, follows_the_trend);
	tcase_add_test(tc, looks_back_five_scores);
	tcase_add_test(tc, stays_within_limits);
	tcase_add_test(tc, state_survives_as_text);
	tcase_add_loop_test(tc, anything_else_is_refused, 0, sizeof(bad) / sizeof(bad[0]));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
