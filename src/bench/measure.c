/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/cache.h>
#include <faultline/hash.h>
#include <faultline/scan.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/size.h"
#include "bench/bench_impl.h"
#include "bench/probe.h"
#include "bench/sums.h"
#include "plat/copyfile.h"
#include "plat/counters.h"
#include "plat/file.h"
#include "plat/supply.h"
#include "plat/tuning.h"
#include "plat/usage.h"

/**
 * struct job - the operation as an operator, and where its result is
 */
struct job {
	const struct fl_operator *ops;
	void *op;
	uint64_t sum;
	struct fl_hash *hash;
	struct fl_scan *scan;
};

static int make_scan(struct job *job, const char *literal, struct fl_error *reterr)
{
	struct fl_scan_options opt = {.size = sizeof(opt),
				      .pattern = literal,
				      .pattern_len = strlen(literal),
				      .flags = FL_SCAN_FIXED | FL_SCAN_COUNT | FL_SCAN_TEXT};
	int r = fl_scan_new(&opt, &job->scan, reterr);

	if (r == 0) {
		job->ops = fl_scan_operator(job->scan);
		job->op = job->scan;
	}
	return r;
}

static int make_hash(struct job *job, struct fl_error *reterr)
{
	int r = fl_hash_new(FL_HASH_XXH3, 0, &job->hash);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	job->ops = fl_hash_operator(job->hash);
	job->op = job->hash;
	return 0;
}

static int make_job(struct job *job, enum fl_bench_op op, const char *literal,
		    struct fl_error *reterr)
{
	*job = (struct job){.ops = op == FL_BENCH_TOUCH ? &fl_touch_operator : &fl_sum_operator};
	job->op = &job->sum;
	if (op == FL_BENCH_HASH)
		return make_hash(job, reterr);
	if (op == FL_BENCH_SCAN)
		return make_scan(job, literal, reterr);
	return 0;
}

static uint64_t result_of(const struct job *job)
{
	unsigned char digest[FL_HASH_DIGEST_MAX];
	struct fl_scan_result found;
	uint64_t value = job->sum;

	if (job->hash) {
		(void)fl_hash_digest(job->hash, digest);
		memcpy(&value, digest, sizeof(value));
		/* Digests are printed from their first byte on. */
		value = __builtin_bswap64(value);
	} else if (job->scan) {
		fl_scan_result(job->scan, &found);
		value = found.selected;
	}
	return value;
}

static void free_job(struct job *job)
{
	fl_hash_free(job->hash);
	fl_scan_free(job->scan);
}

/* How the engine is told to load: what it must then say that it did, too. */
static void choose_loader(const struct fl_bench *b, const struct fl_bench_cell *cell,
			  uint64_t bytes, struct fl_options *opt)
{
	static const enum fl_io loaders[] = {
		[FL_BENCH_READ] = FL_IO_READ,          [FL_BENCH_PREAD] = FL_IO_READ,
		[FL_BENCH_READV] = FL_IO_READ,         [FL_BENCH_FREAD] = FL_IO_READ,
		[FL_BENCH_DIRECT] = FL_IO_DIRECT,      [FL_BENCH_URING] = FL_IO_URING,
		[FL_BENCH_URING_DIRECT] = FL_IO_URING, [FL_BENCH_MMAP] = FL_IO_MMAP,
		[FL_BENCH_WINDOW] = FL_IO_MMAP,        [FL_BENCH_POPULATE] = FL_IO_MMAP,
		[FL_BENCH_AUTO] = FL_IO_AUTO};

	opt->io = loaders[cell->method];
	opt->advise = cell->advise;
	opt->window_bytes = cell->window_bytes;
	if (cell->method == FL_BENCH_MMAP)
		opt->window_bytes = (size_t)bytes;
	if (cell->method == FL_BENCH_POPULATE)
		opt->advise = FL_ADVISE_POPULATE;
	fl_tuning_ignored = b->untuned;
	fl_supply_through_cache = cell->method == FL_BENCH_URING;
	fl_supply_in_use = cell->method == FL_BENCH_READ    ? &fl_supply_read
			   : cell->method == FL_BENCH_READV ? &fl_supply_readv
			   : cell->method == FL_BENCH_FREAD ? &fl_supply_fread
							    : NULL;
}

/* A loader that fell back to another one would be measured under a wrong name. */
static int check_loader(const struct fl_options *opt, const struct fl_stats *st,
			struct fl_error *reterr)
{
	if (opt->io == FL_IO_AUTO || st->io_used == opt->io)
		return 0;
	/* The reason ends with why this loader was chosen: because it was asked for. */
	return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE, "%s was used instead: %.*s",
			    fl_io_name(st->io_used), (int)strcspn(st->io_reason, ";"),
			    st->io_reason);
}

/* Between kernel and user space; past the page cache nothing is. */
static uint64_t copied_bytes(const struct fl_bench_cell *cell, const struct fl_stats *st,
			     uint64_t bytes)
{
	if (st->io_used != FL_IO_DIRECT && st->io_used != FL_IO_URING)
		return st->copied_bytes;
	return cell->method == FL_BENCH_URING ? bytes : 0;
}

