/* SPDX-License-Identifier: MIT */
#include "kern/byte_freq.h"
#include "kern/kernels.h"

/* How many of a million bytes of text match `c`. */
static uint32_t commonness(unsigned char c, bool icase)
{
	uint32_t n = fl_bytes_per_million[c];

	return icase && c >= 'a' && c <= 'z' ? n + fl_bytes_per_million[c ^ 0x20] : n;
}

/* A neighbour stands there more often than its frequency tells: in 64 MiB of logs "E" and "x" stand so
 * 36,000 times, "E" and "p", three letters between them, 530 times; "Exception" 439 times. */
#define NEIGHBOUR_FACTOR 4

static uint32_t commonness_beside(const unsigned char *bytes, size_t i, size_t best, bool icase)
{
	bool is_neighbour = i + 1 == best || best + 1 == i;

	return commonness(bytes[i], icase) * (is_neighbour ? NEIGHBOUR_FACTOR : 1);
}

void fl_literal_init(struct fl_literal *lit, const unsigned char *bytes, size_t len, bool icase)
{
	size_t best = 0, second, i;

	for (i = 1; i < len; i++)
		if (commonness(bytes[i], icase) < commonness(bytes[best], icase))
			best = i;
	second = best == 0 && len > 1 ? 1 : 0;
	for (i = 0; i < len; i++)
		if (i != best && commonness_beside(bytes, i, best, icase) <
					 commonness_beside(bytes, second, best, icase))
			second = i;
	*lit = (struct fl_literal){.bytes = bytes,
				   .len = len,
				   .icase = icase,
				   .rare1 = best < second ? best : second,
				   .rare2 = best < second ? second : best};
}
