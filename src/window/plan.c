/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "window/plan.h"

#include <unistd.h>

#include "base/size.h"
#include "plat/mapping.h"

/* Below this, starting a thread (60-100 us measured) costs more than it saves: at 10 GB/s
 * a single thread is through 1 MiB in 100 us. */
#define THREAD_PAYS_BYTES FL_MIB(1)

/*
 * Requests in flight. 8 of 1 MiB keep devices as busy as 16: by fio on a virtual disk of 5 to 7 GB/s 0.80 to 0.84 s
 * for 4.5 GB, 16 took 0.83 to 0.96. Each takes memory, which a virtual machine may get only when it is touched for the
 * first time: 6 ms for 2 MiB there. `hash --cold` of 4.5 GB, 50 runs in turn: with 16 0.90 to 1.07 s, with 8 0.90 to
 * 1.01.
 */
#define FEED_BLOCK_BYTES FL_MIB(1)
#define FEED_QUEUE_DEPTH 8u

/*
 * The fold of sequential digests wants a piece that is loaded while the one before is folded. Each piece is handed over
 * to a thread that sleeps, which took 80 us on a virtual machine: SHA-256 of 4.5 GB in pieces of 1, 2, 4 and 8 MiB 3.18,
 * 3.05, 2.95 and 3.00 s. Where others look at the same views, these had better fit into a cache.
 */
#define KEEP_VIEW_CHUNK_BYTES FL_MIB(1)
#define KEEP_VIEW_ALONE_BYTES FL_MIB(4)
#define KEEP_VIEW_PIECES 64

/* Twice as much gains 4 % more (fl_plan_widen()); where less than 16 GiB are available, a 32nd of them is mapped. */
#define WIDE_WINDOW_BYTES FL_MIB(512)
#define WIDE_WINDOW_SHARE 32

/* So many wide chunks for each thread even out their ends to 1 % or so. */
#define WIDE_CHUNKS 64
#define WIDE_CHUNK_BYTES FL_MIB(32)

/*
 * Parts that grow with the chunk are memory that has to be touched for the first time in every slot of the ring, and
 * should still be in a cache when they are folded. 301 MB by two threads, chunks of 8 and of 1 MiB: `transform --upper`
 * 0.186 and 0.085 s, `scan -n ''` 0.44 and 0.36, where a first touch takes 19 us (PVM).
 */
#define LONG_PARTS_CHUNK_BYTES FL_MIB(1)

/*
 * Most of a slice where the L2 is twice as large. By two threads that read 4.5 GB, slices of 256, 512, 768 KiB and
 * 1 MiB with an L2 of 1 MiB: XXH3 0.171, 0.161, 0.196, 0.162 s; `scan -c` 0.211, 0.201, 0.200, 0.209.
 */
#define SLICE_BYTES_MOST FL_KIB(512)

/* Pipes: what one enlarged pipe holds. */
#define STREAM_CHUNK_BYTES FL_MIB(1)

/* HEAP_MAX_SIZE of glibc's malloc/arena.c on 64 bits: what a thread's first allocation reserves. */
#define HEAP_BYTES FL_MIB(64)

/* Windows this small are still mapped (loader_mmap.c). */
#define WINDOW_LEAST_BYTES FL_KIB(64)

/* Of what address space there is, an eighth is for windows. */
static uint64_t address_share(uint64_t address_bytes, unsigned threads)
{
	return address_bytes / 8 / threads;
}

void fl_plan_fit(struct fl_options *opt, unsigned *cpus, uint64_t address_bytes)
{
	/* A window comes with three folios and a slice of room; a stack is small. An eighth is left to
	 * parts, buffers and libraries. */
	uint64_t each = HEAP_BYTES + FL_WINDOW_BYTES + 4 * FL_HUGE_BYTES;
	uint64_t most = fl_max_u64(1, (address_bytes - address_bytes / 8) / each), share;

	if (address_bytes == UINT64_MAX)
		return;
	opt->threads = (unsigned)fl_min_u64(opt->threads, most);
	*cpus = (unsigned)fl_min_u64(*cpus, most);
	share = address_share(address_bytes, opt->threads ? opt->threads : *cpus);
	share = fl_max_u64(fl_round_down(share, fl_page_bytes()), WINDOW_LEAST_BYTES);
	if ((opt->window_bytes ? opt->window_bytes : FL_WINDOW_BYTES) > share)
		opt->window_bytes = (size_t)share;
}

/* Half of the L2 as far as it is known. */
static size_t slice_of_cache(void)
{
	long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
	size_t half = l2 > 0 ? (size_t)l2 / 2 : 0;

	return fl_min_size(fl_max_size(half, FL_SLICE_BYTES), SLICE_BYTES_MOST);
}

