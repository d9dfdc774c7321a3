/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "ops/codec/seek_table.h"

Test(seek_table, empty_has_a_footer)
{
	static const unsigned char want[] = {0x5E, 0x2A, 0x4D, 0x18, 9,    0,    0,    0,   0,
					     0,    0,    0,    0x80, 0xB1, 0xEA, 0x92, 0x8F};
	struct fl_seek_table t = {0};
	unsigned char *data;
	size_t len;

	cr_assert(fl_seek_table_encode(&t, &data, &len) == 0);
	cr_assert_eq(len, sizeof(want));
	cr_assert(memcmp(data, want, len) == 0);
	free(data);
}

Test(seek_table, rows_stand_in_order)
{
	struct fl_seek_table t = {0};
	unsigned char *data;
	size_t len;
	uint32_t i;

	for (i = 0; i < 1000; i++) {
		struct fl_seek_row row = {.packed_bytes = i, .bytes = i * 3, .checksum = ~i};

		cr_assert(fl_seek_table_add(&t, &row) == 0);
	}
	cr_assert(fl_seek_table_encode(&t, &data, &len) == 0);
	cr_assert_eq(len, 8u + 1000u * 12u + 9u);
	cr_assert_eq(fl_get_le32(data + 4), len - 8);
	for (i = 0; i < 1000; i++) {
		cr_assert_eq(fl_get_le32(data + 8 + 12 * i), i);
		cr_assert_eq(fl_get_le32(data + 12 + 12 * i), i * 3);
		cr_assert_eq(fl_get_le32(data + 16 + 12 * i), ~i);
	}
	cr_assert_eq(fl_get_le32(data + len - 9), 1000u);
	free(data);
	fl_seek_table_done(&t);
	cr_assert(t.rows == NULL && t.count == 0);
}

Test(seek_table, little_endian_fields)
{
	unsigned char p[4];

	fl_put_le32(p, 0x01020384);
	cr_assert(p[0] == 0x84 && p[1] == 3 && p[2] == 2 && p[3] == 1);
	cr_assert_eq(fl_get_le32(p), 0x01020384u);
	fl_put_le32(p, UINT32_MAX);
	cr_assert_eq(fl_get_le32(p), UINT32_MAX);
}
