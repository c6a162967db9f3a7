/* SPDX-License-Identifier: MIT */
/*
 * Makes suites that know nothing of tensors work on blobs. Preloaded into alcmfs, this
 * stands between libfuse and the table of operations: every new regular file begins with
 * an .npy header, which nobody above sees, since offsets and sizes are shifted by its
 * length. So all of a suite's traffic goes through core/blob, however it comes to its
 * files: calls, stdio, mappings, asynchronous and direct I/O.
 *
 *     LD_PRELOAD=npy_shim.so alcmfs STORE MOUNTPOINT
 *
 *      kernel ──► libfuse ──► shim ──────────────────────► alcmfs
 *         ▲                    │ read, write at off + 4096    │
 *         └── size - 4096 ─────┴── fuse_reply_*() ◄───────────┘
 *
 * The header is written when alcmfs answers that the file is there (or is empty again),
 * before that answer goes on: by operations of alcmfs itself for the same request, whose
 * answers are kept here. alcmfs answers in the thread that the request came in, so what
 * belongs to one is kept by thread. The header has a page, so that mappings and direct
 * I/O stay aligned. What is in .alcm is not touched.
 */
#define _GNU_SOURCE
#define FUSE_USE_VERSION 35
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HEADER_BYTES = 4096, MAX_ADMIN = 256 };

static struct fuse_lowlevel_ops ops; /* alcmfs' own */

/* What an operation answered that was called from here. */
struct answer {
	int err;
	struct stat attr;
};

/* The request that this thread works on. */
static __thread struct request {
	fuse_ino_t ino;            /* of which file an answer with attributes is */
	struct fuse_file_info *fi; /* that it came with, or NULL */
	bool admin;                /* entries that are answered lie in .alcm */
	/* the file is empty when it is answered: it needs a header */
	bool empties;
	struct answer *answer; /* answers go here, not to the kernel */
} now;

#define BEGIN(...) (now = (struct request){ __VA_ARGS__ })
#define END() (now = (struct request){ 0 })

/* The function of libfuse that one here stands before. */
#define REAL(name)                                     \
	({                                                 \
		static __typeof__(name) *real;                 \
		if (!real)                                     \
			*(void **)&real = dlsym(RTLD_NEXT, #name); \
		real;                                          \
	})

/* ---- which files ------------------------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	fuse_ino_t inodes[MAX_ADMIN]; /* guarded by lock, as n; the oldest are overwritten */
	unsigned n;
} admin = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool is_admin(fuse_ino_t ino)
{
	bool found = false;

	pthread_mutex_lock(&admin.lock);
	for (unsigned i = 0; i < admin.n && i < MAX_ADMIN; i++)
		found |= admin.inodes[i] == ino;
	pthread_mutex_unlock(&admin.lock);
	return found;
}

/* Numbers are used again, so what is none any more is forgotten. */
static void note_entry(fuse_ino_t ino, bool is)
{
	bool was = is_admin(ino);

	pthread_mutex_lock(&admin.lock);
	if (is && !was)
		admin.inodes[admin.n++ % MAX_ADMIN] = ino;
	for (unsigned i = 0; was && !is && i < MAX_ADMIN; i++) {
		if (admin.inodes[i] == ino)
			admin.inodes[i] = 0;
	}
	pthread_mutex_unlock(&admin.lock);
}

static off_t shifted(fuse_ino_t ino, off_t off)
{
	if (off < 0 || is_admin(ino))
		return off;
	return off > INT64_MAX - HEADER_BYTES ? INT64_MAX : off + HEADER_BYTES;
}

static void hide_header(struct stat *st)
{
	if (S_ISREG(st->st_mode))
		st->st_size = st->st_size > HEADER_BYTES ? st->st_size - HEADER_BYTES : 0;
}

/* ---- the header -------------------------------------------------------------------- */

/* As np.save() writes it: magic, version 1.0, the length of what follows, that as
   text. */
static void make_header(char head[HEADER_BYTES])
{
	static const char start[] =
		"\x93NUMPY\x01\x00\xf6\x0f"
		"{'descr': '<f4', 'fortran_order': False, 'shape': (1048576,), }";

	memset(head, ' ', HEADER_BYTES);
	memcpy(head, start, sizeof(start) - 1);
	head[HEADER_BYTES - 1] = '\n';
}

/* If it can't be written, as on a full disk, the file is a plain one that begins with a
   hole. */
static void write_header(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fuse_file_info own = { .flags = O_WRONLY };
	bool opens = !fi || (fi->flags & O_ACCMODE) == O_RDONLY;
	struct answer answer = { 0 };
	char head[HEADER_BYTES];

	make_header(head);
	now.answer = &answer;
	if (opens) {
		ops.open(req, ino, &own);
		fi = &own;
	}
	if (!answer.err) {
		ops.write(req, ino, head, sizeof(head), 0, fi);
		if (opens) {
			ops.flush(req, ino, fi);
			ops.release(req, ino, fi);
		}
	}
	now.answer = NULL;
}

/* Give a new or emptied file its header; `st` becomes what it is then. */
static void begin_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
	struct stat *st)
{
	struct answer answer = { 0 };

	write_header(req, ino, fi);
	now.answer = &answer;
	ops.getattr(req, ino, NULL);
	now.answer = NULL;
	if (!answer.err)
		*st = answer.attr;
}

/* ---- answers ----------------------------------------------------------------------- */

int fuse_reply_err(fuse_req_t req, int err)
{
	if (!now.answer)
		return REAL(fuse_reply_err)(req, err);
	if (err)
		now.answer->err = err;
	return 0;
}

int fuse_reply_write(fuse_req_t req, size_t count)
{
	return now.answer ? 0 : REAL(fuse_reply_write)(req, count);
}

