/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "ops/codec/seek_table.h"
#include "ops/codec/zstd_header.h"

static size_t pack(unsigned char *to, size_t room, size_t len, int level, int size, int check)
{
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	unsigned char *text = malloc(len + 1);
	size_t n, i;

	for (i = 0; i < len; i++)
		text[i] = (unsigned char)("abc\n"[i % 4] + (int)(i / 1000 % 3));
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, size);
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, check);
	n = ZSTD_compress2(cctx, to, room, text, len);
	cr_assert(!ZSTD_isError(n));
	free(text);
	ZSTD_freeCCtx(cctx);
	return n;
}

Test(zstd_header, says_what_the_library_says)
{
	static const size_t lens[] = {0, 1, 255, 256, 257, 65791, 65792, 300000};
	unsigned char *frame = malloc(1 << 20);
	size_t i, n, cut;
	int r;

	for (i = 0; i < 8 * 4; i++) {
		struct fl_frame_info info = {0};
		int size = i & 1, check = i >> 1 & 1;

		n = pack(frame, 1 << 20, lens[i / 4], 1 + (int)(i % 19), size, check);
		r = fl_zstd_header(frame, n, &info);
		cr_assert(r > 4);
		cr_assert_eq(info.has_checksum, check);
		cr_assert_eq(info.bytes,
			     ZSTD_getFrameContentSize(frame, n) == ZSTD_CONTENTSIZE_UNKNOWN
				     ? FL_SIZE_UNKNOWN
				     : lens[i / 4]);
		cr_assert_eq(info.skippable, 0u);
		for (cut = 0; cut < (size_t)r; cut++)
			cr_assert(fl_zstd_header(frame, cut, &info) == 0);
	}
	free(frame);
}

Test(zstd_header, skippable_and_foreign)
{
	unsigned char p[18] = {0};
	struct fl_frame_info info = {0};
	uint32_t i;

	for (i = 0; i < 16; i++) {
		fl_put_le32(p, FL_ZSTD_SKIPPABLE_MAGIC + i);
		fl_put_le32(p + 4, 0xFFFFFFFF);
		cr_assert(fl_zstd_header(p, 8, &info) == 8);
		cr_assert_eq(info.skippable, FL_ZSTD_SKIPPABLE_MAGIC + i);
		cr_assert(info.packed_bytes == UINT64_C(0x100000007));
		cr_assert(fl_zstd_header(p, 7, &info) == 0);
	}
	fl_put_le32(p, FL_ZSTD_MAGIC - 1);
	cr_assert(fl_zstd_header(p, 18, &info) == -FL_ECORRUPT);
	cr_assert(fl_zstd_header(p, 4, &info) == -FL_ECORRUPT);
	fl_put_le32(p, FL_ZSTD_MAGIC);
	p[4] = 0x08;
	cr_assert(fl_zstd_header(p, 18, &info) == -FL_ECORRUPT);
}
