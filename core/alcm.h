/* SPDX-License-Identifier: MIT */
/*
 * libalcm: random-access files of compressed tensors (blobs).
 *
 * This is the only header that leaves core, with its parts alcm_store.h and
 * alcm_process.h, which it includes. A blob is one file of the store; its bytes are
 * described in docs/format.md. Unless a function says otherwise:
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
	/* look harder for matches: what isn't made of models' floats gets smaller, and takes
	   several times as long */
	bool high_effort;
	bool verify; /* decode and compare each chunk before its buffer is let go */
	/* Of alcm_predictor_read(), kept until alcm_free(); NULL: the built-in. */
	const struct alcm_predictor *predictor;
	/* One line; may be NULL. `fd`: the file that it is about, as alcm_blob_open() got it;
	   -1: no file. */
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

/*
 * Free what the engine keeps only so that the next work finds it ready: a few MiB per
 * thread, and up to a quarter of the budget. For a time without work; harmless at any
 * other.
 */
void alcm_trim(struct alcm *alcm);

/* Memory that chunk buffers take now and at most so far, and the limit, in bytes. */
struct alcm_budget_use {
	size_t used, peak, limit;
};
void alcm_budget_use(struct alcm *alcm, struct alcm_budget_use *out);

/* What an engine did since it was started; every field only grows. CPU time is that of
   codec and checksums. */
struct alcm_work {
	uint64_t n_encoded, encoded_bytes, encoded_stored_bytes,
		encode_cpu_ns; /* chunks; logical and stored bytes */
	/* for readers, verification left out */
	uint64_t n_decoded, decoded_bytes, decode_cpu_ns;
	uint64_t n_verify_failed; /* chunks that the codec got wrong, stored as they were */
	uint64_t n_corrupt;       /* records that could not be read or decoded */
};
void alcm_work(struct alcm *alcm, struct alcm_work *out);

/* ---- what a file is ---------------------------------------------------------------- */

enum alcm_sniff {
	ALCM_SNIFF_OTHER,  /* no tensor file */
	ALCM_SNIFF_TENSOR, /* the bytes begin a tensor file, or could as far as they go */
	ALCM_SNIFF_BLOB,   /* the bytes begin (or could begin) a blob: as user data it must be
			      stored inside a blob, or it would be mistaken for one */
};

/* Judge the first `n` > 0 bytes of a file; a prefix shorter than the magic counts as
   it. */
enum alcm_sniff alcm_sniff(const void *prefix, size_t n);

/* What every file of ours begins with: blobs, and files that are being converted in
   place. */
#define ALCM_MAGIC \
	"\x89"         \
	"ALCM"
#define ALCM_MAGIC_BYTES 5

/* As many bytes of a file's start as alcm_sniff() ever looks at. */
#define ALCM_SNIFF_BYTES 64

/* Which files are compressed. */
enum alcm_detect {
	ALCM_DETECT_NPY, /* .npy alone */
	/* every tensor format that is known, and content that is clearly numeric */
	ALCM_DETECT_TENSORS,
	ALCM_DETECT_ALL, /* all but what is compressed already */
};

/* "npy", "tensors", "all". False: something else. */
bool alcm_detect_parse(const char *text, enum alcm_detect *out);
const char *alcm_detect_name(enum alcm_detect detect);

/*
 * Whether a file whose first write is of these n > 0 bytes, at its start, is to be a blob
 * from then on. Quick: looks at no more than 64 KiB of them.
 */
bool alcm_detect_first(enum alcm_detect detect, const void *first, size_t n);

struct alcm_verdict {
	bool worth;      /* it is to be compressed */
	bool sampled;    /* by what its content looks like, not by its head or size */
	char reason[96]; /* why, or why not: "safetensors", "already compressed: gzip", … */
};

/* Of files that are compressed without anybody naming them, unless something else is
   asked for. */
#define ALCM_MIN_SIZE 4096

/*
 * Whether the plain file `fd` (readable), which has the attributes `st`, is worth
 * compressing, and why or why not: by its size, its head, and a sample of 16 pieces
 * across it; or as it was judged before, if that was kept. Everybody who decides about
 * whole files asks this. -EIO, …
 */
