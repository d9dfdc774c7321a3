/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "plat/mapping.h"
#include "plat/usage.h"

static void burn(uint64_t ns)
{
	uint64_t end = fl_clock_ns() + ns;

	while (fl_clock_ns() < end)
		;
}

Test(usage, counters_count_what_was_done)
{
	struct fl_usage a, b;
	size_t n = 64 * fl_page_bytes(), i;
	char *p = fl_map_anon(n);

	fl_usage_read(&a);
	for (i = 0; i < n; i += fl_page_bytes())
		((volatile char *)p)[i] = 1;
	burn(50000000);
	usleep(1000);
	fl_usage_read(&b);
	cr_assert(b.minor_faults - a.minor_faults >= 1);
	cr_assert(b.user_ns + b.sys_ns > a.user_ns + a.sys_ns);
	cr_assert(b.voluntary_switches > a.voluntary_switches);
	cr_assert(b.storage_read_bytes >= a.storage_read_bytes);
	cr_assert(a.tlb_shootdowns == FL_USAGE_UNKNOWN || b.tlb_shootdowns >= a.tlb_shootdowns);
	fl_unmap(p, n);
}

Test(usage, page_tables_grow_with_what_is_mapped)
{
	uint64_t before = fl_usage_page_tables();
	size_t n = (size_t)64 << 20, i;
	char *p = fl_map_anon(n);

	for (i = 0; i < n; i += (size_t)2 << 20)
		((volatile char *)p)[i] = 1;
	cr_assert(before > 0);
	cr_assert(fl_usage_page_tables() >= before);
	fl_unmap(p, n);
}

Test(usage, machine_and_children_hold_what_a_child_took)
{
	uint64_t machine = fl_usage_machine_ns(), children = fl_usage_children_ns();
	pid_t pid = fork();

	if (pid == 0) {
		burn(100000000);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	cr_assert(fl_usage_children_ns() > children);
	/* Ticks of 10 ms. */
	cr_assert(fl_usage_machine_ns() > machine);
}

Test(usage, perf_counters_count_or_say_that_they_do_not)
{
	uint64_t cycles = 1, misses = 1;
	struct fl_perf perf;

	fl_perf_open(&perf);
	burn(1000000);
	fl_perf_close(&perf, &cycles, &misses);
	cr_assert(cycles == FL_USAGE_UNKNOWN || cycles > 1000);
	fl_perf_close(&perf, &cycles, &misses);
	cr_assert_eq(cycles, FL_USAGE_UNKNOWN);
}
