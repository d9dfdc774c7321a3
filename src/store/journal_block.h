/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_JOURNAL_BLOCK_H
#define FL_STORE_JOURNAL_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <endian.h>

/**
 * DOC: Blocks of a journal.
 *
 * A journal is a row of blocks of 4 KiB. Each begins with a tag:
 *
 *     bytes 0-7    nonce of the journal
 *     bytes 8-15   sequence number of the group that the block belongs to
 *     bytes 16-23  number of the block in the file
 *     bytes 24-27  how many groups before its own may never have been written: those that were not
 *                  synced yet when the block was made
 *     bytes 28-31  CRC32C of all other bytes
 *
 * A block of zeros was never written. Anything else that does not carry the right tag is damaged.
 * All numbers in a journal are little-endian.
 */
#define FL_JBLOCK_BYTES ((size_t)4096)
#define FL_JBLOCK_TAG_BYTES ((size_t)32)
#define FL_JBLOCK_PAYLOAD (FL_JBLOCK_BYTES - FL_JBLOCK_TAG_BYTES)

enum fl_jblock_state {
	FL_JBLOCK_GOOD,
	FL_JBLOCK_ZERO,
	FL_JBLOCK_BAD
};

/**
 * struct fl_jblock_tag - what a block says of itself
 * @ahead: groups before its own that may be missing
 */
struct fl_jblock_tag {
	uint64_t nonce;
	uint64_t seq;
	uint64_t number;
	uint32_t ahead;
};

/** fl_jblock_seal() - write the tag of a block whose payload is complete */
void fl_jblock_seal(unsigned char *block, const struct fl_jblock_tag *tag);

/**
 * fl_jblock_check() - what is a block that should be number @number?
 * @nonce:   of the journal; 0 = any (the first block tells)
 * @ret:     of a good block
 */
enum fl_jblock_state fl_jblock_check(const unsigned char *block, uint64_t nonce, uint64_t number,
				     struct fl_jblock_tag *ret);

/** fl_put64(), fl_get64(), fl_put32(), fl_get32(): little-endian numbers at any address */
static inline void fl_put64(unsigned char *to, uint64_t value)
{
	value = htole64(value);
	memcpy(to, &value, sizeof(value));
}

static inline uint64_t fl_get64(const unsigned char *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return le64toh(value);
}

static inline void fl_put32(unsigned char *to, uint32_t value)
{
	value = htole32(value);
	memcpy(to, &value, sizeof(value));
}

static inline uint32_t fl_get32(const unsigned char *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return le32toh(value);
}

/** fl_crc32c() - of n bytes, the register before it being @reg (0 for the first piece) */
uint32_t fl_crc32c(uint32_t reg, const void *data, size_t n);

/** fl_crc_part() - register of CRC32C over n bytes, begun with @reg (0 for a part of a message) */
uint32_t fl_crc_part(uint32_t reg, const void *data, size_t n);

/** fl_crc_join() - register after bytes with register @reg, then @len bytes with register @part */
uint32_t fl_crc_join(uint32_t reg, uint32_t part, uint64_t len);

#endif
