/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_KERN_SETS_H
#define FL_KERN_KERN_SETS_H

#include "kern/kernels.h"

/** fl_kernels_generic - for every processor */
extern const struct fl_kernels fl_kernels_generic;

#if defined(__x86_64__)
/** fl_kernels_avx2 - needs AVX2, BMI1, BMI2, POPCNT */
extern const struct fl_kernels fl_kernels_avx2;

/** fl_kernels_avx512 - needs AVX-512 F and BW as well */
extern const struct fl_kernels fl_kernels_avx512;
#endif

#endif