static size_t most_of_kept_view(const struct fl_needs *needs)
{
	return needs->plain_view ? KEEP_VIEW_CHUNK_BYTES : KEEP_VIEW_ALONE_BYTES;
}

static size_t auto_slice(const struct fl_needs *needs, size_t chunk_bytes)
{
	if (needs->keep_view)
		return fl_min_size(chunk_bytes, most_of_kept_view(needs));
	return needs->ahead_bytes > 0 ? FL_SLICE_BYTES : slice_of_cache();
}

/* At least a unit: what owns none is nobody's work. */
static uint64_t most_of_chunk(const struct fl_needs *needs)
{
	if (needs->short_parts)
		return FL_WINDOW_BYTES;
	return fl_max_u64(LONG_PARTS_CHUNK_BYTES,
			  fl_max_u64(needs->unit_bytes, needs->group_bytes));
}

/* Nobody folds while the first piece is loaded: small files are cut finer. */
static size_t kept_chunk(const struct fl_needs *needs, uint64_t len)
{
	uint64_t share = fl_max_u64(fl_round_down(len / KEEP_VIEW_PIECES, FL_SLICE_BYTES),
				    KEEP_VIEW_CHUNK_BYTES);

	return (size_t)fl_min_u64(share, most_of_kept_view(needs));
}

static size_t auto_chunk(const struct fl_needs *needs, uint64_t len, unsigned threads)
{
	uint64_t share;

	if (len == FL_SIZE_UNKNOWN)
		return STREAM_CHUNK_BYTES;
	if (needs->keep_view)
		return kept_chunk(needs, len);
	/* What matches may depend on the chunk before: a chunk of one view waits the least for it. */
	if (needs->ahead_bytes > 0)
		return FL_SLICE_BYTES;
	/* Eight chunks per thread even out their ends on small files. */
	share = fl_round_up(len / (8 * (uint64_t)threads) + 1, FL_SLICE_BYTES);
	return (size_t)fl_min_u64(share, most_of_chunk(needs));
}

static unsigned useful_threads(const struct fl_options *opt, uint64_t len, unsigned cpus)
{
	unsigned threads = opt->threads ? opt->threads : cpus;

	/* An explicit number is obeyed wherever there are chunks enough to see it. */
	if (opt->threads == 0 && len != FL_SIZE_UNKNOWN && len < THREAD_PAYS_BYTES)
		return 1;
	return threads;
}

static void share_memory(const struct fl_options *opt, unsigned operators, struct fl_plan *p)
{
	size_t memory = (size_t)fl_min_u64(opt->max_memory_bytes, SIZE_MAX / 4);
	size_t parts = memory / 2;
	size_t buffers = memory / 8 * 3;
	size_t blocks;

	p->depth = p->threads + (p->threads < 2 ? 2 : p->threads > 6 ? 6 : p->threads);
	p->part_limit = fl_max_size(parts / p->depth / operators, 4096);
	p->part_limit = fl_min_size(p->part_limit, FL_WINDOW_BYTES);
	p->buffer_limit = fl_max_size(buffers / p->threads, FL_KIB(64));
	p->slice_bytes = fl_min_size(p->slice_bytes, p->buffer_limit / 2);

	/* A block in the hands of each thread and the queue's depth in flight, if they fit. */
	blocks = fl_max_size(
		3, fl_min_size(p->threads + FEED_QUEUE_DEPTH, buffers / FEED_BLOCK_BYTES));
	p->feed_blocks = (unsigned)blocks;
	p->feed_block =
		fl_min_size(FEED_BLOCK_BYTES, (size_t)fl_round_down(buffers / blocks, 65536));
	p->feed_block = fl_max_size(p->feed_block, 65536);
}

void fl_plan_make(const struct fl_options *opt, const struct fl_needs *needs, uint64_t size,
		  unsigned operators, unsigned cpus, struct fl_plan *ret)
{
	struct fl_plan p = {.size = size, .end = size};
	uint64_t len;

	if (opt->range_len != FL_SIZE_UNKNOWN)
		p.end = fl_min_u64(size, fl_add_sat(opt->range_off, opt->range_len));
	p.begin = fl_min_u64(opt->range_off, p.end);
	p.from = p.begin;
	p.to = p.end;
	len = p.end == FL_SIZE_UNKNOWN ? FL_SIZE_UNKNOWN : p.end - p.begin;

	p.threads = useful_threads(opt, len, cpus);
	p.chunk_bytes = opt->chunk_bytes ? opt->chunk_bytes : auto_chunk(needs, len, p.threads);
	p.chunks =
		len == FL_SIZE_UNKNOWN ? UINT64_MAX : len / p.chunk_bytes + !!(len % p.chunk_bytes);
	p.threads = (unsigned)fl_max_u64(1, fl_min_u64(p.threads, p.chunks));

	p.window_bytes = opt->window_bytes ? opt->window_bytes : FL_WINDOW_BYTES;
#ifdef FL_TINY_WINDOWS
	p.window_bytes = fl_page_bytes();
#endif
	p.window_bytes = (size_t)fl_round_up(p.window_bytes, fl_page_bytes());
	p.slice_bytes = auto_slice(needs, p.chunk_bytes);
	p.slice_bytes = fl_max_size(fl_min_size(p.slice_bytes, p.window_bytes), 4096);
	p.ahead_bytes = needs->ahead_bytes;
	share_memory(opt, operators, &p);
	p.slice_bytes = fl_max_size(p.slice_bytes, (size_t)needs->unit_bytes);
	*ret = p;
}

