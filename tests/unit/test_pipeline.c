/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <faultline/faultline.h>

#include "../support/scale.h"

/*
 * Two operators that would notice every mistake of the engine: one wants whole records, the other
 * whole units, and both remember order, offsets and content.
 */
struct probe {
	uint64_t records, record_bytes, record_hash, next_record_off;
	uint64_t units, unit_bytes, unit_hash, next_unit_off;
	uint64_t begin;
	unsigned full_every; /* record map: pretend the part is full after so many records */
	int bad;
};

static uint64_t mix(uint64_t h, const unsigned char *p, size_t n)
{
	while (n-- > 0)
		h = (h ^ *p++) * UINT64_C(0x100000001b3);
	return h;
}

struct record_entry {
	uint64_t off;
	uint64_t len;
	uint64_t hash;
};

static int record_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		      struct fl_error *reterr)
{
	const struct probe *pr = op;
	const unsigned char *p = in->data, *end = p + in->len;
	unsigned n = 0;

	(void)scratch;
	(void)reterr;
	while (p < end) {
		const unsigned char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = nl ? (size_t)(nl - p) + 1 : (size_t)(end - p);
		struct record_entry e = {.off = in->off + (uint64_t)(p - in->data),
					 .len = len,
					 .hash = mix(0xcbf29ce484222325, p, len)};

		if (pr->full_every && n == pr->full_every && part->len > 0) {
			part->next_off = e.off;
			return FL_MAP_FULL;
		}
		if (fl_part_append(part, &e, sizeof(e)) < 0)
			return -ENOMEM;
		p += len;
		n++;
	}
	return 0;
}

static int record_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct probe *pr = op;
	struct record_entry e;

	(void)reterr;
	for (size_t i = 0; i < part->len; i += sizeof(e)) {
		memcpy(&e, part->data + i, sizeof(e));
		if (pr->records > 0 && e.off != pr->next_record_off)
			pr->bad |= 1;
		if (pr->records == 0 && e.off < pr->begin)
			pr->bad |= 2;
		pr->next_record_off = e.off + e.len;
		pr->records++;
		pr->record_bytes += e.len;
		pr->record_hash = (pr->record_hash ^ e.hash) * 31 + e.off;
	}
	return 0;
}

static int unit_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	const struct probe *pr = op;
	size_t i = 0;

	(void)scratch;
	(void)reterr;
	while (i < in->len) {
		size_t len = in->len - i < 1024 ? in->len - i : 1024;
		struct record_entry e = {
			.off = in->off + i, .len = len, .hash = mix(1, in->data + i, len)};

		if ((e.off - pr->begin) % 1024 != 0)
			return -EPROTO;
		if (fl_part_append(part, &e, sizeof(e)) < 0)
			return -ENOMEM;
		i += len;
	}
	return 0;
}

static int unit_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct probe *pr = op;
	struct record_entry e;

	(void)reterr;
	for (size_t i = 0; i < part->len; i += sizeof(e)) {
		memcpy(&e, part->data + i, sizeof(e));
		if (e.off != (pr->units ? pr->next_unit_off : pr->begin))
			pr->bad |= 4;
		pr->next_unit_off = e.off + e.len;
		pr->units++;
		pr->unit_bytes += e.len;
		pr->unit_hash = (pr->unit_hash ^ e.hash) * 31 + e.off;
	}
	return 0;
}

/* Folds over the bytes themselves. */
static int touch_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		     struct fl_error *reterr)
{
	(void)op;
	(void)scratch;
	(void)in;
	(void)part;
	(void)reterr;
	return 0;
}

static int view_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct probe *pr = op;

	(void)reterr;
	for (size_t i = 0; i < part->view_count; i++) {
		const struct fl_view *v = &part->view[i];

		if (v->off != (pr->unit_bytes ? pr->next_unit_off : pr->begin))
			pr->bad |= 8;
		pr->unit_hash = mix(pr->unit_hash, v->data, v->len);
		pr->unit_bytes += v->len;
		pr->next_unit_off = v->off + v->len;
	}
	return 0;
}