int alcm_detect_file(enum alcm_detect detect, uint64_t min_size, int fd,
	const struct stat *st, struct alcm_verdict *out);

/* Why the file is plain, as snprintf(3): the verdict's reason, or that somebody has to
   pack it. */
int alcm_verdict_text(const struct alcm_verdict *verdict, const struct stat *st,
	char *out, size_t capacity);

/*
 * That a sample of a file isn't worth compressing can be kept with it, in the extended
 * attribute user.alcm.verdict (docs/format.md, section 7), which goes where the file
 * goes. It is believed as long as size, mtime and level are those of then. `fd` may be
 * O_PATH.
 *
 * alcm_verdict_keep(): `st` is the file's. -EINVAL: a verdict without a sample, or that
 * it is worth it. -EOPNOTSUPP, -EPERM, -ENOSPC, … as setxattr(2): it is judged anew the
 * next time.
 */
#define ALCM_VERDICT_XATTR "user.alcm.verdict"
int alcm_verdict_keep(int fd, enum alcm_detect detect, const struct stat *st,
	const struct alcm_verdict *verdict);
bool alcm_verdict_kept(int fd, enum alcm_detect detect, const struct stat *st,
	struct alcm_verdict *out);

/* utimensat() gave the file another mtime, but no other content. */
void alcm_verdict_touched(int fd, const struct stat *before,
	const struct timespec *mtime);

/* The file is about to be changed: mtimes can be too coarse to tell. */
void alcm_verdict_drop(int fd);

enum alcm_kind { ALCM_PLAIN, ALCM_BLOB };

struct alcm_probe {
	enum alcm_kind kind;
	uint64_t logical_size; /* of a blob; a plain file's own size otherwise */
};

/*
 * Say what the store's file behind `fd` (readable) holds, reading a few hundred bytes; a
 * blob that lost its trailer is scanned. -EIO: a blob that can't be read, or was made by
 * a newer format: `diag` says which.
 */
int alcm_probe(int fd, struct alcm_probe *out, struct alcm_diag *diag);

/* ---- profiles: what compression may do to the values ------------------------------- */

struct alcm_profile {
	uint8_t id;    /* as on disk */
	char name[32]; /* canonical spelling */
	/* values may change, once a file is complete: alcm_blob_quantise() */
	bool lossy;
	/* of `paper`: the share of values to prune; see struct alcm_scheduler */
	double prune_share;
	double bound; /* of `bounded:E` and `bounded-abs:E`: E; otherwise 0 */
};

/*
 * Parse a profile's name: "lossless", "paper", "alcm" (the same error as paper's, in
 * fewer bits), "bounded:E" (no value moves by more than E times max − min of the tensor,
 * 0 < E < 1) or "bounded-abs:E" (by more than E). -EINVAL, and `diag` naming what is
 * wrong.
 */
int alcm_profile_parse(const char *text, struct alcm_profile *out,
	struct alcm_diag *diag);

/* The profile that blobs name by this id and bound. False: there is none. */
bool alcm_profile_of_id(uint8_t id, double bound, struct alcm_profile *out);

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

/* Read such JSON, which may be anything. -EINVAL: it is no state. */
int alcm_scheduler_parse(const char *json, size_t len, struct alcm_scheduler *out,
	struct alcm_diag *diag);

/* ---- blobs ------------------------------------------------------------------------- */

struct alcm_blob;

/*
 * Make the empty file `fd` (open for reading and writing) a blob. Nothing is written
 * before the first chunk is full or the first commit. The blob borrows `fd` until
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

/*
 * Drop the blob. Changes not committed are lost, as on a crash: call alcm_blob_commit()
 * first and heed what it returns. Must be the last call on the blob. NULL is fine.
 */
void alcm_blob_close(struct alcm_blob *blob);

/*
 * The largest logical size, of blobs that the engine makes and of a blob as it was made:
 * 2^48 bytes with chunks of 64 KiB, 2^49 with 128 KiB, 2^50 with larger ones.
 */
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
 * Write `n` bytes at `off`, growing the file as needed; what lies between reads as zeros.
 * Waits for memory of the budget and for a commit that is under way. Returns the bytes
 * taken: fewer than `n` when an error came after the first chunk, or at
 * alcm_blob_max_size(). -ENOSPC, -EDQUOT: the store can't hold the data (nothing was
 * taken). -EFBIG: `off` is at that size or beyond, or the store's file would exceed
 * RLIMIT_FSIZE or what the store allows. -EIO: a chunk to be changed in part is corrupt,
 * or an earlier write to the store failed.
 */
