/* SPDX-License-Identifier: MIT */
#include "plat/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "plat/pseudo_file.h"

/* memory.stat of 6.x has 60 lines of up to 40 bytes; a membership file a dozen lines. */
#define TEXT_BYTES 8192

static void read_text(const char *dir, const char *name, char *text)
{
	char path[PATH_MAX];

	*text = '\0';
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path))
		(void)fl_pseudo_text(path, text, TEXT_BYTES);
}

static uint64_t read_number(const char *dir, const char *name, uint64_t fallback)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path)
		       ? fl_pseudo_number(path, fallback)
		       : fallback;
}

/* N of the line "key N"; 0 if there is none */
static uint64_t value_of(const char *text, const char *key)
{
	size_t n = strlen(key);
	const char *line = text;

	while (line) {
		if (strncmp(line, key, n) == 0 && line[n] == ' ')
			return strtoull(line + n + 1, NULL, 10);
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return 0;
}

typedef void (*visit_fn)(const char *dir, bool v2, void *arg);

/* @top: the hierarchy's mount point; the last group that is visited */
static void walk_up(const char *top, const char *group, bool v2, visit_fn visit, void *arg)
{
	char dir[PATH_MAX];
	size_t min = strlen(top);
	char *slash;

	/* "/..": outside of this cgroup namespace, so nothing below the mount is ours. */
	if (strncmp(group, "/..", 3) == 0 || strcmp(group, "/") == 0)
		group = "";
	if (snprintf(dir, sizeof(dir), "%s%s", top, group) >= (int)sizeof(dir))
		return;
	for (;;) {
		visit(dir, v2, arg);
		slash = strrchr(dir, '/');
		if (!slash || (size_t)(slash - dir) < min)
			return;
		*slash = '\0';
	}
}

/* Is name one of the comma-separated words in list? */
static bool has_word(const char *list, const char *name)
{
	size_t n = strlen(name);

	while (*list) {
		if (strncmp(list, name, n) == 0 && (list[n] == ',' || list[n] == '\0'))
			return true;
		list += strcspn(list, ",");
		list += *list == ',';
	}
	return false;
}

/* v2 may stand beside v1 ("hybrid"), then in a folder of its own. */
static void walk_v2(const char *root, const char *group, visit_fn visit, void *arg)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/cgroup.controllers", root) >= (int)sizeof(path))
		return;
	if (access(path, F_OK) == 0) {
		walk_up(root, group, true, visit, arg);
		return;
	}
	snprintf(path, sizeof(path), "%s/unified", root);
	walk_up(path, group, true, visit, arg);
}

/* Every group that this process is in and that has the controller. */
static void each_group(const char *root, const char *self, const char *controller, visit_fn visit,
		       void *arg)
{
	char text[TEXT_BYTES], top[PATH_MAX];
	char *line, *save = NULL;

	(void)fl_pseudo_text(self, text, sizeof(text));
	/* "0::/path" is v2, "4:memory:/path" v1 (cgroups(7)) */
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *list = strchr(line, ':');
		char *group = list ? strchr(list + 1, ':') : NULL;

		if (!group)
			continue;
		*group++ = '\0';
		if (list[1] == '\0')
			walk_v2(root, group, visit, arg);
		else if (has_word(list + 1, controller) &&
			 snprintf(top, sizeof(top), "%s/%s", root, controller) < (int)sizeof(top))
			walk_up(top, group, false, visit, arg);
	}
}

/* v1 writes "no limit" as the largest page-aligned signed number, 2^63 - 4096. */
#define V1_NONE_FROM (UINT64_C(1) << 62)

static void visit_memory(const char *dir, bool v2, void *arg)
{
	struct fl_cgroup_memory *m = arg;
	uint64_t hard = read_number(dir, v2 ? "memory.max" : "memory.limit_in_bytes", UINT64_MAX);
	uint64_t limit = v2 ? fl_min_u64(hard, read_number(dir, "memory.high", UINT64_MAX)) : hard;
	char stat[TEXT_BYTES];
	uint64_t used, cache;

	if (hard < V1_NONE_FROM)
		m->limit_bytes = fl_min_u64(m->limit_bytes, hard);
	if (limit >= V1_NONE_FROM)
		return;
	used = read_number(dir, v2 ? "memory.current" : "memory.usage_in_bytes", 0);
	read_text(dir, "memory.stat", stat);
	cache = value_of(stat, v2 ? "inactive_file" : "total_inactive_file") +
		value_of(stat, v2 ? "active_file" : "total_active_file");
	used = used > cache ? used - cache : 0;
	m->room_bytes = fl_min_u64(m->room_bytes, limit > used ? limit - used : 0);
}

void fl_cgroup_memory(const char *root, const char *self, struct fl_cgroup_memory *ret)
{
	*ret = (struct fl_cgroup_memory){.limit_bytes = UINT64_MAX, .room_bytes = UINT64_MAX};
	each_group(root, self, "memory", visit_memory, ret);
}

static void visit_cpu(const char *dir, bool v2, void *arg)
{
	unsigned *least = arg;
	uint64_t quota, period = 0, cpus;
	char text[TEXT_BYTES], *end;

	if (v2) {
		read_text(dir, "cpu.max", text);
		quota = strtoull(text, &end, 10); /* "max 100000": 0 */
		period = strtoull(end, NULL, 10);
	} else {
		quota = read_number(dir, "cpu.cfs_quota_us", 0); /* "-1": 0 */
		if (quota > 0)
			period = read_number(dir, "cpu.cfs_period_us", 0);
	}
	if (quota == 0 || period == 0)
		return;
	cpus = (quota + period - 1) / period;
	if (*least == 0 || cpus < *least)
		*least = (unsigned)fl_min_u64(cpus, UINT_MAX);
}

unsigned fl_cgroup_cpus(const char *root, const char *self)
{
	unsigned least = 0;

	each_group(root, self, "cpu", visit_cpu, &least);
	return least;
}
