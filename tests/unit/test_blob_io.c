/* SPDX-License-Identifier: MIT */
/* The POSIX store and the loops over short transfers. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob/blob_io.h"

static int open_temp(void)
{
	char path[] = "/tmp/alcm-store-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	return fd;
}

START_TEST(test_round_trip)
{
	int fd = open_temp();
	struct blob_io s = blob_io_posix(fd);
	char buf[8] = "";

	ck_assert_int_eq(blob_io_write(&s, "abcdef", 6, 4), 0);
	ck_assert_int_eq(s.ops->size(s.ctx), 10);
	ck_assert_int_eq(blob_io_read(&s, buf, 6, 4), 0);
	ck_assert_mem_eq(buf, "abcdef", 6);
	ck_assert_int_eq(blob_io_read(&s, buf, 4, 0), 0);
	ck_assert_mem_eq(buf, "\0\0\0\0", 4);
	ck_assert_int_eq(s.ops->sync(s.ctx), 0);
	ck_assert_int_eq(s.ops->truncate(s.ctx, 5), 0);
	ck_assert_int_eq(s.ops->size(s.ctx), 5);
	close(fd);
}
END_TEST

START_TEST(test_read_beyond_end)
{
	int fd = open_temp();
	struct blob_io s = blob_io_posix(fd);
	char buf[8];

	ck_assert_int_eq(blob_io_write(&s, "abc", 3, 0), 0);
	ck_assert_int_eq(blob_io_read(&s, buf, 4, 0), -ENODATA);
	ck_assert_int_eq(blob_io_read(&s, buf, 1, 3), -ENODATA);
	ck_assert_int_eq(blob_io_read(&s, buf, 0, 3), 0);
	close(fd);
}
END_TEST

START_TEST(test_errors_are_negative_errnos)
{
	struct blob_io closed = blob_io_posix(-1);
	char c = 0;

	ck_assert_int_eq(blob_io_read(&closed, &c, 1, 0), -EBADF);
	ck_assert_int_eq(blob_io_write(&closed, &c, 1, 0), -EBADF);
	ck_assert_int_eq(closed.ops->truncate(closed.ctx, 0), -EBADF);
	ck_assert_int_eq(closed.ops->punch(closed.ctx, 0, 1), -EBADF);
	ck_assert_int_eq(closed.ops->reserve(closed.ctx, 0, 1), -EBADF);
	ck_assert_int_eq(closed.ops->sync(closed.ctx), -EBADF);
	ck_assert_int_eq(closed.ops->size(closed.ctx), -EBADF);
}
END_TEST

/* Both keep the size; a filesystem that can't do one says so in the one agreed way. */
START_TEST(test_punch_and_reserve)
{
	int fd = open_temp();
	struct blob_io s = blob_io_posix(fd);
	static char full[3 * 4096], got[3 * 4096];

	memset(full, 'x', sizeof(full));
	ck_assert_int_eq(blob_io_write(&s, full, sizeof(full), 0), 0);

	int err = s.ops->punch(s.ctx, 4096, 4096);

	ck_assert(!err || err == -EOPNOTSUPP);
	if (!err) {
		memset(full + 4096, 0, 4096);
		ck_assert_int_eq(blob_io_read(&s, got, sizeof(got), 0), 0);
		ck_assert_mem_eq(got, full, sizeof(full));
	}
	err = s.ops->reserve(s.ctx, sizeof(full), 1 << 20);
	ck_assert(!err || err == -EOPNOTSUPP);
	ck_assert_int_eq(s.ops->size(s.ctx), sizeof(full));
	close(fd);
}
END_TEST

/* A store that moves one byte a call, is interrupted in between, and ends when told
   to. */
struct slow {
	uint8_t bytes[16];
	unsigned calls, stuck_from;
};

static ssize_t slow_pread(void *ctx, void *buf, size_t n, uint64_t off)
{
	struct slow *slow = ctx;

	if (++slow->calls % 2)
		return -EINTR;
	if (off >= sizeof(slow->bytes) || !n)
		return 0;
	memcpy(buf, slow->bytes + off, 1);
	return 1;
}

static ssize_t slow_pwrite(void *ctx, const void *buf, size_t n, uint64_t off)
{
	struct slow *slow = ctx;

	if (++slow->calls % 2)
		return -EINTR;
	if (off >= slow->stuck_from || !n)
		return 0;
	memcpy(slow->bytes + off, buf, 1);
	return 1;
}

static const struct blob_io_ops slow_ops = { .pread = slow_pread, .pwrite = slow_pwrite };

START_TEST(test_loops_over_short_transfers)
{
	struct slow slow = { .stuck_from = 10 };
	struct blob_io s = { &slow_ops, &slow };
	char buf[16];

	ck_assert_int_eq(blob_io_write(&s, "0123456789", 10, 0), 0);
	ck_assert_int_eq(blob_io_read(&s, buf, 10, 0), 0);
	ck_assert_mem_eq(buf, "0123456789", 10);
	ck_assert_int_eq(blob_io_write(&s, "abc", 3, 8), -EIO);
	ck_assert_int_eq(blob_io_read(&s, buf, 4, 14), -ENODATA);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("blob_io");
	TCase *tc = tcase_create("all");
	SRunner *runner;

	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_read_beyond_end);
	tcase_add_test(tc, test_errors_are_negative_errnos);
	tcase_add_test(tc, test_punch_and_reserve);
	tcase_add_test(tc, test_loops_over_short_transfers);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
