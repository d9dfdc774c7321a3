/* SPDX-License-Identifier: MIT */
#include "cli/bench_options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/batch.h>

#include "cli/message.h"
#include "cli/parse_size.h"

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

typedef const char *(*name_fn)(unsigned value);

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

static void add(struct bench_list *list, uint64_t value, const char *option)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] == value)
			return;
	if (list->n == BENCH_LIST_MAX)
		message_usage("%s: more than %d values", option, BENCH_LIST_MAX);
	list->v[list->n++] = value;
}

static int add_name(struct bench_list *list, const char *word, name_fn name, const char *option)
{
	const char *known;

	for (unsigned i = 0; (known = name(i)) != NULL; i++) {
		if (strcmp(word, "all") != 0 && strcmp(word, known) != 0)
			continue;
		add(list, i, option);
		if (strcmp(word, known) == 0)
			return 1;
	}
	return strcmp(word, "all") == 0;
}

/* Words with commas between them: names that @name knows, or sizes. */
static void each_word(const char *text, struct bench_list *list, name_fn name, const char *option)
{
	char *copy = strdup(text), *save = NULL, *word;

	if (copy == NULL)
		message_usage("%s: %s", option, strerror(ENOMEM));
	for (word = strtok_r(copy, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
		uint64_t size = 0;

		if (name != NULL && !add_name(list, word, name, option))
			message_usage("%s: '%s' is not known; see --help", option, word);
		if (name == NULL) {
			int rc = faultline_parse_size(word, &size);

			if (rc < 0)
				message_usage("%s: '%s' %s", option, word,
					      faultline_size_problem(word, rc));
			add(list, size, option);
		}
	}
	free(copy);
}

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

static uint64_t size(const char *option, const char *text)
{
	uint64_t value = 0;
	int rc = faultline_parse_size(text, &value);

	if (rc < 0)
		message_usage("%s: '%s' %s", option, text, faultline_size_problem(text, rc));
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
		each_word(arg, &opt->io, io_name, "--io");
		return 0;
	case KEY_OP:
		each_word(arg, &opt->op, op_name, "--op");
		return 0;
	case KEY_CACHE:
		each_word(arg, &opt->cache, cache_name, "--cache");
		return 0;
	case KEY_ADVISE:
		each_word(arg, &opt->advise, advise_name, "--advise");
		return 0;
	case 'j':
		each_word(arg, &opt->threads, NULL, "--threads");
		return 0;
	case KEY_WINDOW:
		each_word(arg, &opt->window, NULL, "--window-size");
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
		opt->runs = (unsigned)number("--runs", arg, 1, 1000);
		return 0;
	case KEY_WARMUP:
		opt->warmup = (unsigned)number("--warmup", arg, 0, 1000);
		return 0;
	case KEY_DURATION:
		opt->duration = number("--duration", arg, 0, 1e7);
		return 0;
	case KEY_SEED:
		opt->sample.seed = (uint64_t)number("--seed", arg, 0, 9e15);
		return 0;
	case KEY_SIZE:
		opt->sample.bytes = size("--size", arg);
		return 0;
	case KEY_LIMIT:
		opt->sample.limit_bytes = size("--limit", arg);
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

static char *join(int argc, char **argv)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	for (int i = 0; i < argc; i++)
		fprintf(f, "%s%s", i > 0 ? " " : "", argv[i]);
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
	set_default(&opt->threads, 1, zero);
	set_default(&opt->window, 1, zero);
	for (size_t i = 0; i < opt->threads.n; i++)
		opt->threads.v[i] = fl_batch_threads((unsigned)opt->threads.v[i]);
}
