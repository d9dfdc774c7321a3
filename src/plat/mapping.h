/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_MAPPING_H
#define FL_PLAT_MAPPING_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/pipeline.h>

/* x86-64 and arm64 (4 KiB pages): the size a PMD maps; larger folios need file
 * offset and address congruent modulo this. */
#define FL_HUGE_BYTES ((size_t)2 << 20)

/** fl_page_bytes() - sysconf(_SC_PAGESIZE) */
size_t fl_page_bytes(void);

/**
 * fl_address_space_left() - bytes that RLIMIT_AS leaves to new mappings
 * Threads: any. Cost: 1 us, and 5 us more where there is a limit. Return: UINT64_MAX without one.
 */
uint64_t fl_address_space_left(void);

/**
 * struct fl_arena - a reserved address range in which files are mapped
 * @base: start; a multiple of FL_HUGE_BYTES
 * @len:  bytes reserved
 *
 * The range stays reserved (PROT_NONE) between mappings, so a new mapping
 * replaces the old one in one system call and addresses never move.
 */
struct fl_arena {
	unsigned char *base;
	size_t len;
};

/** fl_arena_reserve() - @len bytes (rounded up to pages). Return: 0 or -ENOMEM. */
int fl_arena_reserve(struct fl_arena *arena, size_t len);

/** fl_arena_release() - unmap all; fine on a zeroed struct */
void fl_arena_release(struct fl_arena *arena);

/**
 * fl_arena_map() - map file bytes at base + at, replacing what was there
 * @at:     offset in the arena; congruent to @off modulo the page size
 * @len:    bytes, at + len <= arena->len
 * @off:    absolute file offset, a multiple of the page size
 * @advise: FL_ADVISE_POPULATE maps with MAP_POPULATE; hugepage and others by madvise,
 *          whose failure is ignored
 *
 * Shared, read-only. Return: 0; -ENOMEM (limit of mappings or address space),
 * -ENODEV, -EACCES, -EPERM: this file cannot be mapped, read it.
 */
int fl_arena_map(struct fl_arena *arena, size_t at, size_t len, int fd, uint64_t off,
		 enum fl_advise advise);

/** fl_arena_drop() - back to PROT_NONE for [at, at+len) */
void fl_arena_drop(struct fl_arena *arena, size_t at, size_t len);

/**
 * fl_fault_ns() - what it takes to touch a page for the first time, ns: the fastest of some tries; 0 if unknown
 *
 * 18,000 to 20,000 with shadow page tables (PVM), where the hypervisor is called. Cost: 4 faults.
 */
uint64_t fl_fault_ns(void);

/** fl_map_anon() - zeroed read-write memory of len bytes (page aligned), or NULL */
void *fl_map_anon(size_t len);

/**
 * fl_map_anon_large() - the same in pages of 2 MiB where they are to be had
 *
 * It begins with such a page; so it had better end with one, too. For buffers of O_DIRECT reads: of 4 KiB
 * pages each is pinned and described to the device by itself, which took two thirds of the
 * processor time; a virtual disk gave 1.2 GB/s to them and 3.4 to large ones.
 */
void *fl_map_anon_large(size_t len);

/**
 * fl_walk_pages() - have the processor look up the addresses of @len bytes that are read next
 *
 * A system call may leave nothing in the TLB: with shadow page tables (PVM) it does. Then a pass over what was
 * read stops at every page, once for each look into the tables, where looks that nothing waits for overlap:
 * 4.5 GB of slices of 512 KiB, read and summed up by XXH3 by two threads, 0.130 s, 0.111 with this; a pass over
 * what the L2 holds 81 ms of processor time, with this 45, and 38 with nothing to look up. By prefetching: what
 * is not mapped does no harm.
 */
void fl_walk_pages(const void *p, size_t len);

/** fl_map_file() - map a whole descriptor range read-only anywhere, or NULL with *ret_err */
void *fl_map_file(int fd, uint64_t off, size_t len, int *ret_err);

/** fl_unmap() - munmap; NULL is fine */
void fl_unmap(void *p, size_t len);

#endif
