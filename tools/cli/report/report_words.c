/* SPDX-License-Identifier: MIT */
/*
 * Words for people. Names come from a store and are untrusted: an escape sequence could
 * take over a terminal, and a right-to-left override could disguise a name.
 *
 * Text, HTML and JSON reports use the same words, so a figure reads the same everywhere.
 * Buffers are the caller's and are returned, for use in the argument list of a printf().
 *
 *   words_visible("a\033[2J")   "a\x1b[2J", with a backslash and an x
 *   words_type() of "<f4"       "float32"
 *   words_bytes(-1536)          "-1.5 KiB"
 */
#include "report_words.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"

const char *const words_method[] = {
	"A file's ratio is its logical bytes divided by the bytes that it takes in the "
	"store, its header, index and metrics included. Sums of files are the sum of the "
	"logical bytes divided by that of the stored bytes.",
	"CPU seconds are the CPU time of encoding: statistics, transforms, coding and the "
	"check that each chunk decodes to what was written, on all threads together. Reading "
	"is not in them. MB/s per core are millions of logical bytes per CPU second.",
	"CAQ = ratio / (CPU seconds + 1). CPU seconds grow with the size of the data and the "
	"ratio does not, so the CAQ of the same kind of data falls with size: about ratio "
	"for a file that takes milliseconds, about ratio / CPU seconds for one that takes "
	"minutes. Compare CAQ between files of one size, and CPU seconds per GiB between "
	"sizes.",
	"The gain over zlib is that of the CAQ over the CAQ of zlib -6, which was run on a "
	"sample of the same data; its CPU seconds are scaled up to the whole file.",
	"Predicted entropy is the share of its bits that the ALCM paper's network expects a "
	"tensor to need, 0.2 to 0.9, from its six statistics; achieved is stored bytes "
	"divided by logical bytes.",
	"Histograms are of a sample, evenly spread over the file, of at most 2 MiB. Values "
	"are counted up to four standard deviations from the mean.",
	NULL,
};

/* NumPy's letter and bytes ("<f4") become a name and bits ("float32"). */
char *words_type(const struct file_detail *detail, char buf[64])
{
	const char *dtype = detail->dtype[0] ? detail->dtype : detail->format;
	static const char *const kinds[] = { "ffloat", "iint", "uuint", "ccomplex", NULL };
	const char *p = dtype + (*dtype && strchr("<>|=", *dtype) ? 1 : 0);
	unsigned long bytes = strtoul(*p ? p + 1 : p, NULL, 10);

	snprintf(buf, 64, "%s", *dtype == '[' ? "record" : dtype);
	if (strcmp(p, "b1") == 0)
		return strcpy(buf, "bool");
	if (strcmp(p, "V2") == 0)
		return strcpy(buf, "bfloat16");
	for (size_t i = 0; kinds[i] && bytes >= 1 && bytes <= 32; i++) {
		if (kinds[i][0] == *p)
			snprintf(buf, 64, "%s%lu", kinds[i] + 1, 8 * bytes);
	}
	return buf;
}

char *words_dims(const uint64_t *dims, unsigned n_dims, char *buf, size_t capacity)
{
	size_t n = 0;

	snprintf(buf, capacity, "%s", n_dims ? "" : "scalar");
	for (unsigned i = 0; i < n_dims && n < capacity; i++)
		n += (size_t)snprintf(buf + n, capacity - n, "%s%" PRIu64, i ? " × " : "",
			dims[i]);
	return buf;
}

char *words_shape(const struct file_detail *detail, char *buf, size_t capacity)
{
	buf[0] = '\0';
	if (detail->n_tensors)
		snprintf(buf, capacity, "%" PRIu64 " tensors", detail->n_tensors);
	if (detail->dtype[0])
		words_dims(detail->shape, detail->n_dims, buf, capacity);
	return buf;
}

/*
 * Two of a unit are needed before it is used: "119 CPU seconds", then "2.0 CPU minutes".
 */
static char *words_cpu(double seconds, char buf[48])
{
	static const struct {
		double least, unit;
		const char *name;
	} units[] = { { 2 * 3600, 3600, "hours" }, { 120, 60, "minutes" },
		{ 0, 1, "seconds" } };
	size_t i = 0;
	double v;

	while (seconds < units[i].least)
		i++;
	v = seconds / units[i].unit;
	if (v < 1)
		snprintf(buf, 48, "%.2g CPU %s", v, units[i].name);
	else
		snprintf(buf, 48, "%.*f CPU %s", v >= 10 ? 0 : 1, v, units[i].name);
	return buf;
}

