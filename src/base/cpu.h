/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_CPU_H
#define FL_BASE_CPU_H

#include <stdbool.h>

/* Instruction sets that some function of the library has a version for. */
#define FL_CPU_POPCNT 0x1u
#define FL_CPU_BMI1 0x2u
#define FL_CPU_BMI2 0x4u
#define FL_CPU_AVX2 0x8u
/* AVX-512 F and BW, on processors that do not slow down for it: those with VBMI (Ice Lake, Zen 4). */
#define FL_CPU_AVX512BW 0x10u

/**
 * fl_cpu_features() - the FL_CPU_ bits that the processor has and the system has switched on
 *
 * In builds for tests (--enable-tiny-windows, --enable-test-hooks) the environment takes some
 * away: FAULTLINE_DISABLE_CPU_FEATURES=avx2,bmi2. A name that is none ends the program (abort),
 * so that a misspelt test does not pass by testing nothing. Other builds ignore the variable.
 *
 * Threads: any; the answer never changes. Cost: one load after the first call.
 * Source: CPUID and XGETBV, through the compiler's __builtin_cpu_supports.
 */
unsigned fl_cpu_features(void);

/** fl_cpu_has() - are all the FL_CPU_ bits of @needed there? */
bool fl_cpu_has(unsigned needed);

/**
 * fl_cpu_parse_features() - the bits for names with commas between them, as in "avx2,bmi2"
 * @list: names in lower case; empty = no bits
 *
 * Return: 0, -EINVAL = a name that is none (@ret_features is left alone)
 */
int fl_cpu_parse_features(const char *list, unsigned *ret_features);

#endif
