/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <faultline/command.h>
#include <faultline/pipeline.h>

struct got {
	char *data;
	size_t len;
	int answer;
};

static int take(void *arg, const void *data, size_t len)
{
	struct got *g = arg;

	g->data = realloc(g->data, g->len + len);
	memcpy(g->data + g->len, data, len);
	g->len += len;
	return g->answer;
}

/* Runs a command over @len bytes of "0123456789...". */
static int run(const char *text, size_t len, struct got *got, struct fl_error *err)
{
	struct fl_command_options opt = {
		.size = sizeof(opt), .command = text, .write = take, .arg = got};
	struct fl_command *command = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	char path[] = "/tmp/fl-command-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	int r;

	for (size_t i = 0; i < len; i++)
		fputc('0' + (int)(i % 10), file);
	fclose(file);
	cr_assert_eq(fl_command_new(&opt, &command, NULL), 0);
	cr_assert_eq(fl_pipeline_new(NULL, &pl, NULL), 0);
	cr_assert_eq(fl_pipeline_add(pl, fl_command_operator(command), command), 0);
	cr_assert_eq(fl_source_open(path, &src, NULL), 0);
	r = fl_pipeline_run(pl, src, err);
	fl_source_close(src);
	fl_pipeline_free(pl);
	fl_command_free(command);
	unlink(path);
	cr_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a process was left");
	return r;
}

Test(command, its_input_and_output)
{
	static const size_t lens[] = {0, 1, 100000, 3000000};
	struct fl_error err;

	for (size_t k = 0; k < sizeof(lens) / sizeof(*lens); k++) {
		struct got got = {0};

		cr_assert_eq(run("tr 0-9 a-j", lens[k], &got, &err), 0);
		cr_assert_eq(got.len, lens[k]);
		for (size_t i = 0; i < got.len; i++)
			cr_assert_eq(got.data[i], (char)('a' + i % 10));
		free(got.data);
	}
}

Test(command, an_exit_status_is_an_error)
{
	struct got got = {0};
	struct fl_error err;

	cr_assert_eq(run("cat >/dev/null; exit 3", 1000, &got, &err), -FL_ECORRUPT);
	cr_assert(strstr(err.text, "status 3"), "%s", err.text);
	cr_assert_eq(run("/nonexistent/program 2>/dev/null", 1000, &got, &err), -FL_ECORRUPT);
	cr_assert(strstr(err.text, "status 127"), "%s", err.text);
	free(got.data);
}

Test(command, one_that_stops_reading_is_fine)
{
	struct got got = {0};
	struct fl_error err;

	cr_assert_eq(run("head -c 5", 30000000, &got, &err), 0);
	cr_assert(got.len == 5 && memcmp(got.data, "01234", 5) == 0);
	free(got.data);
}

Test(command, nobody_needs_its_output)
{
	struct got got = {.answer = FL_FOLD_STOP};
	struct fl_error err;

	cr_assert_eq(run("cat", 30000000, &got, &err), 0);
	cr_assert(got.len > 0 && got.len < 30000000);
	free(got.data);
	got = (struct got){.answer = -ENOSPC};
	cr_assert_eq(run("cat", 30000000, &got, &err), -ENOSPC);
	free(got.data);
}

/* A process that never ends by itself is ended when the run fails elsewhere. */
static int no_start(void *op, const struct fl_run *r, struct fl_error *err)
{
	(void)op;
	(void)r;
	(void)err;
	return -EDOM;
}

static int no_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		  struct fl_error *err)
{
	(void)op;
	(void)scratch;
	(void)in;
	(void)part;
	(void)err;
	return 0;
}

static int no_fold(void *op, const struct fl_part *part, struct fl_error *err)
{
	(void)op;
	(void)part;
	(void)err;
	return 0;
}

/* Return: seconds. */
static double fail_beside(const char *text)
{
	static const struct fl_operator fails = {.size = sizeof(fails),
						 .name = "fails",
						 .cut = FL_CUT_UNIT,
						 .unit_bytes = 1,
						 .start = no_start,
						 .map = no_map,
						 .fold = no_fold};
	struct got got = {0};
	struct fl_command_options opt = {
		.size = sizeof(opt), .command = text, .write = take, .arg = &got};
	struct fl_command *command = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	cr_assert_eq(fl_command_new(&opt, &command, NULL), 0);
	cr_assert_eq(fl_pipeline_new(NULL, &pl, NULL), 0);
	cr_assert_eq(fl_pipeline_add(pl, fl_command_operator(command), command), 0);
	cr_assert_eq(fl_pipeline_add(pl, &fails, NULL), 0);
	cr_assert_eq(fl_source_open("/dev/null", &src, NULL), 0);
	cr_assert_eq(fl_pipeline_run(pl, src, NULL), -EDOM);
	cr_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "it still runs");
	fl_source_close(src);
	fl_pipeline_free(pl);
	fl_command_free(command);
	free(got.data);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return difftime(end.tv_sec, begin.tv_sec);
}

Test(command, is_ended_with_a_run_that_fails)
{
	fail_beside("yes");
	/* Whose shell is gone at once, while its children hold the pipe. */
	cr_assert(fail_beside("sleep 100 | cat") < 90);
}
