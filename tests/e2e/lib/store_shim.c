/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into alcmfs, this stands between the daemon and its store. Two uses, both
 * switched by the environment:
 *
 *   STORE_SHIM_CONTROL=FILE   a struct control, mapped; a test says in it which calls on
 *                             the store fail from now on, and counts them. Allocations of
 *                             the program's own code (not of libraries) can be made to
 *                             fail as well.
 *   STORE_SHIM_LOG=FILE       every change of the store, in the order in which they were
 *                             made, as power_loss.py reads it (struct entry).
 *   STORE_SHIM_STORE=DIR      the store: an absolute path without symbolic links
 *   STORE_SHIM_TRACE=1        say on stderr which calls were made to fail
 *   STORE_SHIM_NAMELESS=1     a store without birth times and file handles
 *   STORE_SHIM_BOOT=FILE      stands for /proc/sys/kernel/random/boot_id: another boot of
 *                             the machine
 *
 * Whether a call is the store's is asked of /proc for its descriptor, so that no table of
 * descriptors has to follow dup() and reopening.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Kinds of calls, as bits of control.kinds: faults.py has the same table. */
enum kind {
	KIND_READ = 1,
	KIND_WRITE = 2,
	KIND_RESERVE = 4,
	KIND_PUNCH = 8,
	KIND_TRUNCATE = 16,
	KIND_SYNC = 32,
	KIND_OPEN = 64,
	KIND_NAME = 128, /* create, mkdir, rename, unlink, link */
	KIND_META = 256, /* mode, owner, times, extended attributes */
	KIND_LOOK = 512, /* fstat, fstatat, statx, lseek */
	KIND_MEMORY = 1024,
};

struct control {
	uint32_t kinds;          /* that count and may fail */
	int32_t err;             /* errno; 0 = half of what was asked for is read or written;
				    -errno = half by the first call, the error by those after it */
	_Atomic uint64_t nth;    /* the first call that fails, from 1; 0 = none */
	uint64_t count;          /* as many in a row */
	_Atomic uint64_t seen;   /* calls of those kinds */
	_Atomic uint64_t struck; /* that failed */
};

/* What is logged; names and data follow: name, other_name, data. */
struct entry {
	uint64_t ino, other_ino; /* of directories where names are concerned */
	uint64_t off, len;
	uint32_t kind, name_len, other_name_len, data_len;
};

enum {
	LOG_WRITE = 'W',    /* ino, off, data */
	LOG_TRUNCATE = 'T', /* ino, len */
	LOG_PUNCH = 'P',    /* ino, off, len */
	LOG_SYNC = 'S',     /* ino; other_ino 1: a directory */
	/* other_ino is made in ino as name; len 1: a directory; no name: O_TMPFILE */
	LOG_CREATE = 'C',
	LOG_REMOVE = 'U', /* name of ino; len 1: a directory */
	LOG_RENAME = 'M', /* name of ino to other_name of other_ino; len: flags */
	LOG_LINK = 'L',   /* other_ino into ino as name */
};

static struct control *control;
static const char *store, *boot, *nameless;
static size_t store_len;
static bool trace;
static int log_fd = -1;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t code_from, code_to; /* of the program itself */

/* ---- setting up -------------------------------------------------------------------- */

static int note_code(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	(void)ctx;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && p->p_flags & PF_X) {
			code_from = info->dlpi_addr + p->p_vaddr;
			code_to = code_from + p->p_memsz;
		}
	}
	return 1; /* the first is the program */
}

