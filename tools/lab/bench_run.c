/* SPDX-License-Identifier: MIT */
/*
 * A round encodes the whole sample with one codec, then decodes it, on all threads.
 * Threads take every n-th chunk. The first round is not counted: it warms caches and
 * memory. Results are medians over the rounds, which outliers don't move.
 *
 *     thread 0    chunks 0, 3, 6, …       first = 0, step = 3
 *     thread 1    chunks 1, 4, 7, …
 *     thread 2    chunks 2, 5, 8, …
 *
 * Rounds are interleaved: round 1 of all codecs, then round 2 of all. A clock that slows
 * down with heat, or another program, thus meets every codec and not just the last.
 *
 *     round 0    all but the slow ones    warm-up
 *     round 1    all                      counted
 *     round 3    all                      the last of the slow ones
 *     round n    all but the slow ones
 *
 * What is measured is the codec alone: reading the file, making contexts and comparing
 * results are outside of the clock. With one thread the figure is its CPU time, which
 * other programs don't disturb; with several it is wall time, because a CPU sum would
 * hide that they wait for each other.
 *
 * A codec that returns other bytes ends the run: figures of a broken codec mean nothing.
 */
#include "bench_run.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"

/* The chunks to measure with, and buffers for the results. */
struct sample {
	size_t n_chunks, slot_bytes;
	uint64_t n_bytes;
	uint64_t *offs; /* offset of each chunk in the file */
	uint32_t *lens;
	uint8_t *raw;   /* chunk i at i × BENCH_CHUNK */
	uint8_t *coded; /* at i × slot_bytes */
	uint8_t *back;
	uint32_t *coded_lens;
};

/* A thread's share of one pass: chunks first, first + step, … */
struct worker {
	const struct sample *sample;
	struct bench_coder *coder;
	const struct bench_codec *codec;
	size_t first, step;
	bool decoding, failed;
	double cpu;
	pthread_t thread;
};

/* ---- the sample -------------------------------------------------------------------- */

static void sample_free(struct sample *s)
{
	free(s->offs);
	free(s->lens);
	free(s->raw);
	free(s->coded);
	free(s->back);
	free(s->coded_lens);
}

static bool sample_alloc(struct sample *s, size_t n_codecs)
{
	for (size_t i = 0; i < n_codecs; i++) {
		size_t bound = bench_codecs[i].bound(BENCH_CHUNK);

		s->slot_bytes = bound > s->slot_bytes ? bound : s->slot_bytes;
	}
	s->offs = calloc(s->n_chunks, sizeof(*s->offs));
	s->lens = calloc(s->n_chunks, sizeof(*s->lens));
	s->coded_lens = calloc(s->n_chunks, sizeof(*s->coded_lens));
	s->raw = malloc(s->n_chunks * BENCH_CHUNK);
	s->back = malloc(s->n_chunks * BENCH_CHUNK);
	s->coded = malloc(s->n_chunks * s->slot_bytes);
	return s->offs && s->lens && s->coded_lens && s->raw && s->back && s->coded;
}

/* Read all chunks of the file, or as many as fit BENCH_MAX_BYTES, evenly spread. Evenly
   spread chunks include the first and the last one, and so the header. */
static int sample_read(struct sample *s, struct source *source, size_t n_codecs)
{
	uint64_t n_all = (source->size + BENCH_CHUNK - 1) / BENCH_CHUNK;
	uint64_t most = BENCH_MAX_BYTES / BENCH_CHUNK;
	int err = 0;

	s->n_chunks = n_all < most ? n_all : most;
	if (!sample_alloc(s, n_codecs))
		return -ENOMEM;
	for (size_t i = 0; i < s->n_chunks && !err; i++) {
		uint64_t no = s->n_chunks == n_all ? i : i * (n_all - 1) / (s->n_chunks - 1);
		uint64_t left = source->size - no * BENCH_CHUNK;

		s->offs[i] = no * BENCH_CHUNK;
		s->lens[i] = left < BENCH_CHUNK ? (uint32_t)left : BENCH_CHUNK;
		s->n_bytes += s->lens[i];
		err = source_read(source, s->raw + i * BENCH_CHUNK, s->lens[i], s->offs[i]);
	}
	return err;
}

/* ---- passes ------------------------------------------------------------------------ */

/*
 * A failed chunk ends this worker's pass; the others finish theirs, and the pass fails.
 */
