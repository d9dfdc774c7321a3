/* SPDX-License-Identifier: MIT */
#include "plat/fact.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FACT_TEXT "faultline"
#define FACT_BYTES (sizeof(FACT_TEXT) - 1)

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* The file again as it was: nine bytes. */
static int reset(int fd)
{
	if (ftruncate(fd, 0) < 0 || pwrite(fd, FACT_TEXT, FACT_BYTES, 0) != (ssize_t)FACT_BYTES)
		return errno ? -errno : -EIO;
	return 0;
}

static int map_page(int fd, int flags, unsigned char **ret)
{
	int r = reset(fd);
	void *p;

	if (r < 0)
		return r;
	p = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE, flags, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	return 0;
}

static long long size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (long long)st.st_size : -1;
}

static bool all_zero(const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static int zeros_after_end(int fd, char *ret_seen)
{
	unsigned char *p;
	int r = map_page(fd, MAP_SHARED, &p);

	if (r < 0)
		return r;
	r = all_zero(p + FACT_BYTES, page_bytes() - FACT_BYTES);
	snprintf(ret_seen, FL_FACT_SEEN_BYTES, "%zu bytes after the %zu of the file: %s",
		 page_bytes() - FACT_BYTES, FACT_BYTES, r ? "all zero" : "not all zero");
	munmap(p, page_bytes());
	return r;
}

static int stores_after_end_are_lost(int fd, char *ret_seen)
{
	unsigned char *p, byte = 0xEE;
	long long size;
	int r = map_page(fd, MAP_SHARED, &p);

	if (r < 0)
		return r;
	p[FACT_BYTES] = 'X';
	(void)msync(p, page_bytes(), MS_SYNC);
	size = size_of(fd);
	munmap(p, page_bytes());
	/* Growing the file over the place shows what the file has there. */
	if (ftruncate(fd, (off_t)page_bytes()) < 0 || pread(fd, &byte, 1, FACT_BYTES) != 1)
		return -errno;
	snprintf(ret_seen, FL_FACT_SEEN_BYTES,
		 "stored X behind the end, synced: size %lld; grown over the place: byte %u", size,
		 byte);
	return size == (long long)FACT_BYTES && byte == 0;
}

/* The signal that a child gets from touching @p + @at, 0 for none. */
static int signal_of_touching(const volatile unsigned char *p, size_t at)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		signal(SIGBUS, SIG_DFL);
		(void)p[at];
		_exit(0);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int past_last_page_is_sigbus(int fd, char *ret_seen)
{
	size_t n = 2 * page_bytes();
	unsigned char *p;
	int r = reset(fd);

	if (r < 0)
		return r;
	p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	r = signal_of_touching(p, page_bytes());
	munmap(p, n);
	if (r < 0)
		return r;
	snprintf(ret_seen, FL_FACT_SEEN_BYTES, "a process that read the page behind: %s",
		 r ? strsignal(r) : "no signal");
	return r == SIGBUS;
}

static int private_stores_stay_private(int fd, char *ret_seen)
{
	unsigned char *p, byte = 0;
	int r = map_page(fd, MAP_PRIVATE, &p);

	if (r < 0)
		return r;
	p[0] = 'X';
	if (pread(fd, &byte, 1, 0) != 1)
		r = -EIO;
	snprintf(ret_seen, FL_FACT_SEEN_BYTES, "stored X through MAP_PRIVATE: read() gives '%c'",
		 byte);
	munmap(p, page_bytes());
	return r < 0 ? r : byte == FACT_TEXT[0];
}

static int shared_stores_are_seen_by_read(int fd, char *ret_seen)
{
	unsigned char *p, byte = 0;
	int r = map_page(fd, MAP_SHARED, &p);

	if (r < 0)
		return r;
	p[0] = 'X';
	if (pread(fd, &byte, 1, 0) != 1)
		r = -EIO;
	snprintf(ret_seen, FL_FACT_SEEN_BYTES, "stored X through MAP_SHARED: read() gives '%c'",
		 byte);
	munmap(p, page_bytes());
	return r < 0 ? r : byte == 'X';
}

/* Another process maps the file for itself, and stores; what do we see? */
static int stores_of_others_are_seen(int fd, char *ret_seen)
{
	unsigned char *p, *q;
	int r = map_page(fd, MAP_SHARED, &p), status = 0;
	pid_t pid;

	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0) {
		q = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (q == MAP_FAILED)
			_exit(1);
		q[1] = 'Y';
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		r = -ECHILD;
	snprintf(ret_seen, FL_FACT_SEEN_BYTES,
		 "another process stored Y through its own mapping: ours shows '%c'", p[1]);
	status = p[1] == 'Y';
	munmap(p, page_bytes());
	return r < 0 ? r : status;
}

static uint64_t written_bytes(void)
{
	char line[64];
	unsigned long long value = 0;
	FILE *f = fopen("/proc/self/io", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "write_bytes: %llu", &value) == 1)
			break;
	if (f)
		fclose(f);
	return value;
}

/* The page becomes dirty with the store, and clean by msync: the kernel counts it as written. */
static int msync_writes(int fd, char *ret_seen)
{
	unsigned char *p;
	uint64_t before = written_bytes(), after;
	int r = map_page(fd, MAP_SHARED, &p), sync;

	if (r < 0)
		return r;
	p[0] = 'Z';
	sync = msync(p, page_bytes(), MS_SYNC);
	after = written_bytes();
	munmap(p, page_bytes());
	snprintf(ret_seen, FL_FACT_SEEN_BYTES,
		 "msync(MS_SYNC) returned %d; written to the device: %llu", sync,
		 (unsigned long long)(after - before));
	return sync == 0 && (after > before || after == 0);
}

static int shm_lives_in_memory(int fd, char *ret_seen)
{
	int id = shmget(IPC_PRIVATE, page_bytes(), IPC_CREAT | 0600), seen = 0;
	unsigned char *p;
	uint64_t before;

	(void)fd;
	if (id < 0)
		return -errno;
	p = shmat(id, NULL, 0);
	(void)shmctl(id, IPC_RMID, NULL);
	if (p == (void *)-1)
		return -errno;
	before = written_bytes();
	p[0] = 'S';
	(void)msync(p, page_bytes(), MS_SYNC);
	seen = written_bytes() == before;
	snprintf(ret_seen, FL_FACT_SEEN_BYTES,
		 "stored into a System V segment and synced: %s went to a device",
		 seen ? "nothing" : "something");
	(void)shmdt(p);
	return seen;
}

static const struct fl_fact facts[] = {
	{"Behind the end of the file, its last page reads as zeros", zeros_after_end},
	{"What is stored there never reaches the file, and does not extend it",
	 stores_after_end_are_lost},
	{"An access past the last page is SIGBUS", past_last_page_is_sigbus},
	{"Stores through MAP_PRIVATE never reach the file", private_stores_stay_private},
	{"Stores through MAP_SHARED are seen by read() at once", shared_stores_are_seen_by_read},
	{"and by other processes that map the file", stores_of_others_are_seen},
	{"msync(MS_SYNC) writes them to the device", msync_writes},
	{"A System V segment lives in memory only", shm_lives_in_memory},
};

const struct fl_fact *fl_facts(size_t *ret_count)
{
	*ret_count = sizeof(facts) / sizeof(*facts);
	return facts;
}
