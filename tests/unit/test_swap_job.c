/* SPDX-License-Identifier: MIT */
/* Job files that nobody of ours wrote: refused, or harmless outside the store. */
#include "swap_fixture.h"

#define ID "0123456789abcdef0123456789abcdef"

/* Of all of "evil". */
#define HASH "b915ed3b20be370c"

/* The job's text; what varies is named, the rest is that of a good one for a file that
   marks its end. */
#define JOB(version, after, mode, nanoseconds, direction, path)                        \
	"alcm-swap " version "\nino 1\nbefore 100 0000000000000000\nafter " after " " HASH \
	"\ncontent 4\nmode " mode "\nmtime 1 " nanoseconds "\ndirection " direction        \
	"\npath " path "\n"
#define GOOD_JOB(path) JOB("1", "4", "384", "1", "pack", path)

static void write_at(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void write_job(const char *text)
{
	int dir = swap_dir_open(store_fd, true);

	ck_assert_int_ge(dir, 0);
	write_at(dir, ID ".job", text);
	write_at(dir, ID ".new", "evil");
	close(dir);
}

/* A file that the job would be for: half converted, by its head. */
static int make_victim(const char *path)
{
	struct conversion c = { .pack = true, .logical_bytes = 4 };
	uint8_t mark[CONVERSION_BYTES];

	for (size_t i = 0; i < sizeof(c.id); i++)
		c.id[i] = (uint8_t)(0x0123456789abcdefu >> (56 - 8 * (i % 8)));
	conversion_put(mark, &c);
	return make_file(path, 0600, mark, sizeof(mark));
}

static bool is_untouched(int fd)
{
	uint64_t logical_bytes;

	return alcm_swap_pending(fd, &logical_bytes) == 1;
}

static const char *const bad_jobs[] = {
	"",
	"\n",
	"alcm-swap 1\n",
	JOB("2", "4", "384", "1", "pack", "victim"),
	GOOD_JOB("../victim"),
	GOOD_JOB("/etc/victim"),
	GOOD_JOB("a/%2E./victim"),
	GOOD_JOB(".alcm/victim"),
	GOOD_JOB("victim\nmore"),
	GOOD_JOB("vic%2"),
	GOOD_JOB("vic%00tim"),
	JOB("1", "5", "384", "1", "pack", "victim"),
	JOB("1", "4", "65535", "1", "pack", "victim"),
	JOB("1", "4", "384", "1000000000", "pack", "victim"),
	JOB("1", "4", "384", "1", "away", "victim"),
};

enum { N_BAD_JOBS = sizeof(bad_jobs) / sizeof(bad_jobs[0]) };

START_TEST(test_bad_job)
{
	int fd = make_victim("victim");

	write_job(bad_jobs[_i]);
	ck_assert_int_gt(alcm_swap_recover(opened, NULL, NULL), 0);
	ck_assert(is_untouched(fd));
	close(fd);
}
END_TEST

/* At its path, at a path that has to be found, and of a path that was too long for a
   job. */
START_TEST(test_good_job_is_done)
{
	static const char *const jobs[] = { GOOD_JOB("vic%74im"), GOOD_JOB("elsewhere"),
		GOOD_JOB("") };
	int fd = make_victim("victim");

	write_job(jobs[_i]);
	recover();
	assert_content(fd, (const uint8_t *)"evil", 4);
	assert_swap_empty();
	close(fd);
}
END_TEST

/* A file that isn't the job's is left alone, whatever its name, and the job with its
   content stays. */
START_TEST(test_stranger_is_left_alone)
{
	int fd = make_file("victim", 0600, content, 100), dir;

	write_job(GOOD_JOB("victim"));
	recover();
	assert_content(fd, content, 100);
	dir = swap_dir_open(store_fd, false);
	ck_assert_int_eq(faccessat(dir, ID ".new", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(dir, ID ".job", F_OK, 0), 0);
	close(dir);
	close(fd);
}
END_TEST

/* A link on the path, or in the place of the target, leads nowhere. */
START_TEST(test_links_not_followed)
{
	static const char *const jobs[] = { GOOD_JOB("dir/outside"), GOOD_JOB("victim") };
	char outside[80];
	int fd = make_victim("outside");

	(void)snprintf(outside, sizeof(outside), "%s.outside", store);
	ck_assert_int_eq(renameat(store_fd, "outside", AT_FDCWD, outside), 0);
	ck_assert_int_eq(symlinkat(test_dir, store_fd, "dir"), 0);
	ck_assert_int_eq(symlinkat(outside, store_fd, "victim"), 0);
	for (int i = 0; i < 2; i++) {
		write_job(jobs[i]);
		recover();
		ck_assert(is_untouched(fd));
	}
	close(fd);
}
END_TEST

/* Jobs that the store's owner puts there, found by root: done to that user's own files at
   most. */
START_TEST(test_job_of_another_user)
{
	enum { USER = 12345 };
	static const char *const names[] = { ID ".job", ID ".new" };
	int fd = make_victim("victim"), dir;
	struct stat st;

	if (geteuid() != 0) {
		close(fd);
		return;
	}
	write_job(JOB("1", "4", "2541", "1", "pack", "victim"));
	dir = swap_dir_open(store_fd, false);
	/* The job first: then its .new is somebody else's; then both are theirs, the file
	   isn't. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fchownat(dir, names[i], USER, USER, 0), 0);
		ck_assert_int_gt(alcm_swap_recover(opened, NULL, NULL), 0);
		ck_assert(is_untouched(fd));
		ck_assert_int_eq(alcm_swap_resume(store_fd, fd, NULL), -EIO);
		ck_assert(is_untouched(fd));
	}
	ck_assert_int_eq(fchown(fd, USER, USER), 0);
	ck_assert_int_eq(alcm_swap_recover(opened, NULL, NULL), 0);
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
	int fd = make_victim("victim");

	write_job(GOOD_JOB("victim"));
	ck_assert_int_eq(linkat(store_fd, ".alcm/swap/" ID ".job", store_fd, "x", 0), 0);
	ck_assert_int_gt(alcm_swap_recover(opened, NULL, NULL), 0);
	ck_assert(is_untouched(fd));
	close(fd);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, test_bad_job, 0, N_BAD_JOBS);
	tcase_add_loop_test(tc, test_good_job_is_done, 0, 3);
	tcase_add_test(tc, test_stranger_is_left_alone);
	tcase_add_test(tc, test_links_not_followed);
	tcase_add_test(tc, test_job_of_another_user);
	tcase_add_test(tc, test_job_with_two_names);
	return run_suite("swap_job", tc);
}