static uint64_t share_begin(const struct fl_plan *plan, unsigned index, unsigned count)
{
	uint64_t len = plan->end - plan->begin;

	return plan->begin + len / count * index + len % count * index / count;
}

void fl_plan_share(struct fl_plan *plan, unsigned index, unsigned count)
{
	uint64_t len;

	plan->from = share_begin(plan, index, count);
	plan->to = share_begin(plan, index + 1, count);
	len = plan->to - plan->from;
	plan->chunks = len / plan->chunk_bytes + !!(len % plan->chunk_bytes);
	plan->threads = (unsigned)fl_max_u64(1, fl_min_u64(plan->threads, plan->chunks));
}

/* Index of the first of ends[0 .. count) that is > off; count if there is none. */
static uint64_t first_beyond(const uint64_t *ends, uint64_t count, uint64_t off)
{
	uint64_t low = 0, high = count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (ends[mid] > off)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* At least eight frames and FL_WINDOW_BYTES, but four chunks for each thread. */
static uint64_t frames_per_chunk(const struct fl_plan *plan, const struct fl_needs *needs,
				 uint64_t frames)
{
	uint64_t bytes = (plan->end - plan->begin) / frames, most = frames / (4 * plan->threads);

	if (!needs->records || most == 0)
		return 1;
	return fl_min_u64(most, fl_max_u64(8, FL_WINDOW_BYTES / fl_max_u64(bytes, 1)));
}

void fl_plan_cut(struct fl_plan *plan, const struct fl_needs *needs, const uint64_t *ends,
		 uint64_t count)
{
	uint64_t frames;

	plan->ends = ends;
	plan->first = first_beyond(ends, count, plan->begin);
	plan->chunks = 0;
	if (plan->begin < plan->end) {
		plan->last = first_beyond(ends, count, plan->end - 1);
		frames = plan->last - plan->first + 1;
		plan->per_chunk = frames_per_chunk(plan, needs, frames);
		plan->chunks = frames / plan->per_chunk + !!(frames % plan->per_chunk);
	}
	plan->threads = (unsigned)fl_max_u64(1, fl_min_u64(plan->threads, plan->chunks));
}

void fl_plan_widen(struct fl_plan *plan, const struct fl_options *opt, const struct fl_needs *needs,
		   uint64_t address_bytes, uint64_t memory_bytes)
{
	uint64_t len = plan->to - plan->from, share;

	if (plan->ends || opt->window_bytes || plan->window_bytes < FL_WINDOW_BYTES)
		return;
	share = fl_min_u64(address_share(address_bytes, plan->threads),
			   memory_bytes / WIDE_WINDOW_SHARE);
	share = fl_min_u64(fl_round_down(share, FL_WINDOW_BYTES), WIDE_WINDOW_BYTES);
	share = fl_min_u64(share, fl_round_up(len, FL_WINDOW_BYTES));
	plan->window_bytes = fl_max_size(plan->window_bytes, (size_t)share);
	share = fl_round_down(len / (WIDE_CHUNKS * (uint64_t)plan->threads), FL_WINDOW_BYTES);
	if (!needs->short_parts || needs->keep_view || needs->ahead_bytes > 0 || opt->chunk_bytes ||
	    share <= plan->chunk_bytes)
		return;
	plan->chunk_bytes = (size_t)fl_min_u64(share, WIDE_CHUNK_BYTES);
	plan->chunks = len / plan->chunk_bytes + !!(len % plan->chunk_bytes);
}

void fl_plan_chunk(const struct fl_plan *plan, uint64_t k, uint64_t *ret_off, uint64_t *ret_end)
{
	uint64_t off = plan->from + k * plan->chunk_bytes;

	if (plan->ends) {
		uint64_t next = plan->first + (k + 1) * plan->per_chunk;

		*ret_off = k == 0 ? plan->begin : plan->ends[next - plan->per_chunk - 1];
		*ret_end = fl_min_u64(plan->end, plan->ends[fl_min_u64(next - 1, plan->last)]);
		return;
	}
	*ret_off = off;
	*ret_end = fl_min_u64(plan->to, fl_add_sat(off, plan->chunk_bytes));
}
