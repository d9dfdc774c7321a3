/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/process.h"

Test(process, self_is_alive_and_a_child_is_somebody_else)
{
	struct fl_process self, child;
	pid_t pid;

	fl_process_self(&self);
	cr_assert_eq(self.pid, getpid());
	cr_assert(self.start > 0);
	cr_assert(fl_process_alive(&self));
	cr_assert_eq(fl_process_parent(), getppid());
	pid = fork();
	if (pid == 0) {
		fl_process_self(&child);
		_exit(child.pid != getpid() || child.pid == self.pid);
	}
	cr_assert(pid > 0);
	int status = 0;
	waitpid(pid, &status, 0);
	cr_assert_eq(status, 0);
}

Test(process, a_zombie_and_a_number_used_again_are_not_alive)
{
	struct fl_process child, other;
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	cr_assert(pid > 0);
	cr_assert_eq(fl_process_of(pid, &child), 0);
	cr_assert(fl_process_alive(&child));
	other = child;
	other.start--;
	cr_assert(!fl_process_alive(&other));
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	cr_assert(!fl_process_alive(&child));
	waitpid(pid, NULL, 0);
	cr_assert(!fl_process_alive(&child));
	cr_assert(fl_process_of(0, &other) < 0);
	cr_assert(fl_process_of(-1, &other) < 0);
}

static int find(void *arg, const struct fl_procmap *map)
{
	if (map->pid == getpid() && strcmp(map->path, "/memfd:flt) process") == 0)
		*(int *)arg |= map->mapped ? 1 : 2;
	return 0;
}

Test(process, maps_and_descriptors_of_memfds_are_found)
{
	int fd = memfd_create("flt) process", 0), seen = 0;
	void *p;

	cr_assert(fd >= 0 && ftruncate(fd, 4096) == 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert(p != MAP_FAILED);
	cr_assert_eq(fl_procmap_each(find, &seen), 0);
	cr_assert_eq(seen, 3);
	munmap(p, 4096);
	close(fd);
	seen = 0;
	cr_assert_eq(fl_procmap_each(find, &seen), 0);
	cr_assert_eq(seen, 0);
}
