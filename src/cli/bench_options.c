/* SPDX-License-Identifier: MIT */
#include "cli/bench_options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/option_value.h"
#include "cli/quote.h"

enum key {
	KEY_IO = 256,
	KEY_OP,
	KEY_CACHE,
	KEY_ADVISE,
	KEY_WINDOW,
	KEY_RUNS,
	KEY_WARMUP,
	KEY_SEED,
	KEY_DURATION,
	KEY_SIZE,
	KEY_DIR,
	KEY_LIMIT,
	KEY_LITERAL,
	KEY_COMPARE,
	KEY_THRESHOLD,
	KEY_JSON,
	KEY_CSV,
	KEY_MARKDOWN,
	KEY_REPORT
};

static const struct argp_option bench_table[] = {
	{.doc = "What is measured (lists have commas):", .group = 1},
	{.name = "io",
	 .key = KEY_IO,
	 .arg = "LIST",
	 .doc = "read, pread, readv, fread, direct, uring, uring-direct, mmap, window, populate, "
		"auto; copy: read+write, mmap+write, mmap->mmap, copy_file_range, sendfile, "
		"splice; "
		"update: pread+pwrite, mmap+msync; all"},
	{.name = "op",
	 .key = KEY_OP,
	 .arg = "LIST",
	 .doc = "touch, sum (default), hash, scan, copy, update, random"},
	{.name = "cache",
	 .key = KEY_CACHE,
	 .arg = "LIST",
	 .doc = "cold, warm, warm-small, limited; default warm,cold"},
	{.name = "advise",
	 .key = KEY_ADVISE,
	 .arg = "LIST",
	 .doc = "Hints for mapped windows: normal (default), sequential, random, willneed, "
		"populate, hugepage"},
	{.name = "threads", .key = 'j', .arg = "LIST", .doc = "Threads; 0: all processors"},
	{.name = "window-size", .key = KEY_WINDOW, .arg = "LIST", .doc = "0: automatic"},
	{.doc = "Where:", .group = 2},
	{.name = "dir", .key = KEY_DIR, .arg = "D", .doc = "For samples and copies"},
	{.name = "size",
	 .key = KEY_SIZE,
	 .arg = "SIZE",
	 .doc = "Of the sample (1G), or how much of FILE"},
	{.name = "limit", .key = KEY_LIMIT, .arg = "SIZE", .doc = "Memory in the state limited"},
	{.name = "literal", .key = KEY_LITERAL, .arg = "TEXT", .doc = "What scan looks for"},
	{.doc = "How often:", .group = 3},
	{.name = "runs",
	 .key = KEY_RUNS,
	 .arg = "N",
	 .doc = "At most so many of each (default 24); verdicts need 8"},
	{.name = "warmup", .key = KEY_WARMUP, .arg = "N", .doc = "Rounds before that (default 1)"},
	{.name = "duration",
	 .key = KEY_DURATION,
	 .arg = "S",
	 .doc = "Begin no round after S seconds (default 120)"},
	{.name = "seed",
	 .key = KEY_SEED,
	 .arg = "N",
	 .doc = "Of the order, the sample, the places"},
	{.doc = "Output:", .group = 4},
	{.name = "export-json", .key = KEY_JSON, .arg = "F", .doc = "All samples, as JSON"},
	{.name = "export-csv", .key = KEY_CSV, .arg = "F", .doc = "One line for each cell"},
	{.name = "export-markdown", .key = KEY_MARKDOWN, .arg = "F", .doc = "The table"},
	{.name = "report", .key = KEY_REPORT, .arg = "F", .doc = "One HTML page with pictures"},
	{.name = "compare",
	 .key = KEY_COMPARE,
	 .arg = "BASE.json",
	 .doc = "Status 1 when a cell is slower than there"},
	{.name = "threshold",
	 .key = KEY_THRESHOLD,
	 .arg = "PERCENT",
	 .doc = "By more than this (default 10)"},
	{.name = "quiet", .key = 'q', .doc = "No progress, no notes"},
	{0},
};

static const char *io_name(unsigned v)
{
	return fl_bench_method_name((enum fl_bench_method)v);
}

static const char *op_name(unsigned v)
{
	return fl_bench_op_name((enum fl_bench_op)v);
}

static const char *cache_name(unsigned v)
{
	return fl_bench_cache_name((enum fl_bench_cache)v);
}

static const char *advise_name(unsigned v)
{
	return fl_advise_name((enum fl_advise)v);
}

/* A method that is named twice is measured twice: what differs between the two is noise. */
static const struct bench_list_kind io_list = {"--io", bench_list_name, io_name, 1};
static const struct bench_list_kind op_list = {"--op", bench_list_name, op_name, 0};
static const struct bench_list_kind cache_list = {"--cache", bench_list_name, cache_name, 0};
static const struct bench_list_kind advise_list = {"--advise", bench_list_name, advise_name, 0};
static const struct bench_list_kind thread_list = {"--threads", bench_list_threads, NULL, 0};
static const struct bench_list_kind window_list = {"--window-size", bench_list_size, NULL, 0};

