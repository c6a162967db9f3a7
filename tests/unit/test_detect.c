/* SPDX-License-Identifier: MIT */
/* Whether a file is worth compressing, and what is said of it: size first, then head and
   content. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alcm.h"

/* A file of n zero bytes with this head, judged by what a mount does if nothing else is
   asked for. */
static struct alcm_verdict judge(const char *head, size_t n, uint64_t min_size,
	nlink_t links, char text[160])
{
	struct alcm_verdict v;
	struct stat st;
	int fd = memfd_create("test_detect", MFD_CLOEXEC);

	ck_assert(fd >= 0 && !ftruncate(fd, (off_t)n));
	ck_assert_int_eq(pwrite(fd, head, strlen(head), 0), strlen(head));
	ck_assert_int_eq(fstat(fd, &st), 0);
	st.st_nlink = links;
	ck_assert_int_eq(alcm_detect_file(ALCM_DETECT_TENSORS, min_size, fd, &st, &v), 0);
	alcm_verdict_text(&v, &st, text, 160);
	close(fd);
	return v;
}

static const char npy[] = "\x93NUMPY\x01";

START_TEST(size_settles_it)
{
	char text[160];

	ck_assert(!judge("", 0, 0, 1, text).worth);
	ck_assert_str_eq(text, "empty");
	ck_assert(!judge(npy, ALCM_MIN_SIZE - 1, ALCM_MIN_SIZE, 1, text).worth);
	ck_assert_str_eq(text, "below min_size (4096 bytes)");
	ck_assert(judge(npy, ALCM_MIN_SIZE, ALCM_MIN_SIZE, 1, text).worth);
	ck_assert_str_eq(text, "worth packing: npy");
	ck_assert(judge(npy, 100, 0, 1, text).worth);
}
END_TEST

START_TEST(links_are_said_of_what_is_worth_it)
{
	char text[160];

	judge(npy, 8192, ALCM_MIN_SIZE, 2, text);
	ck_assert_str_eq(text, "worth packing: npy; it has several hard links");
	ck_assert(!judge("text", 8192, ALCM_MIN_SIZE, 2, text).worth);
	ck_assert_str_eq(text, "unknown format, and too small to judge by the content");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("detect");
	TCase *tc = tcase_create("detect");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, size_settles_it);
	tcase_add_test(tc, links_are_said_of_what_is_worth_it);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
