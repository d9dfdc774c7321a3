/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/count.h>
#include <faultline/scan.h>

#include "cli/common_options.h"
#include "cli/job.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"

/* argp shows options without a printable key only in their long form. */
#define KEY_ENGINE 512

enum prefix_when {
	PREFIX_AUTO, /* with several files */
	PREFIX_ALWAYS,
	PREFIX_NEVER
};

struct scan_options {
	struct common_options common;
	struct fl_scan_options scan;
	char *pattern; /* malloc'ed: -e may come more than once */
	enum prefix_when prefix;
};

struct scan_run {
	struct job job;
	const struct scan_options *opt;
	struct fl_scan *scan;
	int prefixed;
	int selected;
};

static const struct argp_option scan_table[] = {
	{.name = "regexp", .key = 'e', .arg = "PATTERN", .doc = "The pattern; may begin with -"},
	{.name = "fixed-strings", .key = 'F', .doc = "PATTERN is a string, or several, one a line"},
	{.name = "ignore-case", .key = 'i', .doc = "Small and capital letters are the same"},
	{.name = "invert-match", .key = 'v', .doc = "Select the lines that do not match"},
	{.name = "count", .key = 'c', .doc = "Print only the number of selected lines"},
	{.name = "only-matching", .key = 'o', .doc = "Print only what matched, each on its line"},
	{.name = "line-number", .key = 'n', .doc = "Print the number of the line"},
	{.name = "byte-offset", .key = 'b', .doc = "Print the offset of the line, or match (-o)"},
	{.name = "with-filename", .key = 'H', .doc = "Print the file name with one file, too"},
	{.name = "no-filename", .key = 'h', .doc = "Never print it"},
	{.name = "text", .key = 'a', .doc = "Print lines of binary files like others"},
	{.name = "quiet", .key = 'q', .doc = "Print nothing; end at the first selected line"},
	{.name = "silent", .flags = OPTION_ALIAS},
	{.name = "no-messages", .key = 's', .doc = "No messages about files that cannot be read"},
	{.name = "engine",
	 .key = KEY_ENGINE,
	 .arg = "NAME",
	 .doc = "auto (default), pcre2 (line by line), lit (literals only)"},
	{0},
};

/* As in grep, several patterns are one text with newlines between them. */
static void add_pattern(struct scan_options *opt, const char *text)
{
	char *joined;
	int n;

	if (opt->pattern == NULL)
		n = asprintf(&joined, "%s", text);
	else
		n = asprintf(&joined, "%s\n%s", opt->pattern, text);
	if (n < 0) {
		message_error("%s", strerror(ENOMEM));
		exit(EXIT_TROUBLE);
	}
	free(opt->pattern);
	opt->pattern = joined;
}

static enum fl_scan_engine engine_value(const char *text)
{
	static const char *const names[] = {"auto", "pcre2", "lit"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum fl_scan_engine)i;
	message_usage("--engine: '%s' is none of auto, pcre2, lit", text);
}

static unsigned flag_of(int key)
{
	switch (key) {
	case 'F':
		return FL_SCAN_FIXED;
	case 'i':
		return FL_SCAN_IGNORE_CASE;
	case 'v':
		return FL_SCAN_INVERT;
	case 'c':
		return FL_SCAN_COUNT;
	case 'o':
		return FL_SCAN_ONLY_MATCHING;
	case 'n':
		return FL_SCAN_LINE_NUMBER;
	case 'b':
		return FL_SCAN_BYTE_OFFSET;
	case 'q':
		return FL_SCAN_QUIET;
	case 'a':
		return FL_SCAN_TEXT;
	default:
		return 0;
	}
}

static void take_operands(struct scan_options *opt, struct argp_state *state)
{
	if (opt->pattern == NULL)
		add_pattern(opt, state->argv[state->next++]);
	common_options_rest(&opt->common, state);
}

