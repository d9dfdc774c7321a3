/* SPDX-License-Identifier: MIT */
#include "plat/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "plat/pseudo_file.h"

/* Where field @n begins, behind the blank before field @from at @p; NULL: there are not so many. */
static const char *field(const char *p, int from, int n)
{
	for (; from < n && p; from++)
		p = strchr(p + 1, ' ');
	return p;
}

int fl_task_of(int32_t pid, int32_t tid, struct fl_task *ret)
{
	char path[64], text[1024];
	const char *p, *start, *cpu;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/task/%" PRId32 "/stat", pid, tid);
	if (pid <= 0 || tid <= 0 || !fl_pseudo_text(path, text, sizeof(text)))
		return -ESRCH;
	/* The name in parentheses may hold anything, parentheses included. */
	p = strrchr(text, ')');
	if (!p || p[1] != ' ')
		return -ESRCH;
	start = field(p + 1, 3, 22);
	cpu = field(start, 22, 39);
	if (!cpu)
		return -ESRCH;
	*ret = (struct fl_task){.state = p[2],
				.start = strtoull(start, NULL, 10),
				.cpu = (int)strtol(cpu, NULL, 10)};
	return 0;
}

int fl_process_of(int32_t pid, struct fl_process *ret)
{
	struct fl_task task;

	if (fl_task_of(pid, pid, &task) < 0 || strchr("ZXx", task.state))
		return -ESRCH;
	*ret = (struct fl_process){.pid = pid, .start = task.start};
	return 0;
}

void fl_process_self(struct fl_process *ret)
{
	static _Atomic int32_t pid;
	static _Atomic uint64_t start;
	int32_t now = getpid();

	/* A child has its parent's memory: the number tells. */
	if (atomic_load(&pid) == now) {
		*ret = (struct fl_process){.pid = now, .start = atomic_load(&start)};
		return;
	}
	if (fl_process_of(now, ret) < 0)
		*ret = (struct fl_process){.pid = now};
	atomic_store(&start, ret->start);
	atomic_store(&pid, now);
}

bool fl_process_alive(const struct fl_process *process)
{
	struct fl_process now;

	return process->pid > 0 && fl_process_of(process->pid, &now) == 0 &&
	       now.start == process->start;
}

int32_t fl_process_number(void)
{
	return getpid();
}

int32_t fl_process_parent(void)
{
	return getppid();
}

/* "55d0-55d1 rw-s 00000000 00:1a 123     /dev/shm/x (deleted)" */
static bool parse_map(char *line, struct fl_procmap *map)
{
	static const char gone[] = " (deleted)";
	unsigned major_nr, minor_nr;
	char perms[5];
	int at = 0;
	size_t len;
	char *path;

	if (sscanf(line, "%*x-%*x %4s %*x %x:%x %" SCNu64 " %n", perms, &major_nr, &minor_nr,
		   &map->ino, &at) != 4 ||
	    perms[3] != 's' || at == 0 || line[at] != '/')
		return false;
	path = line + at;
	len = strcspn(path, "\n");
	path[len] = '\0';
	map->deleted = len > sizeof(gone) - 1 && strcmp(path + len - (sizeof(gone) - 1), gone) == 0;
	if (map->deleted)
		path[len - (sizeof(gone) - 1)] = '\0';
	map->dev = makedev(major_nr, minor_nr);
	map->writable = perms[1] == 'w';
	map->path = path;
	map->mapped = true;
	map->fd = -1;
	return true;
}

static int each_map(int32_t pid, int (*row)(void *arg, const struct fl_procmap *map), void *arg)
{
	struct fl_procmap map = {.pid = pid};
	char path[48], *line = NULL;
	size_t size = 0;
	int r = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (r == 0 && getline(&line, &size, f) > 0)
		if (parse_map(line, &map))
			r = row(arg, &map);
	free(line);
	fclose(f);
	return r;
}

static bool look_at_fd(int dir, const char *name, char *target, size_t size, struct fl_procmap *map)
{
	ssize_t n = readlinkat(dir, name, target, size - 1);
	char *gone;
	struct stat st;

	if (n < 7 || strncmp(target, "/memfd:", 7) != 0 || fstatat(dir, name, &st, 0) < 0)
		return false;
	target[n] = '\0';
	gone = strstr(target, " (deleted)");
	if (gone)
		*gone = '\0';
	map->dev = st.st_dev;
	map->ino = st.st_ino;
	map->path = target;
	map->deleted = true;
	map->fd = atoi(name);
	return true;
}

static int each_memfd(int32_t pid, int (*row)(void *arg, const struct fl_procmap *map), void *arg)
{
	struct fl_procmap map = {.pid = pid};
	char path[48], target[512];
	const struct dirent *entry;
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/fd", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while (r == 0 && (entry = readdir(dir)) != NULL)
		if (look_at_fd(dirfd(dir), entry->d_name, target, sizeof(target), &map))
			r = row(arg, &map);
	closedir(dir);
	return r;
}

int fl_procmap_each(int (*row)(void *arg, const struct fl_procmap *map), void *arg)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int32_t pid;
	int r = 0;

	if (!dir)
		return -errno;
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		pid = atoi(entry->d_name);
		if (pid <= 0)
			continue;
		r = each_map(pid, row, arg);
		if (r == 0)
			r = each_memfd(pid, row, arg);
	}
	closedir(dir);
	return r;
}
