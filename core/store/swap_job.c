/* SPDX-License-Identifier: MIT */
/*
 * The files of a job, and the steps of swap_job.h that work on the target. A job is a
 * text:
 *
 *     alcm-swap 1
 *     ino 1234
 *     before SIZE HASH         swap_print_head() of the target
 *     after SIZE HASH          swap_print_all() of .new
 *     content BYTES            logical bytes, shown by stat() until the job is done
 *     mode 420
 *     mtime SECONDS NANOSECONDS
 *     direction pack|unpack
 *     path run/w.npy           the rest of the text; blanks and controls as %XX
 *
 * A newline ends the text, so a job that was cut off isn't taken for one. The owner of a
 * store can write anything here, so reading checks the file (regular, one name), each
 * number, and that the path stays in the store.
 */
#include "store/swap_job.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/fd.h"
#include "blob/blob_io.h"
#include "blob/disk.h"

enum {
	NAME_CHARS = SWAP_ID_CHARS + 6,
	COPY_BYTES = 256 << 10,
	JOB_MAX = 4 * PATH_MAX, /* a path with every byte escaped, and some lines */
};

static void (*hook)(enum swap_step step);

void swap_set_hook_for_tests(void (*h)(enum swap_step step))
{
	hook = h;
}

/* Tests end the process here, at every step in turn. */
void swap_step(enum swap_step step)
{
	if (hook)
		hook(step);
}

/* ---- the directory ----------------------------------------------------------------- */