static const struct fl_operator record_ops = {.size = sizeof(struct fl_operator),
					      .name = "records",
					      .cut = FL_CUT_RECORD,
					      .map = record_map,
					      .fold = record_fold};
static const struct fl_operator unit_ops = {.size = sizeof(struct fl_operator),
					    .name = "units",
					    .cut = FL_CUT_UNIT,
					    .unit_bytes = 1024,
					    .map = unit_map,
					    .fold = unit_fold};
static const struct fl_operator view_ops = {.size = sizeof(struct fl_operator),
					    .name = "views",
					    .cut = FL_CUT_UNIT,
					    .unit_bytes = 1,
					    .flags = FL_OP_KEEP_VIEW,
					    .map = touch_map,
					    .fold = view_fold};

/* The answer, by the definition: records that start in the range, exactly its bytes. */
static void expect(const unsigned char *data, size_t n, uint64_t off, uint64_t len,
		   struct probe *ret)
{
	uint64_t end = len > n - off ? n : off + len, at = 0;

	memset(ret, 0, sizeof(*ret));
	while (at < n) {
		const unsigned char *nl = memchr(data + at, '\n', n - at);
		uint64_t next = nl ? (uint64_t)(nl - data) + 1 : n;

		if (at >= off && at < end) {
			ret->records++;
			ret->record_bytes += next - at;
			ret->record_hash =
				(ret->record_hash ^ mix(0xcbf29ce484222325, data + at, next - at)) *
					31 +
				at;
		}
		at = next;
	}
	for (at = off; at < end; at += 1024) {
		uint64_t step = end - at < 1024 ? end - at : 1024;

		ret->units++;
		ret->unit_bytes += step;
		ret->unit_hash = (ret->unit_hash ^ mix(1, data + at, step)) * 31 + at;
	}
}

static char *make_file(const unsigned char *data, size_t n)
{
	char *path = strdup("/tmp/fl-test-XXXXXX");
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	cr_assert(write(fd, data, n) == (ssize_t)n);
	close(fd);
	return path;
}

struct feed {
	int fd;
	const unsigned char *data;
	size_t n;
	size_t step;
};

static void *feed_pipe(void *arg)
{
	struct feed *f = arg;

	for (size_t i = 0; i < f->n;) {
		size_t step = f->n - i < f->step ? f->n - i : f->step;
		ssize_t w = write(f->fd, f->data + i, step);

		if (w <= 0)
			break;
		i += (size_t)w;
	}
	close(f->fd);
	return NULL;
}

static unsigned long long state = 88172645463325252ull;

static unsigned rnd(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % n);
}

/* Lines of every awkward length; some empty, some longer than windows and slices. */
static size_t make_text(unsigned char *data, size_t n, unsigned long_line)
{
	size_t i = 0;

	while (i < n) {
		size_t len = rnd(10) == 0 ? 0 : rnd(50) == 0 ? rnd(long_line) : rnd(120);

		for (; len > 0 && i < n; len--)
			data[i++] = (unsigned char)('a' + rnd(26));
		if (i < n && rnd(40) != 0)
			data[i++] = '\n';
	}
	return n;
}

static void compare(const struct probe *got, const struct probe *want, const char *what)
{
	cr_assert(got->bad == 0, "%s: order or offsets wrong (%d)", what, got->bad);
	cr_assert(got->records == want->records, "%s: %lu records, not %lu", what,
		  (unsigned long)got->records, (unsigned long)want->records);
	cr_assert(got->record_bytes == want->record_bytes, "%s: record bytes", what);
	cr_assert(got->record_hash == want->record_hash, "%s: record hash", what);
	cr_assert(got->unit_bytes == want->unit_bytes, "%s: %lu unit bytes, not %lu", what,
		  (unsigned long)got->unit_bytes, (unsigned long)want->unit_bytes);
	cr_assert(got->unit_hash == want->unit_hash, "%s: unit hash", what);
}

