/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <faultline/count.h>
#include <faultline/scan.h>

#include "cli/crew.h"
#include "cli/job.h"
#include "cli/lines_before.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/scan_color.h"
#include "cli/scan_json.h"
#include "cli/scan_options.h"
#include "cli/verbs.h"

struct scan_run {
	struct job job;
	const struct scan_options *opt;
	struct fl_scan *scan;
	struct scan_color color;
	struct scan_json *json;
	int prefixed;
	int selected;
	bool leaves_rest;
};

static int flush_now;

static int write_lines(void *arg, const void *data, size_t len)
{
	int rc;

	(void)arg;
	progress_bar_erase();
	rc = outbuf_write(data, len);
	if (rc < 0)
		return rc;
	return flush_now ? outbuf_flush() : outbuf_flush_lines();
}

static int write_event(void *arg, const struct fl_scan_event *event)
{
	int rc;

	progress_bar_erase();
	rc = scan_color_event(arg, event);
	if (rc < 0 || !(event->flags & FL_SCAN_EVENT_TAIL))
		return rc;
	return flush_now ? outbuf_flush() : outbuf_flush_lines();
}

static int write_json(void *arg, const struct fl_scan_event *event)
{
	int rc;

	progress_bar_erase();
	rc = scan_json_event(arg, event);
	if (rc < 0 || !(event->flags & FL_SCAN_EVENT_TAIL))
		return rc;
	return flush_now ? outbuf_flush() : outbuf_flush_lines();
}

static bool is_stream(const char *name)
{
	struct stat st;

	return stat(input_is_stdin(name) ? "/dev/stdin" : name, &st) == 0 &&
	       (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode));
}

/*
 * `tail -f log | faultline scan x` on a terminal: whoever looks on wants each line when it is found, not
 * when its block of 96 KiB is known to be text.
 */
static bool is_watched_stream(const struct scan_options *opt)
{
	const struct common_options *common = &opt->common;

	if (!crew_is_terminal(STDOUT_FILENO) || common->files_from != NULL)
		return false;
	if (common->file_count == 0)
		return is_stream("-");
	for (size_t i = 0; i < common->file_count; i++)
		if (is_stream(common->files[i]))
			return true;
	return false;
}

/* Whoever reads on, where -m ended the search of a file: see leave_rest(). */
static bool may_leave_rest(const struct scan_options *opt)
{
	const struct common_options *common = &opt->common;
	bool reads = common->file_count == 0 || common->files_from != NULL;
	struct stat st;

	if (opt->scan.max_count == 0 || opt->list != LIST_NONE || (opt->scan.flags & FL_SCAN_QUIET))
		return false;
	for (size_t i = 0; i < common->file_count; i++)
		reads |= input_is_stdin(common->files[i]);
	return reads && stat("/dev/stdin", &st) == 0 && S_ISREG(st.st_mode);
}

static struct fl_scan *make_scan(struct scan_run *run, const struct scan_options *opt)
{
	struct fl_scan_options scan = opt->scan;
	struct fl_scan *ret = NULL;
	struct fl_error err;

	scan.size = sizeof(scan);
	scan.pattern = opt->pattern;
	scan.pattern_len = opt->pattern_len;
	if (is_watched_stream(opt))
		scan.flags |= FL_SCAN_STREAMING;
	run->leaves_rest = may_leave_rest(opt);
	scan.tell_end = run->leaves_rest;
	if (opt->list != LIST_NONE) {
		scan.flags |= FL_SCAN_QUIET;
	} else if (run->json != NULL) {
		scan.event = write_json;
		scan.arg = run->json;
	} else if (opt->color && !(scan.flags & (FL_SCAN_COUNT | FL_SCAN_QUIET))) {
		scan.event = write_event;
		scan.arg = &run->color;
	} else {
		scan.write = write_lines;
	}
	flush_now = opt->line_buffered;
	if (fl_scan_new(&scan, &ret, &err) < 0) {
		message_error("%s", err.text);
		exit(EXIT_TROUBLE);
	}
	return ret;
}

/* Files below the current directory, where nothing was named, are called as ls would. */
static const char *shown_name(const struct scan_run *run, const char *name)
{
	if (input_is_stdin(name) && run->json != NULL && strcmp(run->opt->label, STDIN_NAME) == 0)
		return "<stdin>"; /* to ripgrep's consumers */
	if (input_is_stdin(name))
		return run->opt->label;
	if (inputs_are_implied(&run->job.inputs) && strncmp(name, "./", 2) == 0)
		return name + 2;
	return name;
}