ssize_t alcm_blob_pwrite(struct alcm_blob *blob, const void *buf, size_t n, uint64_t off,
	struct alcm_diag *diag);

/*
 * A new blob is about to get the `size` bytes of the plain file `fd`, which stays open
 * and as it is until the blob is closed or `fd` is -1: its tensors are looked for there,
 * ahead of what is written. Before the first write; no errors.
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

/*
 * lseek(2)'s SEEK_DATA and SEEK_HOLE by chunks; only what was never written is a hole.
 * Returns the offset; -ENXIO beyond the end, as lseek(2).
 */
int64_t alcm_blob_seek(struct alcm_blob *blob, uint64_t off, int whence);

/*
 * Make everything written so far the blob's committed state: encode what is buffered,
 * append index and trailer. With `sync` it is on the store's disk when this returns. Does
 * nothing to a clean blob (but syncs it if asked and not yet synced). Writers wait
 * meanwhile. -ENOSPC, -EDQUOT, -EFBIG: nothing is lost, call again when there is space.
 * -EIO: the store failed.
 */
int alcm_blob_commit(struct alcm_blob *blob, bool sync, struct alcm_diag *diag);

/*
 * The last writer closes a blob that was committed: give back space of what was replaced,
 * if the file takes more than its data would uncompressed, and a twentieth. Syncs if
 * there is something to give back. The last synced commit stays readable whenever this is
 * cut short. `*changed`: the store's file was, and its times with it. -EIO: the store
 * failed. Where the store can't punch holes, nothing happens.
 */
int alcm_blob_reclaim(struct alcm_blob *blob, bool *changed, struct alcm_diag *diag);

/*
 * Give a whole tensor the values of its blob's lossy profile (which is chosen with
 * alcm_blob_create()); to be called when a save is complete, before the commit that ends
 * it. Values that were quantised before keep their bits, those written since go on the
 * same grid, and a tensor that was written anew as a whole gets a new one. `prune_share`:
 * for that, by the scheduler. `*changed` says whether readers see other values now.
 * Writers wait meanwhile, readers don't.
 *
 * Of a container all tensors of floats are quantised but an optimizer's state, and its
 * checksums are put right, once; what is written into it later stays as it is. One with a
 * checksum that can't be made anew is left alone.
 *
 * Nothing happens, and 0 is returned, to a lossless blob and to what the profile leaves
 * as it is: chunks with NaN or Inf, integers, an incomplete tensor; alcm_blob_info() says
 * why. On an error (-ENOSPC, -EDQUOT, -ENOMEM, -EIO) some chunks are quantised and others
 * not, of a container none; call again.
 */
/* whether its profile is a lossy one */
bool alcm_blob_lossy(const struct alcm_blob *blob);
int alcm_blob_quantise(struct alcm_blob *blob, double prune_share, bool *changed,
	struct alcm_diag *diag);

/* True when there are changes that no commit has made permanent. */
bool alcm_blob_dirty(struct alcm_blob *blob);

/* Logical bytes of the chunks that were encoded since it was opened: against what was
   written, what small changes cost. */
uint64_t alcm_blob_encoded_bytes(const struct alcm_blob *blob);

/* True while nothing at all has been written to the store for this (created) blob. */
bool alcm_blob_unwritten(struct alcm_blob *blob);

/*
 * Have the store's file to oneself: encoders end what they are at, and begin nothing
 * until alcm_blob_resume(). Meanwhile the blob may only be read. It may also be closed,
 * when the file has become another.
 */
void alcm_blob_pause(struct alcm_blob *blob);
void alcm_blob_resume(struct alcm_blob *blob);

/* ---- metrics and reports ----------------------------------------------------------- */

/* The paper's six statistics (core/tensor/stats.h says how), NaN and Inf counted, left
   out. */