static void take_stats(struct fl_bench_sample *s, const struct fl_stats *st,
		       const struct fl_bench_cell *cell)
{
	s->copied_bytes = copied_bytes(cell, st, s->bytes);
	s->rss_anon_bytes = st->peak_rss_anon_bytes;
	s->rss_file_bytes = st->peak_rss_file_bytes;
	s->io_used = st->io_used;
	memcpy(s->io_reason, st->io_reason, sizeof(s->io_reason));
}

static void take_probe(struct fl_bench_sample *s, const struct fl_probe *probe)
{
	fl_histogram_report(&probe->latency, s->latency_ns);
	memcpy(s->step_ns, probe->step_ns, sizeof(s->step_ns));
	s->page_table_bytes = probe->page_table_bytes;
	s->rss_anon_bytes = fl_max_u64(s->rss_anon_bytes, probe->rss_anon_bytes);
	s->rss_file_bytes = fl_max_u64(s->rss_file_bytes, probe->rss_file_bytes);
}

static int run_job(const struct fl_bench *b, const struct fl_bench_cell *cell, struct job *job,
		   struct fl_bench_sample *s, struct fl_error *reterr)
{
	struct fl_source *src = b->file.src;
	struct fl_stats st = {.size = sizeof(st)};
	struct fl_probe *probe = calloc(1, sizeof(*probe));
	struct fl_pipeline *pl = NULL;
	struct fl_options opt;
	uint64_t begin;
	int r = -ENOMEM;

	fl_options_init(&opt);
	opt.threads = cell->threads;
	opt.range_len = s->bytes;
	choose_loader(b, cell, s->bytes, &opt);
	if (probe) {
		fl_probe_init(probe, job->ops, job->op, s->bytes);
		r = fl_pipeline_new(&opt, &pl, reterr);
	}
	if (r == 0)
		r = fl_pipeline_add(pl, &probe->ops, probe);
	begin = fl_clock_ns();
	if (r == 0)
		r = fl_pipeline_run(pl, src, reterr);
	s->ns = fl_clock_ns() - begin;
	if (r == 0) {
		(void)fl_pipeline_stats(pl, &st);
		take_stats(s, &st, cell);
		take_probe(s, probe);
		r = check_loader(&opt, &st, reterr);
		s->checksum = result_of(job);
	}
	fl_pipeline_free(pl);
	free(probe);
	return r;
}

static int measure_reading(const struct fl_bench *b, const struct fl_bench_cell *cell,
			   struct fl_bench_sample *s, struct fl_error *reterr)
{
	struct job job;
	int r = make_job(&job, cell->op, b->literal, reterr);

	if (r == 0)
		r = run_job(b, cell, &job, s, reterr);
	free_job(&job);
	return r;
}

int fl_bench_sum(int fd, uint64_t bytes, uint64_t *ret)
{
	unsigned char *buf = malloc(FL_MIB(1));
	uint64_t off = 0, sum = 0;
	size_t got = 1, n;
	int r = buf ? 0 : -ENOMEM;

	while (r == 0 && off < bytes && got > 0) {
		n = (size_t)fl_min_u64(FL_MIB(1), bytes - off);
		r = fl_file_pread(fd, buf, n, off, &got);
		if (r == 0)
			sum += fl_sum_words(buf, got);
		off += got;
	}
	free(buf);
	if (r == 0)
		*ret = sum;
	return r;
}

static void take_copied(struct fl_bench_sample *s, const struct fl_copied *copied)
{
	struct fl_rss rss;

	s->copied_bytes = copied->call_bytes;
	s->memcpy_bytes = copied->memcpy_bytes;
	s->page_table_bytes = fl_usage_page_tables();
	fl_rss_now(&rss);
	s->rss_anon_bytes = rss.anon_bytes;
	s->rss_file_bytes = rss.file_bytes;
}

static int no_copy(const struct fl_bench *b, int error, struct fl_error *reterr)
{
	return fl_error_set(reterr, error, FL_OFF_NONE, "no copy can be made in %s: %s",
			    b->dir ? b->dir : "the directory of temporary files",
			    fl_strerror(error));
}

static int measure_copy(const struct fl_bench *b, const struct fl_bench_cell *cell,
			struct fl_bench_sample *s, struct fl_error *reterr)
{
	static const enum fl_copy ways[] = {FL_COPY_READ_WRITE, FL_COPY_MMAP_WRITE,
					    FL_COPY_MMAP_MMAP,  FL_COPY_RANGE,
					    FL_COPY_SENDFILE,   FL_COPY_SPLICE};
	int to = fl_file_temp_in(b->dir), r;
	struct fl_copied copied;
	uint64_t begin;

