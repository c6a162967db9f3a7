/* SPDX-License-Identifier: MIT */
/*
 * Files made to be expensive: opening them must end soon, within memory that has to do
 * with what they take on disk. Time and memory are bounded by limits under which the
 * honest way takes a fraction. ALCM_HOSTILE_MIB: how large the files are that are to be
 * read again and again; 8 if not given.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alcm.h"
#include "base/checked.h"
#include "base/le.h"
#include "blob/blob_io.h"
#include "blob/disk.h"
#include "blob/table.h"

enum { SECONDS = 60, MEMORY = 1 << 30 };

static const uint8_t uuid[16] = "hostile";
static struct alcm *alcm;
static int fd;

static void setup(void)
{
	/* Address space, so that a huge allocation fails even where it would never be
	   touched. */
	const struct rlimit limit = { MEMORY, MEMORY };
	struct alcm_params params;

	alcm_params_default(&params);
	params.threads = 1;
	params.budget_bytes = 8 << 20;
	ck_assert_int_eq(alcm_new(&params, &alcm), 0);
	fd = memfd_create("hostile", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
#else
	(void)limit;
#endif
}

static void teardown(void)
{
	close(fd);
	alcm_free(alcm);
}

static uint64_t file_bytes(void)
{
	const char *mib = getenv("ALCM_HOSTILE_MIB");

	return (mib ? strtoull(mib, NULL, 10) : 8) << 20;
}

static void put(const void *bytes, size_t n, uint64_t off)
{
	ck_assert_int_eq(pwrite(fd, bytes, n, (off_t)off), (ssize_t)n);
}

static void put_header(uint8_t chunk_log2)
{
	struct disk_header h = { .chunk_log2 = chunk_log2 };
	uint8_t buf[DISK_HEADER_BYTES];

	memcpy(h.uuid, uuid, sizeof(uuid));
	disk_header_put(buf, &h);
	put(buf, sizeof(buf), 0);
}

static void put_trailer(uint8_t chunk_log2, uint64_t index_off, uint64_t off,
	uint64_t size, uint64_t prev)
{
	struct disk_trailer t = { .chunk_log2 = chunk_log2,
		.off = off,
		.index_off = index_off,
		.size = size,
		.commit_no = 1,
		.prev = prev };
	uint8_t buf[DISK_TRAILER_BYTES];

	memcpy(t.uuid, uuid, sizeof(uuid));
	/* not this boot: what it names is verified */
	memset(t.boot_id, 0x77, sizeof(t.boot_id));
	disk_trailer_put(buf, &t);
	put(buf, sizeof(buf), off);
}

/* An index of n entries, `step` chunks apart, all of one record, then its trailer; where
   that ends. */
static uint64_t put_index(uint8_t chunk_log2, uint64_t off, uint32_t n, uint32_t step,
	uint64_t prev)
{
	struct disk_index x = {
		.n_entries = n,
		.summary_len = DISK_METRICS_BYTES,
		.tag = disk_tag(uuid),
		.body_len = DISK_METRICS_BYTES + (uint64_t)n * DISK_ENTRY_BYTES,
	};
	uint8_t *buf = calloc(1, DISK_INDEX_BYTES + x.body_len);
	uint64_t end = off + round_up(DISK_INDEX_BYTES + x.body_len, DISK_ALIGN);

	ck_assert_ptr_nonnull(buf);
	for (uint32_t i = 0; i < n; i++) {
		struct disk_entry e = { i * step, DISK_RECORD_BYTES, false, DISK_HEADER_BYTES };

		disk_entry_put(buf + DISK_INDEX_BYTES + DISK_METRICS_BYTES +
				(uint64_t)i * DISK_ENTRY_BYTES,
			&e);
	}
	x.body_hash = disk_hash(buf + DISK_INDEX_BYTES, x.body_len);
	disk_index_put(buf, &x);
	put(buf, DISK_INDEX_BYTES + x.body_len, off);
	free(buf);
	put_trailer(chunk_log2, off, end, blob_max_size(chunk_log2), prev);
	return end + DISK_TRAILER_BYTES;
}

