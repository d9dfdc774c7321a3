/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plat/disk.h"
#include "plat/file.h"
#include "plat/mapping.h"
#include "plat/residency.h"
#include "plat/tuning.h"
#include "window/auto.h"

#define MIB ((uint64_t)1 << 20)
#define CHUNK (8 * MIB)

/* As fl_auto_choose() makes it for what is cached. */
static struct fl_choice adaptive_from(enum fl_io io)
{
	return (struct fl_choice){.io = io, .adaptive = true, .reason = "in the page cache"};
}

static struct fl_choice adaptive(void)
{
	return adaptive_from(FL_IO_MMAP);
}

/* What mapping and reading cost in the world of a test, in ns per MiB. */
struct world {
	uint64_t faults_per_mib;
	uint64_t mmap_ns;
	uint64_t read_ns;
};

/* One worker's life: @chunks chunks; returns how many of them were read, for the most part. */
static unsigned live(struct fl_auto *a, const struct world *w, unsigned chunks)
{
	uint64_t read_bytes = 0, left;
	unsigned i;

	for (i = 0; i < chunks; i++) {
		for (left = CHUNK; left > 0;) {
			struct fl_pick pick = fl_auto_pick(a, true);
			bool read = pick.io == FL_IO_READ;
			uint64_t n = pick.bytes < left ? pick.bytes : left;
			struct fl_sample s = {.io = pick.io,
					      .bytes = n,
					      .ns = (read ? w->read_ns : w->mmap_ns) * n / MIB,
					      .faults = read ? 0 : w->faults_per_mib * n / MIB};

			fl_auto_report(a, &s);
			read_bytes += read ? n : 0;
			left -= n;
		}
	}
	return (unsigned)((read_bytes + CHUNK / 2) / CHUNK);
}

Test(auto, large_folios_are_mapped_where_that_is_faster)
{
	struct world w = {.faults_per_mib = 1, .mmap_ns = 60, .read_ns = 100};
	struct fl_choice c = adaptive();
	char reason[160];
	struct fl_auto a;
	unsigned reads;

	fl_auto_init(&a, &c, 8 * MIB);
	reads = live(&a, &w, 1500);
	/* Reading is looked at once in 133 bytes: (100 / 60 - 1) / 2 * 1 %. */
	cr_assert(reads > 0 && reads <= 3 + 1500 / 66, "%u", reads);
	cr_assert_eq(fl_auto_explain(&a, &c, reason, sizeof(reason)), FL_IO_MMAP);
	cr_assert(strstr(reason, ", large folios: 1.0 faults per MiB, mmap"), "%s", reason);
	fl_auto_done(&a);
}

/* As with shadow page tables, whatever they are thought to be at first. */
Test(auto, large_folios_are_read_where_faults_are_dear)
{
	struct world w = {.faults_per_mib = 1, .mmap_ns = 150, .read_ns = 100};
	static const enum fl_io first[] = {FL_IO_MMAP, FL_IO_READ};
	char reason[160];
	struct fl_auto a;
	unsigned reads;

	for (unsigned i = 0; i < 2; i++) {
		struct fl_choice c = adaptive_from(first[i]);

		fl_auto_init(&a, &c, 8 * MIB);
		/* 32 MiB until the first look, and to each of the two after it. */
		reads = live(&a, &w, 1000);
		cr_assert_geq(reads, first[i] == FL_IO_MMAP ? 960u : 975u, "%u", reads);
		reads = live(&a, &w, 1000);
		cr_assert(reads >= 975 && reads < 1000, "%u", reads);
		cr_assert_eq(fl_auto_explain(&a, &c, reason, sizeof(reason)), FL_IO_READ);
		cr_assert(strstr(reason, "in the page cache, large folios: 1.0"), "%s", reason);
		fl_auto_done(&a);
	}
}

