/* SPDX-License-Identifier: MIT */
/* Any bytes as a report's JSON; what is one is written again as one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alcm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* A report with some of its bytes changed as the input says: place, byte, place, byte,
   … */
static char *changed_report(const uint8_t *data, size_t size, size_t *len)
{
	static const struct timespec mtime = { 0 };
	struct alcm_info info = { .format = "npy",
		.dtype = "<f4",
		.n_dims = 2,
		.shape = { 3, 5 },
		.logical_bytes = 1000,
		.stored_bytes = 400,
		.profile = "lossless",
		.codec = "zstd",
		.n_planes = 1,
		.planes = { { .name = "exponent", .coder = "ans" } },
		.n_rows = 2,
		.rows = { { .name = "w", .n_planes = 1 },
			{ .name = "b", .first_plane = 1, .n_planes = 1 } },
		.n_tensor_planes = 2,
		.tensor_planes = { { .name = "byte 0", .coder = "raw" },
			{ .name = "byte 1", .coder = "zstd" } } };
	char *text;

	require(!alcm_report_json(&info, "w", &mtime, &text));
	*len = strlen(text);
	for (size_t i = 0; i + 2 < size; i += 3)
		text[(data[i] | (size_t)data[i + 1] << 8) % *len] = (char)data[i + 2];
	return text;
}

static void try(const char *json, size_t len)
{
	static const struct timespec mtime = { 0 };
	struct alcm_info info, again;
	char *text;

	if (alcm_report_read(json, len, &info))
		return;
	require(info.n_planes <= ALCM_MAX_PLANES && info.n_dims <= ALCM_MAX_DIMS);
	require(info.n_tensor_planes <= ALCM_MAX_TENSOR_PLANES);
	require(!alcm_report_json(&info, "w", &mtime, &text));
	require(!alcm_report_read(text, strlen(text), &again));
	alcm_free_text(text);
}

static void try_figures(const char *line)
{
	char text[ALCM_FIGURES_BYTES];
	struct alcm_info info, again;

	if (alcm_figures_read(line, &info))
		return;
	require(alcm_figures_text(&info, text, sizeof(text)) < (int)sizeof(text));
	require(!alcm_figures_read(text, &again));
	require(strcmp(again.codec, info.codec) == 0 &&
		again.stored_bytes == info.stored_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size + 1), *text;
	size_t len;

	require(exact);
	memcpy(exact, data, size);
	try(exact, size);
	exact[size] = '\0';
	try_figures(exact);
	free(exact);
	text = changed_report(data, size, &len);
	try(text, len);
	alcm_free_text(text);
	return 0;
}