static void run_case(const char *path, const unsigned char *data, size_t n, struct fl_options *opt)
{
	struct fl_pipeline *pl;
	struct fl_source *src;
	struct fl_error err = {0};
	struct probe got = {0}, want, views = {0};
	char what[256];
	unsigned ops = rnd(4);
	int fds[2] = {-1, -1}, r;
	pthread_t feeder;
	struct feed feed = {.data = data, .n = n, .step = 1 + rnd(100000)};

	snprintf(what, sizeof(what),
		 "n=%zu io=%s j=%u chunk=%zu window=%zu range=%llu:%llu pipe=%d ops=%u", n,
		 fl_io_name(opt->io), opt->threads, opt->chunk_bytes, opt->window_bytes,
		 (unsigned long long)opt->range_off, (unsigned long long)opt->range_len, !path,
		 ops);
	expect(data, n, opt->range_off > n ? n : opt->range_off, opt->range_len, &want);
	got.begin = views.begin = opt->range_off > n && path ? n : opt->range_off;
	got.full_every = rnd(3) == 0 ? 1 + rnd(20) : 0;
	cr_assert(fl_pipeline_new(opt, &pl, &err) == 0);
	if (ops != 1)
		cr_assert(fl_pipeline_add(pl, &record_ops, &got) == 0);
	if (ops != 2)
		cr_assert(fl_pipeline_add(pl, &unit_ops, &got) == 0);
	if (ops == 3)
		cr_assert(fl_pipeline_add(pl, &view_ops, &views) == 0);
	if (path) {
		r = fl_source_open(path, &src, &err);
	} else {
		cr_assert(pipe(fds) == 0);
		feed.fd = fds[1];
		pthread_create(&feeder, NULL, feed_pipe, &feed);
		r = fl_source_open_fd(fds[0], "pipe", &src, &err);
	}
	cr_assert(r == 0, "%s: %s", what, err.text);
	r = fl_pipeline_run(pl, src, &err);
	cr_assert(r == 0, "%s: %d %s at %lld", what, r, err.text, (long long)err.off);
	if (ops == 1)
		want.records = want.record_bytes = want.record_hash = 0;
	if (ops == 2)
		want.unit_bytes = want.unit_hash = 0;
	compare(&got, &want, what);
	if (ops == 3) {
		cr_assert(views.bad == 0, "%s: views out of order", what);
		cr_assert(views.unit_bytes == want.unit_bytes, "%s: view bytes", what);
		cr_assert(views.unit_hash == mix(0, data + (views.begin > n ? n : views.begin),
						 want.unit_bytes),
			  "%s: view hash", what);
	}
	fl_source_close(src);
	fl_pipeline_free(pl);
	if (!path) {
		close(fds[0]);
		pthread_join(feeder, NULL);
	}
}

static unsigned scaled(unsigned n)
{
	return test_rounds(n, 1);
}

static void random_options(struct fl_options *opt, size_t n)
{
	static const unsigned threads[] = {1, 2, 7};
	static const enum fl_io ios[] = {FL_IO_AUTO, FL_IO_MMAP, FL_IO_READ, FL_IO_DIRECT,
					 FL_IO_URING};
	const size_t chunks[] = {0, 1000, 4096, 4099, 65536, 1u << 20, 2 * n + 1};

	fl_options_init(opt);
	opt->threads = threads[rnd(3)];
	opt->io = ios[rnd(5)];
	opt->chunk_bytes = chunks[rnd(7)];
	opt->window_bytes = (const size_t[]){0, 4096, 8192, 1u << 20}[rnd(4)];
	if (rnd(4) == 0)
		opt->max_memory_bytes = 4u << 20;
	if (rnd(3) == 0) {
		opt->range_off = rnd((unsigned)n + 10);
		opt->range_len = rnd(5) == 0 ? rnd(10) : rnd((unsigned)n + 10);
	}
}

Test(pipeline, same_result_for_every_way_of_loading)
{
	static unsigned char data[3u << 20];
	unsigned cases = scaled(60), files = 12, i, f;
	struct fl_options opt;

	/* A run over a range closes its pipe before the writer is through. */
	signal(SIGPIPE, SIG_IGN);
	for (f = 0; f < files; f++) {
		size_t n = f == 0   ? 1
			   : f == 1 ? 4096
			   : f == 2 ? 4097
				    : 1 + rnd(f < 6 ? 20000 : sizeof(data) - 1);
		char *path;

		make_text(data, n, f % 3 == 0 ? 2000 : 700000);
		if (f == 7)
			memset(data, 'x', n); /* one line without an end */
		if (f == 8)
			memset(data, '\n', n);
		path = make_file(data, n);
		for (i = 0; i < cases; i++) {
			random_options(&opt, n);
			run_case(rnd(4) == 0 ? NULL : path, data, n, &opt);
		}
		unlink(path);
		free(path);
	}
}

