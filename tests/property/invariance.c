/* SPDX-License-Identifier: MIT */
/*
 * Results depend on the bytes and on nothing else: not on the loader, the number of threads, the
 * sizes of windows and chunks, the advice, the kind of source, or the operators beside. All through
 * the public interface, compared with answers computed line by line and byte by byte.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/faultline.h>

#include "../support/naive.h"
#include "../support/nasty.h"
#include "../support/scale.h"

/* Bytes of another file's before the text, where a descriptor's position says so. */
#define LEAD_BYTES 5003

enum source_kind {
	FROM_PATH,
	FROM_POSITION,
	FROM_PIPE,
	SOURCE_KINDS
};

struct config {
	struct fl_options opt;
	enum source_kind from;
};

/* A text and the file that holds it. */
struct fixture {
	struct nasty text;
	char path[80];
	char lead_path[80];
	char dir[64];
};

struct job {
	struct fl_count *count;
	unsigned count_what;
	struct fl_hash *hash;
	enum fl_hash_alg alg;
	uint64_t seed;
	struct fl_scan *scan;
	const struct naive_pattern *pattern;
	unsigned scan_flags;
	struct naive_text out;
};

static const size_t chunks[] = {4096, 4099, SIZE_MAX / 16, 0};
static const size_t windows[] = {4096, 65536, 8 << 20};
static const unsigned threads[] = {1, 2, 7};
static const enum fl_io ios[] = {FL_IO_MMAP, FL_IO_READ, FL_IO_DIRECT, FL_IO_URING, FL_IO_AUTO};

static unsigned rounds(unsigned at_one)
{
	return test_rounds(at_one, 10);
}

static void put_file(const char *path, size_t lead, const struct nasty *text)
{
	static const char fill[LEAD_BYTES];
	FILE *f = fopen(path, "we");

	cr_assert(f != NULL);
	cr_assert(fwrite(fill, 1, lead, f) == lead);
	cr_assert(fwrite(text->data, 1, text->len, f) == text->len);
	cr_assert(fclose(f) == 0);
}

/* Not in /tmp, which may be a file system without O_DIRECT. */
static void fixture_open(struct fixture *f, unsigned kind, unsigned seed)
{
	strcpy(f->dir, "/var/tmp/fl-invariance-XXXXXX");
	cr_assert(mkdtemp(f->dir) != NULL);
	snprintf(f->path, sizeof(f->path), "%s/text", f->dir);
	snprintf(f->lead_path, sizeof(f->lead_path), "%s/lead", f->dir);
	nasty_make(kind, seed, &f->text);
	put_file(f->path, 0, &f->text);
	put_file(f->lead_path, LEAD_BYTES, &f->text);
}

static void fixture_close(struct fixture *f)
{
	unlink(f->path);
	unlink(f->lead_path);
	rmdir(f->dir);
	free(f->text.data);
}

struct writer {
	const struct nasty *text;
	int fd;
	unsigned seed;
};

/* In pieces of odd sizes, until the reader has had enough. */
static void *write_pipe(void *arg)
{
	struct writer *w = arg;
	size_t done = 0;

	while (done < w->text->len) {
		size_t n = 1 + nasty_rnd(&w->seed, 200000);
		ssize_t got;

		n = n < w->text->len - done ? n : w->text->len - done;
		got = write(w->fd, w->text->data + done, n);
		if (got < 0)
			break;
		done += (size_t)got;
	}
	close(w->fd);
	return NULL;
}

static int run_pipe(struct fl_pipeline *pl, const struct fixture *f, struct fl_error *err)
{
	struct writer w = {.text = &f->text, .seed = 7};
	struct fl_source *src = NULL;
	pthread_t thread;
	int fds[2], r;

	cr_assert(pipe(fds) == 0);
	w.fd = fds[1];
	cr_assert(pthread_create(&thread, NULL, write_pipe, &w) == 0);
	r = fl_source_open_fd(fds[0], "pipe", &src, err);
	if (r == 0)
		r = fl_pipeline_run(pl, src, err);
	fl_source_close(src);
	close(fds[0]);
	pthread_join(thread, NULL);
	return r;
}