__attribute__((constructor)) static void set_up(void)
{
	const char *path = getenv("STORE_SHIM_CONTROL"), *log = getenv("STORE_SHIM_LOG");
	int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;

	boot = getenv("STORE_SHIM_BOOT");
	trace = getenv("STORE_SHIM_TRACE");
	nameless = getenv("STORE_SHIM_NAMELESS");
	store = getenv("STORE_SHIM_STORE");
	store_len = store ? strlen(store) : 0;
	dl_iterate_phdr(note_code, NULL);
	if (fd >= 0) {
		control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		control = control == MAP_FAILED ? NULL : control;
		close(fd);
	}
	if (log)
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, log,
			O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static bool is_below(const char *path)
{
	return strncmp(path, store, store_len) == 0 &&
		(!path[store_len] || path[store_len] == '/');
}

static bool is_store(int fd)
{
	char link[40], path[PATH_MAX];
	int saved = errno;
	ssize_t n;

	if (!store || fd < 0)
		return false;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof(path) - 1);
	errno = saved;
	if (n < 0)
		return false;
	path[n] = 0;
	return is_below(path);
}

/* A path relative to `at`, or one of /proc/self/fd. */
static bool is_store_path(int at, const char *path)
{
	if (path[0] != '/')
		return is_store(at);
	if (strncmp(path, "/proc/self/fd/", 14) == 0)
		return is_store(atoi(path + 14));
	return store && is_below(path);
}

/* ---- faults ------------------------------------------------------------------------ */

/* Whether this call is to fail; then errno says how, or is 0 for a short transfer. */
static bool strikes(enum kind kind)
{
	if (!control || !(control->kinds & kind))
		return false;

	uint64_t nth = control->nth, n = 1 + atomic_fetch_add(&control->seen, 1);

	if (!nth || n < nth || n - nth >= control->count)
		return false;
	atomic_fetch_add(&control->struck, 1);
	if (trace)
		(void)dprintf(2, "store_shim: call %llu, kind %u, fails\n", (unsigned long long)n,
			kind);
	errno = control->err >= 0 ? control->err : n == nth ? 0 : -control->err;
	return true;
}

static bool fails(int fd, enum kind kind)
{
	return control && control->kinds & kind && is_store(fd) && strikes(kind);
}

static bool fails_at(int at, const char *path, enum kind kind)
{
	return control && control->kinds & kind && is_store_path(at, path) && strikes(kind);
}

/* As many bytes as a call that strikes may still transfer: -1 = none, it failed. */
static ssize_t some_of(int fd, size_t n, enum kind kind)
{
	if (n < 2 && control && control->err <= 0)
		return (ssize_t)n;
	if (!fails(fd, kind))
		return (ssize_t)n;
	return errno ? -1 : (ssize_t)(n / 2);
}

/* ---- the log ----------------------------------------------------------------------- */

static void log_begin(void)
{
	if (log_fd >= 0)
		pthread_mutex_lock(&log_lock);
}

static uint64_t ino_of(int fd)
{
	struct stat st;

	return syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) ? 0 : st.st_ino;
}

