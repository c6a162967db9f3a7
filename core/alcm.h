/* SPDX-License-Identifier: MIT */
/*
 * libalcm: random-access files of compressed tensors (blobs).
 *
 * This is the only header that leaves core. It includes its parts, alcm_store.h and
 * alcm_process.h. A blob is one file of the store; its bytes are described in
 * docs/format.md. Unless a function says otherwise:
 *
 *   - it returns 0 (or a count) on success and a negative errno on failure, and leaves
 *     its outputs untouched on failure;
 *   - sizes and offsets are bytes; "logical" means as the application sees the file;
 *   - functions on different objects may run at once; the functions on one blob are
 *     thread-safe except alcm_blob_close(), which must be the last one running;
 *   - corrupt data gives -EIO and fills the `struct alcm_diag` (which may be NULL).
 */
#ifndef ALCM_H
#define ALCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ALCM_VERSION "0.1.0"

/* Why a call failed: enough for one log line. The caller knows the file's name. */
struct alcm_diag {
	/* in the store's file, or in the logical file where the text says so */
	uint64_t offset;
	char cause[160];
};

/* ---- the engine: worker threads and the memory budget that all blobs share --------- */

enum alcm_log_level { ALCM_LOG_ERROR, ALCM_LOG_WARNING, ALCM_LOG_INFO };

struct alcm_predictor;

struct alcm_params {
	/* encoding workers, at most 1024; 0: one for each CPU that may be used */
	unsigned threads;
	size_t budget_bytes;  /* for all chunk buffers and scratch memory; at least 8 MiB */
	uint32_t chunk_bytes; /* of new blobs; a power of two, 64 KiB … 16 MiB */
	/* search harder for matches: data other than models' floats gets smaller, and takes
	   several times as long */
	bool high_effort;
	bool verify; /* decode and compare each chunk before its buffer is freed */
	/* From alcm_predictor_read(), kept until alcm_free(); NULL: the built-in one. */
	const struct alcm_predictor *predictor;
	/* Receives one line; may be NULL. `fd`: the file it is about, as passed to
	   alcm_blob_open(); -1: no file. */
	void (*log)(void *ctx, int fd, enum alcm_log_level level, const char *text);
	void *log_ctx;
};

struct alcm;

/*
 * Defaults: threads 0, the budget of alcm_limits_budget() (alcm_process.h), chunks of 256
 * KiB, verify on, the built-in predictor, no log.
 */
void alcm_params_default(struct alcm_params *params);

/*
 * Start an engine. -EINVAL: a parameter out of its range. -ENOMEM. -EAGAIN: no thread.
 * Free it with alcm_free() when every blob opened with it is closed.
 */
int alcm_new(const struct alcm_params *params, struct alcm **out);
void alcm_free(struct alcm *alcm);

/* Free what the engine keeps ready for the next work: a few MiB per thread, and up to a
   quarter of the budget. For idle times; harmless at any other. */
void alcm_trim(struct alcm *alcm);

/* Memory of chunk buffers in bytes: now, at most so far, and the limit. */
struct alcm_budget_use {
	size_t used, peak, limit;
};
void alcm_budget_use(struct alcm *alcm, struct alcm_budget_use *out);

/* The work of an engine since it was started; every field only grows. CPU time is that of
   codec and checksums. */
struct alcm_work {
	uint64_t n_encoded, encoded_bytes, encoded_stored_bytes,
		encode_cpu_ns; /* chunks; logical and stored bytes */
	/* for readers, without verification */
	uint64_t n_decoded, decoded_bytes, decode_cpu_ns;
	uint64_t n_verify_failed; /* chunks that the codec got wrong; they are stored raw */
	uint64_t n_corrupt;       /* records that could not be read or decoded */
};
void alcm_work(struct alcm *alcm, struct alcm_work *out);

/* ---- recognising files ------------------------------------------------------------- */

enum alcm_sniff {
	ALCM_SNIFF_OTHER,  /* no tensor file */
	ALCM_SNIFF_TENSOR, /* the bytes begin a tensor file, or could */
	ALCM_SNIFF_BLOB,   /* the bytes begin (or could begin) a blob: as user data it must be
			      stored inside a blob, or it would be mistaken for one */
};