static void set_prefix(struct scan_run *run, const char *name)
{
	int rc = 0;

	run->color.name = run->prefixed ? shown_name(run, name) : NULL;
	if (run->prefixed)
		rc = fl_scan_set_prefix(run->scan, shown_name(run, name));
	if (rc < 0) {
		message_error("%s", fl_strerror(rc));
		exit(EXIT_TROUBLE);
	}
}

/* What is wrong with the file the search itself will say. */
static void set_base_line(struct scan_run *run, const char *name)
{
	uint64_t lines = 0;

	/* Numbers are the folds' business. */
	if (crew_follows() || run->opt->common.run.range_off == 0 ||
	    !(run->opt->scan.flags & FL_SCAN_LINE_NUMBER))
		return;
	if (lines_before(&run->opt->common, name, &lines) == -ESPIPE)
		lines = FL_SCAN_BASE_COUNTED;
	fl_scan_set_base_line(run->scan, lines);
}

/* With --crlf all that is no line of the file ends as its lines do, as in ripgrep. */
static const char *line_end(const struct scan_run *run)
{
	return run->opt->scan.flags & FL_SCAN_CRLF ? "\r\n" : "\n";
}

static void print_name(const struct scan_run *run, const char *name, const char *behind)
{
	if (run->opt->color)
		scan_color_name(shown_name(run, name));
	else
		outbuf_printf("%s", shown_name(run, name));
	if (run->opt->scan.flags & FL_SCAN_NULL)
		outbuf_write("", 1);
	else if (run->opt->color && *behind == ':')
		scan_color_mark(behind);
	else
		outbuf_write(behind, strlen(behind));
}

static void report_file(struct scan_run *run, const char *name, const struct fl_scan_result *result)
{
	unsigned flags = run->opt->scan.flags;
	enum list_files list = run->opt->list;

	if (list != LIST_NONE && !(flags & FL_SCAN_QUIET)) {
		if ((result->selected > 0) == (list == LIST_MATCHING))
			print_name(run, name, line_end(run));
	} else if (flags & FL_SCAN_QUIET) {
		return;
	} else if (flags & FL_SCAN_COUNT) {
		if (run->prefixed)
			print_name(run, name, ":");
		outbuf_printf("%" PRIu64 "%s",
			      flags & FL_SCAN_COUNT_MATCHES ? result->matches : result->selected,
			      line_end(run));
	} else if (result->binary && result->selected > 0 && run->json == NULL) {
		message_error("%s: binary file matches", shown_name(run, name));
	}
	if (flush_now)
		outbuf_flush();
	outbuf_flush_lines();
}

static void end_json(struct scan_run *run)
{
	struct fl_stats stats = {.size = sizeof(stats)};
	struct scan_json_run of_run = {.binary_off = UINT64_MAX};
	struct fl_scan_result result;

	if (run->json == NULL)
		return;
	fl_scan_result(run->scan, &result);
	fl_pipeline_stats(run->job.pl, &stats);
	of_run.ns = stats.ns;
	of_run.bytes = stats.bytes;
	of_run.binary_off = result.binary_off;
	scan_json_end(run->json, &of_run);
}

/*
 * As in grep: what is written there would be read again, and found, and written. Where nothing is written, or but
 * one line, that cannot be. Return: true where standard output, *ret, may be such a file.
 */
static bool may_be_input(const struct scan_run *run, struct stat *ret)
{
	const struct fl_scan_options *scan = &run->opt->scan;

	if ((scan->flags & (FL_SCAN_QUIET | FL_SCAN_COUNT)) || run->opt->list != LIST_NONE ||
	    scan->max_count == 1 || crew_follows())
		return false;
	return stat("/dev/stdout", ret) == 0 && S_ISREG(ret->st_mode);
}

static bool is_file(const struct stat *file, const char *name)
{
	struct stat in;

	return stat(input_is_stdin(name) ? "/dev/stdin" : name, &in) == 0 &&
	       in.st_ino == file->st_ino && in.st_dev == file->st_dev;
}

static void refuse_output(struct scan_run *run, const char *name)
{
	if (!run->opt->common.quiet)
		message_error("%s: input file is also the output", shown_name(run, name));
	run->job.trouble = 1;
}