Test(pipeline, empty_inputs)
{
	struct fl_options opt;
	struct probe got = {0};
	struct fl_pipeline *pl;
	struct fl_source *src;
	char *path = make_file((const unsigned char *)"", 0);

	fl_options_init(&opt);
	for (int io = FL_IO_AUTO; io <= FL_IO_URING; io++) {
		opt.io = (enum fl_io)io;
		cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0);
		cr_assert(fl_pipeline_add(pl, &record_ops, &got) == 0);
		cr_assert(fl_source_open(path, &src, NULL) == 0);
		cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
		cr_assert(got.records == 0);
		fl_source_close(src);
		fl_pipeline_free(pl);
	}
	unlink(path);
	free(path);
}

static int failing_map(const void *op, void *scratch, const struct fl_view *in,
		       struct fl_part *part, struct fl_error *reterr)
{
	uint64_t at = *(const uint64_t *)op;

	(void)scratch;
	(void)part;
	if (in->off + in->len > at && reterr) {
		reterr->off = in->off;
		snprintf(reterr->text, sizeof(reterr->text), "planted");
		return -EILSEQ;
	}
	return 0;
}

static int no_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	(void)op;
	(void)part;
	(void)reterr;
	return 0;
}

Test(pipeline, first_error_in_file_order_wins)
{
	static unsigned char data[1u << 20];
	static const struct fl_operator ops = {.size = sizeof(ops),
					       .name = "failing",
					       .cut = FL_CUT_UNIT,
					       .unit_bytes = 4096,
					       .map = failing_map,
					       .fold = no_fold};
	uint64_t at = 300000;
	struct fl_options opt;
	struct fl_error err;
	struct fl_pipeline *pl;
	struct fl_source *src;
	char *path = make_file(data, sizeof(data));

	fl_options_init(&opt);
	opt.threads = 7;
	opt.chunk_bytes = 4096;
	for (int i = 0; i < 30; i++) {
		cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0);
		cr_assert(fl_pipeline_add(pl, &ops, &at) == 0);
		cr_assert(fl_source_open(path, &src, NULL) == 0);
		cr_assert(fl_pipeline_run(pl, src, &err) == -EILSEQ);
		cr_assert(err.off == 300000 / 4096 * 4096, "off %llu", (unsigned long long)err.off);
		fl_source_close(src);
		fl_pipeline_free(pl);
	}
	unlink(path);
	free(path);
}

static int stopping_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	(void)part;
	(void)reterr;
	return ++*(int *)op == 3 ? FL_FOLD_STOP : 0;
}

Test(pipeline, a_fold_can_stop_the_run)
{
	static unsigned char data[1u << 20];
	static const struct fl_operator ops = {.size = sizeof(ops),
					       .name = "stopping",
					       .cut = FL_CUT_UNIT,
					       .unit_bytes = 1,
					       .map = touch_map,
					       .fold = stopping_fold};
	struct fl_operator_stats stats = {.size = sizeof(stats)};
	int folds = 0;
	struct fl_options opt;
	struct fl_pipeline *pl;
	struct fl_source *src;
	char *path = make_file(data, sizeof(data));

	fl_options_init(&opt);
	opt.threads = 2;
	opt.chunk_bytes = 4096;
	cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0);
	cr_assert(fl_pipeline_add(pl, &ops, &folds) == 0);
	cr_assert(fl_source_open(path, &src, NULL) == 0);
	cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
	cr_assert(folds == 3);
	cr_assert(fl_pipeline_operator_stats(pl, 0, 0, &stats) == 0);
	cr_assert(stats.ended_early && stats.ns > 0);
	cr_assert(fl_pipeline_operator_stats(pl, 0, 1, &stats) == -EINVAL, "there is only one");
	cr_assert(fl_pipeline_operator_stats(pl, 1, 0, &stats) == -EINVAL);
	folds = 3;
	cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
	cr_assert(fl_pipeline_operator_stats(pl, 0, 0, &stats) == 0);
	cr_assert(!stats.ended_early, "of the last run");
	fl_source_close(src);
	fl_pipeline_free(pl);
	unlink(path);
	free(path);
}

