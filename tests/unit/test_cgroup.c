/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plat/cgroup.h"

static char root[64];
static char self[96];

static void make_root(void)
{
	strcpy(root, "/tmp/fl_cgroup_XXXXXX");
	cr_assert_not_null(mkdtemp(root));
	snprintf(self, sizeof(self), "%s/self", root);
}

static void remove_root(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	cr_assert_eq(system(command), 0);
}

TestSuite(cgroup, .init = make_root, .fini = remove_root);

/* Writes text to root/dir/name, making the folders. */
static void put(const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "mkdir -p '%s/%s'", root, dir);
	cr_assert_eq(system(path), 0);
	snprintf(path, sizeof(path), "%s/%s/%s", root, dir, name);
	f = fopen(path, "we");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

static struct fl_cgroup_memory memory(void)
{
	struct fl_cgroup_memory m;

	fl_cgroup_memory(root, self, &m);
	return m;
}

#define V1_NONE "9223372036854771712\n"

Test(cgroup, without_anything_there_is_no_limit)
{
	cr_assert_eq(memory().limit_bytes, UINT64_MAX);
	cr_assert_eq(memory().room_bytes, UINT64_MAX);
	cr_assert_eq(fl_cgroup_cpus(root, self), 0u);
}

Test(cgroup, v2_cache_counts_as_room)
{
	put("", "self", "0::/a/b\n");
	put("", "cgroup.controllers", "cpu memory\n");
	put("a/b", "memory.max", "1000000\n");
	put("a/b", "memory.current", "900000\n");
	put("a/b", "memory.stat",
	    "anon 100000\nfile 800000\nx_inactive_file 7\ninactive_file 300000\nactive_file "
	    "400000\n");
	cr_assert_eq(memory().limit_bytes, 1000000u);
	cr_assert_eq(memory().room_bytes, 800000u);
}

Test(cgroup, v2_a_group_above_may_be_tighter)
{
	put("", "self", "0::/a/b\n");
	put("", "cgroup.controllers", "cpu memory\n");
	put("a/b", "memory.max", "max\n");
	put("a", "memory.max", "5000\n");
	put("a", "memory.current", "1500\n");
	cr_assert_eq(memory().limit_bytes, 5000u);
	cr_assert_eq(memory().room_bytes, 3500u);
	put("a/b", "memory.max", "4000\n");
	put("a/b", "memory.current", "4500\n");
	cr_assert_eq(memory().limit_bytes, 4000u);
	cr_assert_eq(memory().room_bytes, 0u);
}

Test(cgroup, v2_high_bounds_the_room_only)
{
	put("", "self", "0::/\n");
	put("", "cgroup.controllers", "memory\n");
	put("", "memory.max", "max\n");
	put("", "memory.high", "7000\n");
	put("", "memory.current", "1000\n");
	cr_assert_eq(memory().limit_bytes, UINT64_MAX);
	cr_assert_eq(memory().room_bytes, 6000u);
}

Test(cgroup, v1_memory)
{
	put("", "self", "9:cpuset:/x\n4:memory:/a/b\n1:cpu,cpuacct:/\n0::/\n");
	put("memory/a/b", "memory.limit_in_bytes", V1_NONE);
	put("memory/a", "memory.limit_in_bytes", "100000\n");
	put("memory/a", "memory.usage_in_bytes", "60000\n");
	put("memory/a", "memory.stat",
	    "inactive_file 1\ntotal_inactive_file 20000\ntotal_active_file 10000\n");
	put("memory", "memory.limit_in_bytes", V1_NONE);
	cr_assert_eq(memory().limit_bytes, 100000u);
	cr_assert_eq(memory().room_bytes, 70000u);
}

/* A container without a cgroup namespace: its group is mounted as if it were the root. */
Test(cgroup, v1_a_path_that_does_not_exist_ends_at_the_mount)
{
	put("", "self", "4:memory:/docker/0123\n");
	put("memory", "memory.limit_in_bytes", "4096\n");
	cr_assert_eq(memory().limit_bytes, 4096u);
}

Test(cgroup, outside_of_the_namespace_only_the_mount_counts)
{
	put("", "self", "0::/../../other\n");
	put("", "cgroup.controllers", "memory\n");
	put("", "memory.max", "12345\n");
	cr_assert_eq(memory().limit_bytes, 12345u);
}

Test(cgroup, hybrid_v2_stands_in_unified)
{
	put("", "self", "1:name=systemd:/s\n0::/s\n");
	put("unified/s", "cpu.max", "150000 100000\n");
	cr_assert_eq(fl_cgroup_cpus(root, self), 2u);
}

Test(cgroup, v2_cpus_round_up_and_the_least_counts)
{
	put("", "self", "0::/a/b\n");
	put("", "cgroup.controllers", "cpu\n");
	put("a/b", "cpu.max", "max 100000\n");
	cr_assert_eq(fl_cgroup_cpus(root, self), 0u);
	put("a/b", "cpu.max", "350000 100000\n");
	cr_assert_eq(fl_cgroup_cpus(root, self), 4u);
	put("a", "cpu.max", "10000 100000\n");
	cr_assert_eq(fl_cgroup_cpus(root, self), 1u);
}

Test(cgroup, v1_cpus)
{
	put("", "self", "2:cpuset:/q\n3:cpuacct,cpu:/a\n");
	put("cpu/a", "cpu.cfs_quota_us", "-1\n");
	put("cpu/a", "cpu.cfs_period_us", "100000\n");
	put("cpu/q", "cpu.cfs_quota_us", "100000\n");
	put("cpu/q", "cpu.cfs_period_us", "100000\n");
	cr_assert_eq(fl_cgroup_cpus(root, self), 0u);
	put("cpu/a", "cpu.cfs_quota_us", "200000\n");
	cr_assert_eq(fl_cgroup_cpus(root, self), 2u);
}