/* Judge the first `n` > 0 bytes of a file. A part of a magic counts as the magic. */
enum alcm_sniff alcm_sniff(const void *prefix, size_t n);

/* The first bytes of blobs, and of files that are being converted in place. */
#define ALCM_MAGIC \
	"\x89"         \
	"ALCM"
#define ALCM_MAGIC_BYTES 5

/* The most bytes that alcm_sniff() looks at. */
#define ALCM_SNIFF_BYTES 64

/* Which files are compressed. */
enum alcm_detect {
	ALCM_DETECT_NPY, /* .npy alone */
	/* every known tensor format, and clearly numeric content */
	ALCM_DETECT_TENSORS,
	ALCM_DETECT_ALL, /* everything that isn't compressed already */
};

/* "npy", "tensors", "all". False: something else. */
bool alcm_detect_parse(const char *text, enum alcm_detect *out);

/* Whether a file becomes a blob when its first write is these n > 0 bytes at its start.
   Quick: looks at no more than 64 KiB of them. */
bool alcm_detect_first(enum alcm_detect detect, const void *first, size_t n);

struct alcm_verdict {
	bool worth;      /* it should be compressed */
	bool sampled;    /* decided by a sample of its content, not by its head or size */
	char reason[96]; /* why, or why not: "safetensors", "already compressed: gzip", … */
};

/* The default of the smallest file that is compressed without being named. */
#define ALCM_MIN_SIZE 4096

/*
 * Whether the plain file `fd` (readable), with the attributes `st`, is worth compressing,
 * and why or why not. Decided by its size, its head, and a sample of 16 pieces across it;
 * or by an earlier verdict, if one was kept. Every decision about whole files uses this.
 * -EIO, …
 */
int alcm_detect_file(enum alcm_detect detect, uint64_t min_size, int fd,
	const struct stat *st, struct alcm_verdict *out);

/* Why the file is plain, as snprintf(3): the verdict's reason, or that it must be packed
   by hand. */
int alcm_verdict_text(const struct alcm_verdict *verdict, const struct stat *st,
	char *out, size_t capacity);

/*
 * The verdict that a sample of a file isn't worth compressing can be kept with the file,
 * in the extended attribute user.alcm.verdict (docs/format.md, section 7), which follows
 * the file. It is believed while size, mtime and level are unchanged. `fd` may be O_PATH.
 *
 * alcm_verdict_keep(): `st` is the file's. -EINVAL: a verdict without a sample, or one
 * that the file is worth it. -EOPNOTSUPP, -EPERM, -ENOSPC, … as setxattr(2): the file is
 * judged again next time.
 */
#define ALCM_VERDICT_XATTR "user.alcm.verdict"
int alcm_verdict_keep(int fd, enum alcm_detect detect, const struct stat *st,
	const struct alcm_verdict *verdict);

/* utimensat() changed the file's mtime, but not its content. */
void alcm_verdict_touched(int fd, const struct stat *before,
	const struct timespec *mtime);

/* The file is about to be changed. mtimes can be too coarse to show that. */
void alcm_verdict_drop(int fd);

enum alcm_kind { ALCM_PLAIN, ALCM_BLOB };

struct alcm_probe {
	enum alcm_kind kind;
	uint64_t logical_size; /* of a blob; a plain file's own size otherwise */
};

/*
 * Find out what the store's file behind `fd` (readable) holds, reading a few hundred
 * bytes. A blob without a trailer is scanned. -EIO: a blob that can't be read, or that a
 * newer format made: `diag` says which.
 */
int alcm_probe(int fd, struct alcm_probe *out, struct alcm_diag *diag);

/* ---- profiles: what compression may do to the values ------------------------------- */

struct alcm_profile {
	uint8_t id;    /* as on disk */
	char name[32]; /* canonical spelling */
	/* values may change once a file is complete: alcm_blob_quantise() */
	bool lossy;
	/* `paper`: the share of values to prune; see struct alcm_scheduler */
	double prune_share;
	double bound; /* `bounded:E` and `bounded-abs:E`: E; otherwise 0 */
};

/*
 * Parse a profile's name: "lossless", "paper", "alcm" (the same error as paper's, in
 * fewer bits), "bounded:E" (no value moves by more than E times max − min of the tensor,
 * 0 < E < 1) or "bounded-abs:E" (by more than E). -EINVAL, and `diag` names the fault.
 */