/* The first look by each thread says nothing of the folios. */
Test(auto, of_folios_that_were_not_seen_nothing_is_said)
{
	struct fl_sample read = {.io = FL_IO_READ, .bytes = 40 * MIB, .ns = 4000000};
	struct fl_sample look = {
		.io = FL_IO_MMAP, .settling = true, .bytes = 2 * MIB, .ns = 400000, .faults = 2};
	struct fl_choice c = adaptive_from(FL_IO_READ);
	char reason[160];
	struct fl_auto a;

	fl_auto_init(&a, &c, 8 * MIB);
	fl_auto_report(&a, &read);
	(void)fl_auto_explain(&a, &c, reason, sizeof(reason));
	cr_assert_str_eq(reason, "in the page cache");
	fl_auto_report(&a, &look);
	(void)fl_auto_explain(&a, &c, reason, sizeof(reason));
	cr_assert_str_eq(reason, "in the page cache, mmap 5.2, read 10.5 GB/s per thread");
	fl_auto_done(&a);
}

Test(auto, dear_faults_are_no_reason_to_read_where_mapping_is_faster)
{
	struct world w = {.faults_per_mib = 1, .mmap_ns = 60, .read_ns = 100};
	struct fl_choice c = adaptive_from(FL_IO_READ);
	struct fl_auto a;

	fl_auto_init(&a, &c, 8 * MIB);
	cr_assert_leq(live(&a, &w, 1000), 40u);
	fl_auto_done(&a);
}

/* Chunks of 1 MiB, of which some take twice as long, also two or three of them in a row: mapping is not faster. */
Test(auto, a_few_slow_chunks_do_not_change_the_loader)
{
	struct fl_choice c = adaptive_from(FL_IO_READ);
	uint64_t seed = 1, mapped = 0;
	struct fl_auto a;

	fl_auto_init(&a, &c, 8 * MIB);
	for (unsigned i = 0; i < 20000; i++) {
		struct fl_sample s = {.io = fl_auto_pick(&a, true).io, .bytes = MIB};

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		s.faults = s.io == FL_IO_MMAP;
		s.ns = s.io == FL_IO_MMAP ? 80 : (seed >> 60) < 3 ? 120 : 60;
		mapped += s.io == FL_IO_MMAP;
		fl_auto_report(&a, &s);
	}
	/* Looking takes one in 40: a fifth of two chunks' time is 1 % of so many. */
	cr_assert_lt(mapped, 20000u / 35, "%llu", (unsigned long long)mapped);
	fl_auto_done(&a);
}

/* One stretch in eight has single pages in it: seven say that mapping is faster. */
Test(auto, what_counts_is_what_mapping_takes_in_the_long_run)
{
	struct world large = {.faults_per_mib = 1, .mmap_ns = 90, .read_ns = 100};
	struct world mixed = {.faults_per_mib = 4, .mmap_ns = 500, .read_ns = 100};
	struct fl_choice c = adaptive();
	struct fl_auto a;
	unsigned reads = 0;

	fl_auto_init(&a, &c, 8 * MIB);
	for (unsigned i = 0; i < 100; i++)
		reads += live(&a, &large, 7) + live(&a, &mixed, 1);
	cr_assert_geq(reads, 650u, "%u of 800", reads);
	fl_auto_done(&a);
}

/* Mapping costs 200 us, as reading 2 MiB does, and is for 4 MiB or for 512. */
Test(auto, a_mapping_is_paid_for_by_what_is_seen_through_it)
{
	struct fl_choice c = adaptive();
	struct fl_sample s = {.io = FL_IO_MMAP,
			      .bytes = 2 * MIB,
			      .ns = 400000,
			      .mapping_ns = 200000,
			      .faults = 2};
	struct fl_auto a;

	fl_auto_init(&a, &c, 512 * MIB);
	fl_auto_report(&a, &s);
	cr_assert_float_eq(a.pace[FL_PACE_MAP_LARGE].ns_per_mib, 100000 + 200000.0 / 512, 1);
	fl_auto_done(&a);
	fl_auto_init(&a, &c, MIB);
	fl_auto_report(&a, &s);
	cr_assert_float_eq(a.pace[FL_PACE_MAP_LARGE].ns_per_mib, 200000, 1);
	s.mapping_ns = 0;
	s.ns = 200000;
	fl_auto_report(&a, &s);
	cr_assert_float_eq(a.pace[FL_PACE_MAP_LARGE].ns_per_mib, 200000, 1, "the rent goes on");
	fl_auto_done(&a);
}

