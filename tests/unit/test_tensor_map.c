/* SPDX-License-Identifier: MIT */
/* A tensor map of a file that grows and changes under it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "format/npy.h"

enum { HEADER = 128, ROOM = 8192 };

/* The file, and a change that happens while a parser reads. */
static struct file {
	uint8_t data[ROOM];
	uint64_t size;
	struct tensor_map *map;
	uint64_t change_at; /* 0: nothing changes */
} file;

static int read_file(void *ctx, void *buf, size_t n, uint64_t off)
{
	struct file *f = ctx;

	memcpy(buf, f->data + off, n);
	if (f->change_at)
		tensor_map_note_change(f->map, f->change_at, 8);
	f->change_at = 0;
	return 0;
}

static uint64_t file_size(void *ctx)
{
	return ((const struct file *)ctx)->size;
}

static struct tensor_map map;

static void setup(void)
{
	const struct tensor_source source = { read_file, file_size, &file };

	memset(&file, 0, sizeof(file));
	file.map = &map;
	tensor_map_init(&map, &source);
}

static void teardown(void)
{
	tensor_map_release(&map);
}

static void put_header(const char *descr)
{
	int n = snprintf((char *)file.data + 10, HEADER - 10,
		"{'descr': '%s', 'fortran_order': False, 'shape': (500,), }", descr);

	memcpy(file.data, "\x93NUMPY\x01\x00\x76\x00", 10);
	memset(file.data + 10 + n, ' ', HEADER - 11 - (size_t)n);
	file.data[HEADER - 1] = '\n';
}

/* The type of the only tensor; DTYPE_BYTES: there is none. */
static enum dtype_id only_type(void)
{
	enum dtype_id type = DTYPE_BYTES;

	tensor_map_enter(&map);
	ck_assert_uint_le(map.segments.n, 1);
	if (map.segments.n)
		type = (enum dtype_id)map.segments.items[0].dtype;
	tensor_map_leave(&map);
	return type;
}

START_TEST(grows)
{
	put_header("<f4");
	for (file.size = 0; file.size < HEADER; file.size += 9)
		ck_assert_int_eq(only_type(), DTYPE_BYTES);
	/* Nobody asks for the rest byte by byte. */
	file.size = ROOM;
	ck_assert_int_eq(only_type(), DTYPE_F32);
}
END_TEST

START_TEST(other_header)
{
	put_header("<f4");
	file.size = ROOM;
	ck_assert_int_eq(only_type(), DTYPE_F32);
	put_header("<i8");
	tensor_map_note_change(&map, HEADER, 100);
	ck_assert_int_eq(only_type(), DTYPE_F32); /* the values alone were written */
	tensor_map_note_change(&map, HEADER - 1, 1);
	ck_assert_int_eq(only_type(), DTYPE_I64);
}
END_TEST

/* A change of bytes that turn out to be the header's, while it is read. */
START_TEST(changes_while_it_is_read)
{
	put_header("<f4");
	file.size = ROOM;
	file.change_at = 100;
	ck_assert_int_eq(only_type(), DTYPE_F32);
	put_header("<i8");
	ck_assert_int_eq(only_type(), DTYPE_I64);
	file.change_at = HEADER + 8;
	tensor_map_note_change(&map, 0, 1);
	ck_assert_int_eq(only_type(), DTYPE_I64);
	put_header("<f4");
	ck_assert_int_eq(only_type(), DTYPE_I64);
}
END_TEST

START_TEST(cuts)
{
	struct segment_cut cut;

	put_header("<f4");
	file.size = ROOM;
	tensor_map_cut(&map, 0, HEADER, &cut);
	ck_assert_uint_eq(cut.n, 0);
	ck_assert_ptr_null(cut.items);
	tensor_map_cut(&map, HEADER + 2000 - 1, ROOM, &cut);
	ck_assert_uint_eq(cut.n, 1);
	ck_assert_uint_eq(cut.items[0].offset, HEADER);
	mem_free(cut.items);
	tensor_map_cut(&map, HEADER + 2000, ROOM, &cut);
	ck_assert_uint_eq(cut.n, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tensor_map");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, grows);
	tcase_add_test(tc, other_header);
	tcase_add_test(tc, changes_while_it_is_read);
	tcase_add_test(tc, cuts);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