static double number(const char *option, const char *text, double least, double most)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 || !(value >= least && value <= most))
		message_usage("%s: '%s' is not a number from %g to %g", option, text, least, most);
	return value;
}

static error_t parse_output(int key, char *arg, struct bench_options *opt)
{
	switch (key) {
	case KEY_COMPARE:
		opt->compare = arg;
		return 0;
	case KEY_THRESHOLD:
		opt->threshold = number("--threshold", arg, 0, 1000) / 100;
		return 0;
	case KEY_JSON:
		opt->json = arg;
		return 0;
	case KEY_CSV:
		opt->csv = arg;
		return 0;
	case KEY_MARKDOWN:
		opt->markdown = arg;
		return 0;
	case KEY_REPORT:
		opt->report = arg;
		return 0;
	case 'q':
		opt->quiet = 1;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_matrix(int key, char *arg, struct bench_options *opt)
{
	switch (key) {
	case KEY_IO:
		bench_list_parse(&io_list, arg, &opt->io);
		return 0;
	case KEY_OP:
		bench_list_parse(&op_list, arg, &opt->op);
		return 0;
	case KEY_CACHE:
		bench_list_parse(&cache_list, arg, &opt->cache);
		return 0;
	case KEY_ADVISE:
		bench_list_parse(&advise_list, arg, &opt->advise);
		return 0;
	case 'j':
		bench_list_parse(&thread_list, arg, &opt->threads);
		return 0;
	case KEY_WINDOW:
		bench_list_parse(&window_list, arg, &opt->window);
		return 0;
	default:
		return parse_output(key, arg, opt);
	}
}

static error_t parse_bench(int key, char *arg, struct argp_state *state)
{
	struct bench_options *opt = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL;
		return 0;
	case KEY_RUNS:
		opt->runs = (unsigned)option_count("--runs", arg, 1, 1000);
		return 0;
	case KEY_WARMUP:
		opt->warmup = (unsigned)option_count("--warmup", arg, 0, 1000);
		return 0;
	case KEY_DURATION:
		opt->duration = number("--duration", arg, 0, 1e7);
		return 0;
	case KEY_SEED:
		opt->sample.seed = option_count("--seed", arg, 0, UINT64_MAX);
		return 0;
	case KEY_SIZE:
		opt->sample.bytes = option_size("--size", arg);
		return 0;
	case KEY_LIMIT:
		opt->sample.limit_bytes = option_size("--limit", arg);
		return 0;
	case KEY_LITERAL:
		opt->sample.literal = arg;
		return 0;
	case KEY_DIR:
		opt->sample.dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (strcmp(arg, "facts") == 0 && state->arg_num == 0)
			opt->facts = 1;
		else if (opt->sample.file == NULL && !opt->facts)
			opt->sample.file = arg;
		else
			message_usage("extra operand '%s'", arg);
		return 0;
	default:
		return parse_matrix(key, arg, opt);
	}
}

static const struct argp bench_argp = {
	.options = bench_table,
	.parser = parse_bench,
	.args_doc = "[FILE]\nfacts",
	.doc = "Measure ways to get at the bytes of FILE, or of a sample that is made in the "
	       "directory of --dir and removed again. FILE is never written to.",
};

/* As it can be given to a shell again; the first word is the program's name and the verb's. */
static char *join(int argc, char **argv)
{
	char *text = NULL, *word;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	fputs(argv[0], f);
	for (int i = 1; i < argc; i++) {
		word = quote_word(argv[i]);
		fprintf(f, " %s", word != NULL ? word : "?");
		free(word);
	}
	return fclose(f) == 0 ? text : NULL;
}

static void set_default(struct bench_list *list, size_t n, const unsigned *values)
{
	if (list->n > 0)
		return;
	for (size_t i = 0; i < n; i++)
		list->v[list->n++] = values[i];
}

void bench_options_parse(int argc, char **argv, struct bench_options *opt)
{
	static const unsigned ops[] = {FL_BENCH_SUM}, hints[] = {FL_ADVISE_NORMAL}, zero[] = {0};
	static const unsigned caches[] = {FL_BENCH_WARM, FL_BENCH_COLD};

	*opt = (struct bench_options){.runs = 24, .warmup = 1, .duration = 120, .threshold = 0.1};
	opt->sample.size = sizeof(opt->sample);
	opt->sample.seed = 1;
	opt->command = join(argc, argv);
	if (argp_parse(&bench_argp, argc, argv, 0, NULL, opt) != 0)
		message_try_help();
	set_default(&opt->op, 1, ops);
	set_default(&opt->cache, 2, caches);
	set_default(&opt->advise, 1, hints);
	if (opt->threads.n == 0)
		bench_list_parse(&thread_list, "0", &opt->threads);
	set_default(&opt->window, 1, zero);
}
