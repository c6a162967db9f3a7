/* SPDX-License-Identifier: MIT */
/*
 * Recognises optimizer state by name. A name is cut into words, and each is looked up:
 *
 *   optimizer.state.3.exp_avg      "optimizer": yes
 *   state.12.step                  "state", then a number: yes
 *   model.layers.0.weight          no
 *   cooptimizer_net.weight         no: words are compared whole
 *
 * State is left alone by lossy profiles. Adam, for one, divides by the root of its second
 * moments, so a small absolute error there becomes a large step of training. A weight
 * with such a name stays lossless; that only costs ratio.
 */
#include "lossy/optimizer.h"

#include <ctype.h>
#include <stddef.h>
#include <strings.h>

/*
 * Words of names, separated by anything but letters, digits and underscores: PyTorch
 * (torch/optim: state.N.exp_avg …, and the dictionaries around it in Lightning,
 * Accelerate, DeepSpeed and Megatron), Keras, optax.
 */
static const char *const words[] = { "optimizer", "optimizers", "optimizer_state",
	"optimizer_states", "optimizer_state_dict", "optimizer_variables",
	"optimizer_weights", "optim", "optim_state", "optim_state_dict", "opt_state", "opt",
	"base_optimizer_state", "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf",
	"momentum_buffer", "square_avg", "grad_avg", "acc_delta", "momentum", "momentums",
	"velocity", "velocities", "fp32_groups", "fp32_flat_groups",
	"single_partition_of_fp32_groups" };

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool is_word(const char *at, size_t n)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strncasecmp(words[i], at, n) == 0 && !words[i][n])
			return true;
	}
	return false;
}

/* "state" followed by a number: the state of one parameter in PyTorch's optimizers. */
static bool is_numbered_state(const char *at, size_t n)
{
	if (n != 5 || strncasecmp(at, "state", n) != 0)
		return false;
	at += n;
	while (*at && !in_word(*at))
		at++;
	return isdigit((unsigned char)*at);
}

bool lossy_is_optimizer(const char *name)
{
	while (*name) {
		size_t n = 0;

		while (in_word(name[n]))
			n++;
		if (n && (is_word(name, n) || is_numbered_state(name, n)))
			return true;
		name += n ? n : 1;
	}
	return false;
}