	if (to < 0)
		return no_copy(b, to, reterr);
	begin = fl_clock_ns();
	r = fl_copy_file(ways[cell->method - FL_BENCH_READ_WRITE], b->file.src->file.fd, to,
			 s->bytes, &copied);
	s->ns = fl_clock_ns() - begin;
	take_copied(s, &copied);
	if (r == 0)
		r = fl_bench_sum(to, s->bytes, &s->checksum);
	fl_fd_close(to);
	return r < 0 ? no_copy(b, r, reterr) : 0;
}

/* The sum without the bytes that were stored: the same whatever is stored. */
static int check_update(const struct fl_bench *b, unsigned char value, struct fl_bench_sample *s)
{
	uint64_t stored = (s->bytes + FL_UPDATE_STRIDE - 1) / FL_UPDATE_STRIDE, off;
	int fd = b->work.src->file.fd, r = 0;
	unsigned char byte;
	size_t got;

	for (off = 0; r == 0 && off < s->bytes; off += FL_UPDATE_STRIDE) {
		r = fl_file_pread(fd, &byte, 1, off, &got);
		if (r == 0 && (got != 1 || byte != value))
			r = -FL_ECORRUPT;
	}
	if (r == 0)
		r = fl_bench_sum(fd, s->bytes, &s->checksum);
	s->checksum -= stored * value;
	return r;
}

static int measure_update(const struct fl_bench *b, const struct fl_bench_cell *cell,
			  struct fl_bench_sample *s, struct fl_error *reterr)
{
	unsigned char value = (unsigned char)(b->updates % 255 + 1);
	struct fl_copied copied;
	uint64_t begin = fl_clock_ns();
	int r = fl_update_file(b->work.src->file.fd, s->bytes, FL_UPDATE_STRIDE, value,
			       cell->method == FL_BENCH_MMAP_MSYNC, &copied);

	s->ns = fl_clock_ns() - begin;
	take_copied(s, &copied);
	if (r == 0)
		r = check_update(b, value, s);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

static int measure_random(const struct fl_bench *b, const struct fl_bench_cell *cell,
			  struct fl_bench_sample *s, struct fl_error *reterr)
{
	struct fl_random *job = calloc(1, sizeof(*job));
	uint64_t begin;
	int r;

	if (!job)
		return -ENOMEM;
	job->target = &b->file;
	job->method = cell->method;
	job->threads = cell->threads;
	job->seed = b->seed;
	begin = fl_clock_ns();
	r = fl_random_run(job, reterr);
	s->ns = fl_clock_ns() - begin;
	s->bytes = (uint64_t)FL_RANDOM_READS * FL_RANDOM_BYTES;
	s->checksum = job->checksum;
	fl_histogram_report(&job->latency, s->latency_ns);
	take_copied(s, &(struct fl_copied){0});
	if (cell->method != FL_BENCH_MMAP && cell->method != FL_BENCH_DIRECT &&
	    cell->method != FL_BENCH_URING_DIRECT)
		s->copied_bytes = s->bytes;
	free(job);
	return r;
}

static void take_usage(struct fl_bench_sample *s, const struct fl_usage *a,
		       const struct fl_usage *b)
{
	s->user_ns = b->user_ns - a->user_ns;
	s->sys_ns = b->sys_ns - a->sys_ns;
	s->minor_faults = b->minor_faults - a->minor_faults;
	s->major_faults = b->major_faults - a->major_faults;
	s->voluntary_switches = b->voluntary_switches - a->voluntary_switches;
	s->involuntary_switches = b->involuntary_switches - a->involuntary_switches;
	s->storage_read_bytes = b->storage_read_bytes - a->storage_read_bytes;
	s->storage_written_bytes = b->storage_written_bytes - a->storage_written_bytes;
	s->tlb_shootdowns = a->tlb_shootdowns == FL_USAGE_UNKNOWN
				    ? FL_BENCH_UNKNOWN
				    : b->tlb_shootdowns - a->tlb_shootdowns;
}

int fl_bench_measure(const struct fl_bench *b, const struct fl_bench_cell *cell,
		     struct fl_bench_sample *ret, struct fl_error *reterr)
{
	struct fl_usage before, after;
	struct fl_perf perf;
	int r;

	*ret = (struct fl_bench_sample){.size = sizeof(*ret), .bytes = b->file.bytes};
	if (cell->op == FL_BENCH_UPDATE)
		ret->bytes = b->work.bytes;
	fl_usage_read(&before);
	fl_perf_open(&perf);
	if (cell->op == FL_BENCH_COPY)
		r = measure_copy(b, cell, ret, reterr);
	else if (cell->op == FL_BENCH_UPDATE)
		r = measure_update(b, cell, ret, reterr);
	else if (cell->op == FL_BENCH_RANDOM)
		r = measure_random(b, cell, ret, reterr);
	else
		r = measure_reading(b, cell, ret, reterr);
	fl_perf_close(&perf, &ret->cycles, &ret->dtlb_misses);
	fl_usage_read(&after);
	take_usage(ret, &before, &after);
	return r;
}
