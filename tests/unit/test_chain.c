/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/count.h>
#include <faultline/hash.h>
#include <faultline/pipeline.h>

/*
 * A stage that writes its input without digits, and with a second newline after each 'z': another
 * length, other lines. @fail_at: an error of its map at the record that begins there or after.
 */
struct squeeze {
	struct fl_stream *out;
	uint64_t fail_at;
	uint64_t folded;
};

static int squeeze_map(const void *op, void *scratch, const struct fl_view *in,
		       struct fl_part *part, struct fl_error *err)
{
	const struct squeeze *s = op;
	size_t i;
	int r = 0;

	(void)scratch;
	(void)err;
	if (in->off + in->len > s->fail_at)
		return -EBADMSG;
	for (i = 0; r == 0 && i < in->len; i++) {
		if (!isdigit(in->data[i]))
			r = fl_part_append(part, &in->data[i], 1);
		if (in->data[i] == 'z' && r == 0)
			r = fl_part_append(part, "\n", 1);
	}
	return r;
}

static int squeeze_fold(void *op, const struct fl_part *part, struct fl_error *err)
{
	struct squeeze *s = op;

	(void)err;
	s->folded += part->end - part->off;
	return fl_stream_write(s->out, part->data, part->len);
}

static const struct fl_operator squeeze_ops = {.size = sizeof(squeeze_ops),
					       .name = "squeeze",
					       .cut = FL_CUT_RECORD,
					       .map = squeeze_map,
					       .fold = squeeze_fold};

static char *squeezed(const char *text, size_t len, size_t *ret)
{
	char *out = malloc(2 * len + 1);

	*ret = 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			out[(*ret)++] = text[i];
		if (text[i] == 'z')
			out[(*ret)++] = '\n';
	}
	return out;
}

/* Keeps all it sees: the last segment. @stop_after: bytes after which it needs no more. */
struct keep {
	char *data;
	size_t len;
	size_t stop_after;
	int fail;
};

static int keep_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *err)
{
	(void)op;
	(void)scratch;
	(void)err;
	return fl_part_append(part, in->data, in->len);
}

static int keep_fold(void *op, const struct fl_part *part, struct fl_error *err)
{
	struct keep *k = op;

	(void)err;
	if (k->fail)
		return -EDOM;
	k->data = realloc(k->data, k->len + part->len + 1);
	memcpy(k->data + k->len, part->data, part->len);
	k->len += part->len;
	return k->len >= k->stop_after ? FL_FOLD_STOP : 0;
}

static const struct fl_operator keep_ops = {.size = sizeof(keep_ops),
					    .name = "keep",
					    .cut = FL_CUT_RECORD,
					    .map = keep_map,
					    .fold = keep_fold};

/* The file, and what it holds. */
struct fixture {
	char path[32];
	char *text;
	size_t len;
};

static struct fixture make(size_t len)
{
	static const char letters[] = "abcxyz0123456789  \n";
	struct fixture f = {.path = "/tmp/fl-chain-XXXXXX", .text = malloc(len + 1), .len = len};
	uint64_t random = len;
	int fd = mkstemp(f.path);

	for (size_t i = 0; i < len; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		f.text[i] = letters[(random >> 33) % (sizeof(letters) - 1)];
	}
	cr_assert_eq(write(fd, f.text, len), (ssize_t)len);
	close(fd);
	return f;
}

static void drop(struct fixture *f)
{
	unlink(f->path);
	free(f->text);
}

static int run(struct fl_pipeline *pl, const char *path, struct fl_error *err)
{
	struct fl_source *src = NULL;
	int r;

	cr_assert_eq(fl_source_open(path, &src, NULL), 0);
	r = fl_pipeline_run(pl, src, err);
	fl_source_close(src);
	return r;
}

/* count then squeeze | squeeze then count then hash | keep */
struct chain {
	struct fl_pipeline *pl;
	struct fl_count *before;
	struct fl_count *between;
	struct squeeze first;
	struct squeeze second;
	struct keep keep;
};

static void chain_make(struct chain *c, const struct fl_options *opt)
{
	*c = (struct chain){.first.fail_at = UINT64_MAX,
			    .second.fail_at = UINT64_MAX,
			    .keep.stop_after = SIZE_MAX};
	cr_assert_eq(fl_pipeline_new(opt, &c->pl, NULL), 0);
	cr_assert_eq(fl_count_new(FL_COUNT_LINES | FL_COUNT_BYTES, &c->before), 0);
	cr_assert_eq(fl_count_new(FL_COUNT_LINES | FL_COUNT_BYTES, &c->between), 0);
	cr_assert_eq(fl_pipeline_add(c->pl, fl_count_operator(c->before), c->before), 0);
	cr_assert_eq(fl_pipeline_add(c->pl, &squeeze_ops, &c->first), 0);
	cr_assert_eq(fl_pipeline_then(c->pl, &c->first.out, NULL), 0);
	cr_assert_eq(fl_pipeline_add(c->pl, &squeeze_ops, &c->second), 0);
	cr_assert_eq(fl_pipeline_add(c->pl, fl_count_operator(c->between), c->between), 0);
	cr_assert_eq(fl_pipeline_then(c->pl, &c->second.out, NULL), 0);
	cr_assert_eq(fl_pipeline_add(c->pl, &keep_ops, &c->keep), 0);
}