static void *run_worker(void *arg)
{
	struct worker *w = arg;
	const struct sample *s = w->sample;
	uint64_t start = clock_thread_cpu_ns();

	for (size_t i = w->first; i < s->n_chunks && !w->failed; i += w->step) {
		uint8_t *coded = s->coded + i * s->slot_bytes;

		if (w->decoding) {
			w->failed = w->codec->decode(w->coder, coded, s->coded_lens[i],
							s->back + i * BENCH_CHUNK, s->lens[i]) != s->lens[i];
			continue;
		}
		s->coded_lens[i] = (uint32_t)w->codec->encode(w->coder, s->raw + i * BENCH_CHUNK,
			s->lens[i], s->offs[i], coded, s->slot_bytes);
		w->failed = !s->coded_lens[i];
	}
	w->cpu = clock_seconds(clock_thread_cpu_ns() - start);
	return NULL;
}

/* One pass over the sample. The calling thread is the first worker, so one thread needs
   no other. `*taken`: CPU time of one thread, or wall time of several. */
static int pass(struct worker *workers, unsigned n, bool decoding, double *cpu,
	double *taken)
{
	uint64_t start = clock_wall_ns();
	int err = 0;
	unsigned begun = 1;

	for (unsigned i = 0; i < n; i++)
		workers[i].decoding = decoding;
	for (; begun < n && !err; begun++)
		err = -pthread_create(&workers[begun].thread, NULL, run_worker, &workers[begun]);
	begun -= err != 0;
	if (!err)
		run_worker(&workers[0]);
	for (unsigned i = 1; i < begun; i++)
		pthread_join(workers[i].thread, NULL);
	if (err)
		return err;
	*cpu = 0;
	for (unsigned i = 0; i < n; i++) {
		*cpu += workers[i].cpu;
		err = workers[i].failed ? -EIO : err;
	}
	*taken = n > 1 ? clock_seconds(clock_wall_ns() - start) : *cpu;
	return err;
}

static bool all_same(const struct sample *s)
{
	for (size_t i = 0; i < s->n_chunks; i++) {
		if (memcmp(s->raw + i * BENCH_CHUNK, s->back + i * BENCH_CHUNK, s->lens[i]) != 0)
			return false;
	}
	return true;
}

/* A codec's state for each thread; NULL: not made yet. */
struct team {
	struct bench_coder *coders[BENCH_MAX_THREADS];
};

static int team_new(struct team *t, const struct bench_codec *codec, unsigned n,
	const struct sample *s)
{
	for (unsigned i = 0; i < n; i++) {
		t->coders[i] = bench_coder_new(codec, s->raw, s->lens[0]);
		if (!t->coders[i])
			return -ENOMEM;
	}
	return 0;
}

static void team_free(struct team *t)
{
	for (unsigned i = 0; i < BENCH_MAX_THREADS; i++)
		bench_coder_free(t->coders[i]);
}

/* `back` is cleared before decoding, or a decoder that writes nothing would pass with the
   bytes of the round before. */
static int round_of(const struct sample *s, const struct bench_codec *codec,
	const struct team *team, unsigned n, struct bench_figures *f)
{
	struct worker workers[BENCH_MAX_THREADS];
	unsigned r = f->n_rounds;
	double decode_cpu;
	int err;

	for (unsigned i = 0; i < n; i++)
		workers[i] = (struct worker){
			.sample = s, .codec = codec, .coder = team->coders[i], .first = i, .step = n
		};
	err = pass(workers, n, false, &f->encode_cpu[r], &f->encode_s[r]);
	memset(s->back, 0, s->n_chunks * BENCH_CHUNK);
	if (!err)
		err = pass(workers, n, true, &decode_cpu, &f->decode_s[r]);
	if (err)
		return err;
	f->raw_bytes = s->n_bytes;
	f->stored_bytes = 0;
	for (size_t i = 0; i < s->n_chunks; i++)
		f->stored_bytes += s->coded_lens[i];
	f->n_rounds++;
	return all_same(s) ? 0 : -EIO;
}

/* ---- a file ------------------------------------------------------------------------ */

/* The metrics of a blob with the sample's bytes. It is written to memory through the
   library, as a save is, and shows what a mount would store besides the coded chunks. */
