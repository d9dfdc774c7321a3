/* SPDX-License-Identifier: MIT */
#include "plat/counters.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void faults_of(int who, struct fl_faults *ret)
{
	struct rusage u;

	memset(&u, 0, sizeof(u));
	getrusage(who, &u);
	ret->minor = (uint64_t)u.ru_minflt;
	ret->major = (uint64_t)u.ru_majflt;
	ret->preempted = (uint64_t)u.ru_nivcsw;
}

void fl_faults_process(struct fl_faults *ret)
{
	faults_of(RUSAGE_SELF, ret);
}

void fl_faults_thread(struct fl_faults *ret)
{
	faults_of(RUSAGE_THREAD, ret);
}

/* statm rather than status: the same counters in one short line, at a tenth of the price, and
 * never pushed out of the buffer by a long list of groups. */
void fl_rss_now(struct fl_rss *ret)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), resident, shared;
	char text[256], *p = text;
	ssize_t n = -1;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	*ret = (struct fl_rss){0};
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	strtoull(p, &p, 10);
	resident = strtoull(p, &p, 10);
	shared = strtoull(p, &p, 10);
	ret->file_bytes = shared * page;
	/* Two counters read at two moments. */
	ret->anon_bytes = resident > shared ? (resident - shared) * page : 0;
}
