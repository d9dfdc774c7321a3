/* SPDX-License-Identifier: MIT */
#include "store/journal_header.h"

#include "store/journal_block.h"

void fl_jheader_write(const struct fl_jheader *h, unsigned char *to)
{
	fl_put32(to, FL_JOURNAL_VERSION);
	fl_put32(to + 4, h->flags);
	fl_put64(to + 8, h->dev);
	fl_put64(to + 16, h->ino);
	fl_put64(to + 24, h->size_bytes);
	fl_put64(to + 32, h->program_len);
	fl_put64(to + 40, h->target_len);
	fl_put64(to + 48, h->version_len);
}

int fl_jheader_read(const unsigned char *p, size_t len, struct fl_jheader *ret)
{
	uint64_t program, target, version, left;

	if (len < FL_JHEADER_FIXED_BYTES)
		return -FL_ECORRUPT;
	if (fl_get32(p) != FL_JOURNAL_VERSION)
		return -FL_EUNSUPPORTED;
	program = fl_get64(p + 32);
	target = fl_get64(p + 40);
	version = fl_get64(p + 48);
	left = len - FL_JHEADER_FIXED_BYTES;
	if (program > left || target > left - program || version != left - program - target)
		return -FL_ECORRUPT;
	*ret = (struct fl_jheader){.flags = fl_get32(p + 4),
				   .dev = fl_get64(p + 8),
				   .ino = fl_get64(p + 16),
				   .size_bytes = fl_get64(p + 24),
				   .program = (const char *)p + FL_JHEADER_FIXED_BYTES,
				   .program_len = (size_t)program,
				   .target_len = (size_t)target,
				   .version_len = (size_t)version};
	ret->target = ret->program + program;
	ret->version = ret->target + target;
	return 0;
}
