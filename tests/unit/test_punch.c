/* SPDX-License-Identifier: MIT */
/* Compressing a file that is freed meanwhile. Crashes are for tests/fault/punch_*.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/punchkit.h"
#include "../support/scale.h"

static struct punchkit kit;
static struct crash_hook plain = {.at = UINT64_MAX};

static void setup(void)
{
	const char *why;

	if (!punchkit_open(&kit, &why))
		cr_skip_test("%s", why);
}

static void teardown(void)
{
	punchkit_close(&kit);
}

TestSuite(punch, .init = setup, .fini = teardown);

Test(punch, the_output_is_there_and_the_input_is_not)
{
	punchkit_set(&kit, 5, 100000);
	cr_assert_eq(punchkit_run(&kit, &plain), 0, "%s", kit.err.text);
	cr_assert(punchkit_is_done(&kit));
	cr_assert_eq(kit.result.compressed.bytes_in, 100000u);
	cr_assert_eq(kit.result.compressed.frames, 25u);
	/* All but the last block, which the last frame does not fill. */
	cr_assert_eq(kit.result.freed_bytes, 24u * 4096);
	cr_assert_eq(kit.result.unfinished, 0);
}

Test(punch, the_bytes_are_those_of_any_other_compression)
{
	size_t len[2];
	unsigned char *got[2];

	for (int k = 0; k < 2; k++) {
		kit.threads = k ? 4 : 1;
		kit.chunk = k ? 4096 : 20000;
		kit.batch = k ? 4096 : 1 << 20;
		punchkit_set(&kit, 6, 90000);
		cr_assert_eq(punchkit_run(&kit, &plain), 0);
		cr_assert(punchkit_is_done(&kit));
		got[k] = crashkit_get(kit.output, &len[k]);
	}
	cr_assert_eq(len[0], len[1]);
	cr_assert_eq(memcmp(got[0], got[1], len[0]), 0);
	free(got[0]);
	free(got[1]);
}

/*
 * Records, frames, chunks and blocks end at the same bytes: what a chunk looks at to see whether a
 * record begins with it is the last byte of what was compressed before.
 */
Test(punch, the_byte_before_a_chunk_is_there_when_it_is_looked_at)
{
	int rounds = test_scale() < 1 ? 2 : 10;

	kit.flags = FL_COMPRESS_RECORDS;
	kit.threads = 4;
	punchkit_set(&kit, 8, 200 * 4096);
	for (size_t k = 0; k < kit.len; k++)
		kit.text[k] = k % 64 == 63 ? '\n' : (unsigned char)('a' + k * k / 64 % 20);
	for (int k = 0; k < rounds; k++) {
		punchkit_reset(&kit);
		cr_assert_eq(punchkit_run(&kit, &plain), 0);
		cr_assert_eq(kit.result.compressed.frames, 200u);
		cr_assert(punchkit_is_done(&kit));
	}
}

Test(punch, nothing_and_a_byte)
{
	for (size_t len = 0; len < 2; len++) {
		punchkit_set(&kit, 9, len);
		cr_assert_eq(punchkit_run(&kit, &plain), 0);
		cr_assert(punchkit_is_done(&kit));
		cr_assert_eq(kit.result.freed_bytes, 0u);
	}
}

Test(punch, a_file_system_without_holes_is_told_before_anything_is_written)
{
	struct crash_hook none = {
		.kind = CRASH_ERROR, .error = -EOPNOTSUPP, .for_ever = true, .at = 0};

	punchkit_set(&kit, 10, 50000);
	cr_assert_eq(punchkit_run(&kit, &none), -EOPNOTSUPP);
	cr_assert_eq(none.calls, 1u);
	cr_assert(punchkit_is_untouched(&kit));
	cr_assert(strstr(kit.err.text, "cannot free blocks") != NULL);
}

Test(punch, hard_links_are_refused)
{
	char other[128];

	punchkit_set(&kit, 11, 50000);
	snprintf(other, sizeof(other), "%s/other", kit.dir);
	cr_assert_eq(link(kit.path, other), 0);
	cr_assert_eq(punchkit_run(&kit, &plain), -EMLINK);
	unlink(other);
	cr_assert(punchkit_is_untouched(&kit));
}