struct alcm_stats {
	/* n: finite values, those that the figures below are over */
	uint64_t n, n_nan, n_inf;
	double mean, variance, stddev, skewness, kurtosis, sparsity, min, max;
};

struct alcm_plane {
	char name[32];  /* "exponent", "byte 2", … */
	char coder[16]; /* that coded most of its bytes */
	uint64_t n_values;
	uint64_t raw_bytes, stored_bytes;
	double bits_before, bits_after; /* per value */
};

/* What a lossy profile changed, against the values that were written. */
struct alcm_distortion {
	uint64_t n_values;
	double pruned_share; /* of the values: not zero before, zero now */
	double mse, mae, max_error;
	double relative_l2; /* ‖x − y‖ / ‖x‖ */
	double psnr_db;     /* peak: the range max − min; infinite without an error */
};

/* The quantisation of a lossy profile. */
struct alcm_quantisation {
	char why_not[64];   /* "" or why the values are as they were written */
	double entropy;     /* E, the prediction that the scales are from */
	double prune_share; /* p, asked for */
	bool prune_capped;  /* more than a quarter would have gone */
	double bound;       /* the largest error that is allowed; 0: none is set */
	uint64_t n_scales;  /* 0: not quantised */
	/* with more than one, each has an E, a bound … of its own, and these are 0 */
	uint64_t n_tensors;
	struct alcm_distortion distortion;
};

/* A tensor of a container; or all whose names are the same but for numbers, with stars
   for those. */
#define ALCM_TENSOR_NAME 96
#define ALCM_TENSOR_DIMS 8
#define ALCM_NO_SHAPE 255 /* as n_dims: of several shapes, or of more dimensions */
#define ALCM_MAX_TENSOR_ROWS 64

struct alcm_tensor {
	/* cut off if it is longer; "" for bytes that no tensor names */
	char name[ALCM_TENSOR_NAME];
	char dtype[16]; /* as the format spells it; "" of several */
	unsigned n_dims;
	uint64_t shape[ALCM_TENSOR_DIMS];
	uint64_t n_tensors, bytes;
	double stored_bytes;            /* its share of the records that hold it */
	unsigned first_plane, n_planes; /* in tensor_planes of its struct alcm_info */
};

#define ALCM_MAX_PLANES 32
#define ALCM_MAX_TENSOR_PLANES (16 * ALCM_MAX_TENSOR_ROWS)
#define ALCM_MAX_DIMS 64

/* A blob within a blob: the file of another store that was copied with its compressed
   bytes, and what to tell users. */
#define ALCM_FORMAT_BLOB "alcm blob"
#define ALCM_FORMAT_BLOB_WHY "a compressed file of another store; `alcm cat` gets it out"

struct alcm_info {
	/* the tensor, from the file's own header; dtype is "" when the file is plain bytes */
	/* "npy", a container's ("safetensors", …), "bytes", or ALCM_FORMAT_BLOB */
	char format[16];
	uint64_t n_tensors; /* of a container: how many it has */
	char dtype[64];     /* as the format spells it: "<f4" */
	unsigned n_dims;
	uint64_t shape[ALCM_MAX_DIMS];
	bool fortran_order;

	unsigned n_rows; /* of tensors, by alcm_blob_list_tensors() */
	struct alcm_tensor rows[ALCM_MAX_TENSOR_ROWS];

	/* the blob */
	uint64_t logical_bytes, stored_bytes; /* stored: what the file takes on the disk */
	uint64_t live_bytes;                  /* of that, what the committed state needs */
	uint64_t n_chunks;                    /* with a record; holes don't count */
	uint32_t chunk_bytes, format_version;
	uint8_t uuid[16];
	uint64_t commit_no;
	char profile[32];
	bool lossy; /* some values are not those that were written */
	struct alcm_quantisation quantisation;

	/* the result */
	double cpu_seconds, wall_seconds;
	unsigned threads;
	/* MB/s = 10^6 logical bytes per cpu second */
	double ratio, caq, bits_per_value, mb_per_s;
	/* of the paper's network, 0.2 … 0.9; 0 without statistics */
	double predicted_entropy;
	char codec[16]; /* coder that holds most of the stored bytes */
	struct alcm_stats stats;
	unsigned n_planes;
	struct alcm_plane planes[ALCM_MAX_PLANES];

