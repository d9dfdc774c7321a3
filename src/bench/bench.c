/* SPDX-License-Identifier: MIT */
#include <faultline/bench.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/cache.h>
#include <faultline/info.h>

#include "base/error.h"
#include "base/size.h"
#include "bench/bench_impl.h"
#include "plat/child.h"
#include "plat/copyfile.h"
#include "plat/file.h"
#include "plat/pagecache.h"
#include "plat/tuning.h"
#include "plat/usage.h"

#define SAMPLE_BYTES_MIN (UINT64_C(16) << 20)

/* Of a sample whose pages are taken away meanwhile. */
#define TRIES 5

/* A smaller group could not hold the program and its buffers. */
#define LIMIT_BYTES_MIN (UINT64_C(32) << 20)

static int open_file(struct fl_bench *b, const struct fl_bench_options *opt,
		     struct fl_error *reterr)
{
	struct fl_target *t = &b->file;
	int r = fl_source_open(opt->file, &t->src, reterr);

	if (r < 0)
		return r;
	if (!fl_source_seekable(t->src))
		return fl_error_set(reterr, -ESPIPE, FL_OFF_NONE,
				    "can be read only once: measurements need a regular file");
	t->bytes = t->src->file.size_bytes;
	if (opt->bytes > 0)
		t->bytes = fl_min_u64(t->bytes, opt->bytes);
	if (t->bytes == 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "is empty");
	return 0;
}

/* Half of it where the disk is full. */
static int make_sample(struct fl_bench *b, const struct fl_bench_options *opt,
		       struct fl_error *reterr)
{
	uint64_t bytes = opt->bytes > 0 ? opt->bytes : FL_BENCH_SAMPLE_BYTES;
	int r;

	for (;; bytes /= 2) {
		b->sample_fd = fl_file_temp_in(b->dir);
		if (b->sample_fd < 0)
			return fl_error_set(reterr, b->sample_fd, FL_OFF_NONE,
					    "no sample can be made in %s: %s",
					    b->dir ? b->dir : "the directory of temporary files",
					    fl_strerror(b->sample_fd));
		r = fl_sample_write(b->sample_fd, bytes, opt->seed);
		if (r == 0)
			r = fl_pagecache_sync(b->sample_fd);
		if (r == 0)
			break;
		fl_fd_close(b->sample_fd);
		b->sample_fd = -1;
		if ((r != -ENOSPC && r != -EDQUOT && r != -EFBIG) || bytes / 2 < SAMPLE_BYTES_MIN)
			return fl_error_set(reterr, r, FL_OFF_NONE,
					    "no sample can be made in %s: %s",
					    b->dir ? b->dir : "the directory of temporary files",
					    fl_strerror(r));
	}
	b->file.bytes = bytes;
	return fl_source_open_fd(b->sample_fd, "(sample)", &b->file.src, reterr);
}

