/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_SCALE_H
#define TESTS_SUPPORT_SCALE_H

/* What loops multiply their rounds with: less under sanitizers, more in `make check-stress`. */

/** test_scale() - FL_TEST_SCALE; 1 if it is not set */
double test_scale(void);

/** test_rounds() - @n times test_scale(), at least @least */
unsigned test_rounds(double n, unsigned least);

#endif