Test(punch, who_has_the_file_open_would_read_zeros)
{
	int fd;

	punchkit_set(&kit, 12, 50000);
	fd = open(kit.path, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(punchkit_run(&kit, &plain), -EAGAIN);
	close(fd);
	cr_assert(punchkit_is_untouched(&kit));
}

static void append_in_the_middle(void *arg, struct fl_pipeline *pl)
{
	if (pl)
		cr_assert(crashkit_append(arg));
}

/* Returns the error; what is appended as soon as the run has begun is kept whatever it is. */
static int run_with_appender(void)
{
	struct fl_compress_options how = {.size = sizeof(how), .level = 1, .frame_bytes = 4096};
	struct fl_punch_options opt = {.size = sizeof(opt),
				       .output = kit.output,
				       .compress = &how,
				       .batch_bytes = 8192,
				       .watch = append_in_the_middle,
				       .watch_arg = kit.path};

	kit.result = (struct fl_punch_result){.size = sizeof(kit.result)};
	return fl_compress_punch(kit.path, NULL, &opt, &kit.result, &kit.err);
}

Test(punch, what_someone_appends_meanwhile_is_not_lost)
{
	size_t more = strlen(crashkit_theirs);

	punchkit_set(&kit, 13, 50000);
	cr_assert_eq(run_with_appender(), -FL_ECHANGED);
	kit.text = realloc(kit.text, kit.len + more + 1);
	memcpy(kit.text + kit.len, crashkit_theirs, more);
	kit.len += more;
	if (kit.result.unfinished) {
		struct fl_recover_result res;

		cr_assert_eq(punchkit_recover(&kit, FL_RECOVER_RESUME, &plain, &res), 0);
		cr_assert(punchkit_is_done(&kit));
	} else {
		cr_assert(punchkit_is_untouched(&kit));
	}
}

Test(punch, an_interrupted_one_is_known_to_every_verb)
{
	struct crash_hook stop = {.kind = CRASH_ERROR, .error = -EIO, .for_ever = true, .at = 30};
	struct fl_recover_result res = {.size = sizeof(res)};
	struct fl_error err;

	punchkit_set(&kit, 14, 50000);
	cr_assert_eq(fl_unfinished(kit.path), 0);
	cr_assert_eq(punchkit_run(&kit, &stop), -EIO);
	cr_assert_eq(kit.result.unfinished, 1);
	cr_assert_eq(fl_unfinished(kit.path), 1);
	cr_assert_eq(punchkit_run(&kit, &plain), -FL_EUNFINISHED);
	cr_assert_eq(fl_recover(kit.path, FL_RECOVER_STATUS, NULL, &res, &err), 0);
	cr_assert_eq(res.state, FL_RECOVER_HALFWAY);
	cr_assert_eq(res.is_compression, 1);
	cr_assert_eq(res.can_roll_back, 0);
	cr_assert_eq(res.total_bytes, 50000u);
	cr_assert(res.source_bytes > 0 && res.source_bytes < 50000);
	cr_assert_str_eq(res.output, kit.output);
	cr_assert_str_eq(res.journal, kit.journal);
	cr_assert_eq(fl_recover(kit.path, FL_RECOVER_ROLLBACK, NULL, &res, &err), -FL_EUNSUPPORTED);
	cr_assert_eq(fl_recover(kit.path, FL_RECOVER_RESUME, NULL, &res, &err), 0);
	cr_assert_eq(res.is_new, 1);
	cr_assert(punchkit_is_done(&kit));
}

static void look_meanwhile(void *arg, struct fl_pipeline *pl)
{
	if (pl)
		*(int *)arg = fl_unfinished(kit.path);
}

Test(punch, while_it_runs_nobody_takes_holes_for_zeros)
{
	struct fl_compress_options how = {.size = sizeof(how), .level = 1, .frame_bytes = 4096};
	int seen = -1;
	struct fl_punch_options opt = {.size = sizeof(opt),
				       .output = kit.output,
				       .compress = &how,
				       .watch = look_meanwhile,
				       .watch_arg = &seen};
	struct fl_punch_result result = {.size = sizeof(result)};

	punchkit_set(&kit, 15, 50000);
	cr_assert_eq(fl_compress_punch(kit.path, NULL, &opt, &result, NULL), 0);
	cr_assert_eq(seen, 2);
}

Test(punch, mode_and_times_are_those_of_the_input)
{
	struct timespec times[2] = {{.tv_sec = 1000000, .tv_nsec = 5},
				    {.tv_sec = -7, .tv_nsec = 999}};
	struct stat st;

	punchkit_set(&kit, 16, 50000);
	cr_assert_eq(chmod(kit.path, 0604), 0);
	cr_assert_eq(utimensat(AT_FDCWD, kit.path, times, 0), 0);
	cr_assert_eq(punchkit_run(&kit, &plain), 0);
	cr_assert_eq(stat(kit.output, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0604u);
	cr_assert_eq(st.st_mtim.tv_sec, times[1].tv_sec);
	cr_assert_eq(st.st_mtim.tv_nsec, times[1].tv_nsec);
}

Test(punch, options_out_of_range)
{
	struct fl_compress_options how = {.size = sizeof(how), .level = 99};
	struct fl_punch_options opt = {.size = sizeof(opt), .output = kit.output, .compress = &how};
	struct fl_punch_result result = {.size = sizeof(result)};
	struct fl_options run;

	punchkit_set(&kit, 17, 5000);
	cr_assert_eq(fl_compress_punch(kit.path, NULL, &opt, &result, NULL), -EINVAL);
	how.level = 1;
	opt.flags = 8;
	cr_assert_eq(fl_compress_punch(kit.path, NULL, &opt, &result, NULL), -EINVAL);
	opt.flags = 0;
	how.flags = FL_COMPRESS_RECORDS;
	fl_options_init(&run);
	run.delimiter = '\0';
	cr_assert_eq(fl_compress_punch(kit.path, &run, &opt, &result, NULL), -EINVAL);
	cr_assert(punchkit_is_untouched(&kit));
}