static void chain_free(struct chain *c)
{
	fl_pipeline_free(c->pl);
	fl_count_free(c->before);
	fl_count_free(c->between);
	free(c->keep.data);
}

static uint64_t newlines(const char *text, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static void check_results(struct chain *c, const struct fixture *f)
{
	struct fl_count_result a = {0}, b = {0};
	size_t len1, len2;
	char *once = squeezed(f->text, f->len, &len1), *twice = squeezed(once, len1, &len2);

	fl_count_result(c->before, &a);
	fl_count_result(c->between, &b);
	cr_assert(a.bytes == f->len && a.lines == newlines(f->text, f->len));
	cr_assert(b.bytes == len1 && b.lines == newlines(once, len1));
	cr_assert_eq(c->keep.len, len2);
	cr_assert(len2 == 0 || memcmp(c->keep.data, twice, len2) == 0);
	free(once);
	free(twice);
}

Test(chain, segments_see_what_the_one_before_wrote)
{
	static const size_t sizes[] = {0, 1, 5000, 300000, 3000000};
	static const size_t chunks[] = {0, 4096, 4099, 1 << 24};
	static const unsigned threads[] = {1, 2, 7};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		struct fixture f = make(sizes[s]);

		for (size_t i = 0; i < 12; i++) {
			struct fl_options opt;
			struct chain c;

			fl_options_init(&opt);
			opt.chunk_bytes = chunks[i % 4];
			opt.threads = threads[i % 3];
			opt.io = i % 2 ? FL_IO_READ : FL_IO_AUTO;
			chain_make(&c, &opt);
			cr_assert_eq(run(c.pl, f.path, NULL), 0);
			check_results(&c, &f);
			chain_free(&c);
		}
		drop(&f);
	}
}

Test(chain, runs_again_over_another_file)
{
	struct fixture small = make(1000), large = make(2000000);
	struct fl_options opt;
	struct chain c;

	fl_options_init(&opt);
	chain_make(&c, &opt);
	for (int i = 0; i < 4; i++) {
		struct fixture *f = i % 2 ? &large : &small;

		c.keep.len = 0;
		cr_assert_eq(run(c.pl, f->path, NULL), 0);
		check_results(&c, f);
	}
	chain_free(&c);
	drop(&small);
	drop(&large);
}

/* Whoever only looked before goes on to the end; the stages whose output nobody wants do not. */
Test(chain, a_segment_that_needs_no_more_stops_those_who_write_for_it)
{
	struct fixture f = make(30000000);
	struct fl_count_result a = {0};
	struct fl_options opt;
	struct chain c;

	fl_options_init(&opt);
	opt.chunk_bytes = 65536;
	chain_make(&c, &opt);
	c.keep.stop_after = 10;
	cr_assert_eq(run(c.pl, f.path, NULL), 0);
	fl_count_result(c.before, &a);
	cr_assert_eq(a.bytes, f.len);
	cr_assert_eq(c.first.folded, f.len, "the counter in the second segment wants all");
	cr_assert(c.second.folded < f.len / 2, "%llu bytes were squeezed for nobody",
		  (unsigned long long)c.second.folded);
	cr_assert(c.keep.len >= 10);
	chain_free(&c);
	drop(&f);
}

/* The operator @name, number @op of @segment, at a byte of what it reads in [@from, @to]. */
static void check_blame(const struct chain *c, unsigned segment, unsigned op, const char *name,
			uint64_t from, uint64_t to)
{
	struct fl_failure f = {.size = sizeof(f)};

	cr_assert_eq(fl_pipeline_failure(c->pl, &f), 0);
	cr_assert_eq(f.segment, segment);
	cr_assert_eq(f.op, op);
	cr_assert_str_eq(f.name, name);
	cr_assert(f.off >= from && f.off <= to, "at %llu", (unsigned long long)f.off);
}

/* No operator's: the file was as long as @off. */
static void check_blameless(const struct chain *c, uint64_t off)
{
	struct fl_failure f = {.size = sizeof(f)};

	cr_assert_eq(fl_pipeline_failure(c->pl, &f), 0);
	cr_assert_eq(f.segment, 0);
	cr_assert_eq(f.op, FL_OPERATOR_NONE);
	cr_assert_null(f.name);
	cr_assert_eq(f.off, off);
	f.size = 1;
	cr_assert_eq(fl_pipeline_failure(c->pl, &f), -EINVAL);
}

