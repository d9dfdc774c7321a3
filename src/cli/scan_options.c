/* SPDX-License-Identifier: MIT */
#include "cli/option_value.h"
#include "cli/scan_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/decode_options.h"
#include "cli/inputs.h"
#include "cli/message.h"
#include "cli/scan_color.h"
#include "cli/scan_complete.h"
#include "cli/verbs.h"

/* argp shows options without a printable key only in their long form. */
enum key {
	KEY_ENGINE = 512,
	KEY_COUNT_MATCHES,
	KEY_BINARY,
	KEY_CRLF,
	KEY_LABEL,
	KEY_COLOR,
	KEY_LINES,
	KEY_COLUMN,
	KEY_PASSTHRU,
	KEY_UCP,
	KEY_INCLUDE,
	KEY_EXCLUDE,
	KEY_EXCLUDE_DIR,
	KEY_JSON,
	KEY_FOLLOW,
	KEY_REPLACE,
	KEY_PREVIEW,
	KEY_MAX_LINE,
	KEY_PATTERN_ID,
	KEY_DOTALL
};

static const struct argp_option scan_table[] = {
	{.name = "regexp", .key = 'e', .arg = "PATTERN", .doc = "The pattern; may begin with -"},
	{.name = "file",
	 .key = 'f',
	 .arg = "FILE",
	 .doc = "Patterns, one a line (- is standard input)"},
	{.name = "perl-regexp", .key = 'P', .doc = "Perl-compatible syntax (default)"},
	{.name = "extended-regexp", .key = 'E', .doc = "POSIX extended syntax"},
	{.name = "basic-regexp", .key = 'G', .doc = "POSIX basic syntax"},
	{.name = "fixed-strings", .key = 'F', .doc = "PATTERN is a string, or several, one a line"},
	{.name = "ignore-case", .key = 'i', .doc = "Small and capital letters are the same"},
	{.name = "smart-case",
	 .key = 'S',
	 .doc = "As -i if no literal of the patterns is a capital letter"},
	{.name = "word-regexp", .key = 'w', .doc = "Matches begin and end at words"},
	{.name = "line-regexp", .key = 'x', .doc = "Matches are whole lines"},
	{.name = "multiline", .key = 'U', .doc = "Matches may go on over line ends, 1 MiB at most"},
	{.name = "multiline-dotall", .key = KEY_DOTALL, .doc = "With -U, . matches line ends, too"},
	{.name = "invert-match", .key = 'v', .doc = "Select the lines that do not match"},
	{.name = "count", .key = 'c', .doc = "Print only the number of selected lines"},
	{.name = "count-matches", .key = KEY_COUNT_MATCHES, .doc = "Print the number of matches"},
	{.name = "files-with-matches",
	 .key = 'l',
	 .doc = "Print only names of files with selected lines"},
	{.name = "files-without-match", .key = 'L', .doc = "Print only names of files without"},
	{.name = "max-count",
	 .key = 'm',
	 .arg = "N",
	 .doc = "Stop after N selected lines of a file"},
	{.name = "after-context", .key = 'A', .arg = "N", .doc = "Print N lines after each, too"},
	{.name = "before-context", .key = 'B', .arg = "N", .doc = "Print N lines before each, too"},
	{.name = "context", .key = 'C', .arg = "N", .doc = "Both"},
	{.name = "-NUM", .flags = OPTION_DOC, .doc = "The same, as -2"},
	{.key = '1', .arg = "N", .flags = OPTION_ARG_OPTIONAL | OPTION_HIDDEN},
	{.key = '2', .arg = "N", .flags = OPTION_ARG_OPTIONAL | OPTION_HIDDEN},
	{.key = '3', .arg = "N", .flags = OPTION_ARG_OPTIONAL | OPTION_HIDDEN},
	{.key = '4', .arg = "N", .flags = OPTION_ARG_OPTIONAL | OPTION_HIDDEN},
	{.key = '5', .arg = "N", .flags = OPTION_ARG_OPTIONAL | OPTION_HIDDEN},
	{.key = '6', .arg = "N", .flags = OPTION_ARG_OPTIONAL | OPTION_HIDDEN},
	{.key = '7', .arg = "N", .flags = OPTION_ARG_OPTIONAL | OPTION_HIDDEN},
	{.key = '8', .arg = "N", .flags = OPTION_ARG_OPTIONAL | OPTION_HIDDEN},
	{.key = '9', .arg = "N", .flags = OPTION_ARG_OPTIONAL | OPTION_HIDDEN},
	{.name = "only-matching", .key = 'o', .doc = "Print only what matched, each on its line"},
	{.name = "line-number", .key = 'n', .doc = "Print the number of the line"},
	{.name = "byte-offset", .key = 'b', .doc = "Print the offset of the line, or match (-o)"},
	{.name = "initial-tab",
	 .key = 'T',
	 .doc = "A tab before the line's own text; numbers are as wide as the file's size"},
	{.name = "column",
	 .key = KEY_COLUMN,
	 .doc = "Print the column of the first match, in bytes from 1"},
	{.name = "passthru", .key = KEY_PASSTHRU, .doc = "Print the lines that do not match, too"},
	{.name = "replace",
	 .key = KEY_REPLACE,
	 .arg = "TEXT",
	 .doc = "Print TEXT in place of matches; $1, $name, ${name}: what groups matched"},
	{.name = "max-columns",
	 .key = 'M',
	 .arg = "N",
	 .doc = "Print a notice in place of lines with more than N bytes"},
	{.name = "max-columns-preview",
	 .key = KEY_PREVIEW,
	 .doc = "Print the beginning of such lines, too"},
	{.name = "max-line-size",
	 .key = KEY_MAX_LINE,
	 .arg = "SIZE",
	 .doc = "A line with more bytes is an error"},
	{.name = "pattern-id",
	 .key = KEY_PATTERN_ID,
	 .doc = "Print which pattern matched: the number of its -e, or line of -f"},
	{.name = "json", .key = KEY_JSON, .doc = "Print JSON Lines, as ripgrep does"},
	{.name = "with-filename", .key = 'H', .doc = "Print the file name with one file, too"},
	{.name = "no-filename", .key = 'h', .doc = "Never print it"},
	{.name = "text", .key = 'a', .doc = "Print lines of binary files like others"},
	{.name = "binary-files",
	 .key = KEY_BINARY,
	 .arg = "TYPE",
	 .doc = "binary (default), text, without-match"},
	{.key = 'I', .doc = "The same as --binary-files=without-match"},
	{.name = "null-data", .key = 'z', .doc = "Lines end with NUL"},
	{.name = "null", .key = 'Z', .doc = "A NUL follows file names"},
	{.name = "crlf", .key = KEY_CRLF, .doc = "A CR before a line's end belongs to it"},
	{.name = "label", .key = KEY_LABEL, .arg = "NAME", .doc = "What to call standard input"},
	{.name = "color",
	 .key = KEY_COLOR,
	 .arg = "WHEN",
	 .flags = OPTION_ARG_OPTIONAL,
	 .doc = "always, never or auto (default)"},
	{.name = "colour", .flags = OPTION_ALIAS | OPTION_HIDDEN},
	{.name = "follow",
	 .key = KEY_FOLLOW,
	 .doc = "Go on as FILE grows, is cut or replaced, as tail -F does"},
	{.name = "line-buffered", .key = KEY_LINES, .doc = "Write out what is found at once"},
	{.name = "quiet", .key = 'q', .doc = "Print nothing; end at the first selected line"},
	{.name = "silent", .flags = OPTION_ALIAS},
	{.name = "no-messages", .key = 's', .doc = "No messages about files that cannot be read"},
	{.name = "recursive",
	 .key = 'r',
	 .doc = "Search the files below directories (default: here)"},
	{.name = "include", .key = KEY_INCLUDE, .arg = "GLOB", .doc = "Only files with such names"},
	{.name = "exclude", .key = KEY_EXCLUDE, .arg = "GLOB", .doc = "No files with such names"},
	{.name = "exclude-dir",
	 .key = KEY_EXCLUDE_DIR,
	 .arg = "GLOB",
	 .doc = "Do not enter directories with such names"},
	{.name = "ucp", .key = KEY_UCP, .doc = "\\w, \\d, \\s and \\b mean Unicode's properties"},
	{.name = "engine",
	 .key = KEY_ENGINE,
	 .arg = "NAME",
	 .doc = "auto (default), pcre2 (line by line), lit (literals only), hs (Hyperscan), "
		"streams (bit streams)"},
	{0},
};

