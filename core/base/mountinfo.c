/* SPDX-License-Identifier: MIT */
/*
 * Parsing /proc/PID/mountinfo. A line has fixed fields, any number of optional ones, " -
 * ", and three more fields:
 *
 *   36 35 98:0 /root /point options optional… - type source super_options
 *
 * (proc_pid_mountinfo(5).) Blanks, newlines and backslashes in names are escaped, as in
 * \040, so " - " can't be part of a name. Long lines are cut and odd ones skipped: a
 * mount that isn't found counts as not there.
 */
#include "base/mountinfo.h"

#include <stdlib.h>
#include <string.h>

/* Undo the kernel's escapes: a byte that would end a field is a backslash and three octal
   digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			const char digits[] = { from[1], from[2], from[3], '\0' };

			*to = (char)strtoul(digits, NULL, 8);
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* Read one line without its newline; the part that doesn't fit into `line` is dropped. */
static bool read_line(FILE *f, char *line, int size)
{
	int c;

	if (!fgets(line, size, f))
		return false;
	if (!strchr(line, '\n')) {
		while ((c = getc(f)) != EOF && c != '\n')
			;
	}
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* Copy the `n`-th field from here on, counted from 0. False: it isn't there, or is too
   long. */
static bool copy_field(const char *line, int n, char *out, size_t size)
{
	size_t len;

	for (; n > 0; n--) {
		line = strchr(line, ' ');
		if (!line)
			return false;
		line++;
	}
	len = strcspn(line, " ");
	if (len >= size)
		return false;
	memcpy(out, line, len);
	out[len] = '\0';
	unescape(out);
	return true;
}

static bool parse(const char *line, struct mountinfo *out)
{
	const char *behind = strstr(line, " - ");

	if (!behind ||
		sscanf(line, "%d %d %u:%u", &out->id, &out->parent, &out->major, &out->minor) !=
			4 ||
		!copy_field(line, 3, out->root, sizeof(out->root)) ||
		!copy_field(line, 4, out->point, sizeof(out->point)) ||
		!copy_field(behind + 3, 0, out->type, sizeof(out->type)))
		return false;
	/* Long options, such as those of overlayfs, aren't needed. */
	if (!copy_field(line, 5, out->options, sizeof(out->options)))
		out->options[0] = '\0';
	if (!copy_field(behind + 3, 2, out->super_options, sizeof(out->super_options)))
		out->super_options[0] = '\0';
	return true;
}

bool mountinfo_next(FILE *f, struct mountinfo *out)
{
	char line[3 * PATH_MAX];

	while (read_line(f, line, sizeof(line))) {
		if (parse(line, out))
			return true;
	}
	return false;
}

/* The last line that fits, as later mounts cover earlier ones on the same point. */
bool mountinfo_at(const char *point, const char *type, struct mountinfo *out)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	struct mountinfo m;
	bool found = false;

	while (f && mountinfo_next(f, &m)) {
		if (strcmp(m.point, point) != 0 || (type && strcmp(m.type, type) != 0))
			continue;
		*out = m;
		found = true;
	}
	if (f)
		(void)fclose(f);
	return found;
}

/* Whole words only: "cpu" isn't in "cpuset,cpuacct". */
bool mountinfo_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, word, n) == 0 && (at[n] == ',' || at[n] == '\0'))
			return true;
	}
	return false;
}
