/* SPDX-License-Identifier: MIT */
/*
 * alcm-lab guess: the quality of inference on data of known types: a confusion table, and
 * the cost of wrong guesses in bytes.
 *
 * The type of an .npy file is that of its header (2-byte voids are bfloat16). NAME.txt is
 * text, NAME.gz is noise. Pieces of 256, 64 and 16 KiB are cut at odd offsets. --made
 * adds generated pieces of each kind (kinds.c), other ones than those used for training.
 *
 *   guess       by
 *   the truth   the header or the kind: what a perfect guess would code
 *   rule        thresholds of statistics (infer_by_rule())
 *   network     infer_by_net()
 *   both        infer_chunk(), as the codec uses it
 *   bytes       no guess: what it costs to know nothing
 *
 * A table has a row for each true kind and a column for each guessed one; "phase" counts
 * right kinds with a wrong beginning of the elements. A wrong guess matters only by its
 * bytes: int32 taken for float32 may cost nothing. So the last table is the one to look
 * at.
 *
 * This is a tool for one run by a person: it ends at the first error, and keeps its sums
 * in static memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "codec/codec.h"
#include "format/npy.h"
#include "kinds.h"
#include "lab.h"
#include "predict/infer_net.h"

enum { CHUNK = 256 << 10, MAX_KINDS = 32 };

struct truth {
	unsigned kind; /* index in kinds[] */
	struct inference as;
};

enum { GUESS_TRUTH, GUESS_RULE, GUESS_NET, GUESS_USED, GUESS_BYTES, N_GUESSES };

static const char *const guess_names[] = { "the truth", "rule", "network", "both",
	"bytes" };

static struct {
	unsigned n, table[N_GUESSES][MAX_KINDS][MAX_KINDS], wrong_phase[N_GUESSES][MAX_KINDS];
	uint64_t raw_bytes[MAX_KINDS], bytes[N_GUESSES][MAX_KINDS];
	uint64_t ns[N_GUESSES], encode_ns, n_encoded;
} tally;

static struct codec *codec;

static void die(const char *what)
{
	fprintf(stderr, "alcm-lab guess: %s\n", what);
	exit(CLI_FAILED);
}

/* The row for a guess; the last one, "other", for a guess that has none. */
static unsigned kind_of(const struct inference *in)
{
	for (unsigned k = 0; k < n_kinds; k++) {
		if (kinds[k].kind == in->kind && kinds[k].dtype == in->dtype &&
			kinds[k].big_endian == in->big_endian)
			return k;
	}
	return n_kinds - 1;
}

static uint64_t coded_bytes(const uint8_t *raw, uint32_t n, const struct inference *as)
{
	static uint8_t body[2 * CHUNK];
	struct span spans[SPAN_MAX];
	struct codec_context with = { .codec = codec, .spans = spans };
	struct codec_result r;
	uint64_t start = clock_thread_cpu_ns();

	with.n_spans = infer_spans(as, n, spans);
	if (codec_encode(&with, raw, n, body, &r))
		die("out of memory");
	tally.encode_ns += clock_thread_cpu_ns() - start;
	tally.n_encoded++;
	return r.body_len;
}

static bool same_spans(const struct inference *a, const struct inference *b)
{
	return a->dtype == b->dtype && a->phase == b->phase && a->big_endian == b->big_endian;
}

/* Each distinct guess is encoded only once: encoding takes most of the time. */
static void add_piece(const uint8_t *raw, uint32_t n, const struct truth *truth)
{
	struct inference guesses[N_GUESSES] = { truth->as };
	uint64_t start = clock_thread_cpu_ns(), lens[N_GUESSES];
	struct infer_sample s;

	infer_sample_take(&s, raw, n);
	infer_by_rule(&s, &guesses[GUESS_RULE]);
	tally.ns[GUESS_RULE] += clock_thread_cpu_ns() - start;
	start = clock_thread_cpu_ns();
	infer_sample_take(&s, raw, n);
	infer_by_net(&s, &guesses[GUESS_NET]);
	tally.ns[GUESS_NET] += clock_thread_cpu_ns() - start;
	start = clock_thread_cpu_ns();
	infer_chunk(raw, n, &guesses[GUESS_USED]);
	tally.ns[GUESS_USED] += clock_thread_cpu_ns() - start;
	tally.n++;
	tally.raw_bytes[truth->kind] += n;
	for (unsigned g = 0; g < N_GUESSES; g++) {
		unsigned kind = kind_of(&guesses[g]), same = 0;

		tally.table[g][truth->kind][kind]++;
		tally.wrong_phase[g][truth->kind] += kind == truth->kind &&
			guesses[g].phase != truth->as.phase;
		while (!same_spans(&guesses[same], &guesses[g]))
			same++;
		lens[g] = same < g ? lens[same] : coded_bytes(raw, n, &guesses[g]);
		tally.bytes[g][truth->kind] += lens[g];
	}
}

/* Add pieces of `data`, whose elements begin at its first byte. */
static void add_data(const uint8_t *data, uint64_t len, unsigned kind)
{
	static const uint32_t sizes[] = { CHUNK, 64 << 10, 16 << 10 };
	uint32_t width = dtype_get(kinds[kind].dtype)->width_bytes;
	unsigned skip = 1;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (uint64_t at = skip; at + 1024 < len; at += CHUNK, skip = (skip + 3) % 8) {
			uint32_t n = len - at < sizes[i] ? (uint32_t)(len - at) : sizes[i];
			struct truth t = { kind,
				{ kinds[kind].kind, kinds[kind].dtype, kinds[kind].big_endian,
					(uint8_t)((width - at % width) % width), 1 } };

			add_piece(data + at, n, &t);
		}
	}
}