static void no_memory(void) __attribute__((noreturn));
static void no_memory(void)
{
	message_error("%s", strerror(ENOMEM));
	exit(EXIT_TROUBLE);
}

void scan_options_add_pattern(struct scan_options *opt, const char *text, size_t len)
{
	size_t at = opt->pattern != NULL ? opt->pattern_len + 1 : 0;
	char *joined = realloc(opt->pattern, at + len + 1);

	if (joined == NULL)
		no_memory();
	if (at > 0)
		joined[at - 1] = '\n';
	memcpy(joined + at, text, len);
	opt->pattern = joined;
	opt->pattern_len = at + len;
}

static void add_patterns_of(struct scan_options *opt, const char *name)
{
	FILE *file = input_is_stdin(name) ? stdin : fopen(name, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len = -1;

	while (file != NULL && (len = getline(&line, &size, file)) > 0)
		scan_options_add_pattern(opt, line, (size_t)len - (line[len - 1] == '\n'));
	if (file == NULL || ferror(file)) {
		message_error("%s: %s", name, strerror(errno));
		exit(EXIT_TROUBLE);
	}
	if (file != stdin)
		fclose(file);
	free(line);
	opt->no_pattern = 1;
}

static long long number_value(const char *option, const char *text)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || (errno != 0 && errno != ERANGE))
		message_usage("%s: '%s' is not a number", option, text);
	return value;
}

