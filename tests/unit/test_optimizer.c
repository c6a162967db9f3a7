/* SPDX-License-Identifier: MIT */
/* Which names are an optimizer's, as the frameworks spell them. */
#include <check.h>
#include <stdlib.h>

#include "lossy/optimizer.h"

START_TEST(names)
{
	static const struct {
		const char *name;
		bool optimizer;
	} cases[] = {
		{ "optimizer.state.0.exp_avg", true },
		{ "state.12.momentum_buffer", true },
		{ "state.0.sum", true },
		{ "optimizer_states.0.state.3.exp_avg_sq", true },
		{ "optimizer/w1/momentum", true },
		{ "opt_state/0/mu/dense/kernel", true },
		{ "Optimizer.m", true },
		{ "exp_avg", true },
		{ "model.layers.0.attn.weight", false },
		{ "state_dict.layer1.weight", false },
		{ "state.encoder.weight", false },
		{ "model.state_encoder.0.weight", false },
		{ "my_optimizer_name.weight", false },
		{ "adopt.weight", false },
		{ "arr_0", false },
		{ "", false },
		{ "state", false },
		{ "state.", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(lossy_is_optimizer(cases[i].name) == cases[i].optimizer, "%s",
			cases[i].name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("optimizer");
	TCase *tc = tcase_create("names");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, names);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
