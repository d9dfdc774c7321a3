/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <faultline/error.h>

#include "base/size.h"
#include "plat/file.h"
#include "plat/mapping.h"
#include "window/window.h"

#include "../support/changetime.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static const enum fl_io both[] = {FL_IO_MMAP, FL_IO_READ};

static unsigned char byte_at(uint64_t off)
{
	/* Never zero: a zero is what the kernel invents behind a cut. */
	return (unsigned char)(1 + (off * 2654435761u >> 7) % 251);
}

static struct fl_file temp(uint64_t bytes)
{
	struct fl_file f;
	unsigned char buf[4096];
	uint64_t off;
	size_t i, n;
	int fd = fl_file_temp();

	cr_assert(fd >= 0);
	for (off = 0; off < bytes; off += n) {
		n = bytes - off < sizeof(buf) ? (size_t)(bytes - off) : sizeof(buf);
		for (i = 0; i < n; i++)
			buf[i] = byte_at(off + i);
		cr_assert_eq(fl_fd_pwrite(fd, buf, n, off), 0);
	}
	cr_assert_eq(fl_file_from_fd(fd, &f, NULL), 0);
	return f;
}

static void done(struct fl_file *f)
{
	int fd = f->fd;

	fl_file_close(f);
	fl_fd_close(fd);
}

static struct fl_window_env env_of(const struct fl_file *f, size_t window, size_t slice)
{
	return (struct fl_window_env){.file = f,
				      .size = f->size_bytes,
				      .window_bytes = window,
				      .slice_bytes = slice,
				      .buffer_limit = 8 * MIB};
}

static void start(struct fl_window *w, struct fl_window_env *env, enum fl_io io)
{
	fl_window_init(w, env);
	fl_window_use(w, io);
}

