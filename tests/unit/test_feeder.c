/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "window/feeder.h"
#include "window/seam.h"

#include "../support/nasty.h"
#include "../support/scale.h"

#define NEVER UINT64_MAX

/* A stream that comes in pieces of any size, pauses, and may fail. */
struct fake {
	struct fl_source src;
	const unsigned char *text;
	size_t len;
	size_t at;
	size_t piece; /* most at a time; 0: random */
	uint64_t fails_at;
	unsigned seed;
	unsigned reads;
	bool slow; /* never more than one read is ready */
};

static int64_t fake_read(struct fl_source *src, void *buf, size_t n)
{
	struct fake *f = (struct fake *)src;
	size_t now = f->piece ? f->piece : 1 + nasty_rnd(&f->seed, 9000);

	f->reads++;
	if (!f->piece && nasty_rnd(&f->seed, 5) == 0)
		return -EAGAIN;
	if (f->at >= f->fails_at)
		return -EIO;
	now = fl_min_size(fl_min_size(now, n), f->len - f->at);
	now = (size_t)fl_min_u64(now, f->fails_at - f->at);
	memcpy(buf, f->text + f->at, now);
	f->at += now;
	return (int64_t)now;
}

static bool fake_ready(struct fl_source *src)
{
	struct fake *f = (struct fake *)src;

	return !f->slow && nasty_rnd(&f->seed, 3) != 0;
}

static const struct fl_source_ops fake_ops = {.read = fake_read, .ready = fake_ready};

static struct fake fake_of(const void *text, size_t len, unsigned seed)
{
	return (struct fake){.src = {.ops = &fake_ops, .file = {.fd = -1}},
			     .text = text,
			     .len = len,
			     .fails_at = NEVER,
			     .seed = seed};
}

/* One way of feeding */
struct way {
	struct fl_source *src;
	struct fl_plan plan;
	struct fl_needs needs;
	enum fl_io io;
	size_t limit;
};

/* What a feeder is driven with, and what came out of it */
struct drive {
	const struct way *way;
	struct fl_feeder *feeder;
	struct fl_fed fed;
	struct fl_window_env env;
	struct fl_window window;
	_Atomic int cancel;
	struct fl_error err;
	const unsigned char *text; /* all of it, or NULL */
	size_t len;
	unsigned char *records, *units;
	size_t record_len, unit_len;
	uint64_t chunks;
	uint64_t end;
};

static void drive_init(struct drive *d, const struct way *way, size_t room)
{
	*d = (struct drive){.way = way, .end = way->plan.begin};
	d->env.file = &way->src->file;
	d->env.size = way->plan.size;
	d->env.window_bytes = FL_KIB(64);
	d->env.buffer_limit = way->limit;
	d->env.slice_bytes = 4096;
	d->records = malloc(room + 1);
	d->units = malloc(room + 1);
	cr_assert_eq(fl_feeder_new(way->src, &way->plan, &way->needs, way->io, &d->feeder, &d->err),
		     0, "%s", d->err.text);
	fl_feeder_attach(d->feeder, &d->cancel, &d->env);
	fl_fed_init(&d->fed, way->limit);
	fl_window_init(&d->window, &d->env);
}

static void drive_done(struct drive *d)
{
	fl_window_done(&d->window);
	fl_fed_done(&d->fed);
	fl_feeder_free(d->feeder);
	free(d->records);
	free(d->units);
}

/* As far as was asked for, or to the end. */
static void check_ahead(const struct drive *d, const struct fl_view *v)
{
	uint64_t end = v->off + v->len;

	if (!d->text || v->len == 0)
		return;
	cr_assert_eq(v->ahead, fl_min_u64(d->way->needs.ahead_bytes, d->len - end));
	cr_assert(memcmp(v->data + v->len, d->text + end, v->ahead) == 0);
}