static error_t parse_scan(int key, char *arg, struct argp_state *state)
{
	struct scan_options *opt = state->input;

	if (flag_of(key) != 0) {
		opt->scan.flags |= flag_of(key);
		return 0;
	}
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &opt->common;
		state->err_stream = NULL;
		return 0;
	case 'e':
		add_pattern(opt, arg);
		return 0;
	case 'H':
		opt->prefix = PREFIX_ALWAYS;
		return 0;
	case 'h':
		opt->prefix = PREFIX_NEVER;
		return 0;
	case 's':
		opt->common.quiet = 1;
		return 0;
	case KEY_ENGINE:
		opt->scan.engine = engine_value(arg);
		return 0;
	case ARGP_KEY_ARGS:
		take_operands(opt, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child scan_children[] = {
	{.argp = &common_argp},
	{0},
};

static const struct argp scan_argp = {
	.options = scan_table,
	.parser = parse_scan,
	.args_doc = "PATTERN [FILE...]\n-e PATTERN [FILE...]",
	.doc = "Print the lines of each FILE that match PATTERN, a Perl-compatible regular "
	       "expression, as grep -P does. Without FILE, or where it is -, read standard input."
	       "\vExit status: 0 if a line was selected, 1 if none was, 2 after an error.",
	.children = scan_children,
};

static int write_lines(void *arg, const void *data, size_t len)
{
	int rc;

	(void)arg;
	progress_bar_erase();
	rc = outbuf_write(data, len);
	return rc < 0 ? rc : outbuf_flush_lines();
}

static void check_pattern(const struct scan_options *opt)
{
	if (opt->pattern == NULL)
		message_usage("no pattern given");
	if ((opt->scan.flags & FL_SCAN_FIXED) == 0 && strchr(opt->pattern, '\n') != NULL)
		message_usage("several patterns need --fixed-strings");
}

static struct fl_scan *make_scan(struct scan_options *opt)
{
	struct fl_scan_options *scan = &opt->scan;
	struct fl_scan *ret = NULL;
	struct fl_error err;

	scan->size = sizeof(*scan);
	scan->pattern = opt->pattern;
	scan->pattern_len = strlen(opt->pattern);
	if ((scan->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET)) == 0)
		scan->write = write_lines;
	if (fl_scan_new(scan, &ret, &err) < 0) {
		message_error("%s", err.text);
		exit(EXIT_TROUBLE);
	}
	return ret;
}

static const char *shown_name(const char *name)
{
	return input_is_stdin(name) ? STDIN_NAME : name;
}

static void set_prefix(struct scan_run *run, const char *name)
{
	char *prefix = NULL;
	int rc = 0;

	if (!run->prefixed)
		return;
	if (asprintf(&prefix, "%s:", shown_name(name)) < 0)
		rc = -ENOMEM;
	else
		rc = fl_scan_set_prefix(run->scan, prefix);
	if (rc < 0) {
		message_error("%s", fl_strerror(rc));
		exit(EXIT_TROUBLE);
	}
	free(prefix);
}

/* Line numbers stay absolute in a range: count the lines that begin before it. */
static int count_before(const struct scan_run *run, const char *name, uint64_t *ret)
{
	struct fl_options opt = run->opt->common.run;
	struct fl_count_result result = {0};
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	struct fl_count *count = NULL;
	struct fl_source_info info = {.size = sizeof(info)};
	int rc = fl_count_new(FL_COUNT_LINES | FL_COUNT_RECORDS, &count);

	opt.range_len = opt.range_off;
	opt.range_off = 0;
	opt.progress = NULL;
	if (rc == 0)
		rc = fl_pipeline_new(&opt, &pl, NULL);
	if (rc == 0)
		rc = fl_pipeline_add(pl, fl_count_operator(count), count);
	if (rc == 0)
		rc = input_open(name, &src, NULL);
	if (rc == 0)
		rc = fl_source_info(src, &info);
	if (rc == 0 && info.size_bytes == FL_SIZE_UNKNOWN)
		rc = -ESPIPE;
	if (rc == 0)
		rc = fl_pipeline_run(pl, src, NULL);
	if (rc == 0)
		fl_count_result(count, &result);
	*ret = result.lines;
	fl_source_close(src);
	fl_pipeline_free(pl);
	fl_count_free(count);
	return rc;
}

/* Return: 1 if the file can be searched. What else is wrong with it the search itself will say. */
static int set_base_line(struct scan_run *run, const char *name)
{
	struct fl_error err = {.off = FL_OFF_NONE, .text = "line numbers in a range need a file"};
	uint64_t lines = 0;

	if (run->opt->common.run.range_off == 0 || !(run->opt->scan.flags & FL_SCAN_LINE_NUMBER))
		return 1;
	if (count_before(run, name, &lines) == -ESPIPE) {
		message_file(shown_name(name), &err);
		run->job.trouble = 1;
		return 0;
	}
	fl_scan_set_base_line(run->scan, lines);
	return 1;
}

static void report_file(const struct scan_run *run, const char *name,
			const struct fl_scan_result *result)
{
	unsigned flags = run->opt->scan.flags;

	if (flags & FL_SCAN_QUIET)
		return;
	if (flags & FL_SCAN_COUNT)
		outbuf_printf("%s%s%" PRIu64 "\n", run->prefixed ? shown_name(name) : "",
			      run->prefixed ? ":" : "", result->selected);
	else if (result->binary && result->selected > 0)
		message_error("%s: binary file matches", shown_name(name));
	outbuf_flush_lines();
}

static void scan_files(struct scan_run *run)
{
	unsigned flags = run->opt->scan.flags;
	struct fl_scan_result result;
	const char *name;
	int rc;

	while (job_next(&run->job, &name)) {
		memset(&result, 0, sizeof(result));
		set_prefix(run, name);
		if (!set_base_line(run, name))
			continue;
		rc = job_run(&run->job, name);
		if (rc == 0)
			fl_scan_result(run->scan, &result);
		run->selected |= result.selected > 0;
		/* grep can open a directory: it complains, and -c prints 0. */
		if (rc == 0 || (rc == -EISDIR && (flags & FL_SCAN_COUNT) != 0))
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

int cmd_scan(int argc, char **argv)
{
	struct scan_options opt = {0};
	struct scan_run run = {.opt = &opt};
	struct fl_scan_result result = {0};
	int trouble;

	common_options_init(&opt.common);
	common_options_parse(&scan_argp, argc, argv, &opt, &opt.common);
	check_pattern(&opt);
	run.scan = make_scan(&opt);
	job_begin(&run.job, &opt.common);
	job_add(&run.job, fl_scan_operator(run.scan), run.scan);
	run.prefixed = opt.prefix == PREFIX_ALWAYS ||
		       (opt.prefix == PREFIX_AUTO && inputs_may_be_several(&run.job.inputs));
	scan_files(&run);
	fl_scan_result(run.scan, &result);
	trouble = job_end(&run.job, result.plan, 0);
	fl_scan_free(run.scan);
	free(opt.pattern);
	return status_of(&run, trouble);
}