static uint64_t ino_at(int at, const char *name)
{
	struct stat st;

	return syscall(SYS_newfstatat, at, name, &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_ino;
}

/* Note an entry if the call went well, and let the next one happen. */
static void log_end(bool done, struct entry e, const char *name, const char *other,
	const void *data)
{
	int saved = errno;

	if (log_fd < 0)
		return;
	if (done) {
		e.name_len = name ? (uint32_t)strlen(name) : 0;
		e.other_name_len = other ? (uint32_t)strlen(other) : 0;
		e.data_len = data ? (uint32_t)e.len : 0;

		struct iovec parts[] = { { &e, sizeof(e) },
			{ (void *)(uintptr_t)name, e.name_len },
			{ (void *)(uintptr_t)other, e.other_name_len },
			{ (void *)(uintptr_t)data, e.data_len } };

		if (syscall(SYS_writev, log_fd, parts, 4) < 0)
			abort();
	}
	pthread_mutex_unlock(&log_lock);
	errno = saved;
}

/* Most changes of one file: `e` is filled in by `call`'s result. */
#define LOGGED(fd_, call_, ...)                                                         \
	__extension__({                                                                     \
		bool ours_ = log_fd >= 0 && is_store(fd_);                                      \
		if (ours_)                                                                      \
			log_begin();                                                                \
		__typeof__(call_) got_ = (call_);                                               \
		if (ours_)                                                                      \
			log_end(got_ >= 0, (struct entry){ .ino = ino_of(fd_), __VA_ARGS__ }, NULL, \
				NULL, data_);                                                           \
		got_;                                                                           \
	})

/* ---- reading and writing ----------------------------------------------------------- */

#define EXPORT __attribute__((visibility("default")))

EXPORT ssize_t pread64(int fd, void *buf, size_t n, off_t off)
{
	ssize_t some = some_of(fd, n, KIND_READ);

	return some < 0 ? -1 : syscall(SYS_pread64, fd, buf, (size_t)some, off);
}

EXPORT ssize_t read(int fd, void *buf, size_t n)
{
	ssize_t some = some_of(fd, n, KIND_READ);

	return some < 0 ? -1 : syscall(SYS_read, fd, buf, (size_t)some);
}

EXPORT ssize_t pwrite64(int fd, const void *buf, size_t n, off_t off)
{
	const void *data_ = buf;
	ssize_t some = some_of(fd, n, KIND_WRITE);

	return some < 0 ? -1
					: LOGGED(fd, syscall(SYS_pwrite64, fd, buf, (size_t)some, off),
						  .kind = LOG_WRITE, .off = (uint64_t)off, .len = (uint64_t)got_);
}

EXPORT ssize_t pwritev64v2(int fd, const struct iovec *iov, int n_iov, off_t off,
	int flags)
{
	const void *data_ = iov[0].iov_base; /* all that alcmfs gives it */
	struct iovec part = iov[0];
	ssize_t some = some_of(fd, iov[0].iov_len, KIND_WRITE);
	off_t at = flags & RWF_APPEND && log_fd >= 0 ? syscall(SYS_lseek, fd, 0, SEEK_END)
												 : off;

	if (some < 0 || n_iov != 1)
		return -1;
	part.iov_len = (size_t)some;
	return LOGGED(fd, syscall(SYS_pwritev2, fd, &part, 1, off, 0, flags),
		.kind = LOG_WRITE, .off = (uint64_t)at, .len = (uint64_t)got_);
}

EXPORT ssize_t write(int fd, const void *buf, size_t n)
{
	const void *data_ = buf;
	ssize_t some = some_of(fd, n, KIND_WRITE);
	off_t at = log_fd >= 0 && some >= 0 && is_store(fd)
		? syscall(SYS_lseek, fd, 0, SEEK_CUR)
		: 0;

	return some < 0 ? -1
					: LOGGED(fd, syscall(SYS_write, fd, buf, (size_t)some),
						  .kind = LOG_WRITE, .off = (uint64_t)at, .len = (uint64_t)got_);
}

EXPORT ssize_t splice(int from, off_t *from_off, int to, off_t *to_off, size_t n,
	unsigned flags)
{
	ssize_t some = some_of(from, n, KIND_READ);

	return some < 0
		? -1
		: syscall(SYS_splice, from, from_off, to, to_off, (size_t)some, flags);
}

EXPORT int fallocate64(int fd, int mode, off_t off, off_t len)
{
	bool punch = mode & FALLOC_FL_PUNCH_HOLE;
	const void *data_ = NULL;

	if (fails(fd, punch ? KIND_PUNCH : KIND_RESERVE))
		return -1;
	if (mode == FALLOC_FL_KEEP_SIZE)
		return (int)syscall(SYS_fallocate, fd, mode, off, len);
	return (int)LOGGED(fd, syscall(SYS_fallocate, fd, mode, off, len),
		.kind = punch ? LOG_PUNCH : 'A', .off = (uint64_t)off, .len = (uint64_t)len);
}

EXPORT int ftruncate64(int fd, off_t size)
{
	const void *data_ = NULL;

	return fails(fd, KIND_TRUNCATE) ? -1
									: (int)LOGGED(fd, syscall(SYS_ftruncate, fd, size),
										  .kind = LOG_TRUNCATE, .len = (uint64_t)size);
}

static int sync_with(long number, int fd)
{
	const void *data_ = NULL;
	struct stat st = { 0 };

	if (fails(fd, KIND_SYNC))
		return -1;
	(void)syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);
	return (int)LOGGED(fd, syscall(number, fd), .kind = LOG_SYNC,
		.other_ino = S_ISDIR(st.st_mode));
}

