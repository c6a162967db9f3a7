/* SPDX-License-Identifier: MIT */
/* Changing files in place: round trips, refusals, both steps. */
#include <sys/mman.h>

#include "swap_fixture.h"

START_TEST(test_round_trip)
{
	int fd = make_file("w.npy", 0640, content, SIZE);
	struct stat before, packed;

	ck_assert_int_eq(fstat(fd, &before), 0);
	ck_assert_int_eq(unpack("w.npy", fd), -EALREADY);
	ck_assert_int_eq(pack("w.npy", fd), 0);
	ck_assert_int_eq(kind_of(fd), ALCM_BLOB);
	ck_assert_int_eq(fstat(fd, &packed), 0);
	ck_assert_int_lt(packed.st_size, SIZE);
	assert_content(fd, content, SIZE);
	assert_same_file("w.npy", &before);
	ck_assert_int_eq(pack("w.npy", fd), -EALREADY);
	ck_assert_int_eq(unpack("w.npy", fd), 0);
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	assert_content(fd, content, SIZE);
	assert_same_file("w.npy", &before);
	assert_swap_empty();
	close(fd);
}
END_TEST

START_TEST(test_empty_and_tiny)
{
	for (size_t n = 0; n < 3; n++) {
		char name[] = "0";

		name[0] = (char)('0' + n);

		int fd = make_file(name, 0600, content, n);
		struct stat before;

		ck_assert_int_eq(fstat(fd, &before), 0);
		ck_assert_int_eq(pack(name, fd), 0);
		ck_assert_int_eq(kind_of(fd), ALCM_BLOB);
		assert_content(fd, content, n);
		ck_assert_int_eq(unpack(name, fd), 0);
		assert_content(fd, content, n);
		assert_same_file(name, &before);
		close(fd);
	}
}
END_TEST

/* A hole of 1 TiB is neither read nor written. */
START_TEST(test_sparse)
{
	uint64_t far = (uint64_t)1 << 40;
	int fd = make_file("sparse", 0600, content, 5000);
	struct stat st;
	uint8_t got[5000];

	/* ext4, xfs, btrfs and tmpfs have files of this size. */
	ck_assert_int_eq(pwrite(fd, content, 5000, (off_t)far), 5000);
	set_mtime(fd);
	ck_assert_int_eq(pack("sparse", fd), 0);
	ck_assert_int_eq(unpack("sparse", fd), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, (int64_t)far + 5000);
	ck_assert_int_lt(st.st_blocks, 10000);
	ck_assert_int_eq(pread(fd, got, 5000, (off_t)far), 5000);
	ck_assert_mem_eq(got, content, 5000);
	close(fd);
}
END_TEST

START_TEST(test_refused)
{
	int fd = make_file("f", 0600, content, 100), append, dir;

	ck_assert_int_eq(pack("", fd), -EINVAL);
	ck_assert_int_eq(pack("/f", fd), -EINVAL);
	ck_assert_int_eq(pack("a/../f", fd), -EINVAL);
	ck_assert_int_eq(pack(".alcm/f", fd), -EINVAL);
	close(fd);
	append = openat(store_fd, "f", O_RDWR | O_APPEND);
	ck_assert_int_eq(pack("f", append), -EINVAL);
	close(append);
	fd = openat(store_fd, "f", O_RDWR);
	dir = openat(store_fd, ".", O_RDONLY | O_DIRECTORY);
	ck_assert_int_lt(pack("f", dir), 0);
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	assert_content(fd, content, 100);
	assert_swap_empty();
	close(fd);
	close(dir);
}
END_TEST

/* ---- in two steps ------------------------------------------------------------------ */

/* `*after`: so often the answer is no. */
static bool stop_after(void *after)
{
	unsigned *left = after;

	return !*left || !(*left)--;
}

/* The first step reads through a descriptor that is closed before the second. */
static struct alcm_swap *prepare(struct alcm *alcm, const char *name,
	const struct alcm_profile *profile, int want)
{
	int reader = openat(store_fd, name, O_RDONLY);
	struct alcm_swap *swap = NULL;

	ck_assert_int_eq(alcm_swap_prepare(alcm, opened, reader, profile, NULL, NULL, &swap,
						 NULL),
		want);
	close(reader);
	return swap;
}