Test(auto, small_folios_take_the_faster_loader)
{
	struct world slow_map = {.faults_per_mib = 16, .mmap_ns = 130, .read_ns = 100};
	struct world slow_read = {.faults_per_mib = 16, .mmap_ns = 100, .read_ns = 130};
	struct fl_choice c = adaptive();
	char reason[160];
	struct fl_auto a;
	unsigned reads;

	fl_auto_init(&a, &c, 8 * MIB);
	reads = live(&a, &slow_map, 1000);
	/* Looking is seldom and short. */
	cr_assert(reads >= 960, "%u", reads);
	cr_assert(reads < 1000, "it must look again now and then");
	cr_assert_eq(fl_auto_explain(&a, &c, reason, sizeof(reason)), FL_IO_READ);
	cr_assert(strstr(reason, "small folios"), "%s", reason);
	fl_auto_done(&a);

	fl_auto_init(&a, &c, 8 * MIB);
	reads = live(&a, &slow_read, 1000);
	cr_assert(reads > 0 && reads <= 40, "%u", reads);
	cr_assert_eq(fl_auto_explain(&a, &c, reason, sizeof(reason)), FL_IO_MMAP);
	fl_auto_done(&a);
}

Test(auto, the_slower_loader_is_tried_the_more_seldom_the_slower_it_is)
{
	struct world w = {.faults_per_mib = 16, .mmap_ns = 40, .read_ns = 100};
	struct fl_choice c = adaptive();
	struct fl_auto a;

	fl_auto_init(&a, &c, 8 * MIB);
	/* 3 samples to begin with, then 1 in 150 bytes: (100 / 40 - 1) / 1 %. */
	cr_assert_leq(live(&a, &w, 1500), 1u + 1500 / 150);
	fl_auto_done(&a);
}

Test(auto, says_what_most_of_the_file_is_made_of)
{
	struct world large = {.faults_per_mib = 1, .mmap_ns = 40, .read_ns = 100};
	struct world small = {.faults_per_mib = 16, .mmap_ns = 100, .read_ns = 100};
	struct fl_choice c = adaptive();
	char reason[160];
	struct fl_auto a;

	fl_auto_init(&a, &c, 8 * MIB);
	(void)live(&a, &large, 1000);
	(void)live(&a, &small, 20);
	cr_assert_eq(fl_auto_explain(&a, &c, reason, sizeof(reason)), FL_IO_MMAP);
	cr_assert(strstr(reason, "mostly large folios: 1."), "%s", reason);
	fl_auto_done(&a);
}

Test(auto, follows_a_file_whose_folios_change)
{
	struct world small = {.faults_per_mib = 16, .mmap_ns = 130, .read_ns = 100};
	struct world large = {.faults_per_mib = 1, .mmap_ns = 60, .read_ns = 100};
	struct fl_choice c = adaptive();
	struct fl_auto a;
	unsigned reads;

	fl_auto_init(&a, &c, 8 * MIB);
	reads = live(&a, &small, 200);
	cr_assert(reads >= 180, "%u", reads);
	reads = live(&a, &large, 200);
	cr_assert(reads <= 12, "%u", reads);
	reads = live(&a, &small, 200);
	cr_assert(reads >= 180, "%u", reads);
	fl_auto_done(&a);
}

