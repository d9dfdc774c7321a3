/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_PACKED_COMMON_H
#define FL_KERN_PACKED_COMMON_H

#include <string.h>

#include "base/attr.h"
#include "kern/packed.h"

/** struct fl_packed_text - what is searched: nothing before or behind it is compared */
struct fl_packed_text {
	const struct fl_packed *k;
	const unsigned char *begin;
	const unsigned char *end;
};

static inline bool fl_packed_same(const unsigned char *p, const struct fl_packed_literal *lit,
				  bool icase)
{
	if (!icase)
		return memcmp(p, lit->bytes, lit->len) == 0;
	for (size_t i = 0; i < lit->len; i++) {
		unsigned char c = lit->bytes[i];

		if ((p[i] | (c >= 'a' && c <= 'z' ? 0x20 : 0)) != c)
			return false;
	}
	return true;
}

/** fl_packed_at() - the literal of these @buckets whose fragment stands at @p, or NULL */
static inline const unsigned char *fl_packed_at(const struct fl_packed_text *t,
						const unsigned char *p, unsigned buckets)
{
	const struct fl_packed *k = t->k;

	for (; buckets; buckets &= buckets - 1) {
		unsigned b = (unsigned)__builtin_ctz(buckets);

		for (size_t i = k->first[b]; i < k->first[b + 1]; i++) {
			const struct fl_packed_literal *lit = &k->literals[i];

			if ((size_t)(p - t->begin) >= lit->at &&
			    (size_t)(t->end - p) >= lit->len - lit->at &&
			    fl_packed_same(p - lit->at, lit, k->icase))
				return p - lit->at;
		}
	}
	return NULL;
}

/** fl_packed_rest() - from @p on to the end of the text, place by place */
const unsigned char *fl_packed_rest(const struct fl_packed_text *t, const unsigned char *p);

#endif