static int run_file(struct fl_pipeline *pl, const struct fixture *f, int from_position,
		    struct fl_error *err)
{
	struct fl_source *src = NULL;
	FILE *lead = NULL;
	int r;

	if (from_position) {
		lead = fopen(f->lead_path, "re");
		cr_assert(lead != NULL);
		cr_assert(lseek(fileno(lead), LEAD_BYTES, SEEK_SET) == LEAD_BYTES);
		r = fl_source_open_fd(fileno(lead), "position", &src, err);
	} else {
		r = fl_source_open(f->path, &src, err);
	}
	if (r == 0)
		r = fl_pipeline_run(pl, src, err);
	fl_source_close(src);
	if (lead)
		fclose(lead);
	return r;
}

static void describe(char *to, size_t size, const struct fixture *f, const struct config *c)
{
	static const char *const from[] = {"path", "position", "pipe"};

	snprintf(to, size,
		 "%s, %zu bytes, from %s: --io=%s -j%u --chunk-size=%zu --window-size=%zu "
		 "--advise=%s --range=%llu:%llu --max-memory=%llu%s",
		 f->text.name, f->text.len, from[c->from], fl_io_name(c->opt.io), c->opt.threads,
		 c->opt.chunk_bytes, c->opt.window_bytes, fl_advise_name(c->opt.advise),
		 (unsigned long long)c->opt.range_off, (unsigned long long)c->opt.range_len,
		 (unsigned long long)c->opt.max_memory_bytes,
		 c->opt.flags & FL_RUN_COLD ? " --cold" : "");
}

static int collect(void *arg, const void *data, size_t len)
{
	naive_text_add(arg, data, len);
	return 0;
}

static void job_add_scan(struct job *j)
{
	struct fl_scan_options opt = {.size = sizeof(opt),
				      .pattern = j->pattern->text,
				      .pattern_len = strlen(j->pattern->text),
				      .flags = j->pattern->flags | j->scan_flags,
				      .write = collect,
				      .arg = &j->out};
	struct fl_error err;
	int r = fl_scan_new(&opt, &j->scan, &err);

	cr_assert(r == 0, "%s: %s", j->pattern->text, err.text);
}

static void job_make(struct job *j)
{
	if (j->count_what)
		cr_assert(fl_count_new(j->count_what, &j->count) == 0);
	if (j->alg != (enum fl_hash_alg) - 1)
		cr_assert(fl_hash_new(j->alg, j->seed, &j->hash) == 0);
	if (j->pattern)
		job_add_scan(j);
}

static void job_done(struct job *j)
{
	fl_count_free(j->count);
	fl_hash_free(j->hash);
	fl_scan_free(j->scan);
	free(j->out.data);
}

static void job_run(struct job *j, const struct fixture *f, const struct config *c,
		    const char *what)
{
	struct fl_pipeline *pl = NULL;
	struct fl_error err = {.text = ""};
	int r = fl_pipeline_new(&c->opt, &pl, &err);

	cr_assert(r == 0, "%s: %s", what, err.text);
	if (j->scan)
		cr_assert(fl_pipeline_add(pl, fl_scan_operator(j->scan), j->scan) == 0);
	if (j->hash)
		cr_assert(fl_pipeline_add(pl, fl_hash_operator(j->hash), j->hash) == 0);
	if (j->count)
		cr_assert(fl_pipeline_add(pl, fl_count_operator(j->count), j->count) == 0);
	r = c->from == FROM_PIPE ? run_pipe(pl, f, &err)
				 : run_file(pl, f, c->from == FROM_POSITION, &err);
	cr_assert(r == 0, "%s: %s", what, err.text);
	fl_pipeline_free(pl);
}

static struct naive_range range_of(const struct fixture *f, const struct config *c)
{
	struct naive_range r = {.data = f->text.data, .len = f->text.len, .end = f->text.len};

