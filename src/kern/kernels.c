/* SPDX-License-Identifier: MIT */
#include "kern/kernels.h"

#include <stdatomic.h>

#include "base/cpu.h"
#include "kern/kern_sets.h"

#if defined(__x86_64__)
static bool have_avx2(void)
{
	return fl_cpu_has(FL_CPU_AVX2 | FL_CPU_BMI1 | FL_CPU_BMI2 | FL_CPU_POPCNT);
}

static bool have_avx512(void)
{
	return have_avx2() && fl_cpu_has(FL_CPU_AVX512BW);
}
#endif

static bool always(void)
{
	return true;
}

static const struct fl_kernels_variant variants[] = {
#if defined(__x86_64__)
	{&fl_kernels_avx512, have_avx512},
	{&fl_kernels_avx2, have_avx2},
#endif
	{&fl_kernels_generic, always},
};

const struct fl_kernels_variant *fl_kernels_variants(size_t *ret_count)
{
	*ret_count = sizeof(variants) / sizeof(*variants);
	return variants;
}

const struct fl_kernels *fl_kernels_get(void)
{
	static _Atomic(const struct fl_kernels *) chosen;
	const struct fl_kernels *k = atomic_load_explicit(&chosen, memory_order_relaxed);
	size_t i;

	for (i = 0; !k; i++)
		if (variants[i].supported())
			k = variants[i].kernels;
	atomic_store_explicit(&chosen, k, memory_order_relaxed);
	return k;
}