/* What is shown is what stands there, as far as was asked for or to the end. */
static void expect_shown(struct fl_window *w, uint64_t off, size_t want, uint64_t size)
{
	struct fl_span s;
	size_t i, least = want;
	int r = fl_window_show(w, off, want, &s, NULL);

	cr_assert_eq(r, 0, "%d at %ju", r, (uintmax_t)off);
	if (size - off < least)
		least = (size_t)(size - off);
	cr_assert_eq(s.off, off);
	cr_assert(s.len >= least && s.len <= size - off, "%zu of %zu at %ju", s.len, least,
		  (uintmax_t)off);
	for (i = 0; i < least; i++)
		if (s.data[i] != byte_at(off + i))
			cr_assert_fail("byte %ju", (uintmax_t)(off + i));
	if (s.len > 0)
		cr_assert_eq(s.data[s.len - 1], byte_at(off + s.len - 1));
	cr_assert_eq(fl_window_check(w, NULL), 0);
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

Test(window, any_place_and_any_length_for_both_loaders)
{
	const uint64_t size = 3 * MIB + 1234;
	struct fl_file f = temp(size);
	struct fl_window_env env = env_of(&f, 256 * KIB, 32 * KIB);
	struct fl_window w;
	uint64_t seed = 7, off;
	size_t want;
	int i, k;

	for (k = 0; k < 2; k++) {
		start(&w, &env, both[k]);
		fl_window_repeatable(&w, true);
		for (i = 0; i < 300; i++) {
			off = next_random(&seed) % (size + 1);
			want = (size_t)(next_random(&seed) % (i % 8 ? 40 * KIB : 2 * MIB));
			expect_shown(&w, off, want, size);
			if (i % 50 == 49)
				fl_window_drop(&w);
		}
		expect_shown(&w, 0, (size_t)size, size);
		expect_shown(&w, size - 1, SIZE_MAX, size);
		fl_window_done(&w);
	}
	done(&f);
}

Test(window, loaders_may_change_at_any_time)
{
	struct fl_file f = temp(MIB);
	struct fl_window_env env = env_of(&f, 128 * KIB, 16 * KIB);
	struct fl_window w;
	int i;

	start(&w, &env, FL_IO_MMAP);
	for (i = 0; i < 60; i++) {
		fl_window_use(&w, both[i % 2]);
		cr_assert_eq(w.ops->io, both[i % 2]);
		expect_shown(&w, (uint64_t)i * 17001, 16 * KIB, MIB);
	}
	fl_window_done(&w);
	fl_window_done(&w);
	done(&f);
}

/* An error leaves the window as it is: another chunk may be asked for, which begins in what is there. */
Test(window, after_an_error_what_is_there_is_still_right)
{
	struct fl_file f = temp(MIB);
	struct fl_window_env env = env_of(&f, 128 * KIB, 16 * KIB);
	struct fl_window w;
	struct fl_span s;
	int fd = f.fd;

	start(&w, &env, FL_IO_READ);
	for (uint64_t off = 0; off < MIB - 64 * KIB; off += 30011) {
		expect_shown(&w, off, 16 * KIB, MIB);
		f.fd = -1;
		cr_assert_lt(fl_window_show(&w, off + 10000, 16 * KIB, &s, NULL), 0);
		cr_assert_lt(fl_window_show(&w, off + 11000, 16 * KIB, &s, NULL), 0);
		f.fd = fd;
		expect_shown(&w, off + 14000, 16 * KIB, MIB);
	}
	fl_window_done(&w);
	done(&f);
}

Test(window, a_descriptor_handed_over_in_the_middle)
{
	int fd = temp(MIB).fd, k;
	struct fl_file f;
	struct fl_window_env env;
	struct fl_window w;
	struct fl_span s;

	for (k = 0; k < 2; k++) {
		cr_assert_eq(lseek(fd, 12345, SEEK_SET), 12345);
		cr_assert_eq(fl_file_from_fd(fd, &f, NULL), 0);
		cr_assert_eq(f.size_bytes, MIB - 12345);
		env = env_of(&f, 64 * KIB, 16 * KIB);
		start(&w, &env, both[k]);
		cr_assert_eq(fl_window_show(&w, 0, 100, &s, NULL), 0);
		cr_assert_eq(s.off, 0u);
		cr_assert_eq(s.data[0], byte_at(12345));
		cr_assert_eq(fl_window_show(&w, 500000, 100, &s, NULL), 0);
		cr_assert_eq(s.data[99], byte_at(12345 + 500099));
		fl_window_done(&w);
		fl_file_close(&f);
	}
	fl_fd_close(fd);
}

/* The slices of a chunk, each cut at a record, drift: the window reaches far enough for all. */
Test(window, eight_mebibytes_in_drifting_slices_are_one_mapping)
{
	const size_t slice = 256 * KIB;
	struct fl_file f = temp(9 * MIB);
	struct fl_window_env env = env_of(&f, 8 * MIB, slice);
	struct fl_window w;
	uint64_t off;

	start(&w, &env, FL_IO_MMAP);
	for (off = 0; off + slice <= 8 * MIB; off += slice - 200)
		expect_shown(&w, off, slice, 9 * MIB);
	cr_assert_eq(env.windows, 1u);
	fl_window_done(&w);
	done(&f);
}

/* Or the kernel cannot map a large folio with one entry. */
Test(window, address_and_offset_are_congruent_to_two_mebibytes)
{
	struct fl_file f = temp(8 * MIB);
	struct fl_window_env env = env_of(&f, MIB, 64 * KIB);
	struct fl_window w;
	struct fl_span s;
	uint64_t off;

	start(&w, &env, FL_IO_MMAP);
	for (off = 0; off < 7 * MIB; off += MIB + 77777) {
		cr_assert_eq(fl_window_show(&w, off, MIB, &s, NULL), 0);
		cr_assert_eq((uintptr_t)s.data % FL_HUGE_BYTES, off % FL_HUGE_BYTES);
	}
	fl_window_done(&w);
	done(&f);
}

/* What the ends of a mapping cut up would come in small pieces. */
Test(window, a_window_begins_and_ends_with_a_large_folio)
{
	static const uint64_t offs[] = {0, 1, 4096, 2 * MIB - 1, 2 * MIB, 5 * MIB + 12345};
	const size_t slice = 256 * KIB;
	struct fl_file f = temp(40 * MIB);
	struct fl_window_env env = env_of(&f, 8 * MIB, slice);
	struct fl_window w;

	for (size_t i = 0; i < sizeof(offs) / sizeof(*offs); i++) {
		uint64_t from = fl_round_down(offs[i], FL_HUGE_BYTES), last = offs[i];

		start(&w, &env, FL_IO_MMAP);
		env.windows = 0;
		expect_shown(&w, offs[i], slice, 40 * MIB);
		cr_assert_eq(w.span.off, from);
		cr_assert_eq(w.span.len % FL_HUGE_BYTES, 0u);
		cr_assert_eq((uintptr_t)w.span.data % FL_HUGE_BYTES, 0u);
		for (; last - offs[i] + slice <= 8 * MIB; last += slice)
			expect_shown(&w, last, slice, 40 * MIB);
		cr_assert_eq(env.windows, 1u, "8 MiB from %ju on are one window",
			     (uintmax_t)offs[i]);
		fl_window_done(&w);
	}
	/* Populating pays for every page. */
	env.advise = FL_ADVISE_POPULATE;
	start(&w, &env, FL_IO_MMAP);
	expect_shown(&w, 5 * MIB + 12345, slice, 40 * MIB);
	cr_assert_eq(w.span.off, fl_round_down(5 * MIB + 12345, fl_page_bytes()));
	cr_assert(w.span.len < 8 * MIB + 2 * slice);
	fl_window_done(&w);
	done(&f);
}

Test(window, a_record_longer_than_window_and_buffer_is_mapped_whole)
{
	struct fl_file f = temp(20 * MIB);
	struct fl_window_env env = env_of(&f, 64 * KIB, 16 * KIB);
	struct fl_window w;
	struct fl_span s;
	int k;

	env.buffer_limit = MIB;
	for (k = 0; k < 2; k++) {
		env.copied = 0;
		start(&w, &env, both[k]);
		cr_assert_eq(fl_window_show(&w, 4097, 15 * MIB, &s, NULL), 0);
		cr_assert(s.len >= 15 * MIB);
		cr_assert_eq(s.data[0], byte_at(4097));
		cr_assert_eq(s.data[15 * MIB - 1], byte_at(4097 + 15 * MIB - 1));
		cr_assert_eq(env.copied, 0u);
		cr_assert_eq(w.buffer_cap, 0u);
		cr_assert_eq(fl_window_check(&w, NULL), 0);
		fl_window_use(&w, both[k]);
		expect_shown(&w, 17 * MIB, 1000, 20 * MIB);
		cr_assert_null(w.giant);
		fl_window_done(&w);
	}
	done(&f);
}

Test(window, offsets_around_2_to_the_31_and_32)
{
	static const uint64_t places[] = {2 * GIB, 4 * GIB};
	struct fl_window_env env;
	struct fl_window w;
	struct fl_span s;
	struct fl_file f;
	int fd = fl_file_temp(), i, k;

	cr_assert(fd >= 0);
	cr_assert_eq(ftruncate(fd, (off_t)(4 * GIB + MIB)), 0);
	for (i = 0; i < 2; i++)
		cr_assert_eq(fl_fd_pwrite(fd, "before|after", 12, places[i] - 7), 0);
	cr_assert_eq(fl_file_from_fd(fd, &f, NULL), 0);
	env = env_of(&f, 256 * KIB, 64 * KIB);
	for (k = 0; k < 2; k++) {
		start(&w, &env, both[k]);
		for (i = 0; i < 2; i++) {
			cr_assert_eq(fl_window_show(&w, places[i] - 7, 12, &s, NULL), 0);
			cr_assert_eq(s.off, places[i] - 7);
			cr_assert_arr_eq(s.data, "before|after", 12);
			cr_assert_eq(fl_window_show(&w, places[i], 5, &s, NULL), 0);
			cr_assert_arr_eq(s.data, "after", 5);
		}
		fl_window_done(&w);
	}
	done(&f);
}

Test(window, find_slides_over_slices_and_stops_at_the_end)
{
	struct fl_file f = temp(MIB);
	struct fl_window_env env = env_of(&f, 64 * KIB, 8 * KIB);
	struct fl_window w;
	uint64_t at;
	int k;

	cr_assert_eq(fl_fd_pwrite(f.fd, "\377", 1, 500000), 0);
	cr_assert_eq(fl_fd_pwrite(f.fd, "\377", 1, MIB - 1), 0);
	for (k = 0; k < 2; k++) {
		start(&w, &env, both[k]);
		cr_assert_eq(fl_window_find(&w, 0, MIB, 255, &at, NULL), 0);
		cr_assert_eq(at, 500000u);
		cr_assert_eq(fl_window_find(&w, 500000, MIB, 255, &at, NULL), 0);
		cr_assert_eq(at, 500000u);
		cr_assert_eq(fl_window_find(&w, 500001, UINT64_MAX, 255, &at, NULL), 0);
		cr_assert_eq(at, MIB - 1);
		cr_assert_eq(fl_window_find(&w, 500001, MIB - 1, 255, &at, NULL), 0);
		cr_assert_eq(at, UINT64_MAX);
		cr_assert_eq(fl_window_find(&w, MIB, MIB, 255, &at, NULL), 0);
		cr_assert_eq(at, UINT64_MAX);
		fl_window_done(&w);
	}
	done(&f);
}

static uint64_t sum_of(const struct fl_span *s)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < s->len; i++)
		sum += s->data[i];
	return sum;
}