/* O_NOFOLLOW: the owner of the store could put a link in its place. */
static int open_dir(int at, const char *name, mode_t mode, bool make)
{
	bool made = make && mkdirat(at, name, mode) == 0;

	if (make && !made && errno != EEXIST)
		return -errno;
	/* Without this, a power failure could remove the new directory with all that is in
	   it. */
	int err = made ? fd_sync(at) : 0;

	return err
		?: or_errno(openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int swap_dir_open(int store_dirfd, bool make)
{
	AUTO_CLOSE int root = openat(store_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return -errno;

	AUTO_CLOSE int admin = open_dir(root, ".alcm", 0755, make);

	return admin < 0 ? admin : open_dir(admin, "swap", 0700, make);
}

void swap_dir_remove(int store_dirfd)
{
	AUTO_CLOSE int admin = openat(store_dirfd, ".alcm",
		O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (admin < 0)
		return;
	(void)unlinkat(admin, "swap", AT_REMOVEDIR);
	(void)unlinkat(store_dirfd, ".alcm", AT_REMOVEDIR);
}

static void file_name(char out[NAME_CHARS], const char *id, const char *suffix)
{
	(void)snprintf(out, NAME_CHARS, "%.*s%s", SWAP_ID_CHARS, id, suffix);
}

static int create(int dir, const char *id, const char *suffix)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char name[NAME_CHARS];

	file_name(name, id, suffix);
	return or_errno(openat(dir, name, flags, 0600));
}

static int remove_file(int dir, const char *id, const char *suffix)
{
	char name[NAME_CHARS];

	file_name(name, id, suffix);
	return or_errno(unlinkat(dir, name, 0));
}

static int rename_file(int dir, const char *id, const char *from, const char *to)
{
	char old[NAME_CHARS], new[NAME_CHARS];

	file_name(old, id, from);
	file_name(new, id, to);
	return or_errno(renameat(dir, old, dir, new));
}

/* The random ID makes the names unique, and ties the target's mark to this job. The file
   begins as .part, which recovery may remove. */
int swap_new_create(int dir, struct swap_job *job)
{
	uint8_t random[CONVERSION_ID_BYTES];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	for (size_t i = 0; i < sizeof(random); i++)
		(void)snprintf(job->id + 2 * i, 3, "%02x", random[i]);

	int fd = create(dir, job->id, ".part");

	if (fd >= 0)
		swap_step(SWAP_NEW_MADE);
	return fd;
}

void swap_new_drop(int dir, const struct swap_job *job)
{
	(void)remove_file(dir, job->id, ".part");
	(void)remove_file(dir, job->id, ".new");
}

/* ---- the job's text ---------------------------------------------------------------- */

bool swap_path_valid(const char *path)
{
	bool first = true;

	for (const char *at = path; *at || first; first = false) {
		size_t n = strcspn(at, "/");

		if (!n || (n == 1 && at[0] == '.') || (n == 2 && memcmp(at, "..", 2) == 0) ||
			n > NAME_MAX || (first && n == 5 && memcmp(at, ".alcm", 5) == 0))
			return false;
		at += n;
		if (*at == '/' && !*++at)
			return false;
	}
	return true;
}

static void escape(char *out, const char *path)
{
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if (c > ' ' && c != '%' && c != 0x7f)
			*out++ = (char)c;
		else
			out += sprintf(out, "%%%02X", c);
	}
	*out = 0;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789ABCDEF", *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

static bool unescape(char out[PATH_MAX], const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		int c = (unsigned char)*text;

		if (c == '%') {
			int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);

			c = low < 0 ? 0 : high * 16 + low;
			text += 2;
		} else if (c <= ' ') {
			return false;
		}
		if (!c || n == PATH_MAX - 1)
			return false;
		out[n++] = (char)c;
	}
	out[n] = 0;
	return true;
}

static int job_text(char *out, const struct swap_job *job)
{
	int n = snprintf(out, JOB_MAX,
		"alcm-swap 1\nino %" PRIu64 "\nbefore %" PRIu64 " %016" PRIx64 "\nafter %" PRIu64
		" %016" PRIx64 "\ncontent %" PRIu64 "\nmode %" PRIu32
		"\nmtime %lld %ld\ndirection %s\npath ",
		job->ino, job->before.size, job->before.hash, job->after.size, job->after.hash,
		job->logical_bytes, job->mode, (long long)job->mtime.tv_sec, job->mtime.tv_nsec,
		job->pack ? "pack" : "unpack");

	escape(out + n, job->path);
	n += (int)strlen(out + n);
	out[n++] = '\n';
	return n;
}

/* The order makes every crash harmless: .new and .job appear under their names only when
   their content is on the disk, .new first. */
int swap_job_commit(int dir, const struct swap_job *job)
{
	AUTO_FREE char *text = mem_alloc(JOB_MAX);
	AUTO_CLOSE int fd = text ? create(dir, job->id, ".tmp") : -ENOMEM;
	int err;

	if (fd < 0)
		return fd;
	err = fd_write(fd, text, (size_t)job_text(text, job)) ?: fd_sync(fd);
	swap_step(SWAP_JOB_WRITTEN);
	err = err ?: rename_file(dir, job->id, ".part", ".new")
			  ?: rename_file(dir, job->id, ".tmp", ".job");
	if (err) {
		(void)remove_file(dir, job->id, ".tmp");
		return err;
	}
	err = fd_sync(dir);
	if (err) {
		/* It may or may not be durable. The caller reports a failure, so it must go. */
		(void)remove_file(dir, job->id, ".job");
		return err;
	}
	swap_step(SWAP_JOB_DURABLE);
	return 0;
}

/* A job may come from another user, so every field is checked before it is used. */
static bool parse(const char *text, struct swap_job *job)
{
	long long sec;
	int at = -1;
	char direction[8];

	if (sscanf(text,
			"alcm-swap 1\nino %" SCNu64 "\nbefore %" SCNu64 " %" SCNx64 "\nafter %" SCNu64
			" %" SCNx64 "\ncontent %" SCNu64 "\nmode %" SCNu32
			"\nmtime %lld %ld\ndirection %7[a-z]\npath %n",
			&job->ino, &job->before.size, &job->before.hash, &job->after.size,
			&job->after.hash, &job->logical_bytes, &job->mode, &sec, &job->mtime.tv_nsec,
			direction, &at) != 10 ||
		at < 0)
		return false;
	job->mtime.tv_sec = (time_t)sec;
	job->pack = strcmp(direction, "pack") == 0;
	return (job->pack || strcmp(direction, "unpack") == 0) &&
		job->after.size <= INT64_MAX && job->mode <= 07777 && job->mtime.tv_nsec >= 0 &&
		job->mtime.tv_nsec < 1000000000 && unescape(job->path, text + at) &&
		(!job->path[0] || swap_path_valid(job->path));
}

/* Only a regular file with one name is a job: a link could lead to any file. A job of
   another user can't give set-id bits. */
int swap_job_read(int dir, const char *id, struct swap_job *job)
{
	AUTO_FREE char *text = mem_zalloc(1, JOB_MAX + 1);
	char name[NAME_CHARS];
	struct stat st;

	if (!text)
		return -ENOMEM;
	file_name(name, id, ".job");

	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_size < 2 ||
		st.st_size > JOB_MAX)
		return -EINVAL;

	ssize_t n = fd_read(fd, text, (size_t)st.st_size);

	if (n != st.st_size)
		return n < 0 ? (int)n : -ENODATA;
	/* The path is the rest of the text up to the newline that must end it. */
	if (text[st.st_size - 1] != '\n' || strlen(text) != (size_t)st.st_size)
		return -EINVAL;
	text[st.st_size - 1] = 0;
	(void)snprintf(job->id, sizeof(job->id), "%s", id);
	if (!parse(text, job))
		return -EINVAL;
	job->owner = st.st_uid;
	if (job->owner != geteuid())
		job->mode &= 0777;
	return 0;
}

