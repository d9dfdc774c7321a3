/* SPDX-License-Identifier: MIT */
#include "scale.h"

#include <stdlib.h>

double test_scale(void)
{
	const char *s = getenv("FL_TEST_SCALE");
	double n = s ? strtod(s, NULL) : 0;

	return n > 0 ? n : 1;
}

unsigned test_rounds(double n, unsigned least)
{
	double rounds = n * test_scale();

	return rounds < least ? least : (unsigned)rounds;
}
