/* SPDX-License-Identifier: MIT */
/* What core, fs and tools stand on: arrays that grow, descriptors, waits that end. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"

START_TEST(arrays_keep_their_items_while_they_grow)
{
	uint32_t *items = NULL;

	for (uint32_t n = 0; n < 1000; n++) {
		ck_assert(mem_room(&items, n));
		items[n] = n;
	}
	for (uint32_t n = 0; n < 1000; n++)
		ck_assert_uint_eq(items[n], n);
	mem_fail_nth(1);
	ck_assert(mem_room(&items, 1000)); /* there is room up to 1,024 */
	ck_assert(!mem_room(&items, 1024));
	ck_assert_uint_eq(items[999], 999);
	mem_free(items);
}
END_TEST

static int closed_with_its_scope(int *kept)
{
	AUTO_CLOSE int fd = memfd_create("scope", MFD_CLOEXEC);
	AUTO_CLOSE int handed_over = dup(fd);

	ck_assert_int_ge(handed_over, 0);
	*kept = fd_steal(&handed_over);
	return fd;
}

START_TEST(descriptors_are_closed_with_their_scope_or_handed_over)
{
	int kept, closed = closed_with_its_scope(&kept);

	ck_assert_int_eq(fcntl(closed, F_GETFD), -1);
	ck_assert_int_ge(fcntl(kept, F_GETFD), 0);
	close(kept);
}
END_TEST

START_TEST(descriptors_are_read_and_written_whole)
{
	AUTO_CLOSE int fd = memfd_create("whole", MFD_CLOEXEC), again = -1;
	char text[16] = "";

	ck_assert_int_eq(fd_write(fd, "0123456789", 10), 0);
	ck_assert_int_eq(fd_pwrite(fd, "ab", 2, 4), 0);
	again = open(fd_path(fd), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fd_read(again, text, sizeof(text)), 10);
	ck_assert_str_eq(text, "0123ab6789");
	ck_assert_int_eq(fd_write(again, "x", 1), -EBADF);
}
END_TEST

START_TEST(pipes_are_read_to_the_end)
{
	char text[8] = "";
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(fd_write(ends[1], "abc", 3), 0);
	close(ends[1]);
	ck_assert_int_eq(fd_read(ends[0], text, sizeof(text)), 3);
	close(ends[0]);
}
END_TEST

START_TEST(data_is_found_behind_holes)
{
	AUTO_CLOSE int fd = memfd_create("holes", MFD_CLOEXEC);
	uint64_t from, to;

	ck_assert_int_eq(ftruncate(fd, 8 << 20), 0);
	ck_assert_int_eq(fd_next_data(fd, 0, 8 << 20, &from, &to), 0);
	ck_assert_uint_eq(from, 8 << 20);
	ck_assert_int_eq(fd_pwrite(fd, "x", 1, 4 << 20), 0);
	ck_assert_int_eq(fd_next_data(fd, 0, 8 << 20, &from, &to), 0);
	ck_assert(from <= 4 << 20 && to > 4 << 20 && to <= 8 << 20);
}
END_TEST

START_TEST(waits_end_at_their_time)
{
	pthread_cond_t never;
	struct lock lock;
	uint64_t until = clock_ms() + 20;

	cond_init(&never);
	lock_init(&lock, LOCK_LEAF);
	WITH_LOCK(&lock);
	while (lock_wait_until(&lock, &never, until) != ETIMEDOUT)
		;
	ck_assert_uint_ge(clock_ms(), until);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("floor");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, arrays_keep_their_items_while_they_grow);
	tcase_add_test(tc, descriptors_are_closed_with_their_scope_or_handed_over);
	tcase_add_test(tc, descriptors_are_read_and_written_whole);
	tcase_add_test(tc, pipes_are_read_to_the_end);
	tcase_add_test(tc, data_is_found_behind_holes);
	tcase_add_test(tc, waits_end_at_their_time);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
