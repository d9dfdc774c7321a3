/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_PIPELINE_H
#define FAULTLINE_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>
#include <faultline/source.h>
#include <faultline/stream.h>

FL_BEGIN_DECLS

/**
 * DOC: Pipelines.
 *
 * A pipeline is a list of operators and the options to run them with. One
 * fl_pipeline_run() brings each chunk of the source into memory once and shows
 * it to all operators while it is hot in cache.
 *
 * An operator may write bytes that others are to see in turn: after
 * fl_pipeline_then() a new *segment* begins, whose source is what was written,
 * with offsets and lines of its own. All segments run at the same time.
 *
 * Threads: different pipelines may run at the same time on different threads, each with sources and
 * operators of its own. One pipeline is used by one thread at a time; only fl_pipeline_cancel() and,
 * in the progress callback, what says so may be called beside a run. Threads that the library starts
 * have all signals blocked but those that tell of faults.
 *
 * fork(2): a child may make sources and pipelines, and use and free those of its parent, except where
 * a run of them was under way at the fork. Threads are started anew in it; the position of a pipe, and
 * what an operator has written to a descriptor, are shared with the parent as ever.
 */
struct fl_pipeline;

enum fl_io {
	FL_IO_AUTO,
	FL_IO_MMAP,
	FL_IO_READ,
	FL_IO_DIRECT,
	FL_IO_URING
};

enum fl_advise {
	FL_ADVISE_NORMAL,
	FL_ADVISE_SEQUENTIAL,
	FL_ADVISE_RANDOM,
	FL_ADVISE_WILLNEED,
	FL_ADVISE_POPULATE,
	FL_ADVISE_HUGEPAGE
};

/* Anonymous memory a run may use: room for two 8 MiB windows and eight parts. */
#define FL_MAX_MEMORY_DEFAULT (UINT64_C(64) << 20)

/**
 * struct fl_progress - where a run is
 * @bytes: input bytes folded so far
 * @total: bytes in the range, or FL_SIZE_UNKNOWN
 * @ns:    since the run began
 */
struct fl_progress {
	size_t size;
	const char *name;
	uint64_t bytes;
	uint64_t total;
	uint64_t ns;
};

/* Drop from the page cache what the run itself brought in. */
#define FL_RUN_COLD 1u
/* A record begins at range_off, whatever the byte before it is. */
#define FL_RUN_AT_RECORD 2u
/* The folds of the run write to the file, behind the maps: a change time that moves says nothing. */
#define FL_RUN_OWN_STORES 4u

/**
 * struct fl_options - how to run; fill it with fl_options_init() first
 * @size:              sizeof this struct
 * @threads:           computing threads, 0 = processors allowed to the process
 * @io:                loader
 * @advise:            hint for mapped windows
 * @flags:             FL_RUN_...
 * @window_bytes:      address range per thread, 0 = automatic; rounded up to a page
 * @chunk_bytes:       unit of work, 0 = automatic; any value >= 1
 * @max_memory_bytes:  anonymous memory, >= 4 MiB
 * @range_off:         first byte of the range
 * @range_len:         bytes in the range, FL_SIZE_UNKNOWN = to the end
 * @delimiter:         byte that ends a record
 * @max_record_bytes:  0, or a longer record, without its delimiter, is an error (FL_ELIMIT) that names where it
 *                     begins, and is not looked at to its end; up to 4 MiB operators may see longer ones
 * @progress:          called on the folding thread at most every
 *                     @progress_interval_ns, or NULL; must not block for long
 *
 * Records "in" a range are those that start in it (FL_CUT_RECORD); an
 * FL_CUT_UNIT operator sees exactly the range's bytes.
 */
struct fl_options {
	size_t size;
	unsigned threads;
	enum fl_io io;
	enum fl_advise advise;
	unsigned flags;
	size_t window_bytes;
	size_t chunk_bytes;
	uint64_t max_memory_bytes;
	uint64_t range_off;
	uint64_t range_len;
	unsigned char delimiter;
	uint64_t max_record_bytes;
	void (*progress)(void *arg, const struct fl_progress *p);
	void *progress_arg;
	uint64_t progress_interval_ns;
};

/**
 * struct fl_stats - what the last run did
 * @bytes:         input bytes shown to the operators
 * @ns:            wall time
 * @io_used:       loader that served most bytes
 * @io_reason:     why, in a few words
 * @windows:       times a window was mapped or a block was filled
 * @minor_faults, @major_faults: of all threads of the process, during the run
 * @copied_bytes:  that read calls copied into user space
 * @threads:       computing threads used
 * @loader_threads: additional threads that only loaded
 * @kernels:       name of the byte kernels ("avx2")
 * @peak_rss_anon_bytes, @peak_rss_file_bytes: sampled once per chunk batch and
 *                 at the end; page-cache pages that are mapped count as file
 * @window_bytes, @chunk_bytes: as chosen
 */
struct fl_stats {
	size_t size;
	uint64_t bytes;
	uint64_t ns;
	enum fl_io io_used;
	char io_reason[160];
	uint64_t windows;
	uint64_t minor_faults;
	uint64_t major_faults;
	uint64_t copied_bytes;
	unsigned threads;
	unsigned loader_threads;
	const char *kernels;
	uint64_t peak_rss_anon_bytes;
	uint64_t peak_rss_file_bytes;
	uint64_t window_bytes;
	uint64_t chunk_bytes;
};