Test(pipeline, a_cancelled_run_says_so)
{
	struct fl_pipeline *pl;
	struct fl_source *src;
	struct fl_error err;
	int fds[2], folds = 0;
	struct probe got = {0};

	(void)folds;
	cr_assert(pipe(fds) == 0);
	cr_assert(fl_pipeline_new(NULL, &pl, NULL) == 0);
	cr_assert(fl_pipeline_add(pl, &record_ops, &got) == 0);
	cr_assert(fl_source_open_fd(fds[0], "silent pipe", &src, NULL) == 0);
	fl_pipeline_cancel(pl);
	cr_assert(fl_pipeline_run(pl, src, &err) == -FL_ECANCELED);
	fl_source_close(src);
	fl_pipeline_free(pl);
	close(fds[0]);
	close(fds[1]);
}

/* A pipeline with two threads, on chunks that are small enough for both. */
static int run_of_two(struct fl_pipeline **ret, const char *path, struct probe *got)
{
	struct fl_source *src = NULL;
	struct fl_options opt;
	int r = 0;

	fl_options_init(&opt);
	opt.threads = 2;
	opt.chunk_bytes = 65536;
	if (!*ret &&
	    (fl_pipeline_new(&opt, ret, NULL) < 0 || fl_pipeline_add(*ret, &record_ops, got) < 0))
		return -1;
	*got = (struct probe){0};
	r = fl_source_open(path, &src, NULL);
	if (r == 0)
		r = fl_pipeline_run(*ret, src, NULL);
	fl_source_close(src);
	return r;
}

struct user {
	pthread_t thread;
	const char *path;
	struct probe got;
	int result;
};

static void *use(void *arg)
{
	struct user *u = arg;
	struct fl_pipeline *pl = NULL;

	for (int i = 0; i < 5 && u->result == 0; i++)
		u->result = run_of_two(&pl, u->path, &u->got);
	fl_pipeline_free(pl);
	return NULL;
}

Test(pipeline, several_run_at_once)
{
	static unsigned char data[1u << 20];
	struct user users[4];
	struct probe want;
	char *path;

	make_text(data, sizeof(data), 2000);
	expect(data, sizeof(data), 0, FL_SIZE_UNKNOWN, &want);
	path = make_file(data, sizeof(data));
	for (int i = 0; i < 4; i++) {
		users[i] = (struct user){.path = path};
		cr_assert(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(users[i].thread, NULL);
		cr_assert(users[i].result == 0);
		cr_assert(users[i].got.record_hash == want.record_hash, "thread %d", i);
	}
	unlink(path);
	free(path);
}

Test(pipeline, a_forked_child_goes_on_with_its_parents)
{
	static unsigned char data[1u << 20];
	struct fl_pipeline *pl = NULL;
	struct probe got, want;
	char *path;
	pid_t child;
	int status;

	make_text(data, sizeof(data), 2000);
	expect(data, sizeof(data), 0, FL_SIZE_UNKNOWN, &want);
	path = make_file(data, sizeof(data));
	cr_assert(run_of_two(&pl, path, &got) == 0);
	child = fork();
	if (child == 0) {
		alarm(60);
		status = run_of_two(&pl, path, &got) != 0 || got.record_hash != want.record_hash;
		fl_pipeline_free(pl);
		_exit(status);
	}
	cr_assert(waitpid(child, &status, 0) == child);
	cr_assert(status == 0, "%d", status);
	cr_assert(run_of_two(&pl, path, &got) == 0, "the parent has its threads still");
	cr_assert(got.record_hash == want.record_hash);
	fl_pipeline_free(pl);
	unlink(path);
	free(path);
}
