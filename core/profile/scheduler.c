/* SPDX-License-Identifier: MIT */
/*
 * The paper's scheduler: the share of values to prune follows the trend of the CAQ over
 * successive saves of a file. The trend compares the newest score with the oldest of the
 * last five:
 *
 *     CAQ 2.0  2.1  2.3   rising    share · 0.95
 *     CAQ 2.3  2.3  2.2   falling   share / 0.95
 *
 * The share starts at 1 % and stays within 0.1 % and 10 %; either end is 45 steps away.
 *
 * The state is small JSON, kept in the store between mounts. Parsing checks every number
 * against the range that this file itself keeps to. A state that fails is given up as a
 * whole, and the caller starts a new one: nothing is lost but the trend.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/json.h"

#define SCHEMA_ID "alcm-scheduler/1"

static const double first_share = 0.01, decay = 0.95, least_share = 0.001,
					most_share = 0.1;

void alcm_scheduler_init(struct alcm_scheduler *s)
{
	*s = (struct alcm_scheduler){ .prune_share = first_share };
}

/* A rising trend lowers the share; any other raises it. One score alone has no trend, so
   it changes nothing. */
void alcm_scheduler_add(struct alcm_scheduler *s, double caq)
{
	if (s->n_scores == ALCM_SCHEDULER_WINDOW) {
		memmove(s->scores, s->scores + 1, sizeof(s->scores) - sizeof(s->scores[0]));
		s->n_scores--;
	}
	s->scores[s->n_scores++] = caq;
	s->n_saves++;
	if (s->n_scores < 2)
		return;
	if (s->scores[s->n_scores - 1] > s->scores[0])
		s->prune_share *= decay;
	else
		s->prune_share /= decay;
	s->prune_share = fmin(fmax(s->prune_share, least_share), most_share);
}

int alcm_scheduler_json(const struct alcm_scheduler *s, char **out)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *scores;

	cJSON_AddStringToObject(root, "schema", SCHEMA_ID);
	cJSON_AddNumberToObject(root, "prune_share", s->prune_share);
	cJSON_AddNumberToObject(root, "saves", (double)s->n_saves);
	scores = cJSON_AddArrayToObject(root, "caq");
	for (unsigned i = 0; i < s->n_scores; i++)
		cJSON_AddItemToArray(scores, cJSON_CreateNumber(s->scores[i]));
	*out = json_print(root);
	return *out ? 0 : -ENOMEM;
}

/* Also rejects NaN: both comparisons are false for it. */
static bool number_within(const cJSON *item, double least, double most, double *out)
{
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= least) ||
		!(item->valuedouble <= most))
		return false;
	*out = item->valuedouble;
	return true;
}

static bool read_scores(const cJSON *list, struct alcm_scheduler *s)
{
	const cJSON *item;

	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > ALCM_SCHEDULER_WINDOW)
		return false;
	cJSON_ArrayForEach(item, list)
	{
		if (!number_within(item, 0, 1e18, &s->scores[s->n_scores++]))
			return false;
	}
	return true;
}

int alcm_scheduler_parse(const char *json, size_t len, struct alcm_scheduler *out,
	struct alcm_diag *diag)
{
	cJSON *root = cJSON_ParseWithLength(json, len);
	const cJSON *schema = json_get(root, "schema");
	struct alcm_scheduler s = { 0 };
	double saves = 0;
	bool good = cJSON_IsString(schema) && strcmp(schema->valuestring, SCHEMA_ID) == 0 &&
		number_within(json_get(root, "prune_share"), least_share, most_share,
			&s.prune_share) &&
		number_within(json_get(root, "saves"), 0, 1e15, &saves) &&
		read_scores(json_get(root, "caq"), &s);

	cJSON_Delete(root);
	if (!good)
		return diag_set(diag, -EINVAL, 0, "no scheduler state (" SCHEMA_ID ")");
	s.n_saves = (uint64_t)saves;
	*out = s;
	return 0;
}