int fuse_reply_open(fuse_req_t req, const struct fuse_file_info *fi)
{
	struct fuse_file_info copy = *fi;

	if (now.answer)
		return 0;
	if (now.empties)
		write_header(req, now.ino, &copy);
	return REAL(fuse_reply_open)(req, fi);
}

int fuse_reply_attr(fuse_req_t req, const struct stat *attr, double timeout)
{
	struct stat st = *attr;

	if (now.answer) {
		now.answer->attr = *attr;
		return 0;
	}
	if (now.empties)
		begin_file(req, now.ino, now.fi, &st);
	if (!is_admin(now.ino))
		hide_header(&st);
	return REAL(fuse_reply_attr)(req, &st, timeout);
}

int fuse_reply_entry(fuse_req_t req, const struct fuse_entry_param *entry)
{
	struct fuse_entry_param e = *entry;

	note_entry(e.ino, now.admin);
	if (now.empties && S_ISREG(e.attr.st_mode))
		begin_file(req, e.ino, NULL, &e.attr);
	if (!now.admin)
		hide_header(&e.attr);
	return REAL(fuse_reply_entry)(req, &e);
}

int fuse_reply_create(fuse_req_t req, const struct fuse_entry_param *entry,
	const struct fuse_file_info *fi)
{
	struct fuse_entry_param e = *entry;
	struct fuse_file_info copy = *fi;

	note_entry(e.ino, false);
	if (!e.attr.st_size)
		begin_file(req, e.ino, &copy, &e.attr);
	hide_header(&e.attr);
	return REAL(fuse_reply_create)(req, &e, fi);
}

int fuse_reply_lseek(fuse_req_t req, off_t off)
{
	if (!is_admin(now.ino))
		off = off > HEADER_BYTES ? off - HEADER_BYTES : 0;
	return REAL(fuse_reply_lseek)(req, off);
}

size_t fuse_add_direntry_plus(fuse_req_t req, char *buf, size_t bufsize, const char *name,
	const struct fuse_entry_param *entry, off_t off)
{
	struct fuse_entry_param e = *entry;

	if (e.ino)
		note_entry(e.ino, now.admin);
	if (!now.admin)
		hide_header(&e.attr);
	return REAL(fuse_add_direntry_plus)(req, buf, bufsize, name, &e, off);
}

/* ---- operations -------------------------------------------------------------------- */

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	bool in_admin = is_admin(parent) ||
		(parent == FUSE_ROOT_ID && strcmp(name, ".alcm") == 0);

	BEGIN(.admin = in_admin);
	ops.lookup(req, parent, name);
	END();
}

static void do_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	BEGIN(.admin = is_admin(ino));
	ops.readdirplus(req, ino, size, off, fi);
	END();
}

static void do_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	dev_t rdev)
{
	BEGIN(.empties = true);
	ops.mknod(req, parent, name, mode, rdev);
	END();
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	BEGIN(.ino = ino, .empties = fi->flags & O_TRUNC);
	ops.open(req, ino, fi);
	END();
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	BEGIN(.ino = ino);
	ops.getattr(req, ino, fi);
	END();
}

static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
	struct fuse_file_info *fi)
{
	bool sizes = to_set & FUSE_SET_ATTR_SIZE;

	BEGIN(.ino = ino, .fi = fi, .empties = sizes && !attr->st_size);
	if (sizes && attr->st_size)
		attr->st_size = shifted(ino, attr->st_size);
	ops.setattr(req, ino, attr, to_set, fi);
	END();
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	ops.read(req, ino, size, shifted(ino, off), fi);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size,
	off_t off, struct fuse_file_info *fi)
{
	ops.write(req, ino, buf, size, shifted(ino, off), fi);
}

static void do_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
	struct fuse_file_info *fi)
{
	ops.fallocate(req, ino, mode, shifted(ino, off), len, fi);
}

static void do_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
	struct fuse_file_info *fi)
{
	BEGIN(.ino = ino);
	ops.lseek(req, ino, shifted(ino, off), whence, fi);
	END();
}

/* ---- between libfuse and alcmfs ---------------------------------------------------- */

static struct fuse_lowlevel_ops take_ops(const struct fuse_lowlevel_ops *op,
	size_t op_size)
{
	struct fuse_lowlevel_ops mine;

	if (op_size > sizeof(ops)) {
		fputs("npy_shim: built against another libfuse than alcmfs\n", stderr);
		abort();
	}
	memcpy(&ops, op, op_size);
	mine = ops;
	mine.lookup = do_lookup;
	mine.readdirplus = do_readdirplus;
	mine.mknod = do_mknod;
	mine.open = do_open;
	mine.getattr = do_getattr;
	mine.setattr = do_setattr;
	mine.read = do_read;
	mine.write = do_write;
	mine.fallocate = do_fallocate;
	mine.lseek = do_lseek;
	return mine;
}

#ifdef fuse_session_new /* a macro, from libfuse 3.17 on */
struct fuse_session *fuse_session_new_versioned(struct fuse_args *args,
	const struct fuse_lowlevel_ops *op, size_t op_size,
	const struct libfuse_version *version, void *userdata)
{
	struct fuse_lowlevel_ops mine = take_ops(op, op_size);

	return REAL(fuse_session_new_versioned)(args, &mine, op_size, version, userdata);
}
#else
struct fuse_session *fuse_session_new(struct fuse_args *args,
	const struct fuse_lowlevel_ops *op, size_t op_size, void *userdata)
{
	struct fuse_lowlevel_ops mine = take_ops(op, op_size);

	return REAL(fuse_session_new)(args, &mine, op_size, userdata);
}
#endif