Test(chain, the_cause_is_told_and_not_its_consequences)
{
	struct fixture f = make(3000000);
	struct fl_options opt;
	struct fl_error err;
	struct chain c;

	fl_options_init(&opt);
	opt.chunk_bytes = 65536;
	chain_make(&c, &opt);
	c.first.fail_at = 2000000;
	cr_assert_eq(run(c.pl, f.path, &err), -EBADMSG);
	cr_assert_eq(err.code, -EBADMSG);
	check_blame(&c, 0, 1, "squeeze", 2000000 - 262144, 2000000);

	c.first.fail_at = UINT64_MAX;
	c.second.fail_at = 500000;
	cr_assert_eq(run(c.pl, f.path, &err), -EBADMSG);
	check_blame(&c, 1, 0, "squeeze", 500000 - 262144, 500000);

	c.second.fail_at = UINT64_MAX;
	c.keep.fail = 1;
	cr_assert_eq(run(c.pl, f.path, &err), -EDOM);
	check_blame(&c, 2, 0, "keep", 0, 0);

	c.keep.fail = 0;
	c.keep.len = 0;
	cr_assert_eq(run(c.pl, f.path, &err), 0, "an error is not remembered");
	check_blameless(&c, FL_OFF_NONE);
	check_results(&c, &f);
	chain_free(&c);
	drop(&f);
}

Test(chain, a_file_that_is_cut_fails_all_segments)
{
	struct fixture f = make(3000000);
	struct fl_source *src = NULL;
	struct fl_options opt;
	struct fl_error err;
	struct chain c;

	fl_options_init(&opt);
	chain_make(&c, &opt);
	cr_assert_eq(fl_source_open(f.path, &src, NULL), 0);
	cr_assert_eq(truncate(f.path, 1000000), 0);
	cr_assert_eq(fl_pipeline_run(c.pl, src, &err), -FL_ETRUNCATED);
	check_blameless(&c, 1000000);
	fl_source_close(src);
	chain_free(&c);
	drop(&f);
}

static void *cancel_soon(void *arg)
{
	usleep(20000);
	fl_pipeline_cancel(arg);
	return NULL;
}

Test(chain, the_users_cancel_ends_all_and_stays)
{
	struct fl_options opt;
	struct fl_source *src = NULL;
	struct chain c;
	pthread_t thread;
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	fl_options_init(&opt);
	chain_make(&c, &opt);
	cr_assert_eq(fl_source_open_fd(fds[0], "a silent pipe", &src, NULL), 0);
	cr_assert_eq(pthread_create(&thread, NULL, cancel_soon, c.pl), 0);
	cr_assert_eq(fl_pipeline_run(c.pl, src, NULL), -FL_ECANCELED);
	pthread_join(thread, NULL);
	cr_assert_eq(fl_pipeline_run(c.pl, src, NULL), -FL_ECANCELED);
	fl_source_close(src);
	close(fds[0]);
	close(fds[1]);
	chain_free(&c);
}

Test(chain, statistics_of_each_segment)
{
	struct fixture f = make(1000000);
	struct fl_stats s = {.size = sizeof(s)};
	struct fl_options opt;
	struct chain c;
	size_t len1;

	fl_options_init(&opt);
	chain_make(&c, &opt);
	cr_assert_eq(run(c.pl, f.path, NULL), 0);
	cr_assert_eq(fl_pipeline_stats(c.pl, &s), 0);
	cr_assert_eq(s.bytes, f.len);
	cr_assert_eq(fl_pipeline_segment_stats(c.pl, 1, &s), 0);
	free(squeezed(f.text, f.len, &len1));
	cr_assert_eq(s.bytes, len1);
	cr_assert_eq(fl_pipeline_segment_stats(c.pl, 2, &s), 0);
	cr_assert_eq(s.bytes, c.keep.len);
	cr_assert_eq(fl_pipeline_segment_stats(c.pl, 3, &s), -EINVAL);
	chain_free(&c);
	drop(&f);
}

Test(chain, what_cannot_be_chained)
{
	struct fl_pipeline *pl = NULL;
	struct fl_stream *st = (void *)1;
	struct squeeze s = {0};
	int n;

	cr_assert_eq(fl_pipeline_new(NULL, &pl, NULL), 0);
	cr_assert_eq(fl_pipeline_then(pl, &st, NULL), -EINVAL, "nothing would write to it");
	cr_assert_eq(st, (void *)1);
	for (n = 1; n < 8; n++) {
		cr_assert_eq(fl_pipeline_add(pl, &squeeze_ops, &s), 0);
		cr_assert_eq(fl_pipeline_then(pl, &st, NULL), 0);
	}
	cr_assert_eq(fl_pipeline_add(pl, &squeeze_ops, &s), 0);
	cr_assert_eq(fl_pipeline_then(pl, &st, NULL), -EINVAL, "more than eight");
	fl_pipeline_free(pl);
}