/* ---- copying ----------------------------------------------------------------------- */

static int copy_run(const struct blob_io *from, const struct blob_io *to, uint64_t at,
	uint64_t end, uint8_t *buf)
{
	while (at < end) {
		size_t n = (size_t)min_u64(COPY_BYTES, end - at);
		int err = blob_io_read(from, buf, n, at) ?: blob_io_write(to, buf, n, at);

		if (err)
			return err;
		at += n;
		swap_step(SWAP_COPYING);
	}
	return 0;
}

/* Punch a hole, or write zeros where the filesystem can't. */
static int zero_run(const struct blob_io *to, uint64_t at, uint64_t end, uint8_t *buf)
{
	int err = at < end ? to->ops->punch(to->ctx, at, end - at) : 0;

	if (err != -EOPNOTSUPP)
		return err;
	memset(buf, 0, COPY_BYTES);
	for (err = 0; at < end && !err; at += COPY_BYTES)
		err = blob_io_write(to, buf, (size_t)min_u64(COPY_BYTES, end - at), at);
	return err;
}

/* Copy all but the head, where the mark is. */
static int copy_rest(int from_fd, int to_fd, uint64_t size)
{
	const struct blob_io from = blob_io_posix(from_fd), to = blob_io_posix(to_fd);
	AUTO_FREE uint8_t *buf = mem_alloc(COPY_BYTES);
	int64_t old_size = to.ops->size(to.ctx);
	uint64_t at = CONVERSION_BYTES;

	if (!buf)
		return -ENOMEM;
	if (old_size < 0)
		return (int)old_size;
	while (at < size) {
		uint64_t data, end;
		int err = fd_next_data(from_fd, at, size, &data, &end);

		/* Behind the target's old end nothing has to be zeroed. */
		err = err ?: zero_run(&to, at, min_u64(data, (uint64_t)old_size), buf)
				  ?: copy_run(&from, &to, data, end, buf);
		if (err)
			return err;
		at = end;
	}
	return to.ops->truncate(to.ctx, max_u64(size, CONVERSION_BYTES));
}

