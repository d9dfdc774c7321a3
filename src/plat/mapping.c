/* SPDX-License-Identifier: MIT */
#include "plat/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"

/* How often a fault is tried: what disturbs one makes it slower. */
#define FAULT_TRIES 4

size_t fl_page_bytes(void)
{
	static _Atomic size_t page;
	size_t p = atomic_load_explicit(&page, memory_order_relaxed);

	if (p == 0) {
		p = (size_t)sysconf(_SC_PAGESIZE);
		atomic_store_explicit(&page, p, memory_order_relaxed);
	}
	return p;
}

uint64_t fl_address_space_left(void)
{
	struct rlimit most;
	char text[128];
	ssize_t n = -1;
	uint64_t used;
	int fd;

	if (getrlimit(RLIMIT_AS, &most) < 0 || most.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	/* The first number of proc_pid_statm(5): pages of virtual memory. */
	fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	used = strtoull(text, NULL, 10) * fl_page_bytes();
	return used < most.rlim_cur ? most.rlim_cur - used : 0;
}

static void *reserve_at(void *at, size_t len, int fixed)
{
	void *p = mmap(at, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1,
		       0);

	return p == MAP_FAILED ? NULL : p;
}

/* Where a folio of 2 MiB begins, so that it can be mapped as one. */
static void *map_aligned(size_t len, int protection, int flags)
{
	size_t all = len + FL_HUGE_BYTES, before;
	unsigned char *p, *base;

	if (len > SIZE_MAX / 2)
		return NULL;
	p = mmap(NULL, all, protection, flags, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	before = (size_t)(fl_round_up((uintptr_t)p, FL_HUGE_BYTES) - (uintptr_t)p);
	base = p + before;
	/* What the alignment did not need counts against RLIMIT_AS. */
	fl_unmap(p, before);
	fl_unmap(base + len, FL_HUGE_BYTES - before);
	return base;
}

int fl_arena_reserve(struct fl_arena *arena, size_t len)
{
	if (len > SIZE_MAX / 2)
		return -ENOMEM;
	len = (size_t)fl_round_up(len, fl_page_bytes());
	arena->base = map_aligned(len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
	if (!arena->base)
		return -ENOMEM;
	arena->len = len;
	return 0;
}

void fl_arena_release(struct fl_arena *arena)
{
	fl_unmap(arena->base, arena->len);
	arena->base = NULL;
	arena->len = 0;
}

/* A hint that the kernel does not know changes nothing but speed. */
static void advise_range(void *p, size_t len, enum fl_advise advise)
{
	switch (advise) {
	case FL_ADVISE_SEQUENTIAL:
		(void)madvise(p, len, MADV_SEQUENTIAL);
		break;
	case FL_ADVISE_RANDOM:
		(void)madvise(p, len, MADV_RANDOM);
		break;
	case FL_ADVISE_WILLNEED:
		(void)madvise(p, len, MADV_WILLNEED);
		break;
	case FL_ADVISE_HUGEPAGE:
		(void)madvise(p, len, MADV_HUGEPAGE);
		break;
	case FL_ADVISE_NORMAL:
	case FL_ADVISE_POPULATE:
		break;
	}
}

int fl_arena_map(struct fl_arena *arena, size_t at, size_t len, int fd, uint64_t off,
		 enum fl_advise advise)
{
	int flags = MAP_SHARED | MAP_FIXED | (advise == FL_ADVISE_POPULATE ? MAP_POPULATE : 0);
	void *p = mmap(arena->base + at, len, PROT_READ, flags, fd, (off_t)off);
	int saved = errno;

	if (p == MAP_FAILED) {
		/* The old mapping may be gone, and nobody else may move in. If this fails too
		 * (number of mappings at its limit), the kernel refused before it unmapped. */
		(void)reserve_at(arena->base + at, len, MAP_FIXED);
		return -saved;
	}
	advise_range(p, len, advise);
	return 0;
}

void fl_arena_drop(struct fl_arena *arena, size_t at, size_t len)
{
	if (len > 0)
		(void)reserve_at(arena->base + at, len, MAP_FIXED);
}

uint64_t fl_fault_ns(void)
{
	size_t page = fl_page_bytes();
	volatile unsigned char *p = fl_map_anon(FAULT_TRIES * page);
	uint64_t least = UINT64_MAX, start;

	if (!p)
		return 0;
	for (size_t i = 0; i < FAULT_TRIES; i++) {
		start = fl_clock_ns();
		p[i * page] = 1;
		least = fl_min_u64(least, fl_clock_ns() - start);
	}
	fl_unmap((void *)(uintptr_t)p, FAULT_TRIES * page);
	return least;
}

void *fl_map_anon(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void *fl_map_anon_large(size_t len)
{
	size_t room = len > SIZE_MAX / 2 ? len : (size_t)fl_round_up(len, fl_page_bytes());
	void *p = map_aligned(room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);

	/* Where the address space is scarce, there may be no room to choose from. */
	if (!p)
		p = fl_map_anon(len);
	if (p)
		(void)madvise(p, len, MADV_HUGEPAGE);
	return p;
}

void fl_walk_pages(const void *p, size_t len)
{
	const unsigned char *bytes = p;
	size_t page = fl_page_bytes();

	for (size_t at = 0; at < len; at += page)
		__builtin_prefetch(bytes + at);
}

void *fl_map_file(int fd, uint64_t off, size_t len, int *ret_err)
{
	void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)off);

	if (p != MAP_FAILED)
		return p;
	*ret_err = -errno;
	return NULL;
}

void fl_unmap(void *p, size_t len)
{
	if (p && len > 0)
		(void)munmap(p, len);
}
