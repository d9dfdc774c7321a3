/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"
#include "kern/kernels.h"

#define ALL (FL_CPU_POPCNT | FL_CPU_BMI1 | FL_CPU_BMI2 | FL_CPU_AVX2 | FL_CPU_AVX512BW)
#define VARIABLE "FAULTLINE_DISABLE_CPU_FEATURES"

/* A feature's line of /proc/cpuinfo, where the kernel says what it has switched on. */
static bool kernel_reports(const char *flag)
{
	static char line[16384];
	FILE *f = fopen("/proc/cpuinfo", "re");
	bool found = false;

	cr_assert(f != NULL);
	while (!found && fgets(line, sizeof(line), f)) {
		char *save = NULL, *word = strtok_r(line, " \t\n", &save);

		if (!word || strcmp(word, "flags") != 0)
			continue;
		while (!found && (word = strtok_r(NULL, " \t\n", &save)))
			found = strcmp(word, flag) == 0;
	}
	fclose(f);
	return found;
}

#if defined(__x86_64__)
Test(cpu, features_are_those_the_kernel_reports)
{
	unsetenv(VARIABLE);
	cr_assert(fl_cpu_has(FL_CPU_AVX2) == kernel_reports("avx2"));
	cr_assert(!fl_cpu_has(FL_CPU_AVX512BW) || kernel_reports("avx512bw"));
	cr_assert(fl_cpu_has(FL_CPU_BMI1) == kernel_reports("bmi1"));
	cr_assert(fl_cpu_has(FL_CPU_BMI2) == kernel_reports("bmi2"));
	cr_assert(fl_cpu_has(FL_CPU_POPCNT) == kernel_reports("popcnt"));
}
#endif

Test(cpu, all_of_what_is_needed)
{
	unsigned have = fl_cpu_features();

	cr_assert((have & ~ALL) == 0);
	cr_assert(fl_cpu_features() == have);
	cr_assert(fl_cpu_has(0));
	cr_assert(fl_cpu_has(have));
	cr_assert(!fl_cpu_has(have | 0x40000000u));
}

Test(cpu, names)
{
	unsigned bits = 99;

	cr_assert(fl_cpu_parse_features("", &bits) == 0 && bits == 0);
	cr_assert(fl_cpu_parse_features("avx2", &bits) == 0 && bits == FL_CPU_AVX2);
	cr_assert(fl_cpu_parse_features("bmi2,popcnt", &bits) == 0 &&
		  bits == (FL_CPU_BMI2 | FL_CPU_POPCNT));
	cr_assert(fl_cpu_parse_features("popcnt,bmi1,bmi2,avx2,avx512bw,avx2", &bits) == 0 &&
		  bits == ALL);
	bits = 99;
	cr_assert(fl_cpu_parse_features("avx", &bits) == -EINVAL);
	cr_assert(fl_cpu_parse_features("avx22", &bits) == -EINVAL);
	cr_assert(fl_cpu_parse_features("AVX2", &bits) == -EINVAL);
	cr_assert(fl_cpu_parse_features("avx2,,bmi1", &bits) == -EINVAL);
	cr_assert(fl_cpu_parse_features("avx2, bmi1", &bits) == -EINVAL);
	cr_assert(fl_cpu_parse_features(",", &bits) == -EINVAL);
	cr_assert(bits == 99, "left alone after an error");
}

/* How a child ends that asks with VARIABLE=value: its features as exit status, or the signal. */
static int status_with(const char *value)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		freopen("/dev/null", "w", stderr);
		setenv(VARIABLE, value, 1);
		_exit((int)fl_cpu_features() |
		      (strcmp(fl_kernels_get()->name, "generic") == 0 ? 0x80 : 0));
	}
	cr_assert(child > 0 && waitpid(child, &status, 0) == child);
	return status;
}

#if defined(FL_TINY_WINDOWS) || defined(FL_TEST_HOOKS)
Test(cpu, the_environment_takes_features_away)
{
	int status = status_with("avx2,bmi2");

	cr_assert(WIFEXITED(status));
	cr_assert(((unsigned)WEXITSTATUS(status) & (FL_CPU_AVX2 | FL_CPU_BMI2)) == 0);
	cr_assert((WEXITSTATUS(status) & 0x80) != 0, "the generic kernels are left");
	status = status_with("avx2,no-such-thing");
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	status = status_with("");
	cr_assert(WIFEXITED(status));
	/* Only now: a child of a process that has asked before would not ask again. */
	cr_assert((unsigned)(WEXITSTATUS(status) & 0x7F) == fl_cpu_features());
}
#else
Test(cpu, the_environment_is_for_tests_only)
{
	int status = status_with("avx2,no-such-thing");

	cr_assert(WIFEXITED(status));
	cr_assert((unsigned)(WEXITSTATUS(status) & 0x7F) == fl_cpu_features());
}
#endif