/* Before, while and after it is looked at; no signal, and the offset of the first lost byte. */
Test(window, a_file_that_is_cut_is_an_error_with_the_offset_of_the_cut)
{
	static const uint64_t cuts[] = {0, 1, 4096, 100001, 262144, 300000};
	volatile uint64_t sink;
	struct fl_window_env env;
	struct fl_error error;
	struct fl_window w;
	struct fl_span s;
	struct fl_file f;
	size_t i;
	int k, r;

	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		for (k = 0; k < 2; k++) {
			f = temp(512 * KIB);
			env = env_of(&f, 512 * KIB, 64 * KIB);
			start(&w, &env, both[k]);
			cr_assert_eq(fl_window_show(&w, 0, 512 * KIB, &s, NULL), 0);
			cr_assert_eq(ftruncate(f.fd, (off_t)cuts[i]), 0);
			sink = sum_of(&s);
			error = (struct fl_error){0};
			r = fl_window_check(&w, &error);
			cr_assert_eq(r, -FL_ETRUNCATED, "%d, cut at %ju", r, (uintmax_t)cuts[i]);
			cr_assert(error.off <= cuts[i] && error.off + 4096 > cuts[i],
				  "%ju, cut at %ju", (uintmax_t)error.off, (uintmax_t)cuts[i]);
			fl_window_drop(&w);
			r = fl_window_show(&w, 0, 512 * KIB, &s, &error);
			cr_assert_eq(r, -FL_ETRUNCATED);
			cr_assert_eq(error.off, cuts[i]);
			fl_window_done(&w);
			done(&f);
		}
	(void)sink;
}

