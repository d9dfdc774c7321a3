/* SPDX-License-Identifier: MIT */
#include <faultline/bench.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "plat/fact.h"
#include "plat/file.h"
#include "plat/machine.h"

static int tell(const struct fl_fact *fact, int fd, fl_bench_fact_fn tell_fn, void *arg)
{
	char seen[FL_FACT_SEEN_BYTES] = "";
	int holds = fact->check(fd, seen);

	if (holds < 0)
		snprintf(seen, sizeof(seen), "could not be tried: %s", fl_strerror(holds));
	tell_fn(arg, fact->claim, seen, holds);
	return holds;
}

/* tmpfs is memory: what is written there is not counted as written. */
static int tell_tmpfs(fl_bench_fact_fn tell_fn, void *arg)
{
	static const char claim[] = "A file on tmpfs lives in memory only";
	int fd = fl_file_temp_in("/dev/shm"), memory;

	if (fd < 0) {
		tell_fn(arg, claim, "could not be tried: no file can be made in /dev/shm", fd);
		return fd;
	}
	memory = fl_device_is_memory(fd);
	fl_fd_close(fd);
	tell_fn(arg, claim,
		memory ? "/dev/shm is such a file system: its pages are all there is of the file"
		       : "/dev/shm is no tmpfs here",
		memory);
	return memory;
}

/* Medians of 4 KiB from anywhere in a file that is cached. */
static int tell_random(const char *dir, fl_bench_fact_fn tell_fn, void *arg)
{
	struct fl_bench_options opt = {
		.size = sizeof(opt), .dir = dir, .bytes = UINT64_C(64) << 20, .seed = 1};
	struct fl_bench_cell cell = {
		.size = sizeof(cell), .op = FL_BENCH_RANDOM, .cache = FL_BENCH_WARM, .threads = 1};
	struct fl_bench_sample read, map;
	struct fl_bench *b = NULL;
	struct fl_error err = {.text = ""};
	char seen[FL_FACT_SEEN_BYTES];
	int r = fl_bench_new(&opt, &b, &err);

	cell.method = FL_BENCH_PREAD;
	if (r == 0)
		r = fl_bench_run(b, &cell, &read, &err);
	cell.method = FL_BENCH_MMAP;
	if (r == 0)
		r = fl_bench_run(b, &cell, &map, &err);
	fl_bench_free(b);
	if (r < 0)
		snprintf(seen, sizeof(seen), "could not be tried: %.150s", err.text);
	else
		snprintf(seen, sizeof(seen),
			 "pread %" PRIu64 " ns, mapping %" PRIu64
			 " ns (medians of 8192, in the page cache); both saw the same bytes",
			 read.latency_ns[0], map.latency_ns[0]);
	if (r == 0)
		r = read.checksum == map.checksum;
	tell_fn(arg, "What 4 KiB from a random place cost, by read and by mapping", seen, r);
	return r;
}

int fl_bench_facts(const char *dir, fl_bench_fact_fn tell_fn, void *arg)
{
	int fd = fl_file_temp_in(dir), wrong = 0;
	const struct fl_fact *facts;
	size_t n, i;

	if (fd < 0)
		return fd;
	facts = fl_facts(&n);
	for (i = 0; i < n; i++)
		wrong += tell(&facts[i], fd, tell_fn, arg) == 0;
	fl_fd_close(fd);
	wrong += tell_tmpfs(tell_fn, arg) == 0;
	wrong += tell_random(dir, tell_fn, arg) == 0;
	return wrong;
}
