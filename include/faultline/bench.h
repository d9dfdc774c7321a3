/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_BENCH_H
#define FAULTLINE_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/pipeline.h>

FL_BEGIN_DECLS

/**
 * DOC: Measurements.
 *
 * A *cell* is an operation, a method of getting at the bytes, and a state of the page cache. Every
 * sample of a cell runs in a child process, which measures itself: what one run leaves behind does
 * not touch the next one, and peaks of memory are the run's own. All methods of an operation work
 * on the same bytes and must give the same checksum. The calling program should have one thread.
 */

enum fl_bench_op {
	FL_BENCH_TOUCH,  /* one byte of each page */
	FL_BENCH_SUM,    /* all bytes, as 64-bit words */
	FL_BENCH_HASH,   /* XXH3 */
	FL_BENCH_SCAN,   /* lines that hold a literal */
	FL_BENCH_COPY,   /* to another file; what was copied is compared afterwards */
	FL_BENCH_UPDATE, /* one byte in 64 KiB of a copy of the file, made durable */
	FL_BENCH_RANDOM  /* 4 KiB at a time from anywhere */
};

enum fl_bench_method {
	FL_BENCH_READ,
	FL_BENCH_PREAD,
	FL_BENCH_READV,
	FL_BENCH_FREAD,
	FL_BENCH_DIRECT,
	FL_BENCH_URING,
	FL_BENCH_URING_DIRECT,
	FL_BENCH_MMAP,     /* the whole file in one mapping */
	FL_BENCH_WINDOW,   /* windows that slide */
	FL_BENCH_POPULATE, /* the same with MAP_POPULATE */
	FL_BENCH_AUTO,     /* what --io=auto does */
	FL_BENCH_READ_WRITE,
	FL_BENCH_MMAP_WRITE,
	FL_BENCH_MMAP_MMAP,
	FL_BENCH_COPY_FILE_RANGE,
	FL_BENCH_SENDFILE,
	FL_BENCH_SPLICE,
	FL_BENCH_PREAD_PWRITE,
	FL_BENCH_MMAP_MSYNC
};

enum fl_bench_cache {
	FL_BENCH_COLD,
	FL_BENCH_WARM,       /* in the cache, in folios as large as the file system has them */
	FL_BENCH_WARM_SMALL, /* in the cache, each page for itself */
	FL_BENCH_LIMITED     /* cold, in a memory control group smaller than the file */
};

/** fl_bench_op_name() - "touch" ...; NULL for another value: they are numbered without gaps */
FL_API const char *fl_bench_op_name(enum fl_bench_op op);

/** fl_bench_method_name() - "read" ...; NULL for another value */
FL_API const char *fl_bench_method_name(enum fl_bench_method method);

/** fl_bench_cache_name() - "cold", "warm", "warm-small", "limited"; NULL for another value */
FL_API const char *fl_bench_cache_name(enum fl_bench_cache cache);

/** fl_bench_method_fits() - Return: 1 when the method can do that operation, or 0 */
FL_API int fl_bench_method_fits(enum fl_bench_method method, enum fl_bench_op op);

/**
 * fl_bench_copies_told() - how often each byte is copied, as it is usually told: device to page
 * cache, page cache to buffer, and back
 */
FL_API unsigned fl_bench_copies_told(enum fl_bench_method method, enum fl_bench_op op);

/**
 * struct fl_bench_cell - what is measured
 * @size:         sizeof this struct
 * @advise:       for mapped windows
 * @threads:      computing threads, >= 1; copy and update use one
 * @window_bytes: 0 = automatic
 */
struct fl_bench_cell {
	size_t size;
	enum fl_bench_op op;
	enum fl_bench_method method;
	enum fl_bench_cache cache;
	enum fl_advise advise;
	unsigned threads;
	size_t window_bytes;
};

#define FL_BENCH_STEPS 64
#define FL_BENCH_UNKNOWN UINT64_MAX