int fl_bench_new(const struct fl_bench_options *opt, struct fl_bench **ret, struct fl_error *reterr)
{
	struct fl_bench *b;
	int r = -ENOMEM;

	if (!opt || opt->size != sizeof(*opt))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	b = calloc(1, sizeof(*b));
	if (!b)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	b->sample_fd = b->work_fd = -1;
	b->seed = opt->seed;
	b->dir = opt->dir ? strdup(opt->dir) : NULL;
	b->literal = strdup(opt->literal ? opt->literal : "Failed password");
	if (b->literal && (b->dir || !opt->dir))
		r = opt->file ? open_file(b, opt, reterr) : make_sample(b, opt, reterr);
	b->untuned = (opt->flags & FL_BENCH_UNTUNED) != 0;
	b->limit_bytes = opt->limit_bytes ? opt->limit_bytes : b->file.bytes / 4;
	b->limit_bytes = fl_max_u64(b->limit_bytes, LIMIT_BYTES_MIN);
	if (r < 0) {
		fl_bench_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

uint64_t fl_bench_bytes(const struct fl_bench *bench)
{
	return bench->file.bytes;
}

int fl_bench_info(struct fl_bench *bench,
		  void (*row)(void *arg, const char *key, const char *value), void *arg)
{
	return fl_info_source(bench->file.src, row, arg);
}

/* Of what is updated; never the user's file. */
static int make_work(struct fl_bench *b, struct fl_error *reterr)
{
	struct fl_copied copied;
	int r;

	if (b->work.src)
		return 0;
	b->work_fd = fl_file_temp_in(b->dir);
	b->work.bytes = fl_min_u64(b->file.bytes, FL_UPDATE_BYTES);
	r = b->work_fd < 0 ? b->work_fd
			   : fl_copy_file(FL_COPY_READ_WRITE, b->file.src->file.fd, b->work_fd,
					  b->work.bytes, &copied);
	if (r == 0)
		r = fl_pagecache_sync(b->work_fd);
	if (r == 0)
		return fl_source_open_fd(b->work_fd, "(copy)", &b->work.src, reterr);
	fl_fd_close(b->work_fd);
	b->work_fd = -1;
	return fl_error_set(reterr, r, FL_OFF_NONE, "no copy can be made in %s: %s",
			    b->dir ? b->dir : "the directory of temporary files", fl_strerror(r));
}

static int make_group(struct fl_bench *b, struct fl_error *reterr)
{
	int r;

	if (b->cgroup[0] != '\0')
		return 0;
	if (b->limit_bytes >= b->file.bytes)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "the file is not larger than a limit of %llu MiB",
				    (unsigned long long)(b->limit_bytes >> 20));
	r = fl_cgroup_make(FL_CGROUP_ROOT, b->limit_bytes, b->cgroup);
	if (r < 0)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "no memory control group can be made here: %s", fl_strerror(r));
	return 0;
}

int fl_bench_prepare(struct fl_bench *bench, enum fl_bench_cache cache, struct fl_error *reterr)
{
	int r = cache == FL_BENCH_LIMITED ? make_group(bench, reterr) : 0;

	return r < 0 ? r : fl_target_prepare(&bench->file, cache, reterr);
}

static int prepare_cell(struct fl_bench *b, const struct fl_bench_cell *cell,
			struct fl_error *reterr)
{
	int r;

	if (cell->op != FL_BENCH_UPDATE)
		return fl_bench_prepare(b, cell->cache, reterr);
	r = make_work(b, reterr);
	if (r == 0 && cell->cache == FL_BENCH_LIMITED)
		r = make_group(b, reterr);
	b->updates++;
	return r < 0 ? r : fl_target_prepare(&b->work, cell->cache, reterr);
}

