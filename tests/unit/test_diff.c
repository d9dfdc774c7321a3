/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <faultline/diff.h>
#include <faultline/pipeline.h>
#include <faultline/source.h>

#define TEXT_MAX 600000
#define RANGES_MAX 100000

static unsigned char a[TEXT_MAX], b[TEXT_MAX];
static struct fl_diff_range expected[RANGES_MAX], got[RANGES_MAX];
static size_t expected_count, got_count;
static int stop_after, brief;

static void define(size_t n, uint64_t gap)
{
	expected_count = 0;
	for (size_t i = 0; i < n; i++) {
		struct fl_diff_range *last = &expected[expected_count - (expected_count > 0)];

		if (a[i] == b[i])
			continue;
		if (expected_count == 0 || i - (last->off + last->len) > gap) {
			cr_assert(expected_count < RANGES_MAX);
			last = &expected[expected_count++];
			*last = (struct fl_diff_range){.off = i};
		}
		last->len = i + 1 - last->off;
		last->differ++;
	}
}

static int take(void *arg, const struct fl_diff_range *range)
{
	(void)arg;
	cr_assert(got_count < RANGES_MAX);
	got[got_count++] = *range;
	return stop_after > 0 && got_count == (size_t)stop_after ? FL_FOLD_STOP : 0;
}

static struct fl_source *source_of(const unsigned char *data, size_t len, int *ret_fd)
{
	struct fl_source *src = NULL;

	*ret_fd = memfd_create("test", MFD_CLOEXEC);
	cr_assert(*ret_fd >= 0);
	cr_assert(write(*ret_fd, data, len) == (ssize_t)len);
	cr_assert(lseek(*ret_fd, 0, SEEK_SET) == 0);
	cr_assert(fl_source_open_fd(*ret_fd, "test", &src, NULL) == 0);
	return src;
}

/* Return: where the run ended in the first of the two. */
static uint64_t run(size_t len_a, size_t len_b, uint64_t gap, const struct fl_options *how)
{
	struct fl_diff_options opt = {
		.size = sizeof(opt), .gap_bytes = gap, .range = take, .brief = brief};
	struct fl_pipeline *pl = NULL;
	struct fl_diff *diff = NULL;
	int fd_a, fd_b;
	struct fl_source *src = source_of(a, len_a, &fd_a);
	uint64_t seen;

	got_count = 0;
	opt.other = source_of(b, len_b, &fd_b);
	cr_assert(fl_diff_new(&opt, &diff, NULL) == 0);
	cr_assert(fl_pipeline_new(how, &pl, NULL) == 0);
	cr_assert(fl_pipeline_add(pl, fl_diff_operator(diff), diff) == 0);
	cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
	seen = fl_diff_seen(diff);
	fl_pipeline_free(pl);
	fl_diff_free(diff);
	fl_source_close(src);
	fl_source_close(opt.other);
	close(fd_a);
	close(fd_b);
	return seen;
}

static void check(size_t len_a, size_t len_b, uint64_t gap, const struct fl_options *how)
{
	define(len_a < len_b ? len_a : len_b, gap);
	run(len_a, len_b, gap, how);
	cr_assert(got_count == expected_count, "%zu ranges, not %zu", got_count, expected_count);
	cr_assert(memcmp(got, expected, got_count * sizeof(*got)) == 0);
}

static void make(unsigned rate, unsigned seed)
{
	for (size_t i = 0; i < TEXT_MAX; i++) {
		a[i] = (unsigned char)rand_r(&seed);
		b[i] = a[i];
		if ((unsigned)rand_r(&seed) % rate == 0)
			b[i]++;
	}
}

