/* SPDX-License-Identifier: MIT */
/* Write a file in an awkward way: writer MODE SOURCE TARGET, SOURCE being an ordinary
   file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned char *data;
static size_t size;
static int fd;

static int put(size_t off, size_t n)
{
	return pwrite(fd, data + off, n, (off_t)off) == (ssize_t)n ? 0 : -1;
}

/* From the first byte to the last, one at a time. */
static int bytes(void)
{
	for (size_t i = 0; i < size; i++)
		if (write(fd, data + i, 1) != 1)
			return -1;
	return 0;
}

/* From the last byte to the first: what the file is shows in the end only. */
static int backwards(void)
{
	for (size_t i = size; i-- > 0;)
		if (put(i, 1))
			return -1;
	return 0;
}

/* The magic, then pieces of 1 to 5,000 bytes from the end to the start. */
static int pieces_backwards(void)
{
	unsigned state = 1;

	if (put(0, size < 6 ? size : 6))
		return -1;
	for (size_t end = size; end > 0;) {
		size_t n;

		state = state * 1103515245u + 12345u;
		n = 1 + (state >> 16) % 5000;
		n = n > end ? end : n;
		if (put(end - n, n))
			return -1;
		end -= n;
	}
	return 0;
}

/* Leave out each run of 512 zeros and more: they are holes that read as zeros. */
static int holes(void)
{
	static const unsigned char zeros[512];

	for (size_t i = 0; i < size; i += 512) {
		size_t n = size - i < 512 ? size - i : 512;

		if (memcmp(data + i, zeros, n) != 0 && put(i, n))
			return -1;
	}
	return ftruncate(fd, (off_t)size);
}

/* Everything twice: wrong bytes first, then the right ones, by pieces that overlap. */
static int twice(void)
{
	unsigned char junk[3000];

	memset(junk, 0xA5, sizeof(junk));
	for (size_t i = 6; i + sizeof(junk) < size; i += 2000)
		if (put(0, 6) || pwrite(fd, junk, sizeof(junk), (off_t)i) != sizeof(junk))
			return -1;
	for (size_t i = 0; i < size; i += 2000)
		if (put(i, size - i < 2500 ? size - i : 2500))
			return -1;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{ "bytes", bytes },
	{ "backwards", backwards },
	{ "pieces_backwards", pieces_backwards },
	{ "holes", holes },
	{ "twice", twice },
};

static int load(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rb");

	if (!f || fstat(fileno(f), &st))
		return -1;
	size = (size_t)st.st_size;
	data = malloc(size + 1);
	if (!data || fread(data, 1, size, f) != size)
		return -1;
	return fclose(f);
}

int main(int argc, char *argv[])
{
	if (argc != 4 || load(argv[2]))
		return 2;
	fd = open(argv[3], O_RDWR | O_CREAT | O_EXCL, 0644);
	if (fd < 0) {
		perror(argv[3]);
		return 1;
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, argv[1]) != 0)
			continue;
		if (modes[i].run() || close(fd)) {
			perror(argv[1]);
			return 1;
		}
		return 0;
	}
	return 2;
}
