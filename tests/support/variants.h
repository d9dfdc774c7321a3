/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_VARIANTS_H
#define FL_TESTS_VARIANTS_H

#include "kern/kernels.h"

/** kernels_variant() - the i-th set of kernels that this processor runs, NULL after the last */
const struct fl_kernels *kernels_variant(size_t i);

#endif