Test(window, a_file_that_was_cut_and_has_grown_back_is_done_again)
{
	struct fl_file f = temp(256 * KIB);
	struct fl_window_env env = env_of(&f, 256 * KIB, 64 * KIB);
	struct fl_window w;
	struct fl_span s;
	volatile uint64_t sink;

	start(&w, &env, FL_IO_MMAP);
	cr_assert_eq(fl_window_show(&w, 0, 256 * KIB, &s, NULL), 0);
	cr_assert_eq(ftruncate(f.fd, 100), 0);
	cr_assert_eq(ftruncate(f.fd, 256 * KIB), 0);
	sink = sum_of(&s);
	(void)sink;
	cr_assert_eq(fl_window_check(&w, NULL), FL_WINDOW_RETRY);
	/* Its zeros stand there now. */
	fl_window_use(&w, FL_IO_READ);
	cr_assert_eq(fl_window_show(&w, 0, 256 * KIB, &s, NULL), 0);
	cr_assert_eq(s.data[99], byte_at(99));
	cr_assert_eq(s.data[100], 0);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	fl_window_done(&w);
	done(&f);
}

/* A log that is written to while it is read changes all the time; without zeros that is fine. */
Test(window, a_file_that_grows_is_read_to_its_size_at_open)
{
	struct fl_file f = temp(100001);
	struct fl_window_env env = env_of(&f, 64 * KIB, 16 * KIB);
	struct fl_window w;
	int i, k;

	for (k = 0; k < 2; k++) {
		start(&w, &env, both[k]);
		for (i = 0; i < 100; i++) {
			cr_assert_eq(fl_fd_pwrite(f.fd, "more\n", 5, 100001 + (uint64_t)i * 5), 0);
			expect_shown(&w, (uint64_t)i * 1000, 2000, 100001);
		}
		expect_shown(&w, 100000, 4096, 100001);
		fl_window_done(&w);
	}
	done(&f);
}