EXPORT int fsync(int fd)
{
	return sync_with(SYS_fsync, fd);
}

EXPORT int fdatasync(int fd)
{
	return sync_with(SYS_fdatasync, fd);
}

/* ---- names ------------------------------------------------------------------------- */

static bool makes_file(int flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

static int open_and_log(int at, const char *path, int flags, mode_t mode)
{
	bool ours = log_fd >= 0 && (flags & (O_CREAT | O_TRUNC) || makes_file(flags)) &&
		is_store_path(at, path);
	uint64_t before = 0;

	if (ours) {
		log_begin();
		before = flags & O_CREAT ? ino_at(at, path) : 0;
	}

	int fd = (int)syscall(SYS_openat, at, path, flags, mode);

	if (!ours)
		return fd;
	if (fd >= 0 && makes_file(flags) && !before)
		log_end(true,
			(struct entry){
				.kind = LOG_CREATE, .ino = ino_of(at), .other_ino = ino_of(fd) },
			flags & O_CREAT ? path : NULL, NULL, NULL);
	else
		log_end(fd >= 0 && flags & O_TRUNC,
			(struct entry){ .kind = LOG_TRUNCATE, .ino = ino_of(fd) }, NULL, NULL, NULL);
	return fd;
}

EXPORT int openat64(int at, const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);

	mode_t mode = makes_file(flags) ? va_arg(ap, mode_t) : 0;

	va_end(ap);
	if (boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
		path = boot;
	if (fails_at(at, path, makes_file(flags) ? KIND_NAME : KIND_OPEN))
		return -1;
	return open_and_log(at, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);

	mode_t mode = makes_file(flags) ? va_arg(ap, mode_t) : 0;

	va_end(ap);
	return openat64(AT_FDCWD, path, flags, mode);
}

EXPORT int mkdirat(int at, const char *name, mode_t mode)
{
	bool ours = log_fd >= 0 && is_store(at);

	if (fails_at(at, name, KIND_NAME))
		return -1;
	if (ours)
		log_begin();

	int err = (int)syscall(SYS_mkdirat, at, name, mode);

	if (ours)
		log_end(!err,
			(struct entry){ .kind = LOG_CREATE,
				.ino = ino_of(at),
				.other_ino = ino_at(at, name),
				.len = 1 },
			name, NULL, NULL);
	return err;
}

EXPORT int unlinkat(int at, const char *name, int flags)
{
	bool ours = log_fd >= 0 && is_store(at);

	if (fails_at(at, name, KIND_NAME))
		return -1;
	if (ours)
		log_begin();

	int err = (int)syscall(SYS_unlinkat, at, name, flags);

	if (ours)
		log_end(!err,
			(struct entry){
				.kind = LOG_REMOVE, .ino = ino_of(at), .len = flags == AT_REMOVEDIR },
			name, NULL, NULL);
	return err;
}

EXPORT int renameat2(int at, const char *name, int to_at, const char *to, unsigned flags)
{
	bool ours = log_fd >= 0 && is_store(at);

	if (fails_at(at, name, KIND_NAME))
		return -1;
	if (ours)
		log_begin();

	int err = (int)syscall(SYS_renameat2, at, name, to_at, to, flags);

	if (ours)
		log_end(!err,
			(struct entry){ .kind = LOG_RENAME,
				.ino = ino_of(at),
				.other_ino = ino_of(to_at),
				.len = flags },
			name, to, NULL);
	return err;
}

EXPORT int renameat(int at, const char *name, int to_at, const char *to)
{
	return renameat2(at, name, to_at, to, 0);
}

EXPORT int linkat(int from_at, const char *from, int at, const char *name, int flags)
{
	bool ours = log_fd >= 0 && is_store(at);

	if (fails_at(at, name, KIND_NAME))
		return -1;
	if (ours)
		log_begin();

	int err = (int)syscall(SYS_linkat, from_at, from, at, name, flags);

	if (ours)
		log_end(!err,
			(struct entry){
				.kind = LOG_LINK, .ino = ino_of(at), .other_ino = ino_at(at, name) },
			name, NULL, NULL);
	return err;
}

EXPORT long syscall(long number, ...)
{
	static long (*raw)(long number, ...);
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!raw)
		*(void **)&raw = dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_openat2 && fails((int)a[0], KIND_OPEN))
		return -1;
	return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- what changes no content ------------------------------------------------------- */