/* Stretches of 64 MiB. What is read of the large folios is what it takes to find out that they are. */
Test(auto, comes_back_soon_in_a_file_with_folios_of_both_kinds)
{
	struct world small = {.faults_per_mib = 16, .mmap_ns = 130, .read_ns = 100};
	struct world large = {.faults_per_mib = 1, .mmap_ns = 60, .read_ns = 100};
	struct fl_choice c = adaptive();
	unsigned large_reads = 0, small_reads = 0;
	struct fl_auto a;

	fl_auto_init(&a, &c, 8 * MIB);
	for (unsigned i = 0; i < 50; i++) {
		large_reads += live(&a, &large, 8);
		small_reads += live(&a, &small, 8);
	}
	cr_assert(large_reads <= 50 * 8 / 2, "%u of 400 chunks in large folios were read",
		  large_reads);
	cr_assert(small_reads >= 50 * 8 / 2, "%u of 400 chunks in small folios were read",
		  small_reads);
	/* Where there are only small ones from here on, looking is seldom again. */
	(void)live(&a, &small, 100);
	cr_assert_geq(live(&a, &small, 200), 193u);
	fl_auto_done(&a);
}

Test(auto, changes_its_mind_when_the_costs_change)
{
	struct world before = {.faults_per_mib = 16, .mmap_ns = 130, .read_ns = 100};
	struct world after = {.faults_per_mib = 16, .mmap_ns = 130, .read_ns = 200};
	struct fl_choice c = adaptive();
	struct fl_auto a;
	unsigned reads;

	fl_auto_init(&a, &c, 8 * MIB);
	(void)live(&a, &before, 300);
	(void)live(&a, &after, 100);
	reads = live(&a, &after, 300);
	cr_assert(reads <= 30, "%u", reads);
	fl_auto_done(&a);
}

Test(auto, one_interrupted_chunk_does_not_decide)
{
	struct world w = {.faults_per_mib = 16, .mmap_ns = 100, .read_ns = 130};
	struct fl_choice c = adaptive();
	struct fl_auto a;
	struct fl_sample late = {
		.io = FL_IO_MMAP, .bytes = CHUNK, .ns = 100 * 100 * CHUNK / MIB, .faults = 128};

	fl_auto_init(&a, &c, 8 * MIB);
	(void)live(&a, &w, 100);
	fl_auto_report(&a, &late);
	cr_assert(live(&a, &w, 100) <= 12u);
	fl_auto_done(&a);
}

Test(auto, an_interrupted_first_sample_does_not_decide)
{
	struct world first = {.faults_per_mib = 16, .mmap_ns = 130, .read_ns = 400};
	struct world w = {.faults_per_mib = 16, .mmap_ns = 130, .read_ns = 100};
	struct fl_choice c = adaptive();
	struct fl_sample s = {
		.io = FL_IO_MMAP, .bytes = 2 * MIB, .ns = 130 * 2 * MIB, .faults = 32};
	struct fl_auto a;
	unsigned k;

	fl_auto_init(&a, &c, 8 * MIB);
	fl_auto_report(&a, &s);
	for (k = 0; k < 2; k++) {
		struct fl_pick pick = fl_auto_pick(&a, true);

		s = (struct fl_sample){.io = pick.io, .bytes = pick.bytes};
		s.faults = pick.io == FL_IO_MMAP ? 32 : 0;
		s.ns = 2 * (pick.io == FL_IO_MMAP ? first.mmap_ns : first.read_ns);
		fl_auto_report(&a, &s);
	}
	cr_assert(a.pace[FL_PACE_READ].ns_per_mib > 0, "one of the two was read");
	cr_assert_geq(live(&a, &w, 100), 97u);
	fl_auto_done(&a);
}