static bool sanitized(void)
{
	const char *s = getenv("FL_SANITIZERS");

	return s && *s;
}

static int as_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static size_t address_space_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	size_t pages = 0;

	if (!f || fscanf(f, "%zu", &pages) != 1)
		_exit(90);
	fclose(f);
	return pages * fl_page_bytes();
}

static void show_with_little_room(size_t room)
{
	struct fl_file f = temp(4 * MIB);
	struct fl_window_env env = env_of(&f, 64 * MIB, 64 * KIB);
	struct rlimit lim = {.rlim_cur = address_space_bytes() + room, .rlim_max = RLIM_INFINITY};
	struct fl_window w;
	struct fl_span s;
	uint64_t off;

	if (setrlimit(RLIMIT_AS, &lim) < 0)
		_exit(91);
	start(&w, &env, FL_IO_MMAP);
	for (off = 0; off < 4 * MIB; off += s.len) {
		if (fl_window_show(&w, off, 64 * KIB, &s, NULL) != 0)
			_exit(1);
		if (s.data[0] != byte_at(off) || s.data[s.len - 1] != byte_at(off + s.len - 1))
			_exit(2);
		if (fl_window_check(&w, NULL) != 0)
			_exit(3);
	}
	if (room >= 16 * MIB && (w.ops->io != FL_IO_MMAP || w.window_bytes >= 64 * MIB))
		_exit(4);
	if (room < 2 * MIB && w.ops->io != FL_IO_READ)
		_exit(5);
}

static void sixteen(void)
{
	show_with_little_room(16 * MIB);
}

static void one(void)
{
	show_with_little_room(MIB);
}

Test(window, scarce_address_space_halves_the_window_then_reads)
{
	if (sanitized())
		cr_skip_test("sanitizers need address space of their own");
	cr_assert_eq(as_child(sixteen), 0);
	cr_assert_eq(as_child(one), 0);
}

/* A log that grows pays for what it shows, not for the rest of a wide window. */
Test(window, zeros_that_nobody_was_shown_are_no_reason_to_do_anything_again)
{
	struct fl_file f = temp(MIB);
	struct fl_window_env env = env_of(&f, MIB, 64 * KIB);
	struct fl_window w;
	struct fl_span s;

	cr_assert_eq(pwrite(f.fd, "", 1, 600 * KIB), 1);
	start(&w, &env, FL_IO_MMAP);
	cr_assert_eq(fl_window_show(&w, 0, 64 * KIB, &s, NULL), 0);
	cr_assert(s.len >= 64 * KIB && s.len <= 128 * KIB, "%zu", s.len);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	/* Nor are those between two stretches: they are for other threads. */
	cr_assert_eq(fl_window_show(&w, 800 * KIB, 20 * KIB, &s, NULL), 0);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	/* What was shown last may still be looked at; what was shown before it is done. */
	cr_assert_eq(fl_window_show(&w, 590 * KIB, 20 * KIB, &s, NULL), 0);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), FL_WINDOW_RETRY);
	cr_assert_eq(fl_window_show(&w, 700 * KIB, 20 * KIB, &s, NULL), 0);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), FL_WINDOW_RETRY);
	cr_assert_eq(fl_window_show(&w, 710 * KIB, 20 * KIB, &s, NULL), 0);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	fl_window_done(&w);
	done(&f);
}

