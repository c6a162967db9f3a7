/* SPDX-License-Identifier: MIT */
/* What is read out of PyTorch's pickles, whole, cut at every byte, and with every byte
   changed. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "format/torch_pickle.h"

/* {"w": {"a": t}, "l": [t2]} as torch.save writes it: t is 2 × 3 of float32 at element 1
   of storage "0", t2 has 5 of int64 and a storage of its own. */
static const char dict[] =
	"\x80\x02}q\x00(X\x01\x00\x00\x00wq\x01}q\x02X\x01\x00\x00\x00"
	"actorch._utils\n_rebuild_tensor_v2\nq\x03((X\x07\x00\x00\x00storageq\x04"
	"ctorch\nFloatStorage\nq\x05X\x01\x00\x00\x00"
	"0q\x06X\x03\x00\x00\x00"
	"cpuq\x07K\x0ctq\x08QK\x01K\x02K\x03\x86K\x03K\x01\x86\x89}"
	"q\x09tq\x0aRq\x0bsX\x01\x00\x00\x00l]"
	"h\x03((h\x04"
	"ctorch\nLongStorage\nX\x02\x00\x00\x00"
	"10h\x07K\x05tQK\x00K\x05\x85K\x01\x85\x89}tR"
	"au.";
enum { LEN = sizeof(dict) - 1 };

static const struct segment *tensor(const struct torch_pickle *p, const char *key,
	size_t i)
{
	const struct torch_storage *s = torch_pickle_find(p, key, strlen(key));

	ck_assert_ptr_nonnull(s);
	ck_assert_uint_lt(i, s->n);
	return &p->tensors.items[s->first + i];
}

START_TEST(finds_tensors)
{
	struct torch_pickle p;
	struct segments placed = { 0 };
	size_t used;

	ck_assert_int_eq(torch_pickle_read((const uint8_t *)dict, LEN, &p, &used),
		PICKLE_WHOLE);
	ck_assert_uint_eq(used, LEN);
	ck_assert_uint_eq(p.n_storages, 2);

	const struct segment *t = tensor(&p, "0", 0);

	ck_assert_str_eq(p.tensors.texts + t->name, "w.a");
	ck_assert_str_eq(p.tensors.texts + t->type, "float32");
	ck_assert_uint_eq(t->offset, 4);
	ck_assert_uint_eq(t->bytes, 24);
	ck_assert_uint_eq(t->n_dims, 2);
	ck_assert_uint_eq(p.tensors.dims[t->shape + 1], 3);
	t = tensor(&p, "10", 0);
	ck_assert_str_eq(p.tensors.texts + t->name, "l.0");
	ck_assert_uint_eq(t->dtype, DTYPE_I64);
	ck_assert_ptr_null(torch_pickle_find(&p, "1", 1));

	/* Element 0, the tensor, and the five elements behind it. */
	ck_assert_int_eq(torch_pickle_place(&p, torch_pickle_find(&p, "0", 1), 1000, &placed),
		0);
	ck_assert_uint_eq(placed.n, 3);
	ck_assert_uint_eq(placed.items[0].offset, 1000);
	ck_assert_uint_eq(placed.items[1].offset, 1004);
	ck_assert_uint_eq(placed.items[2].offset, 1028);
	ck_assert_uint_eq(placed.items[2].bytes, 20);
	segments_release(&placed);
	torch_pickle_release(&p);
}
END_TEST

/* Types that have no storage class of their own: the storage is of bytes, and the tensor
   says what they are. */
START_TEST(float8_is_said_by_the_tensor)
{
	static const char w[] =
		"\x80\x02}X\x01\x00\x00\x00w"
		"ctorch._utils\n_rebuild_tensor_v3\n((X\x07\x00\x00\x00storage"
		"ctorch.storage\nUntypedStorage\nX\x01\x00\x00\x00"
		"0X\x03\x00\x00\x00"
		"cpuK\x08tQK\x01K\x02K\x03\x86K\x03K\x01\x86\x89}"
		"ctorch\nfloat8_e4m3fn\ntRs.";
	struct torch_pickle p;
	size_t used;

	ck_assert_int_eq(torch_pickle_read((const uint8_t *)w, sizeof(w) - 1, &p, &used),
		PICKLE_WHOLE);

	const struct segment *t = tensor(&p, "0", 0);

	ck_assert_str_eq(p.tensors.texts + t->name, "w");
	ck_assert_str_eq(p.tensors.texts + t->type, "float8_e4m3fn");
	ck_assert_uint_eq(t->dtype, DTYPE_F8E4M3);
	ck_assert_uint_eq(t->offset, 1);
	ck_assert_uint_eq(t->bytes, 6);
	torch_pickle_release(&p);
}
END_TEST

START_TEST(cut_anywhere)
{
	for (size_t n = 0; n < LEN; n++) {
		char *exact = malloc(n + 1); /* for a sanitizer to see what is read beyond it */
		struct torch_pickle p;
		size_t used;

		memcpy(exact, dict, n);
		ck_assert_int_eq(torch_pickle_read((uint8_t *)exact, n, &p, &used), PICKLE_CUT);
		torch_pickle_release(&p);
		free(exact);
	}
}
END_TEST

START_TEST(changed_anywhere)
{
	for (size_t i = 0; i < LEN; i++) {
		for (unsigned v = 0; v < 256; v++) {
			struct segments placed = { 0 };
			struct torch_pickle p;
			char copy[LEN];
			size_t used;

			memcpy(copy, dict, LEN);
			copy[i] = (char)v;
			(void)torch_pickle_read((uint8_t *)copy, LEN, &p, &used);
			for (size_t k = 0; k < p.n_storages; k++)
				(void)torch_pickle_place(&p, &p.storages[k], 0, &placed);
			segments_release(&placed);
			torch_pickle_release(&p);
		}
	}
}
END_TEST

/* A dictionary that holds itself, and one in itself a thousand times over, have finite
   names. */
START_TEST(endless_names)
{
	static const char loop[] = "\x80\x02}q\x00X\x01\x00\x00\x00kh\x00s.";
	struct torch_pickle p;
	size_t used;

	ck_assert_int_eq(torch_pickle_read((const uint8_t *)loop, sizeof(loop) - 1, &p,
						 &used),
		PICKLE_WHOLE);
	ck_assert_uint_eq(p.n_storages, 0);
	torch_pickle_release(&p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("torch_pickle");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, finds_tensors);
	tcase_add_test(tc, float8_is_said_by_the_tensor);
	tcase_add_test(tc, cut_anywhere);
	tcase_add_test(tc, changed_anywhere);
	tcase_add_test(tc, endless_names);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
