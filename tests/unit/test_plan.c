/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdint.h>

#include "plat/mapping.h"
#include "window/plan.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static struct fl_options defaults(void)
{
	struct fl_options opt;

	fl_options_init(&opt);
	return opt;
}

static struct fl_plan plan_for(const struct fl_options *opt, uint64_t size)
{
	struct fl_needs needs = {.records = true, .unit_bytes = 1, .delimiter = '\n'};
	struct fl_plan p;

	fl_plan_make(opt, &needs, size, 1, 4, &p);
	return p;
}

/* The chunks are the range: in order, without gap or overlap. */
static void check_chunks(const struct fl_plan *p)
{
	uint64_t at = p->begin, off, end;

	for (uint64_t k = 0; k < p->chunks; k++) {
		fl_plan_chunk(p, k, &off, &end);
		cr_assert_eq(off, at);
		cr_assert(end > off && end - off <= p->chunk_bytes);
		at = end;
	}
	cr_assert_eq(at, p->end);
}

Test(plan, chunks_cover_the_range)
{
	static const uint64_t sizes[] = {0, 1, 4095, 4096, 4097, MIB - 1, MIB + 1, 100 * MIB + 7};
	static const size_t chunks[] = {0, 1, 4096, 4099, 200 << 20};
	struct fl_options opt = defaults();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (size_t k = 0; k < sizeof(chunks) / sizeof(*chunks); k++) {
			struct fl_plan p;

			opt.chunk_bytes = chunks[k];
			if (sizes[i] > 8 * MIB && chunks[k] == 1)
				continue;
			p = plan_for(&opt, sizes[i]);
			cr_assert_eq(p.begin, 0u);
			cr_assert_eq(p.end, sizes[i]);
			if (chunks[k])
				cr_assert_eq(p.chunk_bytes, chunks[k]);
			check_chunks(&p);
		}
}

Test(plan, a_range_is_clipped_to_the_file)
{
	struct fl_options opt = defaults();
	struct fl_plan p;

	opt.range_off = 1000;
	opt.range_len = 5000;
	p = plan_for(&opt, 10000);
	cr_assert(p.begin == 1000 && p.end == 6000);
	check_chunks(&p);
	p = plan_for(&opt, 3000);
	cr_assert(p.begin == 1000 && p.end == 3000);
	p = plan_for(&opt, 500);
	cr_assert(p.begin == p.end && p.chunks == 0);
	opt.range_len = UINT64_MAX - 1;
	p = plan_for(&opt, 10000);
	cr_assert(p.begin == 1000 && p.end == 10000);
}

Test(plan, offsets_beyond_32_bits)
{
	struct fl_options opt = defaults();
	struct fl_plan p = plan_for(&opt, 5 * GIB + 1);

	check_chunks(&p);
	opt.range_off = 4 * GIB - 1;
	opt.range_len = 2;
	opt.chunk_bytes = 1;
	p = plan_for(&opt, 5 * GIB);
	cr_assert_eq(p.chunks, 2u);
	check_chunks(&p);
}

Test(plan, anonymous_memory_fits_whatever_the_threads)
{
	static const unsigned threads[] = {1, 2, 7, 16, 64, 200};
	static const uint64_t memory[] = {16 * MIB, 64 * MIB, GIB};

	for (size_t i = 0; i < sizeof(threads) / sizeof(*threads); i++)
		for (size_t k = 0; k < sizeof(memory) / sizeof(*memory); k++) {
			struct fl_options opt = defaults();
			struct fl_plan p;

			opt.threads = threads[i];
			opt.max_memory_bytes = memory[k];
			p = plan_for(&opt, 100 * GIB);
			cr_assert_eq(p.threads, threads[i]);
			cr_assert((uint64_t)p.depth * p.part_limit <= memory[k] / 2);
			cr_assert(p.threads * p.buffer_limit <= fl_page_bytes() * 16 * p.threads ||
				  p.threads * p.buffer_limit <= memory[k] / 8 * 3);
			cr_assert(p.depth > p.threads || p.threads > 6);
			cr_assert(p.slice_bytes <= p.buffer_limit);
			cr_assert((uint64_t)p.feed_blocks * p.feed_block <=
				  (memory[k] / 8 * 3 > 3 * 65536 ? memory[k] / 8 * 3 : 3 * 65536));
		}
}