Test(window, reads_that_can_be_done_again_leave_it_to_the_check_to_look)
{
	struct fl_file f = temp(256 * KIB);
	struct fl_window_env env = env_of(&f, 64 * KIB, 16 * KIB);
	struct fl_window w;
	struct fl_span s;

	start(&w, &env, FL_IO_READ);
	fl_window_repeatable(&w, true);
	expect_shown(&w, 0, 16 * KIB, f.size_bytes);
	cr_assert_eq(fl_window_show(&w, 16 * KIB, 16 * KIB, &s, NULL), 0);
	cr_assert_eq(fl_window_show(&w, 40 * KIB, 16 * KIB, &s, NULL), 0);
	cr_assert_eq(pwrite(f.fd, "new", 3, 50 * KIB), 3);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), FL_WINDOW_RETRY);
	/* What is done again is read again, and now each read looks for itself. */
	cr_assert_eq(fl_window_show(&w, 40 * KIB, 16 * KIB, &s, NULL), 0);
	cr_assert_eq(memcmp(s.data + 10 * KIB, "new", 3), 0);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	expect_shown(&w, 80 * KIB, 16 * KIB, f.size_bytes);
	fl_window_done(&w);
	done(&f);
}

/* Between two checks the file has changed, but nothing was read meanwhile that no check has seen. */
Test(window, reads_that_cannot_be_done_again_look_for_themselves)
{
	struct fl_file f = temp(256 * KIB);
	struct fl_window_env env = env_of(&f, 64 * KIB, 16 * KIB);
	struct fl_window w;
	struct fl_span s;

	start(&w, &env, FL_IO_READ);
	cr_assert_eq(fl_window_show(&w, 0, 16 * KIB, &s, NULL), 0);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	fl_window_repeatable(&w, true);
	cr_assert_eq(fl_window_show(&w, 64 * KIB, 16 * KIB, &s, NULL), 0);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	fl_window_repeatable(&w, false);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_show(&w, 128 * KIB, 16 * KIB, &s, NULL), 0);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	/* A run that stores to the file moves its change time itself. */
	env.own_stores = true;
	fl_window_repeatable(&w, true);
	cr_assert_eq(fl_window_show(&w, 192 * KIB, 16 * KIB, &s, NULL), 0);
	move_change_time(f.fd);
	cr_assert_eq(fl_window_check(&w, NULL), 0);
	fl_window_done(&w);
	done(&f);
}

Test(window, what_is_read_lies_in_the_buffer_as_in_the_file)
{
	struct fl_file f = temp(300 * KIB);
	struct fl_window_env env = env_of(&f, 64 * KIB, 16 * KIB);
	struct fl_window w;
	struct fl_span s;
	uint64_t off;

	start(&w, &env, FL_IO_READ);
	for (off = 77; off < f.size_bytes; off += 16 * KIB - 321) {
		expect_shown(&w, off, 16 * KIB, f.size_bytes);
		cr_assert_eq(fl_window_show(&w, off, 16 * KIB, &s, NULL), 0);
		cr_assert_eq((uintptr_t)s.data % 4096, off % 4096);
		cr_assert(s.off + s.len == f.size_bytes || (s.off + s.len) % 4096 == 0);
	}
	fl_window_done(&w);
	done(&f);
}