	r.begin = c->opt.range_off < r.len ? (size_t)c->opt.range_off : r.len;
	if (c->opt.range_len < r.len - r.begin)
		r.end = r.begin + (size_t)c->opt.range_len;
	return r;
}

static void check_count(const struct job *j, const struct naive_range *range, const char *what)
{
	struct naive_range lines = naive_lines_span(range);
	struct fl_count_result got, want;

	fl_count_result(j->count, &got);
	naive_count(j->count_what & FL_COUNT_RECORDS ? &lines : range, &want);
	if (j->count_what & FL_COUNT_LINES)
		cr_assert(got.lines == want.lines, "%s: %llu lines, not %llu", what,
			  (unsigned long long)got.lines, (unsigned long long)want.lines);
	if (j->count_what & FL_COUNT_WORDS)
		cr_assert(got.words == want.words, "%s: %llu words, not %llu", what,
			  (unsigned long long)got.words, (unsigned long long)want.words);
	if (j->count_what & FL_COUNT_BYTES)
		cr_assert(got.bytes == want.bytes, "%s: %llu bytes, not %llu", what,
			  (unsigned long long)got.bytes, (unsigned long long)want.bytes);
}

static void check_hash(const struct job *j, const struct naive_range *range, const char *what)
{
	unsigned char got[FL_HASH_DIGEST_MAX], want[FL_HASH_DIGEST_MAX];
	size_t n = naive_hash(j->alg, j->seed, range, want);

	cr_assert(fl_hash_digest(j->hash, got) == n);
	cr_assert(memcmp(got, want, n) == 0, "%s: %s differs", what, fl_hash_alg_name(j->alg));
}

static void check_scan(const struct job *j, const struct naive_range *range, const char *what)
{
	struct naive_text want = {0};
	struct fl_scan_result got;
	uint64_t selected = naive_scan(j->pattern, j->scan_flags, range, &want);
	size_t same = 0;

	fl_scan_result(j->scan, &got);
	cr_assert(got.selected == selected, "%s: '%s' flags %u: %llu selected, not %llu", what,
		  j->pattern->text, j->scan_flags, (unsigned long long)got.selected,
		  (unsigned long long)selected);
	while (same < want.len && same < j->out.len && want.data[same] == j->out.data[same])
		same++;
	cr_assert(same == want.len && same == j->out.len,
		  "%s: '%s' flags %u: output differs at byte %zu", what, j->pattern->text,
		  j->scan_flags, same);
	free(want.data);
}

static void check(struct job *j, const struct fixture *f, const struct config *c)
{
	struct naive_range range = range_of(f, c);
	char what[400];

	describe(what, sizeof(what), f, c);
	job_make(j);
	job_run(j, f, c, what);
	if (j->count)
		check_count(j, &range, what);
	if (j->hash)
		check_hash(j, &range, what);
	if (j->scan)
		check_scan(j, &range, what);
	job_done(j);
}

/* Every loader with every number of threads, window and chunk size. */
static unsigned for_all_configs(const struct fixture *f, const struct job *job)
{
	unsigned n = 0;

	for (size_t i = 0; i < 5 * 3 * 3 * 3; i++) {
		struct job j = *job;
		struct config c = {.from = FROM_PATH};

		fl_options_init(&c.opt);
		c.opt.io = ios[i % 5];
		c.opt.threads = threads[i / 5 % 3];
		c.opt.window_bytes = windows[i / 15 % 3];
		c.opt.chunk_bytes = chunks[i / 45 % 3];
		check(&j, f, &c);
		n++;
	}
	return n;
}

#define NO_ALG ((enum fl_hash_alg) - 1)
#define COUNT_ALL (FL_COUNT_LINES | FL_COUNT_WORDS | FL_COUNT_BYTES)

Test(invariance, count_with_every_configuration)
{
	struct job job = {.count_what = COUNT_ALL, .alg = NO_ALG};
	struct fixture f;

	fixture_open(&f, 7, 1);
	cr_assert(for_all_configs(&f, &job) == 135);
	fixture_close(&f);
}