/* Offsets and order; then its records and units, as a worker would see them. */
static void take_in(struct drive *d)
{
	const struct fl_chunk *c = &d->fed.chunk;
	struct fl_slicer slicer;
	struct fl_slice slice;
	int r;

	cr_assert_eq(c->seq, d->chunks++);
	cr_assert_eq(c->off, d->end);
	cr_assert(c->end >= c->off);
	d->end = c->end;
	fl_fed_show(&d->fed, &d->window);
	cr_assert_eq(fl_slicer_init(&slicer, &d->window, &d->way->needs, c, &d->err), 0);
	while ((r = fl_slicer_next(&slicer, &slice, &d->err)) > 0) {
		check_ahead(d, &slice.records);
		memcpy(d->records + d->record_len,
		       slice.records.data ? slice.records.data : d->records, slice.records.len);
		d->record_len += slice.records.len;
		memcpy(d->units + d->unit_len, slice.units.data ? slice.units.data : d->units,
		       slice.units.len);
		d->unit_len += slice.units.len;
	}
	cr_assert_eq(r, 0, "%s", d->err.text);
}

static int drive_all(struct drive *d)
{
	int r;

	while ((r = fl_feeder_next(d->feeder, &d->fed, &d->err)) > 0) {
		take_in(d);
		fl_feeder_release(d->feeder, &d->fed);
	}
	return r;
}

/* By definition: from the first record that starts in [begin, end) to the end of the last one. */
static void expected_records(const unsigned char *text, size_t len, const struct way *way,
			     size_t *from, size_t *to)
{
	size_t end = (size_t)fl_min_u64(way->plan.end, len);
	unsigned char c = way->needs.delimiter;

	for (*from = (size_t)way->plan.begin; *from < end; ++*from)
		if (*from == 0 || text[*from - 1] == c)
			break;
	for (*to = end; *from < end && *to < len && text[*to - 1] != c; ++*to)
		;
	if (*from >= end)
		*to = *from;
}

static void check(const struct way *way, const unsigned char *text, size_t len)
{
	size_t from, to, end = (size_t)fl_min_u64(way->plan.end, len),
			 begin = fl_min_size((size_t)way->plan.begin, end);
	struct drive d;

	drive_init(&d, way, len);
	d.text = text;
	d.len = len;
	cr_assert_eq(drive_all(&d), 0, "%s", d.err.text);
	cr_assert(d.chunks == 0 || d.end == fl_max_u64(end, way->plan.begin));
	if (way->needs.records) {
		expected_records(text, len, way, &from, &to);
		cr_assert(d.record_len == to - from &&
				  memcmp(d.records, text + from, to - from) == 0,
			  "records: %zu bytes, not %zu", d.record_len, to - from);
	}
	if (way->needs.units)
		cr_assert(d.unit_len == end - begin &&
				  memcmp(d.units, text + begin, end - begin) == 0,
			  "units: %zu bytes, not %zu", d.unit_len, end - begin);
	/* At the end it stays. */
	cr_assert_eq(fl_feeder_next(d.feeder, &d.fed, &d.err), 0);
	drive_done(&d);
}

static unsigned scaled(unsigned rounds)
{
	return test_rounds(rounds, 5);
}

static void random_range(unsigned *seed, size_t len, uint64_t size, struct fl_plan *plan)
{
	plan->size = plan->end = size;
	if (nasty_rnd(seed, 3) > 0)
		return;
	plan->begin = nasty_rnd(seed, len + 2);
	plan->end = plan->begin + nasty_rnd(seed, len + 2);
	plan->begin = fl_min_u64(plan->begin, plan->end = fl_min_u64(plan->end, size));
}

static struct fl_needs random_needs(unsigned *seed)
{
	static const uint32_t units[] = {1, 7, 1000, 4096};
	unsigned kind = (unsigned)nasty_rnd(seed, 3);

	return (struct fl_needs){.records = kind != 1,
				 .units = kind != 0,
				 .unit_bytes = kind == 0 ? 1 : units[nasty_rnd(seed, 4)],
				 .delimiter = '\n'};
}