/* What a copy's sum is compared with; also warms the page cache, so before it is prepared. */
static int know_sum(struct fl_bench *b, struct fl_error *reterr)
{
	int r;

	if (b->summed)
		return 0;
	r = fl_bench_sum(b->file.src->file.fd, b->file.bytes, &b->sum);
	b->summed = r == 0;
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

struct child_arg {
	const struct fl_bench *bench;
	const struct fl_bench_cell *cell;
};

static int in_child(void *arg, void *ret, struct fl_error *reterr)
{
	const struct child_arg *a = arg;

	return fl_bench_measure(a->bench, a->cell, ret, reterr);
}

static unsigned percent_now(const struct fl_target *t)
{
	struct fl_cache_status st = {.size = sizeof(st)};

	if (fl_cache_status(t->src, 0, t->bytes, 0, &st) < 0 || st.pages == 0)
		return 0;
	return (unsigned)(st.resident * 100 / st.pages);
}

static int check_cell(const struct fl_bench_cell *cell, struct fl_error *reterr)
{
	if (!cell || cell->size != sizeof(*cell) || cell->threads == 0 ||
	    !fl_bench_cache_name(cell->cache) || !fl_advise_name(cell->advise) ||
	    !fl_bench_method_fits(cell->method, cell->op))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	return 0;
}

/* Pages that were in the cache when the run began, and were not any more when it came to them. */
static bool lost_pages(const struct fl_bench_cell *cell, const struct fl_bench_sample *s)
{
	bool warm = cell->cache == FL_BENCH_WARM || cell->cache == FL_BENCH_WARM_SMALL;

	if (!warm || cell->op == FL_BENCH_UPDATE || cell->method == FL_BENCH_DIRECT ||
	    cell->method == FL_BENCH_URING_DIRECT || s->io_used == FL_IO_DIRECT ||
	    s->io_used == FL_IO_URING)
		return false;
	return s->storage_read_bytes > s->bytes / 100 + FL_MIB(1);
}

/* Who is killed in a group was out of memory, most likely. */
static int explain_limit(const struct fl_bench *b, int r, struct fl_error *reterr)
{
	struct fl_error inner = *reterr;

	return fl_error_set(reterr, r, FL_OFF_NONE, "with %llu MiB of memory: %.200s",
			    (unsigned long long)(b->limit_bytes >> 20), inner.text);
}

/* Once: prepare, run, look. */
static int try_cell(struct fl_bench *b, const struct fl_bench_cell *cell, struct fl_bench_sample *s,
		    struct fl_error *reterr)
{
	struct fl_target *t = cell->op == FL_BENCH_UPDATE ? &b->work : &b->file;
	struct child_arg arg = {.bench = b, .cell = cell};
	struct fl_child child = {.fn = in_child, .arg = &arg, .ret = s, .ret_bytes = sizeof(*s)};
	unsigned before;
	int r = prepare_cell(b, cell, reterr);

	if (r < 0)
		return r;
	before = percent_now(t);
	if (cell->cache == FL_BENCH_LIMITED)
		child.cgroup = b->cgroup;
	r = fl_child_run(&child, reterr);
	if (r == -FL_ECANCELED && child.cgroup && reterr)
		return explain_limit(b, r, reterr);
	if (r < 0)
		return r;
	s->resident_before = before;
	s->resident_after = percent_now(t);
	/* What came back may have come in other folios. */
	if (lost_pages(cell, s))
		t->prepared = false;
	return 0;
}

int fl_bench_run(struct fl_bench *bench, const struct fl_bench_cell *cell,
		 struct fl_bench_sample *ret, struct fl_error *reterr)
{
	struct fl_bench_sample s = {.size = 0};
	int r = check_cell(cell, reterr), tries = 0;

	if (r == 0 && cell->op == FL_BENCH_COPY)
		r = know_sum(bench, reterr);
	while (r == 0 && tries++ < TRIES) {
		r = try_cell(bench, cell, &s, reterr);
		if (r == 0 && !lost_pages(cell, &s))
			break;
	}
	if (r < 0)
		return r;
	if (lost_pages(cell, &s))
		return fl_error_set(
			reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
			"%llu MiB had to be read again: somebody takes the file's pages "
			"out of the cache",
			(unsigned long long)(s.storage_read_bytes >> 20));
	if (cell->op == FL_BENCH_COPY && s.checksum != bench->sum)
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
				    "the copy differs from the file");
	*ret = s;
	return 0;
}

int fl_bench_tune(struct fl_bench *bench, const struct fl_bench_tuning *tuning, char *ret_path,
		  size_t n)
{
	struct fl_tuning t;

	if (tuning->size != sizeof(*tuning) || !memchr(tuning->cold, '\0', sizeof(t.cold)) ||
	    !memchr(tuning->past, '\0', sizeof(t.past)))
		return -EINVAL;
	memcpy(t.cold, tuning->cold, sizeof(t.cold));
	memcpy(t.past, tuning->past, sizeof(t.past));
	return fl_tuning_store(bench->file.src->file.fd, &t, ret_path, n);
}

void fl_bench_cpu(uint64_t *ret_machine, uint64_t *ret_own)
{
	struct fl_usage own;

	fl_usage_read(&own);
	*ret_machine = fl_usage_machine_ns();
	*ret_own = own.user_ns + own.sys_ns + fl_usage_children_ns();
}

void fl_bench_free(struct fl_bench *bench)
{
	if (!bench)
		return;
	fl_cgroup_remove(bench->cgroup);
	fl_source_close(bench->file.src);
	fl_source_close(bench->work.src);
	fl_fd_close(bench->sample_fd);
	fl_fd_close(bench->work_fd);
	free(bench->dir);
	free(bench->literal);
	free(bench);
}