static int describe(struct alcm *alcm, const struct sample *s, struct alcm_info *out)
{
	struct alcm_blob *blob = NULL;
	struct alcm_profile profile;
	int fd = memfd_create("alcm-bench", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	alcm_profile_default(&profile);
	err = alcm_blob_create(alcm, fd, &profile, &blob);
	for (size_t i = 0; i < s->n_chunks && !err; i++) {
		ssize_t put = alcm_blob_pwrite(blob, s->raw + i * BENCH_CHUNK, s->lens[i],
			i * BENCH_CHUNK, NULL);

		err = put < 0 ? (int)put : put != s->lens[i] ? -EIO : 0;
	}
	err = err ?: alcm_blob_commit(blob, false, NULL) ?: alcm_blob_info(blob, out, NULL);
	alcm_blob_close(blob);
	close(fd);
	return err;
}

size_t bench_n_measured(const struct bench_params *params)
{
	return params->peers ? bench_n_codecs : 1;
}

static int run_rounds(const struct sample *s, const struct bench_params *params,
	const struct team *teams, struct bench_result *out, size_t *failed)
{
	/* Round 0 warms up: memory is mapped, and code is loaded. */
	for (unsigned r = 0; r <= params->n_rounds; r++) {
		for (size_t i = 0; i < bench_n_measured(params); i++) {
			const struct bench_codec *codec = &bench_codecs[i];
			int err;

			if (codec->slow && (r == 0 || r > BENCH_SLOW_ROUNDS))
				continue;
			if (r == 1)
				out->figures[i].n_rounds = 0;
			*failed = i;
			err = round_of(s, codec, &teams[i], params->n_threads, &out->figures[i]);
			if (err)
				return err;
		}
	}
	return 0;
}

static enum cli_exit measure(struct cli *cli, const struct sample *s, const char *path,
	const struct bench_params *params, struct bench_result *out)
{
	size_t n = bench_n_measured(params), failed = 0;
	struct team *teams = calloc(n, sizeof(*teams));
	int err = teams ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++)
		err = team_new(&teams[i], &bench_codecs[i], params->n_threads, s);
	if (!err)
		err = run_rounds(s, params, teams, out, &failed);
	for (size_t i = 0; i < n && teams; i++)
		team_free(&teams[i]);
	free(teams);
	if (err == -EIO)
		return cli_worse(CLI_CORRUPT,
			cli_error(cli, path, "%s returned other bytes than it got",
				bench_codecs[failed].name));
	return err ? cli_error_from(cli, path, err, NULL) : CLI_OK;
}

enum cli_exit bench_run(struct cli *cli, struct alcm *alcm, struct source *source,
	const struct bench_params *params, struct bench_result *out)
{
	struct sample s = { 0 };
	struct alcm_coder *coder = NULL;
	enum cli_exit status = CLI_OK;
	int err;

	memset(out, 0, sizeof(*out));
	out->logical_bytes = source->size;
	if (!source->size)
		return CLI_OK;
	err = sample_read(&s, source, bench_n_measured(params))
		?: describe(alcm, &s, &out->info)
		?: alcm_coder_new(s.raw, s.lens[0], BENCH_CHUNK, &coder);
	if (err) {
		status = cli_error_from(cli, source->path, err, NULL);
	} else {
		out->item_bytes = alcm_coder_item_bytes(coder);
		status = measure(cli, &s, source->path, params, out);
	}
	alcm_coder_free(coder);
	sample_free(&s);
	return status;
}

/* ---- figures ----------------------------------------------------------------------- */

/* Times of one round are added to those of the same round, so a median is over whole
   runs. */
void bench_add(struct bench_figures *sum, const struct bench_figures *f)
{
	if (!f->raw_bytes)
		return;
	sum->raw_bytes += f->raw_bytes;
	sum->stored_bytes += f->stored_bytes;
	sum->n_rounds = f->n_rounds;
	for (unsigned r = 0; r < f->n_rounds; r++) {
		sum->encode_cpu[r] += f->encode_cpu[r];
		sum->encode_s[r] += f->encode_s[r];
		sum->decode_s[r] += f->decode_s[r];
	}
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(const double *values, unsigned n)
{
	double sorted[BENCH_MAX_ROUNDS];

	if (!n)
		return 0;
	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), by_value);
	return sorted[n / 2];
}

static double mb_s(uint64_t bytes, double taken)
{
	return taken > 0 ? (double)bytes / taken / 1e6 : 0;
}

double bench_encode_mb_s(const struct bench_figures *f)
{
	return mb_s(f->raw_bytes, median(f->encode_s, f->n_rounds));
}

double bench_decode_mb_s(const struct bench_figures *f)
{
	return mb_s(f->raw_bytes, median(f->decode_s, f->n_rounds));
}

double bench_cpu_seconds(const struct bench_figures *f)
{
	return median(f->encode_cpu, f->n_rounds);
}
