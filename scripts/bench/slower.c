/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into `faultline bench` (LD_PRELOAD): makes one method slower by a known part, FL_SLOWER
 * per cent, with the noise of the machine as it is. The preadv(2) of --io=readv into pieces that lie
 * one behind the other is done by one pread(2), then the thread spins for that part of the time since
 * its last pause. So loading and work take FL_SLOWER per cent longer, whatever they take, than with
 * --io=read, which also has a descriptor of its own, and is left alone. verdicts.sh puts the two beside
 * each other.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static double part;

__attribute__((constructor)) static void arm(void)
{
	const char *percent = getenv("FL_SLOWER");

	part = percent ? strtod(percent, NULL) / 100 : 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void pause_after(uint64_t begin_ns)
{
	static _Thread_local uint64_t last_ns;
	uint64_t now = now_ns(), until;

	if (last_ns == 0)
		last_ns = begin_ns;
	until = now + (uint64_t)((double)(now - last_ns) * part);
	while (now < until)
		now = now_ns();
	last_ns = now;
}

static ssize_t slow_read(int fd, const struct iovec *iov, int n, off_t off)
{
	uint64_t begin = now_ns();
	size_t all = 0;
	ssize_t got;

	for (int i = 0; i < n; i++) {
		/* Not the method: the file is being warmed up. */
		if ((char *)iov[i].iov_base != (char *)iov[0].iov_base + all)
			return syscall(SYS_preadv, fd, iov, n, off, 0);
		all += iov[i].iov_len;
	}
	got = pread(fd, iov[0].iov_base, all, off);
	pause_after(begin);
	return got;
}

/* Which of the two is called depends on how the program was compiled. */
ssize_t preadv(int fd, const struct iovec *iov, int n, off_t off)
{
	return slow_read(fd, iov, n, off);
}

ssize_t preadv64(int fd, const struct iovec *iov, int n, off64_t off)
{
	return slow_read(fd, iov, n, off);
}
