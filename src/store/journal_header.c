/* SPDX-License-Identifier: MIT */
#include "store/journal_header.h"

#include "store/journal_block.h"

uint64_t fl_jset_start(const struct fl_jset *set, uint64_t k)
{
	return fl_get64(set->starts + 8 * k);
}

size_t fl_jset_bytes(const struct fl_jset *set)
{
	return set->count > 0 ? 8 * ((size_t)set->count + 1) : 0;
}

size_t fl_jheader_fixed(const struct fl_jset *set)
{
	return FL_JHEADER_FIXED_BYTES + (set->count > 0 ? FL_JHEADER_SET_BYTES : 0);
}

static uint32_t version_of(const struct fl_jheader *h)
{
	if (h->flags & FL_JHEADER_PUNCH)
		return FL_JOURNAL_PUNCH_VERSION;
	return h->set.count > 0 ? FL_JOURNAL_SET_VERSION : FL_JOURNAL_VERSION;
}

/* Who knows only the layout before must not take such a journal for one of changes. */
static bool knows(uint32_t version, uint32_t flags)
{
	return version ==
	       ((flags & FL_JHEADER_PUNCH) ? FL_JOURNAL_PUNCH_VERSION : FL_JOURNAL_VERSION);
}

void fl_jheader_write(const struct fl_jheader *h, unsigned char *to)
{
	fl_put32(to, version_of(h));
	fl_put32(to + 4, h->flags);
	fl_put64(to + 8, h->dev);
	fl_put64(to + 16, h->ino);
	fl_put64(to + 24, h->size_bytes);
	fl_put64(to + 32, h->program_len);
	fl_put64(to + 40, h->target_len);
	fl_put64(to + 48, h->version_len);
	if (h->set.count == 0)
		return;
	fl_put64(to + 56, h->set.count);
	fl_put64(to + 64, h->set.index);
	fl_put64(to + 72, h->set.nonce);
}

/* What a set has more. Return: bytes of it; -FL_ECORRUPT. */
static int64_t read_set(const unsigned char *p, size_t len, uint64_t size, struct fl_jset *ret)
{
	struct fl_jset set;

	if (len < FL_JHEADER_FIXED_BYTES + FL_JHEADER_SET_BYTES)
		return -FL_ECORRUPT;
	set = (struct fl_jset){.count = fl_get64(p + 56),
			       .index = fl_get64(p + 64),
			       .nonce = fl_get64(p + 72),
			       .starts = p + FL_JHEADER_FIXED_BYTES + FL_JHEADER_SET_BYTES};
	if (set.count == 0 || set.count > FL_JSET_MAX || set.index >= set.count ||
	    fl_jset_bytes(&set) > len - FL_JHEADER_FIXED_BYTES - FL_JHEADER_SET_BYTES)
		return -FL_ECORRUPT;
	for (uint64_t k = 0; k < set.count; k++)
		if (fl_jset_start(&set, k) > fl_jset_start(&set, k + 1))
			return -FL_ECORRUPT;
	if (fl_jset_start(&set, 0) != 0 || fl_jset_start(&set, set.count) != size)
		return -FL_ECORRUPT;
	*ret = set;
	return (int64_t)(FL_JHEADER_SET_BYTES + fl_jset_bytes(&set));
}

int fl_jheader_read(const unsigned char *p, size_t len, struct fl_jheader *ret)
{
	uint64_t program, target, version, left;
	struct fl_jset set = {0};
	int64_t more = 0;

	if (len < FL_JHEADER_FIXED_BYTES)
		return -FL_ECORRUPT;
	if (fl_get32(p) == FL_JOURNAL_SET_VERSION)
		more = read_set(p, len, fl_get64(p + 24), &set);
	else if (!knows(fl_get32(p), fl_get32(p + 4)))
		return -FL_EUNSUPPORTED;
	if (more < 0)
		return (int)more;
	program = fl_get64(p + 32);
	target = fl_get64(p + 40);
	version = fl_get64(p + 48);
	left = len - FL_JHEADER_FIXED_BYTES - (size_t)more;
	if (program > left || target > left - program || version != left - program - target)
		return -FL_ECORRUPT;
	*ret = (struct fl_jheader){.flags = fl_get32(p + 4),
				   .dev = fl_get64(p + 8),
				   .ino = fl_get64(p + 16),
				   .size_bytes = fl_get64(p + 24),
				   .set = set,
				   .program = (const char *)p + FL_JHEADER_FIXED_BYTES + more,
				   .program_len = (size_t)program,
				   .target_len = (size_t)target,
				   .version_len = (size_t)version};
	ret->target = ret->program + program;
	ret->version = ret->target + target;
	return 0;
}
