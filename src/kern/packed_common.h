/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_PACKED_COMMON_H
#define FL_KERN_PACKED_COMMON_H

#include "base/attr.h"
#include "kern/literal_same.h"
#include "kern/packed.h"

/** struct fl_packed_text - what is searched: nothing before or behind it is compared */
struct fl_packed_text {
	const struct fl_packed *k;
	const unsigned char *begin;
	const unsigned char *end;
};

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
			    fl_literal_same(p - lit->at, lit->bytes, lit->len, k->icase))
				return p - lit->at;
		}
	}
	return NULL;
}

/** fl_packed_rest() - from @p on to the end of the text, place by place */
const unsigned char *fl_packed_rest(const struct fl_packed_text *t, const unsigned char *p);

#endif
