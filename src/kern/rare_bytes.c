/* SPDX-License-Identifier: MIT */
#include "kern/kernels.h"

/*
 * How common a byte is in logs and other text, 0 = rare. Classes are enough: what matters is that
 * a capital or a digit pair is preferred to two lower-case vowels.
 */
static unsigned commonness(unsigned char c)
{
	static const char frequent[] = "etaoinsrlcdpmuhgf";
	const char *p;

	if (c == ' ' || c == '\n' || c == '0' || c == '1')
		return 255;
	for (p = frequent; *p; p++)
		if ((unsigned char)*p == c)
			return 250 - 5 * (unsigned)(p - frequent);
	if (c >= 'a' && c <= 'z')
		return c == 'j' || c == 'q' || c == 'x' || c == 'z' ? 40 : 110;
	if (c >= '2' && c <= '9')
		return 150;
	if (c >= 'A' && c <= 'Z')
		return 60;
	if (c == '.' || c == ':' || c == '-' || c == '/' || c == '=' || c == ',')
		return 160;
	return c == 0 ? 200 : 30;
}

void fl_literal_init(struct fl_literal *lit, const unsigned char *bytes, size_t len, bool icase)
{
	size_t best = 0, second, i;

	for (i = 1; i < len; i++)
		if (commonness(bytes[i]) < commonness(bytes[best]))
			best = i;
	second = best == 0 && len > 1 ? 1 : 0;
	for (i = 0; i < len; i++)
		if (i != best && commonness(bytes[i]) < commonness(bytes[second]))
			second = i;
	*lit = (struct fl_literal){.bytes = bytes,
				   .len = len,
				   .icase = icase,
				   .rare1 = best < second ? best : second,
				   .rare2 = best < second ? second : best};
}
