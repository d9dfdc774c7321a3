/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_PLAN_H
#define FL_WINDOW_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/pipeline.h>

/* Half of a 512 KiB L2: several operators on one slice run from cache (measured on the
 * reference machine: 64 KiB to 256 KiB equal, 1 MiB 15 % slower for three operators). */
#define FL_SLICE_BYTES ((size_t)256 << 10)

/* 8 MiB: four 2 MiB page-table entries; 560 windows for 4.5 GB, so that mapping costs
 * under 1 % (ARCHITECTURE.md, "Loading"). */
#define FL_WINDOW_BYTES ((size_t)8 << 20)

/**
 * struct fl_needs - what the operators of a pipeline ask of views
 * @records:    one of them cuts at records
 * @units:      one of them cuts at units
 * @unit_bytes: least common multiple of their units; 1 if there are none
 * @group_bytes: the same for groups of records; 0 if there are none
 * @keep_view:  one of them folds over the input bytes
 * @plain_view: one of them does not
 * @short_parts: of all of them, whatever the chunk's length
 * @at_record:  a record begins where the range does
 * @ahead_bytes: the most that one of them looks at behind its views
 * @max_record_bytes: 0, or what no record may exceed where it does not fit into a view
 */
struct fl_needs {
	bool records;
	bool units;
	bool keep_view;
	bool plain_view;
	bool short_parts;
	bool at_record;
	uint64_t unit_bytes;
	uint64_t group_bytes;
	size_t ahead_bytes;
	uint64_t max_record_bytes;
	unsigned char delimiter;
};

/**
 * struct fl_plan - a source cut into chunks, and the memory it may take
 * @begin, @end:     range, bytes from the start of the source; end FL_SIZE_UNKNOWN for streams
 * @from, @to:       what of the range is cut into chunks: all, or a share (fl_plan_share())
 * @size:            of the source at open, or FL_SIZE_UNKNOWN
 * @chunk_bytes:     chunk k is [from + k * chunk_bytes, ...), clipped to @to
 * @chunks:          how many; UINT64_MAX when unknown
 * @ends:            NULL: equal chunks. Else chunk k ends where the last of @per_chunk frames does, which
 *                   end at ends[first + k * per_chunk] and so on, to ends[last]; clipped to the range
 * @window_bytes:    address range per thread
 * @slice_bytes:     most that a map is given at once, long records aside, and a 32nd for the end of a chunk
 * @threads:         computing threads
 * @depth:           chunks between the oldest unfolded one and the newest taken
 * @part_limit:      bytes of one operator's part
 * @buffer_limit:    bytes a worker's read buffer may grow to
 * @ahead_bytes:     as needed
 * @feed_block:      bytes of one block of the direct loaders
 * @feed_blocks:     how many of them
 */
struct fl_plan {
	uint64_t begin;
	uint64_t end;
	uint64_t from;
	uint64_t to;
	uint64_t size;
	size_t chunk_bytes;
	uint64_t chunks;
	const uint64_t *ends;
	uint64_t first;
	uint64_t last;
	uint64_t per_chunk;
	size_t window_bytes;
	size_t slice_bytes;
	unsigned threads;
	unsigned depth;
	size_t part_limit;
	size_t buffer_limit;
	size_t ahead_bytes;
	size_t feed_block;
	unsigned feed_blocks;
};

/**
 * fl_plan_fit() - where address space is scarce: fewer threads, smaller windows
 * @opt, @cpus: what was asked for; changed to what fits
 * @address_bytes: that may still be mapped; UINT64_MAX = no limit
 *
 * The C library reserves a heap for each thread that allocates; where that fails, memory can be
 * had by nobody any more, however little is in use.
 */
void fl_plan_fit(struct fl_options *opt, unsigned *cpus, uint64_t address_bytes);

/**
 * fl_plan_make() - decide sizes
 * @size:      of the source, or FL_SIZE_UNKNOWN
 * @operators: how many parts a chunk has, >= 1
 * @cpus:      what threads == 0 stands for
 *
 * Everything anonymous fits into opt->max_memory_bytes: half for parts, three
 * eighths for buffers, an eighth for the program itself. A range that begins
 * past the end is empty.
 */
void fl_plan_make(const struct fl_options *opt, const struct fl_needs *needs, uint64_t size,
		  unsigned operators, unsigned cpus, struct fl_plan *ret);

/**
 * fl_plan_share() - only the chunks of share @index of @count
 *
 * Records and units that start in a share are its own, as with chunks: shares of one @count make
 * the range. For sources of known size, before the plan is used.
 */
void fl_plan_share(struct fl_plan *plan, unsigned index, unsigned count);

/**
 * fl_plan_cut() - chunks of frames, which end at @ends, ascending, the last one at the source's end
 *
 * A chunk is one frame, or, where records are wanted, several: the record that crosses into the
 * next frame waits for whoever decodes that. With one frame each, two threads wait for one another
 * all the time (`scan -c` of 300 MB in frames of 2 MiB, -j2: 0.155 s, as with one thread; with four
 * frames 0.095, with eight 0.075).
 * For sources in frames; before the plan is used.
 */
void fl_plan_cut(struct fl_plan *plan, const struct fl_needs *needs, const uint64_t *ends,
		 uint64_t count);

/**
 * fl_plan_widen() - wider windows where the file is long, and longer chunks where parts are short
 * @opt: what was asked for, which is left alone
 * @address_bytes: left to this process; an eighth of them at most goes to windows
 * @memory_bytes: available; a window maps a 32nd of it at most
 *
 * When a window moves, its pages leave the page table, and the processors that run other threads must forget
 * them, which takes an interrupt of each. Under a hypervisor without nested paging both are calls of it: on such a
 * virtual machine (Zen 5, PVM), two threads that sum up 4.5 GB in large folios take 188 ms with windows of 8 MiB, 153
 * with 32, 135 with 128, 132 with 256, 128 with 512; `hash -a xxh3` 221 with 32, 199 with 128, 185 with 256, and in a
 * better moment 159 with 256, 145 with 512, 139 with 1024; scan and count 7 and 9 % less with 256 than with 32.
 * Threads take chunks in turns, so that each maps its share of what all of them have in sight: one window's length
 * or so in all.
 *
 * For files that are in the page cache; before the plan is used.
 */
void fl_plan_widen(struct fl_plan *plan, const struct fl_options *opt, const struct fl_needs *needs,
		   uint64_t address_bytes, uint64_t memory_bytes);

/** fl_plan_chunk() - bounds of chunk k < chunks */
void fl_plan_chunk(const struct fl_plan *plan, uint64_t k, uint64_t *ret_off, uint64_t *ret_end);

#endif