Test(auto, where_the_processor_was_taken_away_nothing_is_learnt)
{
	struct world w = {.faults_per_mib = 16, .mmap_ns = 130, .read_ns = 100};
	struct fl_choice c = adaptive();
	struct fl_sample late = {
		.io = FL_IO_READ, .disturbed = true, .bytes = CHUNK, .ns = 190 * CHUNK / MIB};
	struct fl_auto a;
	double before;

	fl_auto_init(&a, &c, 8 * MIB);
	(void)live(&a, &w, 20);
	before = a.pace[FL_PACE_READ].ns_per_mib;
	for (unsigned i = 0; i < 20; i++)
		fl_auto_report(&a, &late);
	cr_assert_eq(a.pace[FL_PACE_READ].ns_per_mib, before);
	fl_auto_done(&a);
}

/* Not with a whole chunk: of a file of a hundred chunks five would be spent on it. */
Test(auto, what_is_not_known_is_tried_with_little)
{
	struct world w = {.faults_per_mib = 16, .mmap_ns = 230, .read_ns = 100};
	struct fl_choice c = adaptive();
	struct fl_auto a;

	fl_auto_init(&a, &c, 8 * MIB);
	cr_assert_leq(fl_auto_pick(&a, false).bytes, 2 * MIB);
	(void)live(&a, &w, 96);
	cr_assert_leq(a.served[0], 12 * MIB, "%llu", (unsigned long long)a.served[0]);
	fl_auto_done(&a);
}

Test(auto, what_a_worker_does_first_does_not_count)
{
	struct fl_choice c = adaptive();
	struct fl_sample first = {
		.io = FL_IO_MMAP, .settling = true, .bytes = CHUNK, .ns = 1, .faults = 10000};
	struct fl_auto a;
	struct fl_pick pick;

	fl_auto_init(&a, &c, 8 * MIB);
	fl_auto_report(&a, &first);
	pick = fl_auto_pick(&a, true);
	cr_assert_eq(pick.io, FL_IO_MMAP);
	cr_assert_not(a.small);
	fl_auto_done(&a);
}

Test(auto, a_fixed_choice_stays)
{
	struct fl_choice c = {.io = FL_IO_READ, .reason = "as asked"};
	struct world w = {.faults_per_mib = 1, .mmap_ns = 1, .read_ns = 1000};
	struct fl_auto a;
	char reason[160];

	fl_auto_init(&a, &c, 8 * MIB);
	cr_assert_eq(live(&a, &w, 100), 100u);
	cr_assert_eq(fl_auto_explain(&a, &c, reason, sizeof(reason)), FL_IO_READ);
	cr_assert_str_eq(reason, "as asked");
	fl_auto_done(&a);
}

/* A temporary file of @size bytes on disk, cached or not; skips where the cache is all there is. */
static struct fl_file file_of(uint64_t size, bool cached)
{
	static char text[1 << 20];
	struct fl_error err;
	struct fl_file file;
	unsigned percent;
	uint64_t off;
	int fd = fl_file_temp();

	cr_assert(fd >= 0);
	memset(text, 'x', sizeof(text));
	for (off = 0; off < size; off += sizeof(text))
		cr_assert_eq(fl_fd_pwrite(fd, text, sizeof(text), off), 0);
	cr_assert_eq(fsync(fd), 0);
	if (!cached) {
		fl_drop_pages(fd, 0, size);
		cr_assert_eq(fl_resident_percent(fd, 0, size, &percent), 0);
		if (percent > 0)
			cr_skip_test("/var/tmp keeps its pages");
	}
	cr_assert_eq(fl_file_from_fd(fd, &file, &err), 0);
	return file;
}

#define CHEAP_FAULT_NS 500
#define DEAR_FAULT_NS 20000

static struct fl_choice choice_for(const struct fl_file *file, uint32_t flags, uint64_t len,
				   uint64_t fault_ns)
{
	struct fl_options opt = {.size = sizeof(opt), .io = FL_IO_AUTO, .flags = flags};
	struct fl_plan plan = {.size = file->size_bytes, .end = len};
	struct fl_choice c;

	/* Another test may be storing some. */
	fl_tuning_ignored = true;
	fl_auto_choose(&opt, file, &plan, fault_ns, &c);
	return c;
}