Test(diff, ranges_do_not_depend_on_cuts_loaders_and_threads)
{
	static const size_t chunks[] = {0, 4096, 4099, 300000, 1000000};
	static const unsigned rates[] = {8, 1000, 100000};
	struct fl_options how;

	for (size_t r = 0; r < sizeof(rates) / sizeof(*rates); r++) {
		make(rates[r], (unsigned)r + 1);
		for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
			fl_options_init(&how);
			how.chunk_bytes = chunks[i];
			how.threads = i == 0 ? 0 : (unsigned)(2 * i - 1);
			how.io = i % 2 ? FL_IO_MMAP : FL_IO_READ;
			check(TEXT_MAX, TEXT_MAX, 16, &how);
			check(TEXT_MAX - 5, TEXT_MAX, 0, &how);
			check(TEXT_MAX, TEXT_MAX / 2 + 3, 100, &how);
			check(TEXT_MAX, 0, 16, &how);
			check(0, 10, 16, &how);
		}
	}
}

Test(diff, more_ranges_than_a_part_holds)
{
	struct fl_options how;

	for (size_t i = 0; i < TEXT_MAX; i++) {
		a[i] = 0;
		b[i] = i % 7 == 0;
	}
	fl_options_init(&how);
	how.max_memory_bytes = 4 << 20;
	how.threads = 2;
	check(TEXT_MAX, TEXT_MAX, 0, &how);
	check(TEXT_MAX, TEXT_MAX, 6, &how);
	cr_assert(got_count == 1);
}

Test(diff, a_range_and_an_end_before_the_end)
{
	struct fl_options how;

	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	b[10] = b[5000] = b[9000] = b[500000] = 1;
	fl_options_init(&how);
	how.range_off = 5000;
	how.range_len = 4001;
	run(TEXT_MAX, TEXT_MAX, 0, &how);
	cr_assert(got_count == 2 && got[0].off == 5000 && got[1].off == 9000);
	fl_options_init(&how);
	stop_after = 1;
	run(TEXT_MAX, TEXT_MAX, 0, &how);
	stop_after = 0;
	cr_assert(got_count == 1 && got[0].off == 10);
}

/* One range, which goes on to the end: it is told before that. */
Test(diff, in_brief)
{
	struct fl_options how;

	fl_options_init(&how);
	how.chunk_bytes = 8192;
	how.threads = 1;
	memset(a, 1, sizeof(a));
	memset(b, 2, sizeof(b));
	brief = stop_after = 1;
	cr_assert(run(TEXT_MAX, TEXT_MAX, 16, &how) < TEXT_MAX);
	cr_assert(got_count == 1 && got[0].off == 0 && got[0].len > 0);
	cr_assert(got[0].len == got[0].differ && got[0].len < TEXT_MAX);
	memset(b, 1, sizeof(b));
	cr_assert(run(TEXT_MAX, 5000, 16, &how) > 5000);
	cr_assert(got_count == 0);
	cr_assert(run(TEXT_MAX, TEXT_MAX, 16, &how) == TEXT_MAX);
	cr_assert(got_count == 0);
	b[TEXT_MAX - 1] = 2;
	cr_assert(run(TEXT_MAX, TEXT_MAX, 16, &how) == TEXT_MAX);
	cr_assert(got_count == 1 && got[0].off == TEXT_MAX - 1);
	brief = stop_after = 0;
}

Test(diff, wrong_options)
{
	struct fl_diff_options opt = {.size = sizeof(opt), .range = take};
	struct fl_diff *diff = NULL;
	int fds[2];

	cr_assert(fl_diff_new(&opt, &diff, NULL) == -EINVAL);
	cr_assert(pipe(fds) == 0);
	cr_assert(fl_source_open_fd(fds[0], "pipe", &opt.other, NULL) == 0);
	cr_assert(fl_diff_new(&opt, &diff, NULL) == -FL_EUNSUPPORTED);
	opt.range = NULL;
	cr_assert(fl_diff_new(&opt, &diff, NULL) == -EINVAL);
	fl_source_close(opt.other);
	close(fds[0]);
	close(fds[1]);
	fl_diff_free(NULL);
}
