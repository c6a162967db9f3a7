/* SPDX-License-Identifier: MIT */
/* Job files that nobody of ours wrote: refused, or harmless outside the store. */
#include "swap_fixture.h"

static void write_job(const char *text)
{
	int dir = swap_dir_open(store_fd, true), fd;

	ck_assert_int_ge(dir, 0);
	fd = openat(dir, "0123456789abcdef.job", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	fd = openat(dir, "0123456789abcdef.new", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_eq(write(fd, "evil", 4), 4);
	close(fd);
	close(dir);
}

static const char *const bad_jobs[] = {
	"",
	"\n",
	"alcm-swap 1\n",
	"alcm-swap 2\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection pack\npath victim\n",
	"alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection pack\npath ../victim\n",
	"alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection pack\npath /etc/victim\n",
	"alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection pack\npath "
	"a/%%2E./victim\n",
	"alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection pack\npath victim",
	"alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection pack\npath vic%%2\n",
	"alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection pack\npath vic%%00tim\n",
	"alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1000000000\ndirection pack\npath "
	"victim\n",
	"alcm-swap 1\nino %llu\nsize 5\nmode 384\nmtime 1 1\ndirection pack\npath victim\n",
	"alcm-swap 1\nino %llu\nsize 4\nmode 65535\nmtime 1 1\ndirection pack\npath victim\n",
	"alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection away\npath victim\n",
};

enum { N_BAD_JOBS = sizeof(bad_jobs) / sizeof(bad_jobs[0]) };

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
START_TEST(test_bad_job)
{
	int fd = make_file("victim", 0600, content, 100);
	struct stat st;
	char text[512];

	ck_assert_int_eq(fstat(fd, &st), 0);
	(void)snprintf(text, sizeof(text), bad_jobs[_i], (unsigned long long)st.st_ino);
	write_job(text);
	ck_assert_int_lt(alcm_swap_recover(store_fd, NULL, NULL), 0);
	assert_content(fd, content, 100);
	close(fd);
}
END_TEST

START_TEST(test_good_job_is_done)
{
	int fd = make_file("victim", 0600, content, 100);
	struct stat st;
	char text[512];

	ck_assert_int_eq(fstat(fd, &st), 0);
	(void)snprintf(text, sizeof(text),
		"alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection unpack\n"
		"path vi%%63tim\n",
		(unsigned long long)st.st_ino);
	write_job(text);
	recover();
	assert_content(fd, (const uint8_t *)"evil", 4);
	assert_swap_empty();
	close(fd);
}
END_TEST

/* A link on the path, or in the place of the target, leads nowhere. */
START_TEST(test_links_not_followed)
{
	char outside[64], text[512];
	struct stat st;
	int fd;

	(void)snprintf(outside, sizeof(outside), "%s/outside", test_dir);
	fd = open(outside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, 100), 100);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(symlinkat(test_dir, store_fd, "dir"), 0);
	ck_assert_int_eq(symlinkat(outside, store_fd, "victim"), 0);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(text,
			sizeof(text), "alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection pack\npath %s%s\n",
			(unsigned long long)st.st_ino, i ? "dir/" : "victim", i ? "outside" : "");
		write_job(text);
		recover();
		assert_content(fd, content, 100);
	}
	close(fd);
}
END_TEST

/* Jobs that the store's owner puts there, found by root: done to that user's own files at most. */
START_TEST(test_job_of_another_user)
{
	enum { USER = 12345 };
	static const char *const names[] = { "0123456789abcdef.job", "0123456789abcdef.new" };
	int fd = make_file("victim", 0600, content, 100), dir;
	struct stat st;
	char text[512];

	if (geteuid() != 0) {
		close(fd);
		return;
	}
	ck_assert_int_eq(fstat(fd, &st), 0);
	(void)snprintf(text,
		sizeof(text), "alcm-swap 1\nino %llu\nsize 4\nmode 2541\nmtime 1 1\ndirection pack\npath victim\n",
		(unsigned long long)st.st_ino);
	write_job(text);
	dir = swap_dir_open(store_fd, false);
	/* The job first: then its .new is somebody else's; then both are theirs, the file isn't. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fchownat(dir, names[i], USER, USER, 0), 0);
		ck_assert_int_lt(alcm_swap_recover(store_fd, NULL, NULL), 0);
		assert_content(fd, content, 100);
	}
	ck_assert_int_eq(fchown(fd, USER, USER), 0);
	ck_assert_int_eq(alcm_swap_recover(store_fd, NULL, NULL), 0);
	assert_content(fd, (const uint8_t *)"evil", 4);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755); /* of 04755 */
	close(dir);
	close(fd);
}
END_TEST

/* A job with a second name elsewhere: who wrote it could be anybody. */
START_TEST(test_job_with_two_names)
{
	int fd = make_file("victim", 0600, content, 100);
	struct stat st;
	char text[512];

	ck_assert_int_eq(fstat(fd, &st), 0);
	(void)snprintf(text,
		sizeof(text), "alcm-swap 1\nino %llu\nsize 4\nmode 384\nmtime 1 1\ndirection pack\npath victim\n",
		(unsigned long long)st.st_ino);
	write_job(text);
	ck_assert_int_eq(linkat(store_fd, ".alcm/swap/0123456789abcdef.job", store_fd, "x", 0), 0);
	ck_assert_int_lt(alcm_swap_recover(store_fd, NULL, NULL), 0);
	assert_content(fd, content, 100);
	close(fd);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, test_bad_job, 0, N_BAD_JOBS);
	tcase_add_test(tc, test_good_job_is_done);
	tcase_add_test(tc, test_links_not_followed);
	tcase_add_test(tc, test_job_of_another_user);
	tcase_add_test(tc, test_job_with_two_names);
	return run_suite("swap_job", tc);
}