int alcm_profile_parse(const char *text, struct alcm_profile *out,
	struct alcm_diag *diag);

/* The default: "lossless". */
void alcm_profile_default(struct alcm_profile *out);

/*
 * The paper's scheduler ("Adaptive scheduling"): the share of values that profile `paper`
 * prunes follows the CAQ of successive saves. From the second score on, a trend (newest −
 * oldest of the last five) above 0 multiplies the share by 0.95, any other divides it; it
 * stays in [0.001, 0.1].
 */
#define ALCM_SCHEDULER_WINDOW 5

struct alcm_scheduler {
	double prune_share; /* for the next save */
	uint64_t n_saves;
	unsigned n_scores;
	double scores[ALCM_SCHEDULER_WINDOW]; /* CAQ, oldest first */
};

/* The state before the first save: a share of 0.01. */
void alcm_scheduler_init(struct alcm_scheduler *scheduler);

/* A save was done, with this CAQ. */
void alcm_scheduler_add(struct alcm_scheduler *scheduler, double caq);

/* The state as JSON; freed with alcm_free_text(). -ENOMEM. */
int alcm_scheduler_json(const struct alcm_scheduler *scheduler, char **out);

/* Read such JSON, of any content. -EINVAL: it isn't a state. */
int alcm_scheduler_parse(const char *json, size_t len, struct alcm_scheduler *out,
	struct alcm_diag *diag);

/* ---- blobs ------------------------------------------------------------------------- */

struct alcm_blob;

/*
 * Make the empty file `fd` (open for reading and writing) a blob. Nothing is written
 * before the first full chunk or the first commit. The blob borrows `fd` until
 * alcm_blob_close().
 */
int alcm_blob_create(struct alcm *alcm, int fd, const struct alcm_profile *profile,
	struct alcm_blob **out);

/*
 * Open the blob in `fd`; it borrows `fd`. Only `writable` blobs take changes (fd open for
 * both reading and writing). After a crash this finds the last committed state
 * (docs/format.md, "Recovery"). -EIO: corrupt beyond that, or made by a newer format.
 * -EMEDIUMTYPE: no blob.
 */
int alcm_blob_open(struct alcm *alcm, int fd, bool writable, struct alcm_blob **out,
	struct alcm_diag *diag);

/* Close the blob. Uncommitted changes are lost, as in a crash: call alcm_blob_commit()
   first and check its result. Must be the last call on the blob. NULL is fine. */
void alcm_blob_close(struct alcm_blob *blob);

/* The largest logical size, of blobs that the engine creates, and of an existing blob:
   2^48 bytes with chunks of 64 KiB, 2^49 with 128 KiB, 2^50 with larger ones. */
uint64_t alcm_max_size(const struct alcm *alcm);
uint64_t alcm_blob_max_size(const struct alcm_blob *blob);

/* Logical size. Never waits. */
uint64_t alcm_blob_size(struct alcm_blob *blob);

/*
 * Read up to `n` bytes at `off`; short only at the end of the file. -EIO: a chunk in the
 * range is corrupt; other chunks still read.
 */
ssize_t alcm_blob_pread(struct alcm_blob *blob, void *buf, size_t n, uint64_t off,
	struct alcm_diag *diag);

/*
 * Write `n` bytes at `off`, growing the file as needed; a gap before `off` reads as
 * zeros. Waits for memory of the budget and for a running commit. Returns the bytes
 * taken: fewer than `n` when an error came after the first chunk, or at
 * alcm_blob_max_size(). -ENOSPC, -EDQUOT: the store can't hold the data (nothing was
 * taken). -EFBIG: `off` is at that size or beyond, or the store's file would exceed
 * RLIMIT_FSIZE or the store's limit. -EIO: a chunk to be changed in part is corrupt, or
 * an earlier write to the store failed.
 */
ssize_t alcm_blob_pwrite(struct alcm_blob *blob, const void *buf, size_t n, uint64_t off,
	struct alcm_diag *diag);