/**
 * struct fl_bench_sample - one run
 * @ns, @user_ns, @sys_ns: wall and processor time
 * @bytes:            worked on
 * @checksum:         of the operation's result
 * @minor_faults, @major_faults, @voluntary_switches, @involuntary_switches: of the process
 * @copied_bytes:     between kernel and user space by read and write calls
 * @memcpy_bytes:     in user space, from mapping to mapping
 * @storage_read_bytes, @storage_written_bytes: from and to the device (/proc/self/io)
 * @rss_anon_bytes, @rss_file_bytes, @page_table_bytes: peaks
 * @tlb_shootdowns:   of the whole machine
 * @cycles, @dtlb_misses: FL_BENCH_UNKNOWN without perf_event_open(2)
 * @resident_before, @resident_after: percent of the file in the page cache
 * @latency_ns:       p50, p90, p99, p99.9 and maximum of one step of 256 KiB (random: of a read)
 * @step_ns:          when each 64th of the bytes was done
 * @io_used, @io_reason: the loader (AUTO: as chosen)
 */
struct fl_bench_sample {
	size_t size;
	uint64_t ns;
	uint64_t user_ns;
	uint64_t sys_ns;
	uint64_t bytes;
	uint64_t checksum;
	uint64_t minor_faults;
	uint64_t major_faults;
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
	uint64_t copied_bytes;
	uint64_t memcpy_bytes;
	uint64_t storage_read_bytes;
	uint64_t storage_written_bytes;
	uint64_t rss_anon_bytes;
	uint64_t rss_file_bytes;
	uint64_t page_table_bytes;
	uint64_t tlb_shootdowns;
	uint64_t cycles;
	uint64_t dtlb_misses;
	unsigned resident_before;
	unsigned resident_after;
	uint64_t latency_ns[5];
	uint64_t step_ns[FL_BENCH_STEPS];
	enum fl_io io_used;
	char io_reason[160];
};

/* Of a sample, where nothing else is asked for. */
#define FL_BENCH_SAMPLE_BYTES (UINT64_C(1) << 30)

/* struct fl_bench_options.flags: FL_BENCH_AUTO does not look at what `faultline tune` found out */
#define FL_BENCH_UNTUNED 1u

/**
 * struct fl_bench_options - where to measure
 * @size:        sizeof this struct
 * @file:        to be read; never written to; NULL: a sample is made in @dir
 * @dir:         for samples and copies; NULL: TMPDIR, else /var/tmp
 * @bytes:       of the file that are used, from its start; of the sample; 0 = all, or 1 GiB
 * @literal:     what FL_BENCH_SCAN looks for; NULL = "Failed password"
 * @limit_bytes: of FL_BENCH_LIMITED; 0 = a quarter of the file
 * @seed:        of the sample and of random places
 * @flags:       FL_BENCH_UNTUNED or 0
 */
struct fl_bench_options {
	size_t size;
	const char *file;
	const char *dir;
	uint64_t bytes;
	const char *literal;
	uint64_t limit_bytes;
	uint64_t seed;
	unsigned flags;
};

/** struct fl_bench - a file that is measured */
struct fl_bench;

/**
 * fl_bench_new() - open the file, or make the sample
 *
 * A sample that finds the disk full is cut in half until it fits, down to 16 MiB; see
 * fl_bench_bytes().
 * Return: 0; -EINVAL; -ESPIPE for what is no regular file; -ENOSPC, -EROFS, -EACCES ... from making
 * the sample; -errno.
 */
FL_API int fl_bench_new(const struct fl_bench_options *opt, struct fl_bench **ret,
			struct fl_error *reterr);

/** fl_bench_bytes() - how many bytes every operation works on */
FL_API uint64_t fl_bench_bytes(const struct fl_bench *bench);

/** fl_bench_info() - fl_info_source() of the file */
FL_API int fl_bench_info(struct fl_bench *bench,
			 void (*row)(void *arg, const char *key, const char *value), void *arg);