static long long context_value(const char *option, const char *text)
{
	long long value = number_value(option, text);

	if (value < 0)
		message_usage("%s: '%s' is not a number of lines", option, text);
	return value;
}

static void take_max_count(struct scan_options *opt, const char *text)
{
	long long value = number_value("--max-count", text);

	/* As in grep, a negative number is no limit. */
	opt->stop = value == 0;
	opt->scan.max_count = value > 0 ? (uint64_t)value : 0;
}

static void take_binary(struct scan_options *opt, const char *type)
{
	opt->scan.flags &= ~(FL_SCAN_TEXT | FL_SCAN_SKIP_BINARY);
	if (strcmp(type, "text") == 0)
		opt->scan.flags |= FL_SCAN_TEXT;
	else if (strcmp(type, "without-match") == 0)
		opt->scan.flags |= FL_SCAN_SKIP_BINARY;
	else if (strcmp(type, "binary") != 0)
		message_usage("--binary-files: '%s' is none of binary, text, without-match", type);
}

static enum fl_scan_engine engine_value(const char *text)
{
	static const char *const names[] = {"auto", "pcre2", "lit", "hs", "streams"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum fl_scan_engine)i;
	message_usage("--engine: '%s' is none of auto, pcre2, lit, hs, streams", text);
}

static void add_rule(struct walk_options *walk, const char *pattern, int include)
{
	struct walk_rule *rules =
		realloc(walk->rules, (walk->rule_count + 1) * sizeof(*walk->rules));

	if (rules == NULL)
		no_memory();
	rules[walk->rule_count++] = (struct walk_rule){pattern, include};
	walk->rules = rules;
}

/* A trailing slash is only the shell's completion. */
static void add_no_dir(struct walk_options *walk, char *pattern)
{
	const char **dirs =
		realloc(walk->no_dirs, (walk->no_dir_count + 1) * sizeof(*walk->no_dirs));
	size_t len = strlen(pattern);

	if (dirs == NULL)
		no_memory();
	while (len > 1 && pattern[len - 1] == '/')
		pattern[--len] = '\0';
	dirs[walk->no_dir_count++] = pattern;
	walk->no_dirs = dirs;
}