Test(feeder, streams_in_pieces_of_any_size)
{
	static const size_t pieces[] = {0, 0, 1, 4096, 100000}, chunks[] = {4096, 4099, 1 << 20};

	for (unsigned i = 0; i < scaled(300); i++) {
		struct nasty nasty;
		struct fake fake;
		struct way way = {.src = &fake.src, .io = FL_IO_READ, .limit = FL_KIB(64)};
		unsigned seed = i * 7919 + 1;

		nasty_make(i % NASTY_KINDS, i, &nasty);
		fake = fake_of(nasty.data, nasty.len, seed);
		fake.piece = pieces[nasty_rnd(&seed, nasty.len < 3000 ? 5 : 2)];
		way.needs = random_needs(&seed);
		random_range(&seed, nasty.len, FL_SIZE_UNKNOWN, &way.plan);
		way.plan.chunk_bytes = chunks[nasty_rnd(&seed, 3)];
		check(&way, nasty.data, nasty.len);
		free(nasty.data);
	}
}

/* Lines of up to 200 KiB: longer than what fits before a block, than a block, than memory. */
static unsigned char *long_lines(unsigned seed, size_t *ret_len)
{
	size_t len = FL_KIB(100) + nasty_rnd(&seed, FL_KIB(900)), i = 0;
	unsigned char *text = malloc(len);

	while (i < len) {
		size_t line =
			nasty_rnd(&seed, 4) ? nasty_rnd(&seed, 100) : nasty_rnd(&seed, FL_KIB(200));

		for (; line > 0 && i < len; line--, i++)
			text[i] = (unsigned char)('a' + i % 26);
		if (i < len)
			text[i++] = '\n';
	}
	*ret_len = len;
	return text;
}

Test(feeder, lines_longer_than_memory_from_a_stream)
{
	for (unsigned i = 0; i < scaled(40); i++) {
		size_t len;
		unsigned seed = i;
		unsigned char *text = long_lines(i, &len);
		struct fake fake = fake_of(text, len, i);
		struct way way = {.src = &fake.src, .io = FL_IO_READ, .limit = FL_KIB(64)};

		way.needs = random_needs(&seed);
		random_range(&seed, len, FL_SIZE_UNKNOWN, &way.plan);
		way.plan.chunk_bytes = i % 2 ? 4096 : FL_MIB(1);
		check(&way, text, len);
		free(text);
	}
}

Test(feeder, streams_whose_records_are_looked_behind)
{
	static const size_t aheads[] = {1, 5000, 70000}, chunks[] = {4096, 4099, 1 << 20};

	for (unsigned i = 0; i < scaled(150); i++) {
		size_t len;
		unsigned seed = i;
		unsigned char *text = long_lines(i, &len);
		struct fake fake;
		struct way way = {.src = &fake.src, .io = FL_IO_READ, .limit = FL_KIB(256)};

		/* Short ones, too: shorter than what is looked at behind. Never only a range. */
		len = i % 3 ? len : nasty_rnd(&seed, 100000);
		fake = fake_of(text, len, i);
		way.needs = random_needs(&seed);
		way.needs.records = true;
		way.needs.ahead_bytes = aheads[i % 3];
		way.plan.size = way.plan.end = FL_SIZE_UNKNOWN;
		way.plan.chunk_bytes = chunks[nasty_rnd(&seed, 3)];
		check(&way, text, len);
		free(text);
	}
}

