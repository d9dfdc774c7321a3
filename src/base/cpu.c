/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/cpu.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Set once the rest is known, so that no features and not yet asked differ. */
#define KNOWN 0x80000000u

static const struct {
	const char *name;
	unsigned bit;
} features[] = {
	{"popcnt", FL_CPU_POPCNT}, {"bmi1", FL_CPU_BMI1},         {"bmi2", FL_CPU_BMI2},
	{"avx2", FL_CPU_AVX2},     {"avx512bw", FL_CPU_AVX512BW},
};

static unsigned feature_bit(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (strlen(features[i].name) == len && memcmp(name, features[i].name, len) == 0)
			return features[i].bit;
	return 0;
}

int fl_cpu_parse_features(const char *list, unsigned *ret_features)
{
	unsigned found = 0;

	while (*list) {
		size_t len = strcspn(list, ",");
		unsigned bit = feature_bit(list, len);

		if (!bit)
			return -EINVAL;
		found |= bit;
		list += len;
		list += *list == ',';
	}
	*ret_features = found;
	return 0;
}

static unsigned detect(void)
{
	unsigned found = 0;

#if defined(__x86_64__)
	__builtin_cpu_init();
	found |= __builtin_cpu_supports("popcnt") ? FL_CPU_POPCNT : 0;
	found |= __builtin_cpu_supports("bmi") ? FL_CPU_BMI1 : 0;
	found |= __builtin_cpu_supports("bmi2") ? FL_CPU_BMI2 : 0;
	found |= __builtin_cpu_supports("avx2") ? FL_CPU_AVX2 : 0;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vbmi"))
		found |= FL_CPU_AVX512BW;
#endif
	return found;
}

#if defined(FL_TINY_WINDOWS) || defined(FL_TEST_HOOKS)
static unsigned disabled(void)
{
	static const char variable[] = "FAULTLINE_DISABLE_CPU_FEATURES";
	const char *list = getenv(variable);
	unsigned bits = 0;

	if (list && fl_cpu_parse_features(list, &bits) != 0) {
		fprintf(stderr, "%s=%s: no such feature\n", variable, list);
		abort();
	}
	return bits;
}
#else
static unsigned disabled(void)
{
	return 0;
}
#endif

unsigned fl_cpu_features(void)
{
	static _Atomic unsigned cached;
	unsigned found = atomic_load_explicit(&cached, memory_order_relaxed);

	if (!found) {
		found = KNOWN | (detect() & ~disabled());
		atomic_store_explicit(&cached, found, memory_order_relaxed);
	}
	return found & ~KNOWN;
}

bool fl_cpu_has(unsigned needed)
{
	return (fl_cpu_features() & needed) == needed;
}