/**
 * fl_bench_prepare() - bring the file into that state of the page cache, and look whether it is
 *
 * Nothing is done where it is in it already (cold: never).
 * Return: 0; -FL_EUNSUPPORTED with the reason: pages that cannot be dropped, folios that cannot be
 * had, no control group; -errno.
 */
FL_API int fl_bench_prepare(struct fl_bench *bench, enum fl_bench_cache cache,
			    struct fl_error *reterr);

/**
 * fl_bench_run() - prepare, then take one sample
 *
 * A warm run that had to read from the device, because pages were taken away meanwhile, is done
 * again, five times at most.
 * Return: 0; -FL_EUNSUPPORTED as above, or where the method cannot be had; -FL_ECORRUPT: the copy
 * differs from the file; -ENOSPC ...; -FL_ECHANGED when the file is being written to; -FL_ECANCELED
 * when a signal ended the child.
 */
FL_API int fl_bench_run(struct fl_bench *bench, const struct fl_bench_cell *cell,
			struct fl_bench_sample *ret, struct fl_error *reterr);

/**
 * fl_bench_cpu() - processor time so far, in nanoseconds
 * @ret_machine: of everybody, since boot; 0 if unknown
 * @ret_own:     of this process and of the children that have ended
 *
 * What the first grows by more than the second was taken by others: noise.
 */
FL_API void fl_bench_cpu(uint64_t *ret_machine, uint64_t *ret_own);

/**
 * struct fl_bench_tuning - what --io=auto is to do on a device, as words
 * @cold: with what is not cached and may be: "readahead" (as without tuning: mostly loading threads before the
 *        windows), "window" (mapped windows alone), "read"; "" = as without tuning
 * @past: with what is read past the cache: "uring", "direct"; ""
 */
struct fl_bench_tuning {
	size_t size;
	char cold[16];
	char past[16];
};

/**
 * fl_bench_tune() - remember it for the device and file system that the file is on
 * @ret_path: of the file of results, @n bytes: $XDG_STATE_HOME/faultline/tune, else
 *            ~/.local/state/faultline/tune
 * Return: 0; -EINVAL; -ENOENT without a home; -errno.
 */
FL_API int fl_bench_tune(struct fl_bench *bench, const struct fl_bench_tuning *tuning,
			 char *ret_path, size_t n);

/**
 * typedef fl_bench_fact_fn - takes what was found out about one fact
 * @claim: what is said of memory mapping
 * @seen:  what was seen here
 * @holds: 1 yes, 0 no, negative: could not be tried
 */
typedef void (*fl_bench_fact_fn)(void *arg, const char *claim, const char *seen, int holds);

/**
 * fl_bench_facts() - try out what memory mapping does, on a file in @dir (NULL as above)
 * Cost: half a second. Return: how many facts do not hold here; -errno from making the file.
 */
FL_API int fl_bench_facts(const char *dir, fl_bench_fact_fn tell_fn, void *arg);

/** fl_bench_free() - removes what was made; NULL is fine */
FL_API void fl_bench_free(struct fl_bench *bench);

/**
 * DOC: Statistics.
 *
 * Within a round every cell is measured once, in random order, so two cells are compared round by
 * round: what slows a whole round down slows both. The ratio is the Hodges-Lehmann estimate on
 * logarithms, its interval that of Wilcoxon's signed-rank test, which is exact whatever the noise
 * looks like (Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 3rd ed., 3.1-3.3).
 */

/* Fewer rounds than this cannot reach the level of a verdict. */
#define FL_BENCH_ROUNDS_MIN 8

/* With fewer samples, even the smallest and the largest of them enclose the median with less than 95 %:
 * 1 - 2 / 2^n is 0.94 for five. */
#define FL_BENCH_INTERVAL_MIN 6

/**
 * struct fl_bench_summary - of the samples of one cell
 * @mad: median absolute deviation from the median
 * @ci_low, @ci_high: 95 % interval of the median, by bootstrap; less sure than that with fewer than
 *                    FL_BENCH_INTERVAL_MIN samples
 */
