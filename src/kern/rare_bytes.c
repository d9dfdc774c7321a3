/* SPDX-License-Identifier: MIT */
#include "kern/byte_freq.h"
#include "kern/kernels.h"

/* How many of a million bytes of text match `c`. */
static uint32_t commonness(unsigned char c, bool icase)
{
	uint32_t n = fl_bytes_per_million[c];

	return icase && c >= 'a' && c <= 'z' ? n + fl_bytes_per_million[c ^ 0x20] : n;
}

void fl_literal_init(struct fl_literal *lit, const unsigned char *bytes, size_t len, bool icase)
{
	size_t best = 0, second, i;

	for (i = 1; i < len; i++)
		if (commonness(bytes[i], icase) < commonness(bytes[best], icase))
			best = i;
	second = best == 0 && len > 1 ? 1 : 0;
	for (i = 0; i < len; i++)
		if (i != best && commonness(bytes[i], icase) < commonness(bytes[second], icase))
			second = i;
	*lit = (struct fl_literal){.bytes = bytes,
				   .len = len,
				   .icase = icase,
				   .rare1 = best < second ? best : second,
				   .rare2 = best < second ? second : best};
}