Test(feeder, blocks_past_the_page_cache)
{
	for (unsigned i = 0; i < scaled(60); i++) {
		size_t len;
		unsigned seed = i;
		unsigned char *text = long_lines(i, &len);
		struct way way = {.io = i % 2 ? FL_IO_URING : FL_IO_DIRECT, .limit = FL_KIB(64)};
		struct fl_feeder *feeder = NULL;
		struct fl_error err;
		int fd = fl_file_temp(), r;

		cr_assert_eq(fl_fd_pwrite(fd, text, len, 0), 0);
		cr_assert_eq(fl_source_open_fd(fd, "file", &way.src, NULL), 0);
		way.needs = random_needs(&seed);
		random_range(&seed, len, len, &way.plan);
		way.plan.size = len;
		way.plan.chunk_bytes = FL_KIB(64);
		way.plan.feed_block = FL_KIB(64);
		way.plan.feed_blocks = 3;
		r = fl_feeder_new(way.src, &way.plan, &way.needs, way.io, &feeder, &err);
		fl_feeder_free(feeder);
		if (r == -FL_EUNSUPPORTED && i < 2)
			cr_skip_test("%s", err.text);
		if (r == 0)
			check(&way, text, len);
		fl_source_close(way.src);
		close(fd);
		free(text);
	}
}

/* Who writes a line and waits for the answer must get it. */
Test(feeder, whole_records_do_not_wait_for_a_slow_writer)
{
	struct fake fake = fake_of("one\ntwo\nthr", 11, 1);
	struct way way = {
		.src = &fake.src,
		.io = FL_IO_READ,
		.limit = FL_KIB(64),
		.plan = {.size = FL_SIZE_UNKNOWN, .end = FL_SIZE_UNKNOWN, .chunk_bytes = FL_MIB(1)},
		.needs = {.records = true, .unit_bytes = 1, .delimiter = '\n'}};
	struct drive d;

	fake.piece = 4;
	fake.slow = true;
	drive_init(&d, &way, 100);
	cr_assert_eq(fl_feeder_next(d.feeder, &d.fed, &d.err), 1);
	cr_assert(fake.reads == 1 && d.fed.chunk.end == 4);
	cr_assert_eq(fl_feeder_next(d.feeder, &d.fed, &d.err), 1);
	cr_assert(fake.reads == 2 && d.fed.chunk.end == 8);
	/* What is no line yet waits for the end. */
	cr_assert_eq(fl_feeder_next(d.feeder, &d.fed, &d.err), 1);
	cr_assert(fake.reads == 4 && d.fed.chunk.end == 11);
	drive_done(&d);
}

static struct way way_of_lines(struct fake *fake, uint64_t begin)
{
	return (struct way){.src = &fake->src,
			    .io = FL_IO_READ,
			    .limit = FL_KIB(64),
			    .plan = {.size = FL_SIZE_UNKNOWN,
				     .begin = begin,
				     .end = FL_SIZE_UNKNOWN,
				     .chunk_bytes = 4096},
			    .needs = {.records = true, .unit_bytes = 1, .delimiter = '\n'}};
}

/* It names the byte that could not be read, and comes after all chunks before it, once. */
Test(feeder, an_error_has_its_place_and_its_offset)
{
	size_t len;
	unsigned char *text = long_lines(5, &len);

	for (uint64_t at = 0; at < len; at += 20011) {
		struct fake fake = fake_of(text, len, (unsigned)at);
		struct way way = way_of_lines(&fake, at % 3 ? 0 : at / 2);
		struct drive d;

		fake.fails_at = at;
		drive_init(&d, &way, len);
		cr_assert_eq(drive_all(&d), -EIO);
		cr_assert_eq(d.err.off, at, "%llu, not %llu", (unsigned long long)d.err.off,
			     (unsigned long long)at);
		cr_assert_eq(d.fed.chunk.seq, d.chunks);
		if (way.plan.begin == 0)
			cr_assert_eq(memcmp(d.records, text, d.record_len), 0);
		cr_assert_eq(fl_feeder_next(d.feeder, &d.fed, &d.err), 0);
		drive_done(&d);
	}
	free(text);
}

/* The writer of a pipe that says no more, while another worker has seen enough. */
struct silent {
	struct fl_source src;
	struct fl_feeder *feeder;
	unsigned reads;
};

