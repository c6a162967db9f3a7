/* SPDX-License-Identifier: MIT */
/*
 * Which files are worth compressing: by format, or by a sample of the content.
 *
 *   size ──► format of the head ──► kept verdict ──► 16 pieces, judged by predict/infer.h
 *
 * Each step decides if it can. Only the last one reads more than the head, so its answer
 * is kept with the file (alcm_verdict.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alcm_detect.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "format/format.h"
#include "predict/infer.h"

enum {
	FIRST_MIN = 4096,     /* the shortest first write that is judged by its content */
	FIRST_MAX = 64 << 10, /* the most of a first write that is judged */
	FILE_MIN = 64 << 10,  /* the smallest file that is judged by its content */
	N_PIECES = 16,
	PIECE = 16 << 10,
};

/* Whether content with this verdict is compressed at this level. */
static bool wanted(enum alcm_detect detect, enum infer_verdict verdict)
{
	return detect == ALCM_DETECT_ALL ? verdict != INFER_VERDICT_COMPRESSED
									 : verdict == INFER_VERDICT_NUMERIC;
}

/* The format, if this level compresses it. */
static const char *wanted_format(enum alcm_detect detect, const void *prefix, size_t n)
{
	const char *format = format_name_of(prefix, n);

	return format && (detect != ALCM_DETECT_NPY || strcmp(format, "npy") == 0) ? format
																			   : NULL;
}

bool alcm_detect_first(enum alcm_detect detect, const void *first, size_t n)
{
	char reason[INFER_REASON_BYTES];
	struct infer_survey survey = { 0 };

	if (wanted_format(detect, first, n))
		return true;
	if (detect == ALCM_DETECT_NPY)
		return false;
	infer_survey_begin(&survey, first, n);
	/* A few bytes show neither numbers nor that they can't be compressed. */
	if (n >= FIRST_MIN)
		infer_survey_add(&survey, first, (uint32_t)min_u64(n, FIRST_MAX));
	return wanted(detect, infer_survey_verdict(&survey, reason));
}

static int read_at(int fd, uint8_t *buf, size_t n, uint64_t off)
{
	ssize_t got = pread(fd, buf, n, (off_t)off);

	if (got < 0)
		return -errno;
	return (size_t)got == n ? 0 : -EIO;
}

/* Judge pieces at even distances; the first and the last are at the file's ends. */
static int survey_file(int fd, uint64_t size, uint8_t *piece, struct infer_survey *survey)
{
	uint32_t len = (uint32_t)min_u64(PIECE, size);
	int err = 0;

	for (unsigned i = 0; i < N_PIECES && !err; i++) {
		/* Elements usually start at multiples of their width; the guess copes with
		   others. */
		uint64_t at = (size - len) / (N_PIECES - 1) * i / 64 * 64;

		err = read_at(fd, piece, len, at);
		if (!err && i == 0)
			infer_survey_begin(survey, piece, len);
		if (!err)
			infer_survey_add(survey, piece, len);
	}
	return err;
}

/* A small file isn't judged by its content, unless its head names a compressor. */
static void judge_content(enum alcm_detect detect, uint64_t size,
	const struct infer_survey *survey, struct alcm_verdict *out)
{
	enum infer_verdict verdict = infer_survey_verdict(survey, out->reason);

	if (size >= FILE_MIN || detect == ALCM_DETECT_ALL) {
		out->worth = wanted(detect, verdict);
		out->sampled = true;
	} else if (!survey->packed_by || verdict != INFER_VERDICT_COMPRESSED) {
		snprintf(out->reason, sizeof(out->reason), "%s",
			"unknown format, and too small to judge by the content");
	}
}

/* False: the size alone decides, and `out` says why. */
static bool is_large_enough(uint64_t size, uint64_t min_size, struct alcm_verdict *out)
{
	if (size && size >= min_size)
		return true;
	*out = (struct alcm_verdict){ .worth = false };
	if (!size)
		snprintf(out->reason, sizeof(out->reason), "empty");
	else
		snprintf(out->reason, sizeof(out->reason), "below min_size (%llu bytes)",
			(unsigned long long)min_size);
	return false;
}

int alcm_detect_file(enum alcm_detect detect, uint64_t min_size, int fd,
	const struct stat *st, struct alcm_verdict *out)
{
	uint64_t size = (uint64_t)st->st_size;
	AUTO_FREE uint8_t *piece = mem_alloc(PIECE);
	uint32_t n = (uint32_t)min_u64(PIECE, size);
	struct infer_survey survey = { 0 };
	struct alcm_verdict v = { 0 };
	const char *format;
	int err;

	_Static_assert(sizeof(v.reason) >= INFER_REASON_BYTES, "the text of a survey fits");
	if (!is_large_enough(size, min_size, out))
		return 0;
	err = piece ? read_at(fd, piece, n, 0) : -ENOMEM;
	if (err)
		return err;
	format = wanted_format(detect, piece, n);
	if (!format && verdict_kept(fd, detect, st, out))
		return 0;
	if (format) {
		v.worth = true;
		snprintf(v.reason, sizeof(v.reason), "%s", format);
	} else if (detect == ALCM_DETECT_NPY) {
		snprintf(v.reason, sizeof(v.reason), "%s", "no .npy");
	} else {
		err = survey_file(fd, size, piece, &survey);
		judge_content(detect, size, &survey, &v);
	}
	if (!err)
		*out = v;
	return err;
}

int alcm_verdict_text(const struct alcm_verdict *verdict, const struct stat *st,
	char *out, size_t capacity)
{
	/* A file worth packing that is still plain was there before the mount, or was changed
	   in place. */
	return snprintf(out, capacity, "%s%s%s", verdict->worth ? "worth packing: " : "",
		verdict->reason,
		verdict->worth && st->st_nlink > 1 ? "; it has several hard links" : "");
}