static unsigned flag_of(int key)
{
	switch (key) {
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
	case 'w':
		return FL_SCAN_WORD;
	case 'x':
		return FL_SCAN_LINE_REGEXP;
	case 'Z':
		return FL_SCAN_NULL;
	case 'T':
		return FL_SCAN_INITIAL_TAB;
	case 'U':
		return FL_SCAN_MULTILINE;
	case KEY_DOTALL:
		return FL_SCAN_DOTALL;
	case KEY_CRLF:
		return FL_SCAN_CRLF;
	case KEY_COLUMN:
		return FL_SCAN_COLUMN;
	case KEY_PASSTHRU:
		return FL_SCAN_PASSTHRU;
	case KEY_UCP:
		return FL_SCAN_UCP;
	case KEY_PREVIEW:
		return FL_SCAN_PREVIEW;
	case KEY_PATTERN_ID:
		return FL_SCAN_PATTERN_ID;
	case KEY_COUNT_MATCHES:
		return FL_SCAN_COUNT | FL_SCAN_COUNT_MATCHES;
	default:
		return 0;
	}
}

static unsigned syntax_of(int key)
{
	switch (key) {
	case 'F':
		return FL_SCAN_FIXED;
	case 'E':
		return FL_SCAN_EXTENDED;
	case 'G':
		return FL_SCAN_BASIC;
	default:
		return 0;
	}
}

static void take_operands(struct scan_options *opt, struct argp_state *state)
{
	if (opt->pattern == NULL && !opt->no_pattern) {
		const char *text = state->argv[state->next++];

		scan_options_add_pattern(opt, text, strlen(text));
	}
	common_options_rest(&opt->common, state);
}

static void take_color(struct scan_options *opt, const char *when)
{
	opt->color = scan_color_wanted(when != NULL ? when : "auto");
	if (opt->color < 0)
		message_usage("--color: '%s' is none of always, never, auto", when);
}

