/* SPDX-License-Identifier: MIT */
#include <faultline/bench.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define BIT(n) (1u << (n))
#define READS (BIT(FL_BENCH_TOUCH) | BIT(FL_BENCH_SUM) | BIT(FL_BENCH_HASH) | BIT(FL_BENCH_SCAN))

static const char *const op_names[] = {"touch", "sum", "hash", "scan", "copy", "update", "random"};

static const char *const cache_names[] = {"cold", "warm", "warm-small", "limited"};

/*
 * @ops:  operations that the method can do
 * @told: copies of each byte, as they are usually told: from the device to the page cache, from
 *        there to the user's buffer; for copying also back; for updates only what a page takes
 */
static const struct {
	const char *name;
	unsigned ops;
	unsigned told;
} methods[] = {
	[FL_BENCH_READ] = {"read", READS | BIT(FL_BENCH_RANDOM), 2},
	[FL_BENCH_PREAD] = {"pread", READS | BIT(FL_BENCH_RANDOM), 2},
	[FL_BENCH_READV] = {"readv", READS, 2},
	[FL_BENCH_FREAD] = {"fread", READS, 2},
	[FL_BENCH_DIRECT] = {"direct", READS | BIT(FL_BENCH_RANDOM), 1},
	[FL_BENCH_URING] = {"uring", READS | BIT(FL_BENCH_RANDOM), 2},
	[FL_BENCH_URING_DIRECT] = {"uring-direct", READS | BIT(FL_BENCH_RANDOM), 1},
	[FL_BENCH_MMAP] = {"mmap", READS | BIT(FL_BENCH_RANDOM), 1},
	[FL_BENCH_WINDOW] = {"window", READS, 1},
	[FL_BENCH_POPULATE] = {"populate", READS, 1},
	[FL_BENCH_AUTO] = {"auto", READS, 1},
	[FL_BENCH_READ_WRITE] = {"read+write", BIT(FL_BENCH_COPY), 4},
	[FL_BENCH_MMAP_WRITE] = {"mmap+write", BIT(FL_BENCH_COPY), 3},
	[FL_BENCH_MMAP_MMAP] = {"mmap->mmap", BIT(FL_BENCH_COPY), 3},
	[FL_BENCH_COPY_FILE_RANGE] = {"copy_file_range", BIT(FL_BENCH_COPY), 3},
	[FL_BENCH_SENDFILE] = {"sendfile", BIT(FL_BENCH_COPY), 3},
	[FL_BENCH_SPLICE] = {"splice", BIT(FL_BENCH_COPY), 3},
	[FL_BENCH_PREAD_PWRITE] = {"pread+pwrite", BIT(FL_BENCH_UPDATE), 4},
	[FL_BENCH_MMAP_MSYNC] = {"mmap+msync", BIT(FL_BENCH_UPDATE), 2},
};

const char *fl_bench_op_name(enum fl_bench_op op)
{
	return (unsigned)op < COUNT(op_names) ? op_names[op] : NULL;
}

const char *fl_bench_cache_name(enum fl_bench_cache cache)
{
	return (unsigned)cache < COUNT(cache_names) ? cache_names[cache] : NULL;
}

const char *fl_bench_method_name(enum fl_bench_method method)
{
	return (unsigned)method < COUNT(methods) ? methods[method].name : NULL;
}

int fl_bench_method_fits(enum fl_bench_method method, enum fl_bench_op op)
{
	return (unsigned)method < COUNT(methods) && (unsigned)op < COUNT(op_names) &&
	       (methods[method].ops & BIT(op)) != 0;
}

unsigned fl_bench_copies_told(enum fl_bench_method method, enum fl_bench_op op)
{
	return fl_bench_method_fits(method, op) ? methods[method].told : 0;
}
