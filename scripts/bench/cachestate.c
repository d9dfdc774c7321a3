/* SPDX-License-Identifier: MIT */
/*
 * cachestate - put a file into a known page-cache state, and look at it
 *
 * evict: not in the cache at all.
 * large: read from start to end, so that readahead allocates large folios.
 * small: read with readahead off (POSIX_FADV_RANDOM), so that every page is its own folio;
 *        page faults then map 64 KiB (fault-around) instead of 2 MiB.
 * pages: the ranges of pages that are cached, by mincore(2): one's own files only.
 * touch: read the pages from FIRST on, COUNT of them, and no others.
 * show:  resident share and page faults per GiB of a sequential walk through a mapping.
 * memory: so many bytes of free memory have been used a moment ago. A virtual machine gives
 *        memory that stays free for some seconds back to its host (free page reporting), and who
 *        uses it next pays for getting it again, several times what the copy into it costs: a run
 *        that fills the page cache right after another one has it easy, one after a pause has not.
 *
 * Each of the first three evicts first. Exit 1: the state was not reached.
 *
 * Why not `faultline cache`: what is measured beside others, or tested, must not be prepared and
 * judged by itself. `large` is the state that any program leaves which reads the file from start to
 * end, whereas `faultline cache touch` asks for the largest folios there are; single small folios,
 * lists of pages and used memory are of no use to a user. agree.sh, whose peers need the very state
 * that `faultline bench` makes, calls `faultline cache`.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* cachestat(2), Linux 6.5: Debian 12's headers are older than the call. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

struct cachestat_range {
	uint64_t off;
	uint64_t len;
};

struct cachestat_result {
	uint64_t cached;
	uint64_t dirty;
	uint64_t writeback;
	uint64_t evicted;
	uint64_t recently_evicted;
};

#define READ_BYTES ((size_t)128 << 10)

/* A kernel that takes memory back early (DAMON) can have dropped the first pages when the last ones
 * have come. */
#define ATTEMPTS 3

struct file {
	int fd;
	uint64_t size;
	uint64_t pages;
	size_t page_bytes;
};

static int file_open(const char *path, struct file *ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	ret->fd = fd;
	ret->size = (uint64_t)st.st_size;
	ret->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	ret->pages = (ret->size + ret->page_bytes - 1) / ret->page_bytes;
	return 0;
}

static uint64_t resident_by_mincore(const struct file *f)
{
	unsigned char *vec = malloc(f->pages);
	void *p = mmap(NULL, f->size, PROT_READ, MAP_SHARED, f->fd, 0);
	uint64_t n = 0;

	if (vec && p != MAP_FAILED && mincore(p, f->size, vec) == 0)
		for (uint64_t i = 0; i < f->pages; i++)
			n += vec[i] & 1u;
	if (p != MAP_FAILED)
		munmap(p, f->size);
	free(vec);
	return n;
}

static uint64_t resident_pages(const struct file *f)
{
	struct cachestat_range range = {0, f->size};
	struct cachestat_result result;

	if (syscall(SYS_cachestat, f->fd, &range, &result, 0) == 0)
		return result.cached;
	return resident_by_mincore(f);
}

static int evict(const struct file *f)
{
	if (fsync(f->fd) < 0 && errno != EROFS && errno != EINVAL)
		return -errno;
	return -posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int read_through(const struct file *f, int advice)
{
	char *buffer = malloc(READ_BYTES);
	uint64_t off = 0;
	int err = buffer ? -posix_fadvise(f->fd, 0, 0, advice) : -ENOMEM;

	while (!err && off < f->size) {
		ssize_t got = pread(f->fd, buffer, READ_BYTES, (off_t)off);

		if (got < 0 && errno != EINTR)
			err = -errno;
		if (got == 0)
			break;
		if (got > 0)
			off += (uint64_t)got;
	}
	free(buffer);
	return err;
}

static uint64_t faults_of_a_walk(const struct file *f)
{
	const volatile unsigned char *p = mmap(NULL, f->size, PROT_READ, MAP_SHARED, f->fd, 0);
	struct rusage before;
	struct rusage after;

	if (p == MAP_FAILED)
		return 0;
	getrusage(RUSAGE_SELF, &before);
	for (uint64_t off = 0; off < f->size; off += f->page_bytes)
		(void)p[off];
	getrusage(RUSAGE_SELF, &after);
	return (uint64_t)(after.ru_minflt - before.ru_minflt) +
	       (uint64_t)(after.ru_majflt - before.ru_majflt);
}

static void show(const struct file *f)
{
	const double gib = (double)f->size / (double)(1u << 30);
	const uint64_t resident = resident_pages(f);

	printf("resident %.1f%%", 100.0 * (double)resident / (double)f->pages);
	/* Walking what is not there would bring it in. */
	if (resident == f->pages)
		printf(", %.0f page faults per GiB", (double)faults_of_a_walk(f) / gib);
	printf("\n");
}

static int expect(const struct file *f, const char *path, uint64_t least, uint64_t most)
{
	const uint64_t n = resident_pages(f);

	if (n >= least && n <= most)
		return 0;
	fprintf(stderr, "cachestate: %s: %" PRIu64 " of %" PRIu64 " pages are in the cache\n", path,
		n, f->pages);
	return 1;
}

/* No more than what is available: nobody else is to lose memory for it. */
static int use_memory(const char *bytes)
{
	char *end;
	uint64_t wanted = strtoull(bytes, &end, 10);
	uint64_t left = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	size_t n = (size_t)(wanted < left / 10 * 9 ? wanted : left / 10 * 9);
	char *p;

	if (*end != '\0' || wanted == 0) {
		fprintf(stderr, "cachestate: '%s' is not a number of bytes\n", bytes);
		return 2;
	}
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		fprintf(stderr, "cachestate: %zu bytes: %s\n", n, strerror(errno));
		return 2;
	}
	/* 2 MiB pages where they are to be had: this is about memory, not about page faults. */
	(void)madvise(p, n, MADV_HUGEPAGE);
	for (size_t off = 0; off < n; off += 4096)
		p[off] = 1;
	munmap(p, n);
	return 0;
}