EXPORT int fchmod(int fd, mode_t mode)
{
	return fails(fd, KIND_META) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

EXPORT int fchown(int fd, uid_t uid, gid_t gid)
{
	return fails(fd, KIND_META) ? -1 : (int)syscall(SYS_fchown, fd, uid, gid);
}

EXPORT int fchownat(int at, const char *path, uid_t uid, gid_t gid, int flags)
{
	return fails_at(at, path, KIND_META)
		? -1
		: (int)syscall(SYS_fchownat, at, path, uid, gid, flags);
}

EXPORT int futimens(int fd, const struct timespec t[2])
{
	return fails(fd, KIND_META) ? -1 : (int)syscall(SYS_utimensat, fd, NULL, t, 0);
}

EXPORT int utimensat(int at, const char *path, const struct timespec t[2], int flags)
{
	return fails_at(at, path, KIND_META)
		? -1
		: (int)syscall(SYS_utimensat, at, path, t, flags);
}

EXPORT int setxattr(const char *path, const char *name, const void *value, size_t n,
	int flags)
{
	return fails_at(-1, path, KIND_META)
		? -1
		: (int)syscall(SYS_setxattr, path, name, value, n, flags);
}

EXPORT int fstat64(int fd, struct stat64 *st)
{
	return fails(fd, KIND_LOOK) ? -1
								: (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);
}

EXPORT int fstatat64(int at, const char *path, struct stat64 *st, int flags)
{
	return fails_at(at, path, KIND_LOOK)
		? -1
		: (int)syscall(SYS_newfstatat, at, path, st, flags);
}

EXPORT int statx(int at, const char *path, int flags, unsigned mask, struct statx *x)
{
	int got = fails_at(at, path, KIND_LOOK)
		? -1
		: (int)syscall(SYS_statx, at, path, flags, mask, x);

	if (nameless && !got) {
		x->stx_mask &= ~STATX_BTIME;
		memset(&x->stx_btime, 0, sizeof(x->stx_btime));
	}
	return got;
}

EXPORT int name_to_handle_at(int at, const char *path, struct file_handle *handle,
	int *mount_id, int flags)
{
	if (nameless) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_name_to_handle_at, at, path, handle, mount_id, flags);
}

EXPORT off_t lseek64(int fd, off_t off, int whence)
{
	return fails(fd, KIND_LOOK) ? -1 : syscall(SYS_lseek, fd, off, whence);
}

/* ---- memory ------------------------------------------------------------------------ */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

static bool no_memory(const void *caller)
{
	return control && control->kinds & KIND_MEMORY && (uintptr_t)caller >= code_from &&
		(uintptr_t)caller < code_to && strikes(KIND_MEMORY);
}

EXPORT void *malloc(size_t n)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

EXPORT void *calloc(size_t n, size_t size)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

EXPORT void *realloc(void *p, size_t n)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

EXPORT void *aligned_alloc(size_t align, size_t n)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_memalign(align, n);
}
