/* SPDX-License-Identifier: MIT */
/*
 * alcm estimate: the size that files would have if they were saved through a mount. A few
 * chunks, spread over each file, are encoded, and the rest is assumed to be like them.
 * Nothing is written.
 *
 *   for each file   already a blob: its own figures
 *                   not worth it (alcm_detect_file(), as a mount does): stays plain
 *                   else up to 8 chunks of 256 KiB, the first and the last among them
 *
 *   stored = coded bytes · size / sampled bytes + overhead of records and of the blob
 *
 * For a file of up to 8 chunks that isn't a sample but all of it, and the estimate is
 * nearly exact. Repeats within a file aren't found by samples, so a file with many of
 * them gets smaller than this says. CPU seconds include decoding, as a mount verifies
 * each chunk.
 */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli.h"
#include "cli_json.h"
#include "cli_source.h"
#include "cli_store.h"
#include "cli_walk.h"

enum {
	CHUNK = 256 << 10, /* as a mount's */
	N_SAMPLES = 8,     /* chunks of a file */
	/* A record's header, metrics and index entry; a blob's header, index and trailer. */
	CHUNK_OVERHEAD = 64 + 120 + 16,
	BLOB_OVERHEAD = 64 + 64 + 120 + 128 + 4 * 32,
};

/* Sums over all operands. */
struct sum {
	uint64_t n_files, logical; /* files that would be compressed */
	double stored, cpu_seconds;
	uint64_t n_done, done_logical, done_stored; /* files that are compressed already */
	uint64_t n_plain, plain_bytes;              /* files that would stay plain */
};

struct estimate {
	struct cli *cli;
	struct alcm *alcm;
	struct walk_seen seen;
	struct sum sum;
	uint8_t *raw, *body;
};

/* The chunk for the k-th sample: every chunk of a short file, else evenly spread ones. */
static uint64_t sample_chunk(uint64_t n_chunks, uint64_t k)
{
	return n_chunks <= N_SAMPLES ? k : k * (n_chunks - 1) / (N_SAMPLES - 1);
}

/* Encode the samples, and scale the result to the whole file. */
static enum cli_exit add_samples(struct estimate *e, struct source *s,
	struct alcm_coder *coder)
{
	uint64_t n_chunks = (s->size + CHUNK - 1) / CHUNK, sampled = 0, coded = 0;
	uint64_t n = n_chunks < N_SAMPLES ? n_chunks : N_SAMPLES;
	uint64_t start = clock_thread_cpu_ns();
	double scale;

	for (uint64_t k = 0; k < n; k++) {
		uint64_t off = sample_chunk(n_chunks, k) * CHUNK;
		uint32_t len = s->size - off < CHUNK ? (uint32_t)(s->size - off) : CHUNK;
		int64_t body;

		if (source_read(s, e->raw, len, off))
			return cli_error(e->cli, s->path, "could not be read");
		body = alcm_coder_encode(coder, e->raw, len, off, e->body);
		if (body < 0 || alcm_coder_decode(coder, e->body, (uint32_t)body, e->raw, len))
			return cli_error(e->cli, s->path, "could not be coded");
		sampled += len;
		coded += (uint64_t)body;
	}
	scale = (double)s->size / (double)sampled;
	e->sum.n_files++;
	e->sum.logical += s->size;
	e->sum.stored += (double)coded * scale + (double)n_chunks * CHUNK_OVERHEAD +
		BLOB_OVERHEAD;
	e->sum.cpu_seconds += clock_seconds(clock_thread_cpu_ns() - start) * scale;
	return CLI_OK;
}

/* The coder sees the beginning of the file once, for its element type and layout. */
static enum cli_exit add_plain(struct estimate *e, struct source *s)
{
	uint32_t n = s->size < CHUNK ? (uint32_t)s->size : CHUNK;
	struct alcm_verdict verdict = { 0 };
	struct alcm_coder *coder;
	enum cli_exit status;

	if ((n && source_read(s, e->raw, n, 0)) ||
		alcm_detect_file(ALCM_DETECT_TENSORS, ALCM_MIN_SIZE, s->fd, &s->st, &verdict))
		return cli_error(e->cli, s->path, "could not be read");
	if (!verdict.worth) {
		e->sum.n_plain++;
		e->sum.plain_bytes += s->size;
		return CLI_OK;
	}
	if (alcm_coder_new(e->raw, n, CHUNK, &coder))
		return cli_error(e->cli, s->path, "out of memory");
	status = add_samples(e, s, coder);
	alcm_coder_free(coder);
	return status;
}

static enum cli_exit add_blob(struct estimate *e, const struct source *s)
{
	struct alcm_diag diag = { 0 };
	struct alcm_info info;
	int err = alcm_blob_info(s->blob, &info, &diag);

	if (err)
		return cli_error_from(e->cli, s->path, err, &diag);
	e->sum.n_done++;
	e->sum.done_logical += info.logical_bytes;
	e->sum.done_stored += info.stored_bytes;
	return CLI_OK;
}