/*
 * A new blob will be filled with the `size` bytes of the plain file `fd`. Tensors are
 * looked for in that file, ahead of what is written. It must stay open and unchanged
 * until the blob is closed or this is called with `fd` -1. Call it before the first
 * write. No errors.
 */
void alcm_blob_look_ahead(struct alcm_blob *blob, int fd, uint64_t size);

/* Set the logical size; growth reads as zeros. Errors as alcm_blob_pwrite(). */
int alcm_blob_truncate(struct alcm_blob *blob, uint64_t size, struct alcm_diag *diag);

/* Zero [off, off+len) within the present size (whole chunks become holes). */
int alcm_blob_zero(struct alcm_blob *blob, uint64_t off, uint64_t len,
	struct alcm_diag *diag);

/* Reserve space in the store so that `len` more bytes can be written. -ENOSPC, -EDQUOT,
   -EFBIG. */
int alcm_blob_reserve(struct alcm_blob *blob, uint64_t len);

/* lseek(2)'s SEEK_DATA and SEEK_HOLE by chunks; only chunks that were never written are
   holes. Returns the offset; -ENXIO beyond the end, as lseek(2). */
int64_t alcm_blob_seek(struct alcm_blob *blob, uint64_t off, int whence);

/*
 * Make everything written so far the blob's committed state: encode buffered data, append
 * index and trailer. With `sync` it is on the store's disk when this returns. Does
 * nothing to a clean blob (but syncs it if asked and not yet synced). Writers wait until
 * it returns. -ENOSPC, -EDQUOT, -EFBIG: nothing is lost, call again when there is space.
 * -EIO: the store failed.
 */
int alcm_blob_commit(struct alcm_blob *blob, bool sync, struct alcm_diag *diag);

/*
 * The last writer closes a committed blob: give back the space of replaced data if the
 * file takes more than its data would uncompressed, plus a twentieth. Syncs if there is
 * something to give back. The last synced commit stays readable if this is interrupted.
 * `*changed`: the store's file was changed, and its times with it. -EIO: the store
 * failed. Does nothing where the store can't punch holes.
 */
int alcm_blob_reclaim(struct alcm_blob *blob, bool *changed, struct alcm_diag *diag);

/* Whether the blob's profile is lossy. */
bool alcm_blob_lossy(const struct alcm_blob *blob);

/*
 * Give a whole tensor the values of its blob's lossy profile (chosen with
 * alcm_blob_create()). Call it when a save is complete, before the commit that ends it.
 * Values that were quantised before keep their bits. Values written since go on the same
 * grid. A tensor that was rewritten as a whole gets a new grid; `prune_share` is for
 * that, from the scheduler. `*changed` says whether readers see other values now. Writers
 * wait until it returns; readers don't.
 *
 * In a container, every float tensor is quantised except optimizer state, and its
 * checksums are updated. That happens once; data written into it later stays as written.
 * A container with a checksum that can't be updated is left alone.
 *
 * Does nothing and returns 0 for a lossless blob and for data that the profile leaves
 * alone: chunks with NaN or Inf, integers, an incomplete tensor. alcm_blob_info() says
 * why. On an error (-ENOSPC, -EDQUOT, -ENOMEM, -EIO) some chunks are quantised and others
 * aren't, in a container none; call again.
 */
int alcm_blob_quantise(struct alcm_blob *blob, double prune_share, bool *changed,
	struct alcm_diag *diag);

/* True when there are changes that no commit has made permanent. */
bool alcm_blob_dirty(struct alcm_blob *blob);

/* Logical bytes of the chunks encoded since it was opened. Compared with the bytes
   written, it shows the cost of small changes. */
uint64_t alcm_blob_encoded_bytes(const struct alcm_blob *blob);

/* True while nothing at all has been written to the store for this (created) blob. */
bool alcm_blob_unwritten(struct alcm_blob *blob);

/*
 * Get exclusive use of the store's file: encoders finish their chunks, and start none
 * until alcm_blob_resume(). Until then the blob may only be read. It may also be closed,
 * if the file has been replaced.
 */
void alcm_blob_pause(struct alcm_blob *blob);
void alcm_blob_resume(struct alcm_blob *blob);

/* ---- metrics and reports ----------------------------------------------------------- */

/* The paper's six statistics (core/tensor/stats.h has the definitions). NaN and Inf are
   counted and left out. */