/* Types that the network doesn't tell apart share a row: unsigned integers count as
   signed, and all types of one byte as bytes. */
static unsigned kind_of_array(const struct npy *l)
{
	const struct dtype *type = dtype_get(l->dtype);
	struct inference in = { .dtype = l->dtype, .big_endian = l->big_endian };

	if (strstr(l->dtype_text, "V2"))
		in.dtype = DTYPE_BF16;
	else if (type->width_bytes == 1 && type->class != DTYPE_OPAQUE)
		in.dtype = DTYPE_U8;
	else if (type->class == DTYPE_UINT)
		in.dtype = l->dtype + (DTYPE_I8 - DTYPE_U8);
	in.kind = in.dtype == DTYPE_BYTES               ? INFER_UNKNOWN
		: in.dtype == DTYPE_U8                      ? INFER_BYTES
		: dtype_get(in.dtype)->class == DTYPE_FLOAT ? INFER_FLOATS
													: INFER_INTEGERS;
	return kind_of(&in);
}

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && !strcmp(path + n - m, end);
}

static void add_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct npy npy;
	struct stat st;
	uint8_t *bytes;

	if (!f || fstat(fileno(f), &st))
		die(path);
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes || fread(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		die(path);
	fclose(f);
	(void)npy_parse(bytes, (size_t)st.st_size, &npy);
	if (ends_in(path, ".txt"))
		add_data(bytes, (uint64_t)st.st_size, n_kinds - 3);
	else if (ends_in(path, ".gz"))
		add_data(bytes + 64, (uint64_t)st.st_size - 64, n_kinds - 2);
	else
		add_data(bytes + npy.data_offset, (uint64_t)st.st_size - npy.data_offset,
			kind_of_array(&npy));
	free(bytes);
}

static void add_made(unsigned n)
{
	enum { LARGE = 64 << 10, SMALL = 16 << 10 };
	static uint8_t bytes[LARGE];
	struct mt19937 mt;

	mt19937_seed(&mt, 77777);
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < n_kinds; k++) {
			uint32_t skip = i % 8, width = dtype_get(kinds[k].dtype)->width_bytes;
			struct truth t = { k,
				{ kinds[k].kind, kinds[k].dtype, kinds[k].big_endian,
					(uint8_t)((width - skip % width) % width), 1 } };

			kinds_make(&mt, &kinds[k], bytes, sizeof(bytes));
			add_piece(bytes + skip, (i & 1 ? LARGE : SMALL) - skip, &t);
		}
	}
}

static void print_table(unsigned g)
{
	printf("\n%-22s", guess_names[g]);
	for (unsigned k = 0; k < n_kinds; k++)
		printf(" %7.7s", kinds[k].big_endian ? "BE" : kinds[k].name);
	printf("   phase\n");
	for (unsigned t = 0; t < n_kinds; t++) {
		if (!tally.raw_bytes[t])
			continue;
		printf("%-22s", kinds[t].name);
		for (unsigned k = 0; k < n_kinds; k++)
			printf(" %7u", tally.table[g][t][k]);
		printf(" %7u\n", tally.wrong_phase[g][t]);
	}
}

static void print_bytes(void)
{
	uint64_t all[N_GUESSES] = { 0 }, raw = 0;

	printf("\n%-22s %11s", "coded bytes as", "raw");
	for (unsigned g = 0; g < N_GUESSES; g++)
		printf(" %11s", guess_names[g]);
	printf("\n");
	for (unsigned t = 0; t <= n_kinds; t++) {
		if (t < n_kinds && !tally.raw_bytes[t])
			continue;
		printf("%-22s %11llu", t < n_kinds ? kinds[t].name : "all",
			(unsigned long long)(t < n_kinds ? tally.raw_bytes[t] : raw));
		raw += t < n_kinds ? tally.raw_bytes[t] : 0;
		for (unsigned g = 0; g < N_GUESSES; g++) {
			uint64_t len = t < n_kinds ? tally.bytes[g][t] : all[g];
			uint64_t true_len = t < n_kinds ? tally.bytes[0][t] : all[0];

			printf(" %11llu", (unsigned long long)len);
			if (g)
				printf(" %+.2f%%", 100 * ((double)len / (double)true_len - 1));
			all[g] += t < n_kinds ? len : 0;
		}
		printf("\n");
	}
}

enum cli_exit verb_guess(struct cli *cli)
{
	if (!cli->n_paths && !lab_of(cli)->n_made)
		return cli_error(cli, NULL, "nothing to guess: give files or --made N");
	if (codec_new(CHUNK, &codec))
		die("out of memory");
	add_made(lab_of(cli)->n_made);
	for (int i = 0; i < cli->n_paths; i++)
		add_file(cli->paths[i]);
	if (!tally.n)
		die("the files are too small for guesses");
	for (unsigned g = GUESS_RULE; g < GUESS_BYTES; g++)
		print_table(g);
	print_bytes();
	for (unsigned g = GUESS_RULE; g < GUESS_BYTES; g++)
		printf("CPU time of a guess by %s: %.1f us, %.4f of that of encoding\n",
			guess_names[g], (double)tally.ns[g] / tally.n / 1e3,
			(double)tally.ns[g] / tally.n * (double)tally.n_encoded /
				(double)tally.encode_ns);
	codec_free(codec);
	return CLI_OK;
}
