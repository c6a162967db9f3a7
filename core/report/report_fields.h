/* SPDX-License-Identifier: MIT */
/* Objects of a report that report_json.c writes and report_read.c reads. */
#ifndef ALCM_REPORT_FIELDS_H
#define ALCM_REPORT_FIELDS_H

#include "base/json.h"

static const struct json_field report_blob_rows[] = {
	JSON_FIELD(alcm_info, "stored_size", stored_bytes),
	JSON_FIELD(alcm_info, "chunk_size", chunk_bytes),
	JSON_FIELD(alcm_info, "chunks", n_chunks),
	JSON_FIELD(alcm_info, "format_version", format_version),
	JSON_FIELD(alcm_info, "commit", commit_no),
};
static const struct json_field report_result_rows[] = {
	JSON_FIELD(alcm_info, "ratio", ratio),
	JSON_FIELD(alcm_info, "cpu_seconds", cpu_seconds),
	JSON_FIELD(alcm_info, "wall_seconds", wall_seconds),
	JSON_FIELD(alcm_info, "threads", threads),
	JSON_FIELD(alcm_info, "mb_per_s", mb_per_s),
	JSON_FIELD(alcm_info, "bits_per_value", bits_per_value),
	JSON_FIELD(alcm_info, "caq", caq),
	JSON_FIELD(alcm_info, "predicted_entropy", predicted_entropy),
	JSON_FIELD(alcm_info, "codec", codec),
};
static const struct json_fields report_blob = JSON_FIELDS(report_blob_rows),
								report_result = JSON_FIELDS(report_result_rows);

#endif