/** fl_options_init() - defaults, and opt->size */
FL_API void fl_options_init(struct fl_options *opt);

/** fl_io_name() - "auto", "mmap", "read", "direct", "uring"; NULL for another value */
FL_API const char *fl_io_name(enum fl_io io);

/** fl_advise_name() - "normal" ... "hugepage"; NULL for another value */
FL_API const char *fl_advise_name(enum fl_advise advise);

/**
 * fl_pipeline_new() - an empty pipeline
 * @opt: copied; NULL = defaults
 *
 * Return: 0; -EINVAL for an option out of range; -ENOMEM.
 */
FL_API int fl_pipeline_new(const struct fl_options *opt, struct fl_pipeline **ret,
			   struct fl_error *reterr);

/**
 * fl_pipeline_add() - append an operator
 * @ops: its code; must outlive the pipeline
 * @op:  its state, handed to every callback; stays the caller's and must
 *       outlive the pipeline
 *
 * Return: 0; -EINVAL; -ENOMEM; -EBUSY during a run.
 */
FL_API int fl_pipeline_add(struct fl_pipeline *pl, const struct fl_operator *ops, void *op);

/**
 * fl_pipeline_then() - operators that are added from here on see what is written to a stream
 * @ret: the stream, open whenever the pipeline runs; it is the pipeline's. An operator that was
 *       added before writes to it with fl_stream_write(), in its folds and in finish
 *
 * Memory: max_memory_bytes is shared out among the segments, each with as many threads as the
 * first; ranges, --cold and progress concern the first one's source alone.
 * Return: 0; -EINVAL after no operator, or a ninth segment; -ENOMEM; -EBUSY during a run.
 */
FL_API int fl_pipeline_then(struct fl_pipeline *pl, struct fl_stream **ret,
			    struct fl_error *reterr);

/**
 * fl_pipeline_run() - run all operators over one source
 *
 * May be called again, with the same or another source. Threads are started
 * with the first run that is large enough to need them and kept until
 * fl_pipeline_free(). The calling thread is one of the workers.
 *
 * A segment that needs no more, or fails, closes its stream: whoever writes to it is told with
 * FL_FOLD_STOP. When one fails, all end; the error is the first one's in the order of segments that
 * is not a consequence of another.
 *
 * Threads: one run at a time per pipeline. Cost: one pass over the range.
 * Return: 0; -FL_ECANCELED; -FL_ETRUNCATED when the file was seen shorter than
 * at open; -FL_ECHANGED when another file stands under its name now; -EIO and
 * others from reading; -FL_ELIMIT; what an operator returned.
 */
FL_API int fl_pipeline_run(struct fl_pipeline *pl, struct fl_source *src, struct fl_error *reterr);

/**
 * fl_pipeline_cancel() - end the run soon, with -FL_ECANCELED
 *
 * Threads: any. Async-signal-safe. Stays in force for later runs.
 */
FL_API void fl_pipeline_cancel(struct fl_pipeline *pl);

/** fl_pipeline_stats() - of the last run; ret->size must be set. Return: 0 or -EINVAL. */
FL_API int fl_pipeline_stats(const struct fl_pipeline *pl, struct fl_stats *ret);

/**
 * fl_pipeline_segment_stats() - of one segment in the last run; 0 is the one that reads the source
 * Return: 0; -EINVAL, also for a segment that there is not.
 */
FL_API int fl_pipeline_segment_stats(const struct fl_pipeline *pl, unsigned segment,
				     struct fl_stats *ret);

/**
 * struct fl_operator_stats - what an operator did in the last run
 * @size:        sizeof this struct
 * @ns:          that all threads spent in its maps and folds; what a fold waits for in a stream counts
 * @ended_early: it said that it needs no more
 */
struct fl_operator_stats {
	size_t size;
	uint64_t ns;
	int ended_early;
};

/**
 * fl_pipeline_operator_stats() - of the last run
 * @segment, @i: the i-th operator that was added to it, both from 0
 * @ret: its size must be set
 *
 * Return: 0; -EINVAL, also for an operator that there is not.
 */
FL_API int fl_pipeline_operator_stats(const struct fl_pipeline *pl, unsigned segment, unsigned i,
				      struct fl_operator_stats *ret);

/* "none of the operators" in fl_failure.op */
#define FL_OPERATOR_NONE UINT32_MAX

/**
 * struct fl_failure - whose error the last run returned
 * @size:    sizeof this struct
 * @segment: that failed, from 0
 * @op:      of its operators, as they were added, from 0; FL_OPERATOR_NONE when it was none of them:
 *           what the segment reads, memory, a cancelled run
 * @name:    of that operator, or NULL
 * @off:     the byte, of what the segment reads, where it was at work; FL_OFF_NONE when there is none
 */
struct fl_failure {
	size_t size;
	unsigned segment;
	uint32_t op;
	const char *name;
	uint64_t off;
};

/**
 * fl_pipeline_failure() - after a run that returned an error: where it came from
 * @ret: its size must be set
 *
 * Return: 0; -EINVAL. After a run without error: FL_OPERATOR_NONE and FL_OFF_NONE.
 */
FL_API int fl_pipeline_failure(const struct fl_pipeline *pl, struct fl_failure *ret);

/** fl_pipeline_free() - stop the threads and free; NULL is fine */
FL_API void fl_pipeline_free(struct fl_pipeline *pl);

FL_END_DECLS

#endif