/*
 * As grep does, for whoever reads on: standard input is left behind the last line that -m allowed.
 * Return: where standard input stands, or -1.
 */
static off_t stdin_position(const char *name)
{
	return input_is_stdin(name) ? lseek(STDIN_FILENO, 0, SEEK_CUR) : -1;
}

static void leave_rest(const struct scan_run *run, off_t began, const struct fl_scan_result *result)
{
	off_t end, next;

	if (!run->leaves_rest || began < 0 || result->end_off == UINT64_MAX ||
	    run->job.kind != FL_SOURCE_REGULAR)
		return;
	/* The last line may have no newline. */
	end = lseek(STDIN_FILENO, 0, SEEK_END);
	next = began + (off_t)result->end_off + 1;
	if (next < end)
		(void)lseek(STDIN_FILENO, next, SEEK_SET);
}

/* What is too long for the address space is a line: there is an option about these. */
static void complain_of_file(struct job *job, const char *name, const struct fl_error *err,
			     int was_run)
{
	struct fl_error told = *err;

	if (job->common->quiet || outbuf_error() != 0)
		return;
	if (was_run && err->code == -ENOMEM && err->off != FL_OFF_NONE)
		snprintf(told.text, sizeof(told.text), "%.200s (see --max-line-size)", err->text);
	message_file(name, &told);
}

static void scan_files(struct scan_run *run)
{
	unsigned flags = run->opt->scan.flags;
	int countable = (flags & FL_SCAN_COUNT) != 0 || run->opt->list == LIST_OTHERS;
	struct fl_scan_result result;
	const char *name;
	struct stat out;
	bool to_file = may_be_input(run, &out);
	off_t began;
	int rc;

	while (job_next(&run->job, &name)) {
		if (to_file && is_file(&out, name)) {
			refuse_output(run, name);
			continue;
		}
		memset(&result, 0, sizeof(result));
		set_prefix(run, name);
		set_base_line(run, name);
		if (run->json != NULL)
			scan_json_begin(run->json, shown_name(run, name));
		began = stdin_position(name);
		rc = job_run(&run->job, name);
		end_json(run);
		if (rc == 0 && !run->opt->stop) {
			fl_scan_result(run->scan, &result);
			leave_rest(run, began, &result);
		}
		run->selected |= result.selected > 0;
		/* grep can open a directory: it complains, and -c prints 0. */
		if (rc == 0 || (rc == -EISDIR && countable))
			report_file(run, name, &result);
		if (run->selected && (flags & FL_SCAN_QUIET) != 0)
			return;
	}
}

static int status_of(const struct scan_run *run, int trouble)
{
	if (run->selected && (run->opt->scan.flags & FL_SCAN_QUIET) != 0)
		return 0;
	if (trouble)
		return trouble;
	return run->selected ? 0 : EXIT_SELECTED_NONE;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int cmd_scan(int argc, char **argv)
{
	struct scan_options opt;
	struct scan_run run = {.opt = &opt};
	struct fl_scan_result result = {0};
	uint64_t start = now_ns();
	int trouble;

	scan_options_parse(&opt, argc, argv);
	if (opt.color)
		scan_color_init();
	run.color =
		(struct scan_color){.flags = opt.scan.flags, .eol = (char)opt.common.run.delimiter};
	/* Where nothing is searched ripgrep does not even say so. */
	if (opt.json && !opt.stop)
		run.json = scan_json_new((char)opt.common.run.delimiter,
					 (opt.scan.flags & FL_SCAN_PATTERN_ID) != 0,
					 opt.scan.max_line_bytes);
	run.scan = make_scan(&run, &opt);
	job_begin(&run.job, &opt.common);
	run.job.complain = complain_of_file;
	job_add(&run.job, fl_scan_operator(run.scan), run.scan);
	run.prefixed = opt.prefix == PREFIX_ALWAYS ||
		       (opt.prefix == PREFIX_AUTO && inputs_may_be_several(&run.job.inputs) &&
			!inputs_are_one_file(&run.job.inputs));
	if (!opt.stop || opt.list == LIST_OTHERS)
		scan_files(&run);
	if (run.json != NULL)
		scan_json_finish(run.json, now_ns() - start);
	fl_scan_result(run.scan, &result);
	trouble = job_end(&run.job, result.plan, 0);
	fl_scan_free(run.scan);
	scan_options_done(&opt);
	return status_of(&run, trouble);
}