Test(invariance, hash_with_every_configuration)
{
	struct job job = {.alg = FL_HASH_XXH3};
	struct fixture f;

	fixture_open(&f, 9, 1);
	cr_assert(for_all_configs(&f, &job) == 135);
	job.alg = FL_HASH_XXH64;
	cr_assert(for_all_configs(&f, &job) == 135);
	fixture_close(&f);
}

Test(invariance, scan_with_every_configuration)
{
	struct job job = {.alg = NO_ALG,
			  .pattern = naive_pattern(0),
			  .scan_flags = FL_SCAN_BYTE_OFFSET | FL_SCAN_LINE_NUMBER | FL_SCAN_TEXT};
	struct fixture f;

	fixture_open(&f, 5, 1);
	cr_assert(for_all_configs(&f, &job) == 135);
	fixture_close(&f);
}

#define PICK(seed, table) (table)[nasty_rnd((seed), sizeof(table) / sizeof(*(table)))]

/* A place that is likely to be wrong: an end, a page's, a line's, or anywhere. */
static size_t pick_off(unsigned *seed, const struct nasty *text)
{
	size_t at = nasty_rnd(seed, text->len + 1);

	switch (nasty_rnd(seed, 6)) {
	case 0:
		return at / 4096 * 4096;
	case 1:
		return text->len + nasty_rnd(seed, 3);
	case 2:
		while (at < text->len && text->data[at] != '\n')
			at++;
		return at + nasty_rnd(seed, 2);
	default:
		return at;
	}
}

static void pick_config(unsigned *seed, const struct fixture *f, struct config *c)
{
	fl_options_init(&c->opt);
	c->opt.io = PICK(seed, ios);
	c->opt.threads = PICK(seed, threads);
	c->opt.window_bytes = PICK(seed, windows);
	c->opt.chunk_bytes = PICK(seed, chunks);
	c->opt.advise = (enum fl_advise)nasty_rnd(seed, 6);
	if (nasty_rnd(seed, 8) == 0)
		c->opt.flags = FL_RUN_COLD;
	if (nasty_rnd(seed, 3) == 0)
		c->opt.max_memory_bytes = 4 << 20;
	if (nasty_rnd(seed, 2) == 0)
		c->opt.range_off = pick_off(seed, &f->text);
	if (nasty_rnd(seed, 2) == 0)
		c->opt.range_len = pick_off(seed, &f->text);
	c->from = (enum source_kind)nasty_rnd(seed, SOURCE_KINDS);
}

static void pick_job(unsigned *seed, struct job *j)
{
	static const unsigned outputs[] = {0, 0, FL_SCAN_COUNT, FL_SCAN_ONLY_MATCHING,
					   FL_SCAN_QUIET};
	size_t i = 0;

	*j = (struct job){.alg = NO_ALG};
	if (nasty_rnd(seed, 3) == 0)
		j->count_what = 1 + (unsigned)nasty_rnd(seed, 7);
	if (j->count_what && nasty_rnd(seed, 3) == 0)
		j->count_what |= FL_COUNT_RECORDS;
	if (nasty_rnd(seed, 3) == 0)
		j->alg = (enum fl_hash_alg)nasty_rnd(seed, 4);
	j->seed = nasty_rnd(seed, 3) ? 0 : 0x9e3779b1;
	if (nasty_rnd(seed, 2) == 0 && (j->count_what || j->alg != NO_ALG))
		return;
	while (naive_pattern(i))
		i++;
	j->pattern = naive_pattern(nasty_rnd(seed, i));
	j->scan_flags = FL_SCAN_TEXT | PICK(seed, outputs);
	j->scan_flags |= nasty_rnd(seed, 4) ? 0 : FL_SCAN_INVERT;
	j->scan_flags |= nasty_rnd(seed, 2) ? 0 : FL_SCAN_LINE_NUMBER;
	j->scan_flags |= nasty_rnd(seed, 2) ? 0 : FL_SCAN_BYTE_OFFSET;
}