	/* zlib -6 on a sample of the same data */
	uint64_t baseline_sample_bytes, baseline_stored_bytes;
	double baseline_cpu_seconds;

	/*
	 * Of the rows of tensors, row by row, their shares too. Where there are more than a
	 * row has room for, its last plane is "others". As long as n_tensor_planes is 0
	 * nothing here is set.
	 */
	unsigned n_tensor_planes;
	struct alcm_plane tensor_planes[ALCM_MAX_TENSOR_PLANES];
};

/* Metrics of the committed state. -ENODATA before the first commit; -EIO. */
int alcm_blob_info(struct alcm_blob *blob, struct alcm_info *out, struct alcm_diag *diag);

/*
 * Add the tensors of a container to `info`: one row each, or, of more than
 * ALCM_MAX_TENSOR_ROWS, one for each name without its numbers, with their planes. Reads
 * the head of every record. -ENOMEM.
 */
int alcm_blob_list_tensors(struct alcm_blob *blob, struct alcm_info *info);

/* CAQ = ratio / (cpu_seconds + 1) (the paper's metric). */
double alcm_caq(double ratio, double cpu_seconds);

/*
 * The report as JSON (docs/report.schema.json): `name` as the user sees the file,
 * relative to the store; `mtime` of the logical file. `*out` is the caller's, freed with
 * alcm_free_text().
 */
int alcm_report_json(const struct alcm_info *info, const char *name,
	const struct timespec *mtime, char **out);

/*
 * The extended attributes of a file in a mount that hold such JSON, of a directory that
 * hold its scheduler's state, and of any that hold the mount's figures
 * (docs/stats.schema.json). An attribute has 64 KiB at most: NAME.0, NAME.1, … are a
 * longer text's pieces, of ALCM_DOCUMENT_PIECE bytes; a shorter one is the last.
 */
#define ALCM_REPORT_XATTR "user.alcm.report"
#define ALCM_SCHEDULER_XATTR "user.alcm.scheduler"
#define ALCM_STATS_XATTR "user.alcm.stats"
#define ALCM_DOCUMENT_PIECE 32768u
#define ALCM_DOCUMENT_PIECES 32

/* True when the `len` bytes of JSON at `json` are the report of just this commit, name,
   mtime. */
bool alcm_report_current(const char *json, size_t len, const struct alcm_info *info,
	const char *name, const struct timespec *mtime);

/*
 * A file's name, which may be any bytes, as UTF-8: what isn't becomes U+FFFD. NULL: no
 * memory. Freed with alcm_free_text().
 */
char *alcm_utf8(const char *name);

void alcm_free_text(char *text);

/*
 * The metrics that such JSON, which may be anything, was made of; fields that it doesn't
 * have (the uuid, values of planes) are 0, numbers that are null NaN. -EINVAL: it is no
 * report.
 */
int alcm_report_read(const char *json, size_t len, struct alcm_info *out);

/*
 * What sums over files need of each, as one short line: its coder, whether it is lossy,
 * sizes, CPU time, and what zlib made of a sample. alcm_figures_text() is as snprintf(3);
 * alcm_figures_read() sets just those of `out`, the others to 0. -EINVAL: it is no such
 * line.
 */
#define ALCM_FIGURES_XATTR "user.alcm.figures"
#define ALCM_FIGURES_BYTES 256
int alcm_figures_text(const struct alcm_info *info, char *out, size_t capacity);
int alcm_figures_read(const char *text, struct alcm_info *out);

#define ALCM_HISTOGRAM_BINS 64

/* Of the finite values of a sample of a tensor; components of complex values count
   singly. */
struct alcm_histogram {
	uint64_t sample_bytes;           /* that were read of the file */
	uint64_t n_values, n_nan, n_inf; /* in it; n_values: finite */
	uint64_t n_below, n_above;       /* finite values outside [low, high] */
	double low, high; /* of all bins, which are of one width; equal: one value */
	unsigned n_bins;  /* 1 … ALCM_HISTOGRAM_BINS */
	uint64_t values[ALCM_HISTOGRAM_BINS]; /* per bin */
	uint64_t n_zero;                      /* values that have no exponent */
	int exponent_low; /* bin i: 2^(low + i·step) <= |v| < 2^(low + (i+1)·step) */
	unsigned exponent_step, n_exponents; /* n_exponents 0: there are only zeros */
	uint64_t exponents[ALCM_HISTOGRAM_BINS];
};