static int print_pages(const struct file *f)
{
	unsigned char *vec = malloc(f->pages);
	void *p = mmap(NULL, f->size, PROT_READ, MAP_SHARED, f->fd, 0);
	uint64_t first = 0;
	int err = vec && p != MAP_FAILED && mincore(p, f->size, vec) == 0 ? 0 : 2;

	for (uint64_t i = 0; err == 0 && i <= f->pages; i++) {
		int cached = i < f->pages && vec[i] & 1u;

		if (i > 0 && cached == (vec[i - 1] & 1))
			continue;
		if (i > 0 && !cached)
			printf("%" PRIu64 "-%" PRIu64 "\n", first, i - 1);
		first = i;
	}
	if (p != MAP_FAILED)
		munmap(p, f->size);
	free(vec);
	return err;
}

static int touch_pages(const char *path, const char *first, const char *count)
{
	struct file f;
	uint64_t i = strtoull(first, NULL, 10), end = i + strtoull(count, NULL, 10);
	char byte;
	int err = file_open(path, &f);

	if (!err)
		err = -posix_fadvise(f.fd, 0, 0, POSIX_FADV_RANDOM);
	for (; !err && i < end; i++)
		if (pread(f.fd, &byte, 1, (off_t)(i * f.page_bytes)) < 0)
			err = -errno;
	if (err)
		fprintf(stderr, "cachestate: %s: %s\n", path, strerror(-err));
	return err ? 2 : 0;
}

static int fill(const struct file *f, int advice, uint64_t least)
{
	int err, attempts = ATTEMPTS;

	do {
		err = evict(f);
		if (!err)
			err = read_through(f, advice);
	} while (!err && --attempts > 0 && resident_pages(f) < least);
	return err;
}

static int run(const char *state, const char *path, const struct file *f)
{
	const uint64_t least = f->pages - f->pages / 100;
	int err;

	if (strcmp(state, "show") == 0) {
		show(f);
		return 0;
	}
	if (strcmp(state, "pages") == 0)
		return print_pages(f);
	if (strcmp(state, "evict") == 0) {
		err = evict(f);
		/* A page that is mapped or being read elsewhere stays: a hundredth is allowed. */
		if (!err)
			return expect(f, path, 0, f->pages / 100);
	} else {
		err = fill(f, strcmp(state, "small") == 0 ? POSIX_FADV_RANDOM : POSIX_FADV_NORMAL,
			   least);
		if (!err)
			return expect(f, path, least, f->pages);
	}
	fprintf(stderr, "cachestate: %s: %s\n", path, strerror(-err));
	return 2;
}

int main(int argc, char **argv)
{
	static const char *const states[] = {"evict", "large", "small", "show", "pages"};
	struct file f;
	int err;

	if (argc == 3 && strcmp(argv[1], "memory") == 0)
		return use_memory(argv[2]);
	if (argc == 5 && strcmp(argv[1], "touch") == 0)
		return touch_pages(argv[2], argv[3], argv[4]);
	for (size_t i = 0; argc == 3 && i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(argv[1], states[i]) != 0)
			continue;
		err = file_open(argv[2], &f);
		if (err || f.size == 0) {
			fprintf(stderr, "cachestate: %s: %s\n", argv[2],
				err ? strerror(-err) : "empty");
			return 2;
		}
		return run(argv[1], argv[2], &f);
	}
	fprintf(stderr, "Usage: cachestate evict|large|small|show|pages FILE\n"
			"       cachestate touch FILE FIRST COUNT\n"
			"       cachestate memory BYTES\n");
	return 2;
}