struct alcm_stats {
	/* n: finite values; the figures below cover these */
	uint64_t n, n_nan, n_inf;
	double mean, variance, stddev, skewness, kurtosis, sparsity, min, max;
};

struct alcm_plane {
	char name[32];  /* "exponent", "byte 2", … */
	char coder[16]; /* the coder of most of its bytes */
	uint64_t n_values;
	uint64_t raw_bytes, stored_bytes;
	double bits_before, bits_after; /* per value */
};

/* The error of a lossy profile, against the values that were written. */
struct alcm_distortion {
	uint64_t n_values;
	double pruned_share; /* share of the values that weren't zero before and are now */
	double mse, mae, max_error;
	double relative_l2; /* ‖x − y‖ / ‖x‖ */
	double psnr_db;     /* peak: the range max − min; infinite without an error */
};

/* The quantisation of a lossy profile. */
struct alcm_quantisation {
	char why_not[64];   /* "", or why the values are as written */
	double entropy;     /* E, the predicted entropy; the scales follow from it */
	double prune_share; /* p, as requested */
	bool prune_capped;  /* more than a quarter would have been pruned */
	double bound;       /* the largest allowed error; 0: no limit */
	uint64_t n_scales;  /* 0: not quantised */
	/* if more than one, each has its own E, bound …, and these fields are 0 */
	uint64_t n_tensors;
	struct alcm_distortion distortion;
};

/* A tensor of a container, or all tensors whose names differ only in numbers, with stars
   for those. */
#define ALCM_TENSOR_NAME 96
#define ALCM_TENSOR_DIMS 8
#define ALCM_NO_SHAPE 255 /* as n_dims: several shapes, or too many dimensions */
#define ALCM_MAX_TENSOR_ROWS 64

struct alcm_tensor {
	/* cut off if it is longer; "" for bytes outside of named tensors */
	char name[ALCM_TENSOR_NAME];
	char dtype[16]; /* as the format spells it; "": several */
	unsigned n_dims;
	uint64_t shape[ALCM_TENSOR_DIMS];
	uint64_t n_tensors, bytes;
	double stored_bytes;            /* its share of the records that hold it */
	unsigned first_plane, n_planes; /* in tensor_planes of its struct alcm_info */
};

#define ALCM_MAX_PLANES 32
#define ALCM_MAX_TENSOR_PLANES (16 * ALCM_MAX_TENSOR_ROWS)
#define ALCM_MAX_DIMS 64

/* A blob within a blob: a file of another store, copied with its compressed bytes, and
   the text for users about it. */
#define ALCM_FORMAT_BLOB "alcm blob"
#define ALCM_FORMAT_BLOB_WHY "a compressed file of another store; `alcm cat` extracts it"

struct alcm_info {
	/* the tensor, from the file's own header; dtype is "" for plain bytes */
	/* "npy", a container's ("safetensors", …), "bytes", or ALCM_FORMAT_BLOB */
	char format[16];
	uint64_t n_tensors; /* of a container: number of tensors */
	char dtype[64];     /* as the format spells it: "<f4" */
	unsigned n_dims;
	uint64_t shape[ALCM_MAX_DIMS];
	bool fortran_order;

	unsigned n_rows; /* of tensors, by alcm_blob_list_tensors() */
	struct alcm_tensor rows[ALCM_MAX_TENSOR_ROWS];

	/* the blob */
	uint64_t logical_bytes, stored_bytes; /* stored: what the file takes on the disk */
	uint64_t live_bytes;                  /* the part that the committed state needs */
	uint64_t n_chunks;                    /* with a record; holes don't count */
	uint32_t chunk_bytes, format_version;
	uint8_t uuid[16];
	uint64_t commit_no;
	char profile[32];
	bool lossy; /* some values differ from those written */
	struct alcm_quantisation quantisation;

	/* the result */
	double cpu_seconds, wall_seconds;
	unsigned threads;
	/* MB/s = 10^6 logical bytes per cpu second */
	double ratio, caq, bits_per_value, mb_per_s;
	/* by the paper's network, 0.2 … 0.9; 0 without statistics */
	double predicted_entropy;
	char codec[16]; /* the coder that saved most bytes */
	struct alcm_stats stats;
	unsigned n_planes;
	struct alcm_plane planes[ALCM_MAX_PLANES];

