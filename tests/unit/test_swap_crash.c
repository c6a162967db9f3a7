/* SPDX-License-Identifier: MIT */
/*
 * Changing files in place, and a death of the process at every step. After recovery a
 * file is the old one or the new one, whole, with the inode and mtime it had, wherever it
 * and its store went since.
 */
#include <sys/wait.h>

#include "swap_fixture.h"

/* ---- dying ------------------------------------------------------------------------- */

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

/* Nobody has it open afterwards, as a conversion wants it. */
static void start_file(bool as_blob, struct stat *before)
{
	int fd;

	ck_assert_int_eq(mkdirat(store_fd, "run 1", 0755), 0);
	fd = make_file(file_name, 0444, content, SIZE);
	if (as_blob)
		ck_assert_int_eq(pack(file_name, fd), 0);
	ck_assert_int_eq(fstat(fd, before), 0);
	close(fd);
}

static void assert_file(const char *path, enum alcm_kind kind)
{
	int fd = openat(store_fd, path, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(kind_of(fd), kind);
	assert_content(fd, content, SIZE);
	close(fd);
}

/* Half done, nobody sees it as a whole file. */
static void assert_pending(const char *path)
{
	int fd = openat(store_fd, path, O_RDONLY);
	struct alcm_probe probe;
	uint64_t logical_bytes = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(alcm_probe(fd, &probe, NULL), -EIO);
	ck_assert_int_eq(alcm_swap_pending(fd, &logical_bytes), 1);
	ck_assert_uint_eq(logical_bytes, SIZE);
	close(fd);
}

static void check_after(const struct stat *before, bool to_blob, enum swap_step step)
{
	bool done = step >= SWAP_COMMITTED;

	assert_file(file_name, to_blob == done ? ALCM_BLOB : ALCM_PLAIN);
	assert_same_file(file_name, before);
	assert_swap_empty();
}

START_TEST(test_death_at_each_step)
{
	enum swap_step step = (enum swap_step)(_i / 2);
	bool to_blob = _i % 2;
	struct stat before;

	start_file(!to_blob, &before);
	ck_assert(convert_and_die(to_blob, step, 0));
	if (step >= SWAP_COMMITTED && step <= SWAP_COPIED)
		assert_pending(file_name);
	recover();
	check_after(&before, to_blob, step);
	recover();
	check_after(&before, to_blob, step);
}
END_TEST

enum { N_STEPS = SWAP_MARK_CUT + 1 };

/* Contents shorter than the mark: never seen with the mark's length. */
START_TEST(test_death_of_short)
{
	static const size_t sizes[] = { 0, 8, 63, 64, 511, 512, 513 };
	size_t n = sizes[_i / N_STEPS];
	enum swap_step step = (enum swap_step)(_i % N_STEPS);
	struct alcm_probe probe;
	int fd;

	ck_assert_int_eq(mkdirat(store_fd, "run 1", 0755), 0);
	fd = make_file(file_name, 0600, content, n);
	ck_assert_int_eq(pack(file_name, fd), 0);
	close(fd);
	if (!convert_and_die(false, step, 0))
		return; /* it has no such step */
	fd = openat(store_fd, file_name, O_RDONLY);
	if (n && step >= SWAP_COMMITTED && (step < SWAP_HEAD_COPIED || step == SWAP_MARK_CUT))
		ck_assert_int_eq(alcm_probe(fd, &probe, NULL), -EIO);
	else if (step >= SWAP_HEAD_COPIED)
		assert_content(fd, content, n);
	recover();
	assert_content(fd, content, n);
	assert_swap_empty();
	close(fd);
}
END_TEST

/* Recovery dies, too, at each step it goes through, and is done again. */
START_TEST(test_death_of_recovery)
{
	enum swap_step step = (enum swap_step)_i;
	struct stat before;
	int status;

	start_file(false, &before);
	ck_assert(convert_and_die(true, SWAP_COMMITTED, 0));

	pid_t pid = fork();

	if (!pid) {
		die_at = step;
		die_after = 0;
		swap_set_hook_for_tests(die_hook);
		_exit(alcm_swap_recover(opened, NULL, NULL) ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	recover();
	check_after(&before, true, SWAP_COMMITTED);
}
END_TEST

START_TEST(test_target_moved)
{
	struct stat before, now;

	start_file(false, &before);
	ck_assert(convert_and_die(true, (enum swap_step)_i, 0));
	ck_assert_int_eq(mkdirat(store_fd, "a", 0755), 0);
	ck_assert_int_eq(mkdirat(store_fd, "a/b", 0755), 0);
	ck_assert_int_eq(renameat(store_fd, file_name, store_fd, "a/b/moved"), 0);
	close(make_file(file_name, 0600, "another", 7));
	recover();
	assert_file("a/b/moved", _i == SWAP_JOB_DURABLE ? ALCM_PLAIN : ALCM_BLOB);
	assert_same_file("a/b/moved", &before);
	ck_assert_int_eq(fstatat(store_fd, file_name, &now, 0), 0);
	ck_assert_int_eq(now.st_size, 7);
	assert_swap_empty();
}
END_TEST

static void run_command(const char *format)
{
	char command[300];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(command, sizeof(command), format, store, store);
#pragma GCC diagnostic pop
	ck_assert_int_eq(system(command), 0);
}

/* What is called "victim" becomes another file, of the same inode. */
static int replace_victim(struct stat *st)
{
	int fd, err;

	err = fchmodat(store_fd, "victim", 0644, 0);
	fd = openat(store_fd, "victim", O_RDWR | O_TRUNC);
	err |= pwrite(fd, "somebody else's", 15, 0) != 15 || fstat(fd, st);
	close(fd);
	return err;
}

/* A backup of the store is used in its place: all inode numbers are others, one of them
   is even a job's. */
START_TEST(test_store_copied)
{
	struct stat before, now, other;

	start_file(false, &before);
	ck_assert(convert_and_die(true, (enum swap_step)_i, 0));
	run_command("cp -a '%s' '%s.copy'");
	/* The file that has the inode number is another one now. */
	ck_assert_int_eq(renameat(store_fd, file_name, store_fd, "victim"), 0);
	ck_assert_int_eq(replace_victim(&other), 0);
	run_command("mv '%s.copy/run 1/'* '%s/run 1/'");
	recover();
	assert_file(file_name, _i == SWAP_JOB_DURABLE ? ALCM_PLAIN : ALCM_BLOB);
	ck_assert_int_eq(fstatat(store_fd, "victim", &now, 0), 0);
	ck_assert_uint_eq(now.st_ino, before.st_ino);
	ck_assert_int_eq(now.st_size, other.st_size);
	ck_assert_int_eq(now.st_mtim.tv_nsec, other.st_mtim.tv_nsec);
	assert_swap_empty();
	run_command("rm -rf '%s.copy'");
}
END_TEST

/* Whole nowhere but in the .new: that stays, however often the store is opened. */
START_TEST(test_target_not_here)
{
	struct stat before;
	char command[200];

	start_file(false, &before);
	ck_assert(convert_and_die(true, SWAP_COPYING, 0));
	ck_assert_int_eq(unlinkat(store_fd, file_name, 0), 0);
	close(make_file(file_name, 0600, content, SIZE - 1));
	recover();
	recover();
	(void)snprintf(command, sizeof(command),
		"cd '%s/.alcm/swap' && ls *.new *.job >/dev/null", store);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(fstatat(store_fd, file_name, &before, 0), 0);
	ck_assert_int_eq(before.st_size, SIZE - 1);
}
END_TEST

/* Somebody changed the file after the crash, before it was touched: theirs counts. */
START_TEST(test_changed_after_crash)
{
	struct stat before;
	int fd;

	start_file(false, &before);
	ck_assert(convert_and_die(true, SWAP_JOB_DURABLE, 0));
	ck_assert_int_eq(fchmodat(store_fd, file_name, 0644, 0), 0);
	fd = openat(store_fd, file_name, O_RDWR);
	content[77] ^= 1;
	ck_assert_int_eq(pwrite(fd, content, 100, 0), 100);
	close(fd);
	recover();
	assert_file(file_name, ALCM_PLAIN);
}
END_TEST

/* The job lies in a directory below or above the store that is asked. 0: below; 1:
   above. */
START_TEST(test_resume)
{
	struct stat before;
	struct alcm_diag diag = { 0 };
	struct alcm_store *below;
	int fd, dir, sub;

	start_file(false, &before);
	ck_assert(convert_and_die(true, SWAP_COPYING, 0));
	sub = openat(store_fd, "run 1", O_RDONLY | O_DIRECTORY);
	if (_i == 0)
		ck_assert_int_eq(renameat(store_fd, ".alcm", sub, ".alcm"), 0);
	ck_assert_int_eq(alcm_store_open(dup(sub), &below), 0);
	ck_assert_int_eq(alcm_swap_recover(_i ? below : opened, NULL, NULL), 0);
	alcm_store_close(below);
	assert_pending(file_name);
	ck_assert_int_eq(fchmodat(store_fd, file_name, 0600, 0), 0);
	fd = openat(store_fd, file_name, O_RDWR);
	dir = openat(store_fd, "run 1", O_PATH | O_DIRECTORY);
	ck_assert_int_eq(alcm_swap_resume(dir, fd, &diag), 1);
	ck_assert_int_eq(alcm_swap_resume(dir, fd, &diag), 0);
	close(fd);
	assert_file(file_name, ALCM_BLOB);
	assert_same_file(file_name, &before);
	ck_assert_int_ne(faccessat(_i ? store_fd : sub, ".alcm", F_OK, 0), 0);
	close(dir);
	close(sub);
}
END_TEST

START_TEST(test_resume_without_job)
{
	struct stat before;
	struct alcm_diag diag = { 0 };
	int fd;

	start_file(false, &before);
	ck_assert(convert_and_die(true, SWAP_COPYING, 0));
	run_command("rm -r '%s/.alcm'");
	ck_assert_int_eq(fchmodat(store_fd, file_name, 0600, 0), 0);
	fd = openat(store_fd, file_name, O_RDWR);
	ck_assert_int_eq(alcm_swap_resume(store_fd, fd, &diag), -EIO);
	ck_assert_str_ne(diag.cause, "");
	close(fd);
	assert_pending(file_name);
}
END_TEST

/* What a person did in .alcm/swap after the crash, and what becomes of the file. */
static const struct harm {
	const char *command; /* of the store's path */
	int n_failed;        /* jobs that can't be done */
} harms[] = {
	{ "rm '%s'/.alcm/swap/*.job", 0 },
	{ "truncate -s -100 '%s'/.alcm/swap/*.new", 1 },
	{ "cd '%s'/.alcm/swap && printf x | dd of=$(echo *.new) bs=1 seek=100000 "
	  "conv=notrunc "
	  "status=none",
		1 },
};

enum { N_HARMS = sizeof(harms) / sizeof(harms[0]) };

/* A new content that is damaged is nobody's; one without its job may be the only whole
   one. */
START_TEST(test_harm_to_a_job)
{
	struct stat before;
	char command[200];

	start_file(true, &before);
	ck_assert(convert_and_die(false, SWAP_COPYING, 0));
	run_command(harms[_i].command);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(alcm_swap_recover(opened, NULL, NULL), harms[_i].n_failed);
		assert_pending(file_name);
		(void)snprintf(command, sizeof(command), "test -e '%s'/.alcm/swap/*.new", store);
		ck_assert_int_eq(system(command), 0);
	}
}
END_TEST

/* An older version is put back in place of a half converted file: same name, size, time,
   head; another tail. */
START_TEST(test_restored_beside)
{
	struct stat before;
	int fd;

	start_file(false, &before);
	ck_assert(convert_and_die(true, SWAP_COPYING, 0));
	ck_assert_int_eq(renameat(store_fd, file_name, store_fd, "moved"), 0);
	content[SIZE - 1] ^= 1;
	close(make_file(file_name, 0444, content, SIZE));
	recover();
	assert_file(file_name, ALCM_PLAIN);
	content[SIZE - 1] ^= 1;
	fd = openat(store_fd, "moved", O_RDONLY);
	ck_assert_int_eq(kind_of(fd), ALCM_BLOB);
	assert_content(fd, content, SIZE);
	close(fd);
	assert_swap_empty();
}
END_TEST

/* As a user who has no right that the modes don't give. */
static void recover_as_user(void)
{
	enum { USER = 12345 };
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (geteuid() == 0 && (setgid(USER) || setuid(USER)))
			_exit(1);
		_exit(alcm_swap_recover(opened, NULL, NULL));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

/* Files that only look like the target, or may be looked at only with rights that we
   don't have. */
START_TEST(test_others_keep_their_modes)
{
	struct stat before, now;
	int fd;

	start_file(false, &before);
	ck_assert(convert_and_die(true, SWAP_COPYING, 0));
	ck_assert_int_eq(renameat(store_fd, file_name, store_fd, "moved"), 0);
	close(make_file(file_name, 0400, "another", 7));
	ck_assert_int_eq(mkdirat(store_fd, "shut", 0), 0);
	run_command("test $(id -u) != 0 || chown -R 12345 '%s'");
	recover_as_user();
	ck_assert_int_eq(fstatat(store_fd, file_name, &now, 0), 0);
	ck_assert_uint_eq(now.st_mode & 07777, 0400);
	fd = openat(store_fd, "moved", O_RDONLY);
	assert_content(fd, content, SIZE);
	close(fd);
	assert_same_file("moved", &before);
	ck_assert_int_eq(unlinkat(store_fd, "shut", AT_REMOVEDIR), 0);
}
END_TEST

START_TEST(test_garbage_is_removed)
{
	int dir = swap_dir_open(store_fd, true);

	close(openat(dir, "0123456789abcdef0123456789abcdef.part", O_WRONLY | O_CREAT, 0600));
	close(openat(dir, "0123456789abcdef0123456789abcdee.tmp", O_WRONLY | O_CREAT, 0600));
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

	tcase_add_loop_test(tc, test_death_at_each_step, 0, 2 * SWAP_STEPS);
	tcase_add_loop_test(tc, test_death_of_short, 0, 7 * N_STEPS);
	tcase_add_loop_test(tc, test_death_of_recovery, SWAP_COPYING, SWAP_STEPS);
	tcase_add_loop_test(tc, test_target_moved, SWAP_JOB_DURABLE, SWAP_NEW_REMOVED);
	tcase_add_loop_test(tc, test_store_copied, SWAP_JOB_DURABLE, SWAP_NEW_REMOVED);
	tcase_add_test(tc, test_target_not_here);
	tcase_add_test(tc, test_changed_after_crash);
	tcase_add_loop_test(tc, test_resume, 0, 2);
	tcase_add_test(tc, test_resume_without_job);
	tcase_add_loop_test(tc, test_harm_to_a_job, 0, N_HARMS);
	tcase_add_test(tc, test_restored_beside);
	tcase_add_test(tc, test_others_keep_their_modes);
	tcase_add_test(tc, test_garbage_is_removed);
	tcase_add_test(tc, test_nothing_to_recover);
	return run_suite("swap_crash", tc);
}