Test(invariance, random_cases)
{
	unsigned per_text = rounds(40), made = 0, seed = 20;

	signal(SIGPIPE, SIG_IGN);
	for (unsigned kind = 0; kind < NASTY_KINDS; kind++) {
		struct fixture f;

		fixture_open(&f, kind, seed);
		for (unsigned i = 0; i < per_text; i++, made++) {
			struct config c;
			struct job j;

			pick_config(&seed, &f, &c);
			pick_job(&seed, &j);
			check(&j, &f, &c);
		}
		fixture_close(&f);
	}
	cr_assert(made == per_text * NASTY_KINDS);
}

/* Characters, too, may be cut anywhere. */
Test(invariance, words_in_utf8)
{
	unsigned seed = 99, per_text = rounds(10);

	signal(SIGPIPE, SIG_IGN);
	if (!setlocale(LC_ALL, "C.UTF-8"))
		cr_skip_test("there is no locale C.UTF-8");
	for (unsigned kind = 0; kind < NASTY_KINDS; kind++) {
		struct fixture f;

		fixture_open(&f, kind, seed);
		for (unsigned i = 0; i < per_text; i++) {
			struct job j = {.alg = NO_ALG, .count_what = COUNT_ALL};
			struct config c;

			pick_config(&seed, &f, &c);
			j.count_what |= nasty_rnd(&seed, 3) ? 0 : FL_COUNT_RECORDS;
			check(&j, &f, &c);
		}
		fixture_close(&f);
	}
}

/* The same search of the same range in one piece, by one thread. */
static void run_plainly(const struct job *job, const struct fixture *f, const struct config *c,
			struct job *ret)
{
	struct config plain = {.from = FROM_PATH};

	fl_options_init(&plain.opt);
	plain.opt.threads = 1;
	plain.opt.io = FL_IO_MMAP;
	plain.opt.chunk_bytes = SIZE_MAX / 16;
	plain.opt.range_off = c->opt.range_off;
	plain.opt.range_len = c->opt.range_len;
	*ret = *job;
	job_make(ret);
	job_run(ret, f, &plain, "in one piece");
}

/* Where NULs make data binary, grep's rules decide; here only that all loaders apply them alike. */
static void check_binary(unsigned *seed, const struct fixture *f)
{
	struct fl_scan_result got, want;
	struct job job, plain;
	struct config c;
	char what[400];

	pick_config(seed, f, &c);
	do
		pick_job(seed, &job);
	while (!job.pattern);
	job.scan_flags &= ~FL_SCAN_TEXT;
	describe(what, sizeof(what), f, &c);
	run_plainly(&job, f, &c, &plain);
	job_make(&job);
	job_run(&job, f, &c, what);
	fl_scan_result(job.scan, &got);
	fl_scan_result(plain.scan, &want);
	cr_assert(got.selected == want.selected && got.binary == want.binary,
		  "%s: '%s' flags %u: %llu selected, binary %d, not %llu, %d", what,
		  job.pattern->text, job.scan_flags, (unsigned long long)got.selected, got.binary,
		  (unsigned long long)want.selected, want.binary);
	cr_assert(job.out.len == plain.out.len, "%s: '%s' flags %u: output differs", what,
		  job.pattern->text, job.scan_flags);
	if (job.out.len > 0)
		cr_assert(memcmp(job.out.data, plain.out.data, job.out.len) == 0,
			  "%s: '%s' flags %u: output differs", what, job.pattern->text,
			  job.scan_flags);
	job_done(&job);
	job_done(&plain);
}

Test(invariance, binary_data)
{
	unsigned seed = 5;

	signal(SIGPIPE, SIG_IGN);
	for (unsigned kind = 6; kind <= 8; kind++) {
		struct fixture f;

		fixture_open(&f, kind, seed);
		for (unsigned i = rounds(40); i > 0; i--)
			check_binary(&seed, &f);
		fixture_close(&f);
	}
}
