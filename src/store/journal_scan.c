/* SPDX-License-Identifier: MIT */
#include "store/journal_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "store/journal_block.h"

int fl_jscan_init(struct fl_jscan *s, int fd, struct fl_error *reterr)
{
	uint64_t size;
	int r = fl_beside_size(fd, &size, NULL);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	*s = (struct fl_jscan){.fd = fd, .blocks = (size + FL_JBLOCK_BYTES - 1) / FL_JBLOCK_BYTES};
	return 0;
}

void fl_jscan_done(struct fl_jscan *s)
{
	free(s->data);
	s->data = NULL;
}

void fl_jscan_rewind(struct fl_jscan *s)
{
	s->nonce = s->block = s->seq = 0;
}

/* What is missing of the last block reads as zeros. */
static int read_block(struct fl_jscan *s, uint64_t number, unsigned char *block,
		      struct fl_error *reterr)
{
	size_t got = 0;
	int r = fl_file_pread(s->fd, block, FL_JBLOCK_BYTES, number * FL_JBLOCK_BYTES, &got);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "journal: %s", fl_strerror(r));
	memset(block + got, 0, FL_JBLOCK_BYTES - got);
	return 0;
}

static int corrupt(uint64_t number, struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
			    "the journal is damaged in its block %llu: nothing was changed",
			    (unsigned long long)number);
}

/*
 * Behind a group that is not whole its other blocks may stand, and groups that were written when it
 * was not synced yet: nothing of all these was stored.
 */
static int check_rest(struct fl_jscan *s, uint64_t number, struct fl_error *reterr)
{
	unsigned char block[FL_JBLOCK_BYTES];
	struct fl_jblock_tag tag;
	uint64_t data;
	int r;

	while (number < s->blocks) {
		data = fl_beside_data(s->fd, number * FL_JBLOCK_BYTES);
		if (data == UINT64_MAX)
			break;
		number = fl_max_u64(number, data / FL_JBLOCK_BYTES);
		r = read_block(s, number, block, reterr);
		if (r < 0)
			return r;
		switch (fl_jblock_check(block, s->nonce, number, &tag)) {
		case FL_JBLOCK_ZERO:
			break;
		case FL_JBLOCK_GOOD:
			if (tag.seq >= s->seq && tag.seq - tag.ahead <= s->seq)
				break;
			return corrupt(number, reterr);
		default:
			return corrupt(number, reterr);
		}
		number++;
	}
	return 0;
}

static int reserve(struct fl_jscan *s, uint64_t len, struct fl_error *reterr)
{
	unsigned char *bigger;

	if (len <= s->capacity)
		return 0;
	bigger = len > FL_JGROUP_BYTES_MAX + FL_JGROUP_HEAD_BYTES ? NULL
								  : realloc(s->data, (size_t)len);
	if (!bigger)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	s->data = bigger;
	s->capacity = (size_t)len;
	return 0;
}

/* One more block of the group. Return: 1; 0 when it was never written; errors. */
static int take_block(struct fl_jscan *s, uint64_t number, size_t *used, struct fl_error *reterr)
{
	unsigned char block[FL_JBLOCK_BYTES];
	struct fl_jblock_tag tag;
	int r = read_block(s, number, block, reterr);

	if (r < 0)
		return r;
	switch (fl_jblock_check(block, s->nonce, number, &tag)) {
	case FL_JBLOCK_ZERO:
		return 0;
	case FL_JBLOCK_BAD:
		return corrupt(number, reterr);
	case FL_JBLOCK_GOOD:
		break;
	}
	if (tag.seq != s->seq)
		return corrupt(number, reterr);
	s->nonce = tag.nonce;
	r = reserve(s, *used + FL_JBLOCK_PAYLOAD, reterr);
	if (r < 0)
		return r;
	memcpy(s->data + *used, block + FL_JBLOCK_TAG_BYTES, FL_JBLOCK_PAYLOAD);
	*used += FL_JBLOCK_PAYLOAD;
	return 1;
}

static void explain(struct fl_jscan *s, struct fl_jgroup *ret)
{
	ret->seq = s->seq;
	ret->type = fl_get32(s->data + 4);
	ret->len = (size_t)fl_get64(s->data + 8);
	for (size_t k = 0; k < FL_JGROUP_NUMBERS; k++)
		ret->numbers[k] = fl_get64(s->data + 16 + 8 * k);
	ret->data = s->data + FL_JGROUP_HEAD_BYTES;
}

int fl_jscan_next(struct fl_jscan *s, struct fl_jgroup *ret, struct fl_error *reterr)
{
	uint64_t number = s->block, count = 1, len;
	size_t used = 0;
	int r = 1;

	for (; number < s->block + count; number++) {
		r = number < s->blocks ? take_block(s, number, &used, reterr) : 0;
		if (r < 0)
			return r;
		if (r == 0)
			return check_rest(s, number, reterr);
		if (number > s->block)
			continue;
		len = fl_get64(s->data + 8);
		if (memcmp(s->data, "FLJ1", 4) != 0 || len > FL_JGROUP_BYTES_MAX)
			return corrupt(number, reterr);
		count = fl_journal_space(len) / FL_JBLOCK_BYTES;
		if (count > s->blocks - s->block)
			return check_rest(s, number, reterr);
		r = reserve(s, count * FL_JBLOCK_PAYLOAD, reterr);
		if (r < 0)
			return r;
	}
	explain(s, ret);
	s->block = number;
	s->seq++;
	return 1;
}
