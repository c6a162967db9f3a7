/* SPDX-License-Identifier: MIT */
/*
 * Changing files in place: round trips, and a death of the process at every step. After
 * recovery a file is the old one or the new one, whole, with the inode and mtime it had.
 */
#include <sys/wait.h>

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

	/* Some filesystems have no files of this size. */
	if (pwrite(fd, content, 5000, (off_t)far) == 5000) {
		set_mtime(fd);
		ck_assert_int_eq(pack("sparse", fd), 0);
		ck_assert_int_eq(unpack("sparse", fd), 0);
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert_int_eq(st.st_size, (int64_t)far + 5000);
		ck_assert_int_lt(st.st_blocks, 10000);
		ck_assert_int_eq(pread(fd, got, 5000, (off_t)far), 5000);
		ck_assert_mem_eq(got, content, 5000);
	}
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
	append = openat(store_fd, "f", O_RDWR | O_APPEND);
	ck_assert_int_eq(pack("f", append), -EINVAL);
	dir = openat(store_fd, ".", O_RDONLY | O_DIRECTORY);
	ck_assert_int_lt(pack("f", dir), 0);
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	assert_content(fd, content, 100);
	assert_swap_empty();
	close(fd);
	close(append);
	close(dir);
}
END_TEST

/* ---- in two steps ------------------------------------------------------------------------------- */

/* `*after`: so often the answer is no. */
static bool stop_after(void *after)
{
	unsigned *left = after;

	return !*left || !(*left)--;
}