	/* zlib -6 on a sample of the same data */
	uint64_t baseline_sample_bytes, baseline_stored_bytes;
	double baseline_cpu_seconds;

	/*
	 * Planes of the rows of tensors, row by row, with their shares. If a row has more
	 * planes than fit, its last one is "others". While n_tensor_planes is 0 nothing here
	 * is set.
	 */
	unsigned n_tensor_planes;
	struct alcm_plane tensor_planes[ALCM_MAX_TENSOR_PLANES];
};

/* Metrics of the committed state. -ENODATA before the first commit; -EIO. */
int alcm_blob_info(struct alcm_blob *blob, struct alcm_info *out, struct alcm_diag *diag);

/*
 * Add the tensors of a container to `info` with their planes: one row each; or, if there
 * are more than ALCM_MAX_TENSOR_ROWS, one row for all names that differ only in numbers.
 * Reads the head of every record. -ENOMEM.
 */
int alcm_blob_list_tensors(struct alcm_blob *blob, struct alcm_info *info);

/* CAQ = ratio / (cpu_seconds + 1) (the paper's metric). */
double alcm_caq(double ratio, double cpu_seconds);

/*
 * The report as JSON (docs/report.schema.json). `name` is the file as the user sees it,
 * relative to the store; `mtime` is that of the logical file. `*out` is the caller's,
 * freed with alcm_free_text().
 */
int alcm_report_json(const struct alcm_info *info, const char *name,
	const struct timespec *mtime, char **out);

/*
 * Extended attributes in a mount that hold JSON: a file's report, a directory's scheduler
 * state, and the mount's figures (docs/stats.schema.json), which any file has. An
 * attribute has at most 64 KiB, so NAME.0, NAME.1, … are pieces of a longer text,
 * ALCM_DOCUMENT_PIECE bytes each; a shorter piece is the last.
 */
#define ALCM_REPORT_XATTR "user.alcm.report"
#define ALCM_SCHEDULER_XATTR "user.alcm.scheduler"
#define ALCM_STATS_XATTR "user.alcm.stats"
#define ALCM_DOCUMENT_PIECE 32768u
#define ALCM_DOCUMENT_PIECES 32

/* True when the `len` bytes of JSON at `json` are the report of this commit, name and
   mtime. */
bool alcm_report_current(const char *json, size_t len, const struct alcm_info *info,
	const char *name, const struct timespec *mtime);

/* A file's name, which may be any bytes, as UTF-8; other bytes become U+FFFD. NULL: no
   memory. Freed with alcm_free_text(). */
char *alcm_utf8(const char *name);

void alcm_free_text(char *text);

/* Read the metrics from such JSON, of any content. Fields that it doesn't have (the uuid,
   values of planes) are 0; numbers that are null are NaN. -EINVAL: it isn't a report. */
int alcm_report_read(const char *json, size_t len, struct alcm_info *out);

/*
 * The figures of a file that sums over files need, as one short line: its coder, whether
 * it is lossy, sizes, CPU time, and zlib's result on a sample. alcm_figures_text() is as
 * snprintf(3). alcm_figures_read() sets these fields of `out`, and the others to 0.
 * -EINVAL: not such a line.
 */
#define ALCM_FIGURES_XATTR "user.alcm.figures"
#define ALCM_FIGURES_BYTES 256
int alcm_figures_text(const struct alcm_info *info, char *out, size_t capacity);
int alcm_figures_read(const char *text, struct alcm_info *out);

#define ALCM_HISTOGRAM_BINS 64

/* Histograms of the finite values in a sample of a tensor; the components of complex
   values count singly. */
struct alcm_histogram {
	uint64_t sample_bytes;           /* bytes read of the file */
	uint64_t n_values, n_nan, n_inf; /* in the sample; n_values: finite ones */
	uint64_t n_below, n_above;       /* finite values outside [low, high] */
	double low, high; /* range of the bins, which have one width; equal: a single value */
	unsigned n_bins;  /* 1 … ALCM_HISTOGRAM_BINS */
	uint64_t values[ALCM_HISTOGRAM_BINS]; /* per bin */
	uint64_t n_zero;                      /* zeros, which have no exponent */
	int exponent_low; /* bin i: 2^(low + i·step) <= |v| < 2^(low + (i+1)·step) */
	unsigned exponent_step, n_exponents; /* n_exponents 0: only zeros */
	uint64_t exponents[ALCM_HISTOGRAM_BINS];
};