static int open_it(void)
{
	struct alcm_blob *blob = NULL;
	struct alcm_diag diag = { 0 };
	int err = alcm_blob_open(alcm, fd, false, &blob, &diag);

	ck_assert(err != -EIO || diag.cause[0]);
	alcm_blob_close(blob);
	return err;
}

/* Each 64 bytes a record of 16 MiB begins, of which only the head is right. */
START_TEST(test_overlapping_records)
{
	uint64_t size = file_bytes();
	uint8_t *heads = malloc(1 << 20);

	ck_assert_ptr_nonnull(heads);
	put_header(24);
	for (uint64_t off = 0; off + (1 << 20) <= size; off += 1 << 20) {
		for (uint32_t i = 0; i < 1 << 20; i += DISK_RECORD_BYTES) {
			struct disk_record r = {
				.chunk_no = i,
				.raw_len = 1 << 24,
				.body_len = (uint32_t)min_u64(1 << 24, (size - off) / 2),
				.tag = disk_tag(uuid),
			};

			disk_record_put(heads + i, &r);
		}
		put(heads, 1 << 20, DISK_HEADER_BYTES + off);
	}
	free(heads);
	ck_assert_int_eq(open_it(), -EIO);
}
END_TEST

/* Each 192 bytes a commit, whose index would be all that lies before it. */
START_TEST(test_overlapping_indexes)
{
	uint64_t size = file_bytes() / 8, off = DISK_HEADER_BYTES;
	struct disk_index x = { .summary_len = DISK_METRICS_BYTES, .tag = disk_tag(uuid) };
	uint8_t head[DISK_INDEX_BYTES];

	put_header(16);
	for (; off < size / 2; off += DISK_INDEX_BYTES) {
		x.n_entries = (uint32_t)((size - off) / DISK_ENTRY_BYTES);
		x.body_len = x.summary_len + (uint64_t)x.n_entries * DISK_ENTRY_BYTES;
		disk_index_put(head, &x);
		put(head, sizeof(head), off);
	}
	for (uint64_t at = size / 2; at < size; at += DISK_TRAILER_BYTES) {
		/* Of the length that its place demands. */
		uint64_t index = DISK_HEADER_BYTES +
			(at - size / 2) / 2 / DISK_ALIGN * DISK_ALIGN;

		x.n_entries = (uint32_t)((at - index - DISK_INDEX_BYTES - DISK_METRICS_BYTES) /
			DISK_ENTRY_BYTES);
		x.body_len = x.summary_len + (uint64_t)x.n_entries * DISK_ENTRY_BYTES;
		disk_index_put(head, &x);
		put(head, sizeof(head), index);
		put_trailer(16, index, at, 1 << 20, 0);
	}
	put("x", 1, size + 1000); /* no trailer at the end */
	ck_assert_int_lt(open_it(), 1);
}
END_TEST

/* Commits whose record is bad, each naming the one before, or none that there is. */
START_TEST(test_endless_rollback)
{
	uint64_t size = file_bytes() / 8, off = DISK_HEADER_BYTES + DISK_RECORD_BYTES,
			 prev = 0, next;

	put_header(16);
	for (; off < size; off = next) {
		next = put_index(16, off, 1, 1, _i ? off - 1 : prev);
		prev = next - DISK_TRAILER_BYTES;
	}
	ck_assert_int_lt(open_it(), 1);
}
END_TEST

START_TEST(test_trailer_names_itself)
{
	uint8_t buf[DISK_TRAILER_BYTES];
	struct disk_trailer t = {
		.chunk_log2 = 16, .off = 4096, .index_off = 64, .prev = 4096
	};

	disk_trailer_put(buf, &t);
	ck_assert_int_eq(disk_trailer_get(&t, buf, sizeof(buf), 4096), DISK_CORRUPT);
}
END_TEST