/*
 * A single write within one sector: a crash leaves either the mark or the head. A content
 * that is shorter than the mark is truncated to its length first; the rest of the mark
 * still identifies the file.
 */
static int copy_head(int from_fd, int to_fd, uint64_t size)
{
	const struct blob_io from = blob_io_posix(from_fd), to = blob_io_posix(to_fd);
	uint8_t head[CONVERSION_BYTES];
	size_t n = (size_t)min_u64(size, sizeof(head));
	int err = blob_io_read(&from, head, n, 0);

	if (!err && n < sizeof(head)) {
		err = to.ops->truncate(to.ctx, size);
		swap_step(SWAP_MARK_CUT);
	}
	return err ? err : blob_io_write(&to, head, n, 0);
}

/* The same bytes each time, so that a truncated mark can be recognised, too. */
void swap_job_mark_bytes(const struct swap_job *job, uint8_t mark[CONVERSION_BYTES])
{
	struct conversion c = { .pack = job->pack, .logical_bytes = job->logical_bytes };

	for (size_t i = 0; i < sizeof(c.id); i++)
		(void)sscanf(job->id + 2 * i, "%2hhx", &c.id[i]);
	conversion_put(mark, &c);
}

/* Restore the old head and size. Returns `err`; -EINPROGRESS: that failed, too. */
static int put_head_back(const struct blob_io *target, const uint8_t *head, size_t n,
	uint64_t size, int err)
{
	if (blob_io_write(target, head, n, 0) || target->ops->truncate(target->ctx, size) ||
		target->ops->sync(target->ctx))
		return -EINPROGRESS;
	return err;
}

int swap_job_mark(const struct swap_job *job, int target_fd)
{
	const struct blob_io target = blob_io_posix(target_fd);
	uint8_t mark[CONVERSION_BYTES], head[CONVERSION_BYTES];
	size_t n = (size_t)min_u64(job->before.size, sizeof(head));
	int err = blob_io_read(&target, head, n, 0);

	if (err)
		return err;
	swap_job_mark_bytes(job, mark);
	err = blob_io_write(&target, mark, sizeof(mark), 0) ?: fd_sync(target_fd);
	if (err)
		return put_head_back(&target, head, n, job->before.size, err);
	swap_step(SWAP_COMMITTED);
	return 0;
}

int swap_job_settle(const struct swap_job *job, int target_fd)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, job->mtime };
	struct stat st;

	/* Writing may have cleared set-id bits. */
	if (TEMP_FAILURE_RETRY(ftruncate(target_fd, (off_t)job->after.size)) ||
		fstat(target_fd, &st) ||
		((st.st_mode & 07777) != job->mode && fchmod(target_fd, job->mode)) ||
		futimens(target_fd, times) || TEMP_FAILURE_RETRY(fsync(target_fd)))
		return -errno;
	swap_step(SWAP_TARGET_DURABLE);
	return 0;
}

/* The rest is durable before the head replaces the mark: a mark means "not whole". */
int swap_job_apply(const struct swap_job *job, int new_fd, int target_fd)
{
	int err = copy_rest(new_fd, target_fd, job->after.size) ?: fd_sync(target_fd);

	if (err)
		return err;
	swap_step(SWAP_COPIED);
	err = copy_head(new_fd, target_fd, job->after.size);
	if (err)
		return err;
	swap_step(SWAP_HEAD_COPIED);
	return swap_job_settle(job, target_fd);
}

int swap_job_drop(int dir, const struct swap_job *job)
{
	/* If it came back after a power failure, recovery would undo later writes. */
	return remove_file(dir, job->id, ".job") ?: fd_sync(dir);
}

int swap_job_finish(int dir, const struct swap_job *job)
{
	/* .new goes first: for a job without it, the target's bytes show that it is done. */
	swap_new_drop(dir, job);
	swap_step(SWAP_NEW_REMOVED);
	return swap_job_drop(dir, job);
}
