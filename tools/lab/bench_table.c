/* SPDX-License-Identifier: MIT */
/*
 * Tables and JSON of the benchmark. "ours ×" is our speed divided by the codec's. Sums
 * have no bits per value, since their files have values of different sizes.
 *
 *   codec        ratio bits/val  enc MB/s  ours ×  dec MB/s  ours ×      CAQ
 *   alcm         1.500   10.667     400.0    1.00    1600.0    1.00    1.200
 *   zstd -3      1.250   12.800     800.0    0.50    1200.0    1.33    1.100
 *
 * The figures above are made up; they show that "ours ×" below 1 means that the other
 * codec is faster. MB are 10^6 bytes. The JSON has the same rows (docs/bench.schema.json)
 * and no "ours ×", which can be computed.
 */
#include "bench_table.h"

#include <stdio.h>

static double ratio_of(const struct bench_figures *f)
{
	return f->stored_bytes ? (double)f->raw_bytes / (double)f->stored_bytes : 0;
}

static double caq_of(const struct bench_figures *f)
{
	return alcm_caq(ratio_of(f), bench_cpu_seconds(f));
}

/* Stored bits per value of item_bytes; 0 for sums. */
static double bits_of(const struct bench_figures *f, unsigned item_bytes)
{
	return f->raw_bytes
		? 8.0 * item_bytes * (double)f->stored_bytes / (double)f->raw_bytes
		: 0;
}

/* figures[0] is ours, which every other row is compared with. */
static void print_rows(const struct bench_figures *figures, size_t n_codecs,
	unsigned item_bytes)
{
	double encode = bench_encode_mb_s(&figures[0]),
		   decode = bench_decode_mb_s(&figures[0]);

	printf("  %-22s %7s %8s %9s %7s %9s %7s %8s\n", "codec", "ratio", "bits/val",
		"enc MB/s", "ours ×", "dec MB/s", "ours ×", "CAQ");
	for (size_t i = 0; i < n_codecs; i++) {
		const struct bench_figures *f = &figures[i];
		double e = bench_encode_mb_s(f), d = bench_decode_mb_s(f);
		char bits[16] = "";

		if (item_bytes)
			snprintf(bits, sizeof(bits), "%.3f", bits_of(f, item_bytes));
		printf("  %-22s %7.3f %8s %9.1f %7.2f %9.1f %7.2f %8.3f\n", bench_codecs[i].name,
			ratio_of(f), bits, e, e > 0 ? encode / e : 0, d, d > 0 ? decode / d : 0,
			caq_of(f));
	}
}

void bench_print_file(const char *path, const struct bench_result *r, size_t n_codecs)
{
	char size[16];

	printf("%s: %s%s(", path, r->info.dtype[0] ? r->info.dtype : "bytes", " ");
	for (unsigned i = 0; i < r->info.n_dims; i++)
		printf("%s%llu", i ? ", " : "", (unsigned long long)r->info.shape[i]);
	printf("), %s", cli_bytes(r->logical_bytes, size));
	if (r->figures[0].raw_bytes < r->logical_bytes)
		printf(", of which %s, spread over it, are measured",
			cli_bytes(r->figures[0].raw_bytes, size));
	putchar('\n');
	if (!r->logical_bytes)
		return;
	print_rows(r->figures, n_codecs, r->item_bytes);
	fputs("  bits a value:", stdout);
	for (unsigned i = 0; i < r->info.n_planes; i++) {
		const struct alcm_plane *p = &r->info.planes[i];

		printf("%s %s %.0f → %.3f (%s)", i ? "," : "", p->name, p->bits_before,
			p->bits_after, p->coder);
	}
	printf("\n  as a blob: %s\n\n", cli_bytes(r->info.live_bytes, size));
}

void bench_print_class(const char *name, unsigned n_files,
	const struct bench_figures *sums, size_t n_codecs)
{
	char size[16];

	printf("%s: %u files, %s\n", name, n_files, cli_bytes(sums[0].raw_bytes, size));
	print_rows(sums, n_codecs, 0);
	putchar('\n');
}

static cJSON *rows_json(const struct bench_figures *figures, size_t n_codecs,
	unsigned item_bytes)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < n_codecs; i++) {
		const struct bench_figures *f = &figures[i];
		cJSON *o = cJSON_CreateObject();

		cJSON_AddItemToArray(list, o);
		cJSON_AddStringToObject(o, "codec", bench_codecs[i].name);
		cJSON_AddStringToObject(o, "version", bench_codecs[i].version());
		cJSON_AddNumberToObject(o, "raw_bytes", (double)f->raw_bytes);
		cJSON_AddNumberToObject(o, "stored_bytes", (double)f->stored_bytes);
		cJSON_AddNumberToObject(o, "ratio", ratio_of(f));
		if (item_bytes)
			cJSON_AddNumberToObject(o, "bits_per_value", bits_of(f, item_bytes));
		cJSON_AddNumberToObject(o, "encode_mb_s", bench_encode_mb_s(f));
		cJSON_AddNumberToObject(o, "decode_mb_s", bench_decode_mb_s(f));
		cJSON_AddNumberToObject(o, "encode_cpu_seconds", bench_cpu_seconds(f));
		cJSON_AddNumberToObject(o, "caq", caq_of(f));
		cJSON_AddNumberToObject(o, "rounds", f->n_rounds);
	}
	return list;
}

cJSON *bench_file_json(const char *path, const char *class_name,
	const struct bench_result *r, size_t n_codecs)
{
	cJSON *o = cJSON_CreateObject(), *shape, *planes;

	cJSON_AddStringToObject(o, "path", path);
	cJSON_AddStringToObject(o, "class", class_name);
	cJSON_AddStringToObject(o, "dtype", r->info.dtype);
	shape = cJSON_AddArrayToObject(o, "shape");
	for (unsigned i = 0; i < r->info.n_dims; i++)
		cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)r->info.shape[i]));
	cJSON_AddNumberToObject(o, "logical_bytes", (double)r->logical_bytes);
	cJSON_AddNumberToObject(o, "measured_bytes", (double)r->figures[0].raw_bytes);
	cJSON_AddNumberToObject(o, "blob_bytes", (double)r->info.live_bytes);
	planes = cJSON_AddArrayToObject(o, "planes");
	for (unsigned i = 0; i < r->info.n_planes; i++) {
		const struct alcm_plane *p = &r->info.planes[i];
		cJSON *plane = cJSON_CreateObject();

		cJSON_AddItemToArray(planes, plane);
		cJSON_AddStringToObject(plane, "name", p->name);
		cJSON_AddStringToObject(plane, "coder", p->coder);
		cJSON_AddNumberToObject(plane, "bits_before", p->bits_before);
		cJSON_AddNumberToObject(plane, "bits_after", p->bits_after);
	}
	cJSON_AddItemToObject(o, "codecs", rows_json(r->figures, n_codecs, r->item_bytes));
	return o;
}

cJSON *bench_class_json(const char *name, unsigned n_files,
	const struct bench_figures *sums, size_t n_codecs)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "class", name);
	cJSON_AddNumberToObject(o, "files", n_files);
	cJSON_AddItemToObject(o, "codecs", rows_json(sums, n_codecs, 0));
	return o;
}