static int64_t silent_read(struct fl_source *src, void *buf, size_t n)
{
	struct silent *s = (struct silent *)src;

	(void)buf;
	(void)n;
	if (++s->reads == 3)
		fl_feeder_stop(s->feeder);
	return s->reads > 1000 ? -EIO : -EAGAIN;
}

Test(feeder, who_waits_for_a_silent_stream_can_be_told_that_it_is_enough)
{
	static const struct fl_source_ops ops = {.read = silent_read, .ready = fake_ready};
	struct silent silent = {.src = {.ops = &ops, .file = {.fd = -1}}};
	struct fake unused = {0};
	struct way way = way_of_lines(&unused, 0);
	struct drive d;

	way.src = &silent.src;
	drive_init(&d, &way, 100);
	silent.feeder = d.feeder;
	cr_assert_eq(fl_feeder_next(d.feeder, &d.fed, &d.err), -FL_ECANCELED);
	cr_assert_eq(silent.reads, 3);
	drive_done(&d);
}

Test(feeder, a_silent_stream_can_be_cancelled)
{
	struct fake fake = fake_of("line\n", 5, 1);
	struct way way = way_of_lines(&fake, 0);
	struct drive d;

	drive_init(&d, &way, 100);
	atomic_store(&d.cancel, 1);
	cr_assert_eq(fl_feeder_next(d.feeder, &d.fed, &d.err), -FL_ECANCELED);
	cr_assert_eq(fake.reads, 0);
	cr_assert_eq(fl_feeder_next(d.feeder, &d.fed, &d.err), 0);
	drive_done(&d);
}

Test(feeder, a_range_behind_the_end_and_an_empty_one)
{
	struct fake fake = fake_of("one\ntwo\n", 8, 1);
	struct way way = way_of_lines(&fake, 100);

	check(&way, fake.text, fake.len);
	fake.at = 0;
	way.plan.begin = way.plan.end = 3;
	check(&way, fake.text, fake.len);
	cr_assert_eq(fake.at, 0, "nothing is read for nothing");
}

/* Counters for the statistics */
Test(feeder, copied_bytes_are_counted)
{
	size_t len;
	unsigned char *text = long_lines(9, &len);
	struct fake fake = fake_of(text, len, 1);
	struct way way = way_of_lines(&fake, 0);
	struct drive d;

	drive_init(&d, &way, len);
	cr_assert_eq(drive_all(&d), 0);
	cr_assert_eq(atomic_load(&d.env.copied), len);
	cr_assert_eq(atomic_load(&d.env.windows), d.chunks);
	drive_done(&d);
	free(text);
}

static void *feed_thread(void *arg)
{
	struct drive *d = arg;
	struct fl_fed fed;

	fl_fed_init(&fed, FL_KIB(64));
	while (fl_feeder_next(d->feeder, &fed, NULL) > 0) {
		/* Each chunk goes to its place, whoever takes it. */
		memcpy(d->records + fed.chunk.off, fed.span.data + (fed.chunk.off - fed.span.off),
		       (size_t)(fed.chunk.end - fed.chunk.off));
		fl_feeder_release(d->feeder, &fed);
	}
	fl_fed_done(&fed);
	return NULL;
}

Test(feeder, many_workers)
{
	for (unsigned i = 0; i < scaled(10); i++) {
		size_t len;
		unsigned char *text = long_lines(i, &len);
		struct fake fake = fake_of(text, len, i);
		struct way way = way_of_lines(&fake, 0);
		pthread_t thread[7];
		struct drive d;

		drive_init(&d, &way, len);
		for (int t = 0; t < 7; t++)
			cr_assert_eq(pthread_create(&thread[t], NULL, feed_thread, &d), 0);
		for (int t = 0; t < 7; t++)
			pthread_join(thread[t], NULL);
		cr_assert_eq(memcmp(d.records, text, len), 0);
		drive_done(&d);
		free(text);
	}
}