char *words_bytes(double bytes, char buf[32])
{
	char text[16];

	snprintf(buf, 32, "%s%s", bytes < 0 ? "-" : "",
		cli_bytes((uint64_t)fabs(bytes), text));
	return buf;
}

/* The sentence that sums up a report, wherever that is shown. A store that grew by
   compression is told so and not as a negative saving. */
char *words_headline(const struct figures *all, char *buf, size_t capacity)
{
	char saved[32], logical[32], cpu[48];
	double bytes = figures_saved(all);

	words_bytes((double)all->logical, logical);
	if (!all->n_compressed)
		snprintf(buf, capacity, "Nothing is compressed: %" PRIu64 " files, %s",
			all->n_files, logical);
	else
		snprintf(buf, capacity, "%.2f : 1 — %s %s %s, for %s", figures_ratio(all),
			words_bytes(fabs(bytes), saved),
			bytes < 0 ? "more than the files'" : "saved of", logical,
			words_cpu(all->cpu_seconds, cpu));
	return buf;
}

/* A reader must not have to search for this: lossy files don't read back as written. */
char *words_lossy(const struct figures *all, char *buf, size_t capacity)
{
	if (all->n_files == 1)
		snprintf(buf, capacity,
			all->n_lossy ? "Lossy: values are not those that were written."
						 : "Lossless: it reads back bit for bit.");
	else if (!all->n_lossy)
		snprintf(buf, capacity, "Lossless: every file reads back bit for bit.");
	else
		snprintf(buf, capacity,
			"Lossy: values of %" PRIu64 " of %" PRIu64
			" compressed files are not those that were written.",
			all->n_lossy, all->n_compressed);
	return buf;
}

/* The length of the UTF-8 character at `p` if it must be spelled out, else 0. `*code` is
   its number. The string ends with a zero byte, and alcm_utf8() has made it valid, so the
   bytes that a first byte promises are there. */
static size_t unseen(const unsigned char *p, unsigned *code)
{
	if (p[0] < 0x20 || p[0] == 0x7f) {
		*code = p[0];
		return 1;
	}
	if (p[0] == 0xc2 && p[1] < 0xa0) { /* C1 controls */
		*code = p[1];
		return 2;
	}
	if (p[0] == 0xd8 && p[1] == 0x9c) { /* Arabic letter mark */
		*code = 0x61c;
		return 2;
	}
	if (p[0] != 0xe2 && p[0] != 0xef)
		return 0;
	*code = (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	if ((*code >= 0x200b && *code <= 0x200f) || (*code >= 0x2028 && *code <= 0x202e) ||
		(*code >= 0x2060 && *code <= 0x206f) || *code == 0xfeff)
		return 3;
	return 0;
}

char *words_visible(const char *name)
{
	char *utf8 = alcm_utf8(name), *text = utf8 ? malloc(6 * strlen(utf8) + 1) : NULL,
		 *to = text;

	for (const char *p = utf8; text && *p;) {
		unsigned code;
		size_t len = unseen((const unsigned char *)p, &code);

		if (len)
			to += sprintf(to, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
		else
			*to++ = *p;
		p += len ? len : 1;
	}
	if (text)
		*to = '\0';
	alcm_free_text(utf8);
	return text;
}

char *words_time(time_t t, char buf[32])
{
	struct tm tm;

	buf[0] = '\0';
	if (gmtime_r(&t, &tm))
		strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

/* The name of the processor in /proc/cpuinfo; "" if there is none. */
static void processor(char *buf, size_t capacity)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	buf[0] = '\0';
	while (f && !buf[0] && fgets(line, sizeof(line), f)) {
		const char *colon = strncmp(line, "model name", 10) == 0 ? strchr(line, ':')
																 : NULL;

		if (colon)
			snprintf(buf, capacity, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
	}
	if (f)
		fclose(f);
}

char *words_host(char *buf, size_t capacity)
{
	struct utsname u = { 0 };
	char name[128];

	uname(&u);
	processor(name, sizeof(name));
	snprintf(buf, capacity, "%s, %s %s %s, %s%s%ld cores", u.nodename, u.sysname,
		u.release, u.machine, name, name[0] ? ", " : "", sysconf(_SC_NPROCESSORS_ONLN));
	return buf;
}
