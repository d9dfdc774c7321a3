/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/leaf_list.h"

static int syncs;

/* In place of the C library's. */
int fdatasync(int fd)
{
	cr_assert(fd >= 0);
	syncs++;
	return 0;
}

static void number(uint64_t i, unsigned char ret[FL_LEAF_DIGEST_BYTES])
{
	memset(ret, 0, FL_LEAF_DIGEST_BYTES);
	memcpy(ret, &i, sizeof(i));
}

static void expect_from(struct leaf_list *list, uint64_t from)
{
	unsigned char digest[FL_LEAF_DIGEST_BYTES], expected[FL_LEAF_DIGEST_BYTES];

	cr_assert(leaf_list_seek(list, from) == 0);
	for (uint64_t i = from; i < list->count; i++) {
		number(i, expected);
		cr_assert(leaf_list_next(list, digest) == 1);
		cr_assert(memcmp(digest, expected, sizeof(digest)) == 0, "number %llu",
			  (unsigned long long)i);
	}
	cr_assert(leaf_list_next(list, digest) == 0);
}

Test(leaf_list, goes_on_in_a_file_that_was_there)
{
	unsigned char digest[FL_LEAF_DIGEST_BYTES];
	struct leaf_list list = {0};
	uint64_t sum10 = 0, sum20;
	char path[] = "/tmp/test_leaf_list.XXXXXX";
	int fd = mkstemp(path);

	cr_assert(fd >= 0 && leaf_list_open(&list, path, 0, 0) == 0);
	for (uint64_t i = 0; i < 20; i++) {
		number(i, digest);
		cr_assert(leaf_list_add(&list, digest) == 0);
		if (i == 9)
			sum10 = list.sum;
	}
	sum20 = list.sum;
	expect_from(&list, 3);
	cr_assert(leaf_list_flush(&list, 0) == 0 && syncs == 0);
	cr_assert(leaf_list_flush(&list, 1) == 0 && syncs == 1);
	leaf_list_done(&list);
	cr_assert(leaf_list_open(&list, path, 21, sum20) == -FL_ECORRUPT);
	cr_assert(leaf_list_open(&list, path, 10, sum20) == -FL_ECORRUPT);
	cr_assert(leaf_list_open(&list, path, 10, sum10) == 0);
	number(10, digest);
	cr_assert(leaf_list_add(&list, digest) == 0);
	cr_assert(list.count == 11 && list.sum != sum10 && list.sum != sum20);
	expect_from(&list, 0);
	leaf_list_done(&list);
	close(fd);
	remove(path);
}

Test(leaf_list, a_byte_that_changed_is_found)
{
	unsigned char digest[FL_LEAF_DIGEST_BYTES];
	struct leaf_list list = {0};
	char path[] = "/tmp/test_leaf_list.XXXXXX";
	int fd = mkstemp(path);
	uint64_t sum;

	cr_assert(fd >= 0 && leaf_list_open(&list, path, 0, 0) == 0);
	for (uint64_t i = 0; i < 8; i++) {
		number(i, digest);
		cr_assert(leaf_list_add(&list, digest) == 0);
	}
	sum = list.sum;
	leaf_list_done(&list);
	for (off_t at = 0; at < 8 * FL_LEAF_DIGEST_BYTES; at++) {
		unsigned char byte, other;

		cr_assert(pread(fd, &byte, 1, at) == 1);
		other = byte ^ 1;
		cr_assert(pwrite(fd, &other, 1, at) == 1);
		cr_assert(leaf_list_open(&list, path, 8, sum) == -FL_ECORRUPT);
		cr_assert(list.count == 0 && list.rest == NULL);
		cr_assert(pwrite(fd, &byte, 1, at) == 1);
	}
	for (off_t size = 0; size < 8 * FL_LEAF_DIGEST_BYTES; size += 5) {
		cr_assert(ftruncate(fd, 8 * FL_LEAF_DIGEST_BYTES - 1 - size) == 0);
		cr_assert(leaf_list_open(&list, path, 8, sum) == -FL_ECORRUPT);
	}
	close(fd);
	remove(path);
}

/* In memory up to 1024, and in a file behind that; additions and looks in turn. */
Test(leaf_list, gives_what_was_added)
{
	unsigned char digest[FL_LEAF_DIGEST_BYTES];
	struct leaf_list list = {0};

	expect_from(&list, 0);
	for (uint64_t i = 0; i < 5000; i++) {
		number(i, digest);
		cr_assert(leaf_list_add(&list, digest) == 0);
		if (i % 701 == 0 || i == 1023 || i == 1024 || i == 1025) {
			expect_from(&list, 0);
			expect_from(&list, i / 2);
			expect_from(&list, i);
		}
	}
	expect_from(&list, 0);
	expect_from(&list, 4000);
	leaf_list_done(&list);
	cr_assert(list.count == 0 && list.held == NULL);
}