Test(plan, no_more_threads_than_chunks)
{
	struct fl_options opt = defaults();

	opt.threads = 7;
	opt.chunk_bytes = 4096;
	cr_assert_eq(plan_for(&opt, 3 * 4096).threads, 3u);
	cr_assert_eq(plan_for(&opt, 0).threads, 1u);
	opt.threads = 0;
	opt.chunk_bytes = 0;
	/* A thread costs more than it saves. */
	cr_assert_eq(plan_for(&opt, MIB / 2).threads, 1u);
	cr_assert_eq(plan_for(&opt, 64 * MIB).threads, 4u);
}

Test(plan, streams_have_no_end)
{
	struct fl_options opt = defaults();
	struct fl_plan p = plan_for(&opt, FL_SIZE_UNKNOWN);

	cr_assert_eq(p.end, FL_SIZE_UNKNOWN);
	cr_assert_eq(p.chunks, UINT64_MAX);
	cr_assert(p.chunk_bytes > 0);
	opt.range_off = 10;
	opt.range_len = 20;
	p = plan_for(&opt, FL_SIZE_UNKNOWN);
	cr_assert(p.begin == 10 && p.end == 30);
}

/* Heaps, windows and what else there is stay within what may be mapped. */
Test(plan, scarce_address_space)
{
	for (uint64_t left = 8 * MIB; left <= 64 * GIB; left += left / 3)
		for (unsigned threads = 0; threads <= 64; threads += 16)
			for (size_t window = 0; window <= GIB; window += GIB / 2) {
				struct fl_options opt = defaults();
				unsigned cpus = threads ? threads : 4;
				struct fl_plan p;

				opt.threads = threads;
				opt.window_bytes = window;
				fl_plan_fit(&opt, &cpus, left);
				cr_assert(cpus >= 1 && cpus <= 64 &&
					  (threads == 0) == (opt.threads == 0));
				fl_plan_make(&opt, &(struct fl_needs){.unit_bytes = 1}, 100 * GIB,
					     1, cpus, &p);
				cr_assert(p.threads >= 1 && p.threads <= (threads ? threads : 4));
				cr_assert(p.threads == 1 ||
					  p.threads * (64 * MIB + p.window_bytes) <= left);
#ifndef FL_TINY_WINDOWS
				cr_assert(p.window_bytes >= 65536 &&
					  p.threads * p.window_bytes <= left / 8 + 65536);
#endif
			}
}

Test(plan, address_space_without_a_limit)
{
	struct fl_options opt = defaults();
	unsigned cpus = 1000;

	opt.window_bytes = GIB;
	fl_plan_fit(&opt, &cpus, UINT64_MAX);
	cr_assert(cpus == 1000 && opt.threads == 0 && opt.window_bytes == GIB);
	opt.threads = 500;
	fl_plan_fit(&opt, &cpus, UINT64_C(1) << 46);
	cr_assert(cpus == 1000 && opt.threads == 500 && opt.window_bytes == GIB);
}

Test(plan, wide_chunks_where_parts_are_short)
{
	struct fl_needs needs = {.records = true, .unit_bytes = 1, .short_parts = true};
	struct fl_options opt = defaults();
	struct fl_plan p;

	opt.threads = 2;
	fl_plan_make(&opt, &needs, 4500 * MIB + 7, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, UINT64_MAX, 64 * GIB);
#ifdef FL_TINY_WINDOWS
	cr_assert_eq(p.window_bytes, fl_page_bytes());
#else
	cr_assert_eq(p.chunk_bytes, 32 * MIB);
	cr_assert_eq(p.window_bytes, 512 * MIB);
	check_chunks(&p);
#endif
	/* Many threads are to end at the same time. */
	opt.threads = 64;
	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, UINT64_MAX, 64 * GIB);
	cr_assert(p.chunk_bytes <= 8 * MIB);
	check_chunks(&p);
}

Test(plan, chunks_are_wide_for_nobody_else)
{
	struct fl_needs needs = {.records = true, .unit_bytes = 1};
	struct fl_options opt = defaults();
	struct fl_plan p;

	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, UINT64_MAX, 64 * GIB);
	cr_assert(p.chunk_bytes <= 8 * MIB);
	check_chunks(&p);
#ifndef FL_TINY_WINDOWS
	cr_assert_eq(p.window_bytes, 512 * MIB);
#endif
	needs.short_parts = true;
	opt.chunk_bytes = 4099;
	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, UINT64_MAX, 64 * GIB);
	cr_assert_eq(p.chunk_bytes, 4099u);
	opt.chunk_bytes = 0;
	opt.window_bytes = MIB;
	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, UINT64_MAX, 64 * GIB);
	cr_assert(p.window_bytes <= MIB);
}