struct fl_bench_summary {
	double median;
	double mad;
	double ci_low;
	double ci_high;
	double min;
	double max;
};

/** fl_bench_summarize() - @n >= 1 samples. Cost: 2,000 resamples. Return: 0; -EINVAL; -ENOMEM. */
FL_API int fl_bench_summarize(const double *samples, size_t n, uint64_t seed,
			      struct fl_bench_summary *ret);

enum fl_bench_verdict {
	FL_BENCH_SAME,
	FL_BENCH_FASTER,
	FL_BENCH_SLOWER
};

/** fl_bench_verdict_name() - "no difference", "faster", "slower" */
FL_API const char *fl_bench_verdict_name(enum fl_bench_verdict verdict);

/**
 * struct fl_bench_pair - one cell beside another
 * @ratio:     time of the first / time of the second
 * @low, @high: interval of the ratio
 * @level:     its confidence, 0.99 or a little more; less with few rounds
 * @verdict:   of the first: faster or slower where all of the interval is more than 1 % from 1
 * @narrow:    1: more rounds would not change the verdict: it is faster or slower, or all of the
 *             interval lies within 5 % of 1
 */
struct fl_bench_pair {
	double ratio;
	double low;
	double high;
	double level;
	enum fl_bench_verdict verdict;
	int narrow;
};

/** fl_bench_compare() - samples of the same @n rounds. Return: 0; -EINVAL for n of 0 or > 1000. */
FL_API int fl_bench_compare(const double *first, const double *second, size_t n,
			    struct fl_bench_pair *ret);

/**
 * fl_bench_compare_apart() - samples that were taken at other times, so that none are pairs
 *
 * The interval is that of the Mann-Whitney test, exact up to 50 of each (Hollander, Wolfe, Chicken,
 * 4.1-4.3); with fewer than five of each it is none: see @level.
 * Return: 0; -EINVAL for none, or more than 1000, of either; -ENOMEM.
 */
FL_API int fl_bench_compare_apart(const double *first, size_t first_n, const double *second,
				  size_t second_n, struct fl_bench_pair *ret);

/* What fl_bench_rounds.run returns besides 0. */
#define FL_BENCH_DROP 1 /* this cell cannot be measured: leave it out from now on */
#define FL_BENCH_STOP 2 /* no more rounds */

/**
 * struct fl_bench_rounds - a schedule
 * @size:        sizeof this struct
 * @cells:       how many
 * @states:      of each cell: cells of the same state are measured one after another
 * @groups:      of each cell: the first cell of a group is what the others are compared with
 * @runs_min, @runs_max: rounds; verdicts are looked at after @runs_min, then every fourth round
 * @warmup:      rounds before, whose samples are thrown away
 * @duration_ns: no round begins later than this, but @runs_min of them always do; 0 = no limit
 * @seed:        of the order
 * @now:         clock, in nanoseconds
 * @run:         measure one cell. Return: 0, FL_BENCH_DROP, FL_BENCH_STOP
 */
struct fl_bench_rounds {
	size_t size;
	size_t cells;
	const unsigned *states;
	const unsigned *groups;
	unsigned runs_min;
	unsigned runs_max;
	unsigned warmup;
	uint64_t duration_ns;
	uint64_t seed;
	uint64_t (*now)(void *arg);
	int (*run)(void *arg, size_t cell, unsigned round, double *ret_seconds);
	void *arg;
};

/**
 * fl_bench_rounds() - measure until every verdict is narrow, or a limit is met
 * @seconds:  [cells * runs_max], the samples of cell i from i * runs_max on
 * @ret_runs: [cells], how many of each
 * Return: 0; -EINVAL; -ENOMEM.
 */
FL_API int fl_bench_rounds(const struct fl_bench_rounds *plan, double *seconds, unsigned *ret_runs);

FL_END_DECLS

#endif
