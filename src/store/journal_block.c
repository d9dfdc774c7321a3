/* SPDX-License-Identifier: MIT */
#include "store/journal_block.h"

#include <pthread.h>

#include "kern/crc.h"

#define CRC_AT 28u

static struct fl_crc crc32c;
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void make_crc(void)
{
	(void)fl_crc_init(&crc32c, FL_CRC32C_POLY, FL_CRC_BEST);
}

uint32_t fl_crc32c(uint32_t reg, const void *data, size_t n)
{
	pthread_once(&crc_once, make_crc);
	return ~fl_crc_update(&crc32c, ~reg, data, n);
}

uint32_t fl_crc_part(uint32_t reg, const void *data, size_t n)
{
	pthread_once(&crc_once, make_crc);
	return fl_crc_update(&crc32c, reg, data, n);
}

uint32_t fl_crc_join(uint32_t reg, uint32_t part, uint64_t len)
{
	pthread_once(&crc_once, make_crc);
	return fl_crc_shift(&crc32c, reg, len) ^ part;
}

static uint32_t crc_of(const unsigned char *block)
{
	uint32_t reg = fl_crc32c(0, block, CRC_AT);

	return fl_crc32c(reg, block + FL_JBLOCK_TAG_BYTES, FL_JBLOCK_PAYLOAD);
}

void fl_jblock_seal(unsigned char *block, const struct fl_jblock_tag *tag)
{
	fl_put64(block, tag->nonce);
	fl_put64(block + 8, tag->seq);
	fl_put64(block + 16, tag->number);
	fl_put32(block + 24, tag->ahead);
	fl_put32(block + CRC_AT, crc_of(block));
}

static int is_zero(const unsigned char *block)
{
	return block[0] == 0 && memcmp(block, block + 1, FL_JBLOCK_BYTES - 1) == 0;
}

enum fl_jblock_state fl_jblock_check(const unsigned char *block, uint64_t nonce, uint64_t number,
				     struct fl_jblock_tag *ret)
{
	struct fl_jblock_tag tag = {.nonce = fl_get64(block),
				    .seq = fl_get64(block + 8),
				    .number = fl_get64(block + 16),
				    .ahead = fl_get32(block + 24)};

	if (is_zero(block))
		return FL_JBLOCK_ZERO;
	if (fl_get32(block + CRC_AT) != crc_of(block) || tag.number != number ||
	    tag.ahead > tag.seq || (nonce != 0 && tag.nonce != nonce))
		return FL_JBLOCK_BAD;
	*ret = tag;
	return FL_JBLOCK_GOOD;
}