START_TEST(test_two_steps)
{
	int fd = make_file("f", 0600, content, SIZE);
	struct alcm_profile profile;
	struct alcm *alcm = engine();
	struct alcm_swap *swap;

	alcm_profile_default(&profile);
	swap = prepare(alcm, "f", &profile, 0);
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	ck_assert_uint_lt(alcm_swap_stored_bytes(swap), SIZE);
	ck_assert_int_eq(alcm_swap_apply(swap, "f", fd, NULL), 0);
	alcm_swap_free(swap);
	ck_assert_int_eq(kind_of(fd), ALCM_BLOB);
	assert_content(fd, content, SIZE);
	ck_assert_ptr_null(prepare(alcm, "f", &profile, -EALREADY));
	swap = prepare(alcm, "f", NULL, 0);
	ck_assert_uint_eq(alcm_swap_stored_bytes(swap), SIZE);
	ck_assert_int_eq(alcm_swap_apply(swap, "f", fd, NULL), 0);
	alcm_swap_free(swap);
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	assert_content(fd, content, SIZE);
	assert_swap_empty();
	alcm_free(alcm);
	close(fd);
}
END_TEST

/* ---- others who have the file open ------------------------------------------------- */

/* 0: for reading; 1: for writing; 2: mapped, after the descriptor was closed. */
START_TEST(test_open_elsewhere)
{
	int fd = make_file("f", 0600, content, SIZE);
	int other = openat(store_fd, "f", _i == 1 ? O_RDWR : O_RDONLY);
	struct alcm *alcm = engine();
	struct alcm_profile profile;
	struct alcm_swap *swap;
	void *map = NULL;

	if (_i == 2) {
		map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, other, 0);
		ck_assert_ptr_ne(map, MAP_FAILED);
		close(other);
	}
	alcm_profile_default(&profile);
	ck_assert_int_eq(pack("f", fd), -EBUSY);
	swap = prepare(alcm, "f", &profile, 0);
	ck_assert_int_eq(alcm_swap_apply(swap, "f", fd, NULL), -EBUSY);
	alcm_swap_free(swap);
	assert_swap_empty();
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	assert_content(fd, content, SIZE);
	if (map)
		munmap(map, SIZE);
	else
		close(other);
	ck_assert_int_eq(pack("f", fd), 0);
	ck_assert_int_eq(kind_of(fd), ALCM_BLOB);
	alcm_free(alcm);
	close(fd);
}
END_TEST

START_TEST(test_called_off)
{
	int fd = make_file("f", 0600, content, SIZE), err = -ECANCELED;
	struct alcm_swap *swap = NULL;
	struct alcm *alcm = engine();
	struct alcm_profile profile;
	unsigned most = 0;

	alcm_profile_default(&profile);
	while (err == -ECANCELED && most < 100) {
		unsigned left = most++;

		err = alcm_swap_prepare(alcm, opened, fd, &profile, stop_after, &left, &swap,
			NULL);
		if (err)
			assert_swap_empty();
	}
	ck_assert_int_eq(err, 0);
	ck_assert_uint_gt(most, 3); /* while it was built, and while it was compared */
	alcm_swap_free(swap);
	assert_swap_empty();
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	assert_content(fd, content, SIZE);
	alcm_free(alcm);
	close(fd);
}
END_TEST

START_TEST(test_changed_between_steps)
{
	int fd = make_file("f", 0600, content, SIZE),
		other = make_file("g", 0600, content, SIZE);
	struct alcm_swap *swap = NULL;
	struct alcm *alcm = engine();
	struct alcm_profile profile;

	alcm_profile_default(&profile);
	ck_assert_int_eq(alcm_swap_prepare(alcm, opened, fd, &profile, NULL, NULL, &swap,
						 NULL),
		0);
	ck_assert_int_eq(alcm_swap_apply(swap, "g", other, NULL), -EBUSY);
	content[5] ^= 1;
	ck_assert_int_eq(pwrite(fd, content, 10, 0), 10);
	ck_assert_int_eq(alcm_swap_apply(swap, "f", fd, NULL), -EBUSY);
	alcm_swap_free(swap);
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	assert_content(fd, content, SIZE);
	assert_swap_empty();
	alcm_free(alcm);
	close(fd);
	close(other);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_empty_and_tiny);
	tcase_add_test(tc, test_sparse);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_two_steps);
	tcase_add_test(tc, test_called_off);
	tcase_add_test(tc, test_changed_between_steps);
	tcase_add_loop_test(tc, test_open_elsewhere, 0, 3);
	return run_suite("swap", tc);
}