/* Chunk numbers have 32 bits, and a file at most 2^50 bytes: whichever is less. */
START_TEST(test_largest_size)
{
	const uint8_t log2 = (uint8_t)_i;
	const uint64_t max = log2 < 18 ? (uint64_t)1 << (32 + log2) : (uint64_t)1 << 50;
	struct disk_trailer t = { .chunk_log2 = log2, .off = 4096, .index_off = 64 };
	struct disk_record r = { .raw_len = 1, .chunk_no = (uint32_t)((max - 1) >> log2) };
	uint8_t buf[DISK_TRAILER_BYTES];

	ck_assert_uint_eq(blob_max_size(log2), max);
	for (t.size = max; t.size <= max + 1; t.size++) {
		struct disk_trailer got;

		disk_trailer_put(buf, &t);
		ck_assert_int_eq(disk_trailer_get(&got, buf, sizeof(buf), t.off),
			t.size == max ? DISK_OK : DISK_CORRUPT);
	}
	disk_record_put(buf, &r);
	ck_assert_int_eq(disk_record_get(&r, buf, sizeof(buf), 1u << log2), DISK_OK);
	if (log2 <= 18)
		return;
	r.chunk_no++;
	disk_record_put(buf, &r);
	ck_assert_int_eq(disk_record_get(&r, buf, sizeof(buf), 1u << log2), DISK_CORRUPT);
}
END_TEST

/* An index of 64 GiB in a file of terabytes, which takes some kilobytes on disk. */
START_TEST(test_index_in_a_hole)
{
	const uint64_t index_off = (uint64_t)1 << 39;
	struct disk_index x = {
		.n_entries = UINT32_MAX,
		.summary_len = DISK_METRICS_BYTES,
		.tag = disk_tag(uuid),
		.body_len = DISK_METRICS_BYTES + (uint64_t)UINT32_MAX * DISK_ENTRY_BYTES,
	};
	uint8_t head[DISK_INDEX_BYTES];

	put_header(16);
	disk_index_put(head, &x);
	put(head, sizeof(head), index_off);
	put_trailer(16, index_off,
		index_off + round_up(DISK_INDEX_BYTES + x.body_len, DISK_ALIGN),
		blob_max_size(16), 0);
	ck_assert_int_ne(open_it(), -ENOMEM);
}
END_TEST

/* Chunks far apart: a page of the table for each. */
START_TEST(test_table_of_far_chunks)
{
	static const uint32_t steps[] = { 64, 1024, 65536 };

	put_header(16);
	put("record", 6, DISK_HEADER_BYTES);
	/* So many records there could be. */
	ck_assert_int_eq(ftruncate(fd, 16 << 20), 0);
	(void)put_index(16, 16 << 20, 65535, steps[_i], 0);

	/* With pages for a thousand chunks the second took gigabytes. */
	ck_assert_int_eq(open_it(), _i < 2 ? 0 : -ENOMEM);
}
END_TEST

START_TEST(test_table_keeps_its_limit)
{
	struct table t = { .max_bytes = 1 << 20 };
	uint32_t n = 0;

	while (n < 1 << 16 && table_make(&t, n * 65536))
		n++;
	ck_assert_uint_gt(n, 16);
	ck_assert_uint_lt(n, 1 << 16);
	ck_assert_uint_le(t.bytes, t.max_bytes);
	table_release(&t);
}
END_TEST

/* A file of which all is a hole but a header, as large as a file may be. */
START_TEST(test_scan_of_a_hole)
{
	put_header(16);
	put("end", 3, (uint64_t)1 << 42);
	ck_assert_int_lt(open_it(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hostile");
	TCase *tcase = tcase_create("hostile");
	SRunner *runner = srunner_create(suite);
	int n_failed;

	tcase_set_timeout(tcase, SECONDS);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_overlapping_records);
	tcase_add_test(tcase, test_overlapping_indexes);
	tcase_add_loop_test(tcase, test_endless_rollback, 0, 2);
	tcase_add_test(tcase, test_trailer_names_itself);
	tcase_add_loop_test(tcase, test_largest_size, DISK_CHUNK_LOG2_MIN,
		DISK_CHUNK_LOG2_MAX + 1);
	tcase_add_test(tcase, test_index_in_a_hole);
	tcase_add_loop_test(tcase, test_table_of_far_chunks, 0, 3);
	tcase_add_test(tcase, test_table_keeps_its_limit);
	tcase_add_test(tcase, test_scan_of_a_hole);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