/*
 * Histograms of at most max_blocks blocks of 256 KiB, evenly spread over the tensor file
 * of `size` bytes that `read` reads: it fills `n` bytes at `off`, or returns a negative
 * errno. Bins of values reach four standard deviations from the mean; integers of less
 * than ALCM_HISTOGRAM_BINS values have one each. -ENODATA: no tensor, or no numbers in
 * it. -ENOMEM, and what `read` returns.
 */
int alcm_histogram(int (*read)(void *ctx, void *buf, size_t n, uint64_t off), void *ctx,
	uint64_t size, uint32_t max_blocks, struct alcm_histogram *out);

/* ---- the predictor: the network behind predicted_entropy --------------------------- */

/*
 * Weights from a text, from the present position of `fd` to its end: 513 numbers with
 * white space between them, comments from # to the end of a line. Row by row they are W1
 * (6, 64), b1 (64), W2 (64, 1) and b2 (1); the network is 0.2 + 0.7 / (1 + exp(-(max(x W1
 * + b1, 0) W2 + b2))), x the statistics mean, variance, stddev, skewness, kurtosis,
 * sparsity. -EINVAL: `diag` names the line that holds no number, or the weight that is
 * NaN or Inf. -EFBIG: more than 1 MiB. -ENOMEM, -EIO, … Free with alcm_predictor_free().
 */
int alcm_predictor_read(int fd, struct alcm_predictor **out, struct alcm_diag *diag);
void alcm_predictor_free(struct alcm_predictor *predictor);

/* ---- the codec alone, for estimates and benchmarks --------------------------------- */

/*
 * The lossless coding of one file's chunks, as a blob does it, in memory: no checksums,
 * no verification. A coder is one thread's.
 */
struct alcm_coder;

/*
 * For a file that begins with the n bytes at `prefix` (its first chunk, or all of it), in
 * chunks of at most chunk_bytes. -ENOMEM. Free with alcm_coder_free().
 */
int alcm_coder_new(const void *prefix, size_t n, uint32_t chunk_bytes,
	struct alcm_coder **out);
void alcm_coder_free(struct alcm_coder *coder);

/* Bytes of one value of the file's tensor, all its components; 1 if it is none. */
unsigned alcm_coder_item_bytes(const struct alcm_coder *coder);

/* The room that alcm_coder_encode() needs for n bytes. */
size_t alcm_coder_bound(uint32_t n);

/* Encode the n > 0 bytes that lie at `off` of the file. The length of `body`, or
   -ENOMEM. */
int64_t alcm_coder_encode(struct alcm_coder *coder, const void *raw, uint32_t n,
	uint64_t off, void *body);

/* And back into exactly n bytes. -EIO: that is no such body. */
int alcm_coder_decode(struct alcm_coder *coder, const void *body, uint32_t body_len,
	void *raw, uint32_t n);

/* ---- checking ---------------------------------------------------------------------- */

struct alcm_check {
	uint64_t n_chunks, n_bad; /* chunks looked at; chunks lost */
	/* logical offset of the first bad chunk */
	uint64_t bad_offset;
	/* orphan: a crash's uncommitted records */
	bool header_bad, trailer_lost, orphan_tail;
	/* trailer_lost, as no commit was ever made, or it was cut off without a trace */
	bool unfinished;
	bool repaired;
	struct alcm_diag first; /* cause of the first finding */
};

/*
 * Verify every checksum of the blob in `fd` and decode every chunk. With `repair` (fd
 * writable) a lost header, index or trailer is written anew from what is intact; bad
 * chunks stay bad. 0 also when faults were found: see `out`. -EMEDIUMTYPE: no blob, nor
 * the remains of one.
 */
int alcm_check(struct alcm *alcm, int fd, bool repair, struct alcm_check *out);

#ifdef __cplusplus
}
#endif

#include "alcm_process.h"
#include "alcm_store.h"

#endif