Test(auto, what_is_cached_is_mapped_and_watched)
{
	struct fl_file file = file_of(4 * MIB, true);
	struct fl_choice c = choice_for(&file, 0, 4 * MIB, CHEAP_FAULT_NS);

	cr_assert_eq(c.io, FL_IO_MMAP);
	cr_assert(c.adaptive && !c.fed && c.readahead == 0);
	c = choice_for(&file, 0, 4 * MIB, DEAR_FAULT_NS);
	cr_assert_eq(c.io, FL_IO_READ);
	cr_assert(c.adaptive && !c.fed && c.readahead == 0);
	cr_assert_str_eq(c.reason, "in the page cache, page faults are dear");
	/* One read is cheaper than mapping, faulting and unmapping. */
	cr_assert_eq(choice_for(&file, 0, 64 << 10, CHEAP_FAULT_NS).io, FL_IO_READ);
	close(file.fd);
	fl_file_close(&file);
}

Test(auto, what_is_missing_is_loaded_ahead_or_past_the_cache)
{
	struct fl_file file = file_of(4 * MIB, false);
	struct fl_choice c = choice_for(&file, 0, 4 * MIB, CHEAP_FAULT_NS);

	cr_assert_eq(c.io, FL_IO_MMAP, "%s", c.reason);
	cr_assert(c.readahead > 0 && !c.adaptive && !c.fed, "%s", c.reason);
	c = choice_for(&file, FL_RUN_COLD, 4 * MIB, CHEAP_FAULT_NS);
	cr_assert_eq(c.io, FL_IO_URING, "%s", c.reason);
	cr_assert(c.fed && c.readahead == 0, "%s", c.reason);
	/* A head that must travel is not sent to and fro. */
	file.rotational = true;
	cr_assert_eq(choice_for(&file, 0, 4 * MIB, CHEAP_FAULT_NS).readahead, 1);
	close(file.fd);
	fl_file_close(&file);
}

/* Loading threads only where the kernel does not read far ahead by itself, or heads travel. */
Test(auto, what_is_missing_is_read_where_faults_are_dear)
{
	struct fl_file file = file_of(4 * MIB, false);
	uint64_t ahead = fl_disk_readahead_bytes(file.disk);
	bool far_ahead = ahead != UINT64_MAX && ahead >= 2 * MIB;
	struct fl_choice c = choice_for(&file, 0, 4 * MIB, DEAR_FAULT_NS);

	cr_assert_eq(c.io, FL_IO_READ, "%s", c.reason);
	cr_assert(!c.adaptive && !c.fed, "%s", c.reason);
	cr_assert_eq(c.readahead == 0, far_ahead, "%s", c.reason);
	/* No disk: nobody says how far. */
	file.disk = 0xfffff;
	c = choice_for(&file, 0, 4 * MIB, DEAR_FAULT_NS);
	cr_assert_eq(c.io, FL_IO_READ, "%s", c.reason);
	cr_assert(c.readahead > 1, "%s", c.reason);
	file.rotational = true;
	cr_assert_eq(choice_for(&file, 0, 4 * MIB, DEAR_FAULT_NS).readahead, 1);
	close(file.fd);
	fl_file_close(&file);
}

Test(auto, a_stream_is_read)
{
	struct fl_options opt = {.size = sizeof(opt), .io = FL_IO_MMAP};
	struct fl_plan plan = {.size = FL_SIZE_UNKNOWN, .end = FL_SIZE_UNKNOWN};
	struct fl_file file = {.fd = -1};
	struct fl_choice c;

	fl_auto_choose(&opt, &file, &plan, CHEAP_FAULT_NS, &c);
	cr_assert_eq(c.io, FL_IO_READ);
	cr_assert(c.fed);
}