START_TEST(test_two_steps)
{
	int fd = make_file("f", 0600, content, SIZE), reader = openat(store_fd, "f", O_RDONLY);
	struct alcm_profile profile;
	struct alcm_swap *swap = NULL;
	struct alcm *alcm = engine();

	alcm_profile_default(&profile);
	ck_assert_int_eq(alcm_swap_prepare(alcm, store_fd, reader, &profile, NULL, NULL, &swap,
				 NULL),
		0);
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	ck_assert_uint_lt(alcm_swap_stored_bytes(swap), SIZE);
	ck_assert_int_eq(alcm_swap_apply(swap, "f", fd, NULL), 0);
	alcm_swap_free(swap);
	ck_assert_int_eq(kind_of(fd), ALCM_BLOB);
	assert_content(fd, content, SIZE);
	ck_assert_int_eq(alcm_swap_prepare(alcm, store_fd, reader, &profile, NULL, NULL, &swap,
				 NULL),
		-EALREADY);
	ck_assert_int_eq(alcm_swap_prepare(alcm, store_fd, reader, NULL, NULL, NULL, &swap, NULL),
		0);
	ck_assert_uint_eq(alcm_swap_stored_bytes(swap), SIZE);
	ck_assert_int_eq(alcm_swap_apply(swap, "f", fd, NULL), 0);
	alcm_swap_free(swap);
	ck_assert_int_eq(kind_of(fd), ALCM_PLAIN);
	assert_content(fd, content, SIZE);
	assert_swap_empty();
	alcm_free(alcm);
	close(fd);
	close(reader);
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

		err = alcm_swap_prepare(alcm, store_fd, fd, &profile, stop_after, &left, &swap,
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
	int fd = make_file("f", 0600, content, SIZE), other = make_file("g", 0600, content, SIZE);
	struct alcm_swap *swap = NULL;
	struct alcm *alcm = engine();
	struct alcm_profile profile;

	alcm_profile_default(&profile);
	ck_assert_int_eq(alcm_swap_prepare(alcm, store_fd, fd, &profile, NULL, NULL, &swap, NULL),
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

/* ---- dying --------------------------------------------------------------------------------------- */

static enum swap_step die_at;
static unsigned die_after; /* that many times */

static void die_hook(enum swap_step step)
{
	if (step == die_at && !die_after--)
		_exit(42);
}

static const char file_name[] = "run 1/w%41\n.npy";

/* In a child that dies at a step. True: it got there. */
static bool convert_and_die(bool to_blob, enum swap_step step, unsigned after)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		int fd = openat(store_fd, file_name, O_RDWR | O_CLOEXEC);

		die_at = step;
		die_after = after;
		swap_set_hook_for_tests(die_hook);
		_exit(fd < 0 ? 1 : (to_blob ? pack : unpack)(file_name, fd) ? 2 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 42);
	return WEXITSTATUS(status) == 42;
}

static int start_file(bool as_blob, struct stat *before)
{
	int fd;

	ck_assert_int_eq(mkdirat(store_fd, "run 1", 0755), 0);
	fd = make_file(file_name, 0444, content, SIZE);
	if (as_blob)
		ck_assert_int_eq(pack(file_name, fd), 0);
	ck_assert_int_eq(fstat(fd, before), 0);
	return fd;
}

static void check_after(int fd, const struct stat *before, bool to_blob, enum swap_step step)
{
	bool done = step >= SWAP_COMMITTED;

	ck_assert_int_eq(kind_of(fd), to_blob == done ? ALCM_BLOB : ALCM_PLAIN);
	assert_content(fd, content, SIZE);
	assert_same_file(file_name, before);
	assert_swap_empty();
}

START_TEST(test_death_at_each_step)
{
	enum swap_step step = (enum swap_step)(_i / 2);
	bool to_blob = _i % 2;
	struct stat before;
	int fd = start_file(!to_blob, &before);

	ck_assert(convert_and_die(to_blob, step, 0));
	recover();
	check_after(fd, &before, to_blob, step);
	recover();
	check_after(fd, &before, to_blob, step);
	close(fd);
}
END_TEST

/* Recovery dies, too, at each step it goes through, and is done again. */
START_TEST(test_death_of_recovery)
{
	enum swap_step step = (enum swap_step)_i;
	struct stat before;
	int fd = start_file(false, &before), status;

	ck_assert(convert_and_die(true, SWAP_COMMITTED, 0));

	pid_t pid = fork();

	if (!pid) {
		die_at = step;
		die_after = 0;
		swap_set_hook_for_tests(die_hook);
		_exit(alcm_swap_recover(store_fd, NULL, NULL) ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	recover();
	check_after(fd, &before, true, SWAP_COMMITTED);
	close(fd);
}
END_TEST

START_TEST(test_target_moved)
{
	struct stat before, now;
	int fd = start_file(false, &before);

	ck_assert(convert_and_die(true, SWAP_COPYING, 0));
	ck_assert_int_eq(mkdirat(store_fd, "a", 0755), 0);
	ck_assert_int_eq(mkdirat(store_fd, "a/b", 0755), 0);
	ck_assert_int_eq(renameat(store_fd, file_name, store_fd, "a/b/moved"), 0);
	close(make_file(file_name, 0600, "another", 7));
	recover();
	ck_assert_int_eq(kind_of(fd), ALCM_BLOB);
	assert_content(fd, content, SIZE);
	assert_same_file("a/b/moved", &before);
	ck_assert_int_eq(fstatat(store_fd, file_name, &now, 0), 0);
	ck_assert_int_eq(now.st_size, 7);
	assert_swap_empty();
	close(fd);
}
END_TEST

START_TEST(test_target_removed)
{
	struct stat before;

	close(start_file(false, &before));
	ck_assert(convert_and_die(true, SWAP_COMMITTED, 0));
	ck_assert_int_eq(unlinkat(store_fd, file_name, 0), 0);
	recover();
	assert_swap_empty();
}
END_TEST

START_TEST(test_refuse_is_removed)
{
	int dir = swap_dir_open(store_fd, true);

	close(openat(dir, "0123456789abcdef.new", O_WRONLY | O_CREAT, 0600));
	close(openat(dir, "0123456789abcdee.tmp", O_WRONLY | O_CREAT, 0600));
	close(dir);
	recover();
	assert_swap_empty();
}
END_TEST

START_TEST(test_nothing_to_recover)
{
	recover();
	ck_assert_int_ne(faccessat(store_fd, ".alcm", F_OK, 0), 0);
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
	tcase_add_loop_test(tc, test_death_at_each_step, 0, 2 * SWAP_STEPS);
	tcase_add_loop_test(tc, test_death_of_recovery, SWAP_COPYING, SWAP_STEPS);
	tcase_add_test(tc, test_target_moved);
	tcase_add_test(tc, test_target_removed);
	tcase_add_test(tc, test_refuse_is_removed);
	tcase_add_test(tc, test_nothing_to_recover);
	return run_suite("swap", tc);
}