static enum cli_exit add_file(void *ctx, const struct walk_entry *entry)
{
	struct estimate *e = ctx;
	enum cli_exit status;
	struct source source;
	int seen;

	if (entry->kind != WALK_FILE)
		return CLI_OK;
	seen = walk_seen_add(&e->seen, entry->st);
	if (seen)
		return seen < 0 ? cli_error(e->cli, entry->path, "out of memory") : CLI_OK;
	status = source_open(e->cli, e->alcm, walk_open(entry, O_RDONLY), entry->path,
		&source);
	if (status)
		return status;
	status = source.blob ? add_blob(e, &source) : add_plain(e, &source);
	source_close(&source);
	progress_add(&e->cli->progress, (uint64_t)entry->st->st_size);
	return status;
}

/* ---- what is printed --------------------------------------------------------------- */

static double ratio_of(const struct sum *s)
{
	return s->stored > 0 ? (double)s->logical / s->stored : 0;
}

static void print_text(const struct sum *s)
{
	double saved = (double)s->logical - s->stored;
	char a[16], b[16], c[16];

	if (s->n_files)
		printf("%s%s would be saved: %llu files of %s would take about %s "
			   "(%.3f : 1), for about %.1f CPU seconds\n",
			saved < 0 ? "-" : "", cli_bytes((uint64_t)(saved < 0 ? -saved : saved), a),
			(unsigned long long)s->n_files, cli_bytes(s->logical, b),
			cli_bytes((uint64_t)s->stored, c), ratio_of(s), s->cpu_seconds);
	else
		puts("nothing would be saved: there is nothing left to compress");
	if (s->n_done)
		printf("%llu files of %s are compressed already and take %s\n",
			(unsigned long long)s->n_done, cli_bytes(s->done_logical, a),
			cli_bytes(s->done_stored, b));
	if (s->n_plain)
		printf("%llu files of %s would stay as they are: not numeric, compressed "
			   "already, or small\n",
			(unsigned long long)s->n_plain, cli_bytes(s->plain_bytes, a));
}

static enum cli_exit print_json(struct cli *cli, const struct sum *s)
{
	cJSON *root = cJSON_CreateObject();

	cJSON_AddStringToObject(root, "schema", "alcm-estimate/1");
	cJSON_AddNumberToObject(root, "files", (double)s->n_files);
	cJSON_AddNumberToObject(root, "logical_bytes", (double)s->logical);
	cJSON_AddNumberToObject(root, "stored_bytes", (double)(uint64_t)s->stored);
	cJSON_AddNumberToObject(root, "saved_bytes",
		(double)s->logical - (double)(uint64_t)s->stored);
	cJSON_AddNumberToObject(root, "ratio", ratio_of(s));
	cJSON_AddNumberToObject(root, "cpu_seconds", s->cpu_seconds);
	cJSON_AddNumberToObject(root, "caq", alcm_caq(ratio_of(s), s->cpu_seconds));
	cJSON_AddNumberToObject(root, "compressed_files", (double)s->n_done);
	cJSON_AddNumberToObject(root, "compressed_logical_bytes", (double)s->done_logical);
	cJSON_AddNumberToObject(root, "compressed_stored_bytes", (double)s->done_stored);
	cJSON_AddNumberToObject(root, "plain_files", (double)s->n_plain);
	cJSON_AddNumberToObject(root, "plain_bytes", (double)s->plain_bytes);
	return cli_print_json(cli, root);
}

/* A mount shows logical files, whose blocks say nothing about what would be saved. */
static enum cli_exit run(struct estimate *e)
{
	struct cli *cli = e->cli;
	enum cli_exit worst = CLI_OK;

	for (int i = 0; i < cli->n_paths; i++) {
		if (store_is_mount(cli->paths[i]))
			worst = cli_worse(worst,
				cli_error(cli, cli->paths[i],
					"is inside a mount; name the store instead, or use alcm du"));
		else
			worst = cli_worse(worst, walk(cli, cli->paths[i], add_file, e));
	}
	progress_end(&cli->progress);
	if (cli->json)
		return cli_worse(worst, print_json(cli, &e->sum));
	print_text(&e->sum);
	return worst;
}

enum cli_exit verb_estimate(struct cli *cli)
{
	struct estimate e = {
		.cli = cli, .raw = malloc(CHUNK), .body = malloc(alcm_coder_bound(CHUNK))
	};
	enum cli_exit status = CLI_FAILED;

	if (!e.raw || !e.body) {
		cli_error(cli, NULL, "out of memory");
	} else if (!cli_engine(cli, true, &e.alcm)) {
		if (progress_wanted())
			progress_start(&cli->progress, walk_total_bytes(cli, false));
		status = run(&e);
	}
	walk_seen_free(&e.seen);
	alcm_free(e.alcm);
	free(e.raw);
	free(e.body);
	return status;
}