/*
 * Make histograms of at most max_blocks blocks of 256 KiB, evenly spread over a tensor
 * file of `size` bytes. `read` fills `n` bytes at `off`, or returns a negative errno.
 * Bins of values reach four standard deviations from the mean; integers with fewer than
 * ALCM_HISTOGRAM_BINS values have a bin each. -ENODATA: no tensor, or no numbers in it.
 * -ENOMEM, and errors of `read`.
 */
int alcm_histogram(int (*read)(void *ctx, void *buf, size_t n, uint64_t off), void *ctx,
	uint64_t size, uint32_t max_blocks, struct alcm_histogram *out);

/* ---- the predictor: the network behind predicted_entropy --------------------------- */

/*
 * Read weights from a text, from the present position of `fd` to its end: 513 numbers
 * separated by white space, with comments from # to the end of a line. Row by row they
 * are W1 (6, 64), b1 (64), W2 (64, 1) and b2 (1). The network is 0.2 + 0.7 / (1 +
 * exp(-(max(x W1 + b1, 0) W2 + b2))); x is mean, variance, stddev, skewness, kurtosis,
 * sparsity. -EINVAL: `diag` names the line without a number, or the weight that is NaN or
 * Inf. -EFBIG: more than 1 MiB. -ENOMEM, -EIO, … Free with alcm_predictor_free().
 */
int alcm_predictor_read(int fd, struct alcm_predictor **out, struct alcm_diag *diag);
void alcm_predictor_free(struct alcm_predictor *predictor);

/* ---- the codec alone, for estimates and benchmarks --------------------------------- */

/* The lossless coding of one file's chunks, as in a blob but in memory: no checksums, no
   verification. A coder belongs to one thread. */
struct alcm_coder;

/* Make a coder for a file that begins with the n bytes at `prefix` (its first chunk, or
   all of it), in chunks of at most chunk_bytes. -ENOMEM. Free with alcm_coder_free(). */
int alcm_coder_new(const void *prefix, size_t n, uint32_t chunk_bytes,
	struct alcm_coder **out);
void alcm_coder_free(struct alcm_coder *coder);

/* Bytes of one element of the file's tensor, with all components; 1 if it has none. */
unsigned alcm_coder_item_bytes(const struct alcm_coder *coder);

/* The capacity that alcm_coder_encode() needs for n bytes. */
size_t alcm_coder_bound(uint32_t n);

/*
 * Encode the n > 0 bytes at `off` in the file. Returns the length of `body`, or -ENOMEM.
 */
int64_t alcm_coder_encode(struct alcm_coder *coder, const void *raw, uint32_t n,
	uint64_t off, void *body);

/* Decode a body into exactly n bytes. -EIO: it isn't one. */
int alcm_coder_decode(struct alcm_coder *coder, const void *body, uint32_t body_len,
	void *raw, uint32_t n);

/* ---- checking ---------------------------------------------------------------------- */

struct alcm_check {
	uint64_t n_chunks, n_bad; /* chunks looked at; chunks lost */
	/* logical offset of the first bad chunk */
	uint64_t bad_offset;
	/* orphan_tail: uncommitted records of a crash */
	bool header_bad, trailer_lost, orphan_tail;
	/* trailer_lost because no commit was ever made, or it was cut off without a trace */
	bool unfinished;
	bool repaired;
	struct alcm_diag first; /* cause of the first finding */
};

/*
 * Verify every checksum of the blob in `fd` and decode every chunk. With `repair` (fd
 * writable) a lost header, index or trailer is rewritten from intact parts; bad chunks
 * stay bad. Returns 0 also when faults were found: see `out`. -EMEDIUMTYPE: neither a
 * blob nor the remains of one.
 */
int alcm_check(struct alcm *alcm, int fd, bool repair, struct alcm_check *out);

#ifdef __cplusplus
}
#endif

#include "alcm_process.h"
#include "alcm_store.h"

#endif