static error_t parse_value(int key, char *arg, struct scan_options *opt)
{
	switch (key) {
	case 'e':
		scan_options_add_pattern(opt, arg, strlen(arg));
		return 0;
	case 'f':
		add_patterns_of(opt, arg);
		return 0;
	case 'A':
		opt->after = context_value("--after-context", arg);
		return 0;
	case 'B':
		opt->before = context_value("--before-context", arg);
		return 0;
	case 'C':
		opt->both = context_value("--context", arg);
		return 0;
	case 'm':
		take_max_count(opt, arg);
		return 0;
	case KEY_BINARY:
		take_binary(opt, arg);
		return 0;
	case KEY_INCLUDE:
		add_rule(&opt->common.walk, arg, 1);
		return 0;
	case KEY_EXCLUDE:
		add_rule(&opt->common.walk, arg, 0);
		return 0;
	case KEY_EXCLUDE_DIR:
		add_no_dir(&opt->common.walk, arg);
		return 0;
	case KEY_LABEL:
		opt->label = arg;
		return 0;
	case KEY_COLOR:
		take_color(opt, arg);
		return 0;
	case KEY_REPLACE:
		opt->scan.replace = arg;
		opt->scan.replace_len = strlen(arg);
		return 0;
	case 'M':
		opt->scan.max_columns = option_size("--max-columns", arg);
		return 0;
	case KEY_MAX_LINE:
		opt->scan.max_line_bytes = option_size("--max-line-size", arg);
		opt->common.run.max_record_bytes = opt->scan.max_line_bytes;
		return 0;
	case KEY_ENGINE:
		opt->scan.engine = engine_value(arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_switch(int key, struct scan_options *opt)
{
	switch (key) {
	case 'P':
	case 'E':
	case 'F':
	case 'G':
		if (opt->matcher != 0 && opt->matcher != key)
			message_usage("conflicting matchers specified");
		opt->matcher = key;
		opt->syntax = syntax_of(key);
		return 0;
	case 'S':
		opt->smart_case = 1;
		opt->scan.flags &= ~FL_SCAN_IGNORE_CASE;
		return 0;
	case 'H':
		opt->prefix = PREFIX_ALWAYS;
		return 0;
	case 'h':
		opt->prefix = PREFIX_NEVER;
		return 0;
	case 'l':
		opt->list = LIST_MATCHING;
		return 0;
	case 'L':
		opt->list = LIST_OTHERS;
		return 0;
	case 's':
		opt->common.quiet = 1;
		return 0;
	case 'a':
		take_binary(opt, "text");
		return 0;
	case 'I':
		take_binary(opt, "without-match");
		return 0;
	case 'z':
		opt->common.run.delimiter = '\0';
		opt->scan.flags |= FL_SCAN_NULL_DATA;
		return 0;
	case 'r':
		opt->common.walk.recursive = 1;
		opt->common.walk.pass_over = 1;
		return 0;
	case KEY_JSON:
		opt->json = 1;
		return 0;
	case KEY_FOLLOW:
		opt->common.follow = 1;
		opt->line_buffered = 1;
		opt->scan.flags |= FL_SCAN_STREAMING;
		return 0;
	case KEY_LINES:
		opt->line_buffered = 1;
		opt->scan.flags |= FL_SCAN_STREAMING;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option *option_of(int key)
{
	for (const struct argp_option *o = scan_table; o->name != NULL || o->key != 0; o++)
		if (o->key == key)
			return o;
	return NULL;
}

static error_t parse_scan(int key, char *arg, struct argp_state *state);

/* What follows the digits of "-2n". */
static error_t parse_letters(char *letters, struct argp_state *state)
{
	for (char *p = letters; *p != '\0'; p++) {
		const struct argp_option *option = option_of(*p);

		if (option == NULL || isdigit((unsigned char)*p))
			message_usage("invalid option -- '%c'", *p);
		if (option->arg == NULL) {
			parse_scan(*p, NULL, state);
			continue;
		}
		if (p[1] == '\0' && state->next == state->argc)
			message_usage("option requires an argument -- '%c'", *p);
		return parse_scan(*p, p[1] != '\0' ? p + 1 : state->argv[state->next++], state);
	}
	return 0;
}

/* -NUM (-0 is that of --files-from): to argp the first digit is an option and all others its argument. */
static error_t take_lines(struct scan_options *opt, int digit, char *rest, struct argp_state *state)
{
	size_t n = rest != NULL ? strspn(rest, "0123456789") : 0;
	char *text = NULL;

	if (asprintf(&text, "%c%.*s", digit, (int)n, n > 0 ? rest : "") < 0)
		no_memory();
	opt->both = context_value("--context", text);
	free(text);
	return rest != NULL ? parse_letters(rest + n, state) : 0;
}

static const struct argp_child scan_children[] = {
	{.argp = &common_argp},
	{.argp = &processes_argp},
	{.argp = &decode_argp},
	{0},
};

static error_t parse_scan(int key, char *arg, struct argp_state *state)
{
	struct scan_options *opt = state->input;

	if (flag_of(key) != 0) {
		/* Of -c and --count-matches, -i and -S the last one is meant, as in ripgrep. */
		if (key == 'c')
			opt->scan.flags &= ~FL_SCAN_COUNT_MATCHES;
		if (key == 'i')
			opt->smart_case = 0;
		opt->scan.flags |= flag_of(key);
		return 0;
	}
	if (key >= '1' && key <= '9')
		return take_lines(opt, key, arg, state);
	if (key == ARGP_KEY_ARGS) {
		take_operands(opt, state);
		return 0;
	}
	if (parse_switch(key, opt) == 0 || parse_value(key, arg, opt) == 0)
		return 0;
	return common_options_key(key, &opt->common, scan_children, state);
}

static const struct argp scan_argp = {
	.options = scan_table,
	.parser = parse_scan,
	.args_doc = "PATTERN [FILE...]\n-e PATTERN [FILE...]",
	.doc = "Print the lines of each FILE that match PATTERN, a Perl-compatible regular "
	       "expression, as grep -P does. Without FILE, or where it is -, read standard input."
	       "\vExit status: 0 if a line was selected, 1 if none was, 2 after an error.",
	.children = scan_children,
};

void scan_options_parse(struct scan_options *opt, int argc, char **argv)
{
	memset(opt, 0, sizeof(*opt));
	opt->before = opt->after = opt->both = -1;
	opt->label = STDIN_NAME;
	common_options_init(&opt->common);
	opt->common.lone_nul = 1;
	common_options_parse(&scan_argp, argc, argv, opt, &opt->common);
	scan_options_complete(opt);
}

void scan_options_done(struct scan_options *opt)
{
	free(opt->pattern);
	free(opt->common.walk.rules);
	free(opt->common.walk.no_dirs);
}