Test(plan, windows_are_as_wide_as_the_file_the_address_space_and_the_memory_allow)
{
	struct fl_needs needs = {.records = true, .unit_bytes = 1, .keep_view = true};
	struct fl_options opt = defaults();
	struct fl_plan p;

	opt.threads = 2;
	fl_plan_make(&opt, &needs, 97 * MIB, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, UINT64_MAX, 64 * GIB);
#ifndef FL_TINY_WINDOWS
	cr_assert_eq(p.window_bytes, 104 * MIB);
	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, GIB, 64 * GIB);
	cr_assert_eq(p.window_bytes, 64 * MIB);
	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, 100 * MIB, 64 * GIB);
	cr_assert_eq(p.window_bytes, 8 * MIB);
	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, UINT64_MAX, 3 * GIB);
	cr_assert_eq(p.window_bytes, 96 * MIB);
	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	fl_plan_widen(&p, &opt, &needs, UINT64_MAX, 128 * MIB);
	cr_assert_eq(p.window_bytes, 8 * MIB);
#endif
}

Test(plan, kept_views_are_long_where_nobody_else_looks_at_them)
{
	struct fl_needs needs = {.units = true, .unit_bytes = 1, .keep_view = true};
	struct fl_options opt = defaults();
	struct fl_plan p;

	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	cr_assert_eq(p.chunk_bytes, 4 * MIB);
#ifndef FL_TINY_WINDOWS
	cr_assert_eq(p.slice_bytes, 4 * MIB);
#endif
	fl_plan_make(&opt, &needs, 10 * MIB, 1, 2, &p);
	cr_assert_eq(p.chunk_bytes, MIB);
	opt.threads = 16;
	fl_plan_make(&opt, &needs, 4500 * MIB, 1, 2, &p);
	cr_assert(p.slice_bytes <= p.buffer_limit / 2);
	needs.plain_view = true;
	opt.threads = 0;
	fl_plan_make(&opt, &needs, 4500 * MIB, 2, 2, &p);
	cr_assert_eq(p.chunk_bytes, MIB);
}

static void check_cut(const struct fl_plan *p, const uint64_t *ends, uint64_t count)
{
	uint64_t at = p->begin, off, end, frame = 0;

	for (uint64_t k = 0; k < p->chunks; k++, at = end) {
		fl_plan_chunk(p, k, &off, &end);
		cr_assert_eq(off, at);
		cr_assert_gt(end, off);
		while (frame < count && ends[frame] < end)
			frame++;
		cr_assert(end == p->end || end == ends[frame], "chunk %" PRIu64, k);
	}
	cr_assert_eq(at, p->end);
}

Test(plan, chunks_of_frames_tile_every_range)
{
	struct fl_needs needs[2] = {{.unit_bytes = 1},
				    {.records = true, .unit_bytes = 1, .delimiter = '\n'}};
	uint64_t ends[100], at = 0;

	for (unsigned k = 0; k < 100; k++)
		ends[k] = at += k % 7 == 0 ? 5 * MIB : 100 + k;
	for (unsigned begin = 0; begin < 100; begin += 9) {
		for (unsigned end = begin; end < 100; end += 11) {
			for (unsigned records = 0; records < 2; records++) {
				struct fl_options opt = defaults();
				struct fl_plan p;

				opt.range_off = begin > 0 ? ends[begin - 1] + begin % 2 : 0;
				opt.range_len = ends[end] - opt.range_off - end % 3;
				fl_plan_make(&opt, &needs[records], at, 1, 2, &p);
				fl_plan_cut(&p, &needs[records], ends, 100);
				check_cut(&p, ends, 100);
				cr_assert(records || p.chunks <= end - begin + 1);
			}
		}
	}
}

Test(plan, records_want_several_frames_in_a_chunk)
{
	struct fl_needs needs = {.records = true, .unit_bytes = 1, .delimiter = '\n'};
	struct fl_options opt = defaults();
	uint64_t ends[400];
	struct fl_plan p;

	for (unsigned k = 0; k < 400; k++)
		ends[k] = (k + 1) * 2 * MIB;
	fl_plan_make(&opt, &needs, 800 * MIB, 1, 2, &p);
	fl_plan_cut(&p, &needs, ends, 400);
	cr_assert_eq(p.chunks, 50);
	needs.records = false;
	fl_plan_make(&opt, &needs, 800 * MIB, 1, 2, &p);
	fl_plan_cut(&p, &needs, ends, 400);
	cr_assert_eq(p.chunks, 400);
	/* All threads have something to do. */
	needs.records = true;
	fl_plan_make(&opt, &needs, 20 * MIB, 1, 2, &p);
	fl_plan_cut(&p, &needs, ends, 10);
	cr_assert_eq(p.chunks, 10);
}
