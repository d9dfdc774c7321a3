/* SPDX-License-Identifier: MIT */
#include "cli/option_value.h"
#include "cli/transform_options.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/inputs.h"
#include "cli/message.h"
#include "cli/redact_key.h"
#include "cli/verbs.h"

/* argp shows options without a printable key only in their long form. */
enum key {
	KEY_MASK = 512,
	KEY_MASK_CHAR,
	KEY_REDACT,
	KEY_REDACT_STYLE,
	KEY_REDACT_KEY,
	KEY_UPPER,
	KEY_LOWER,
	KEY_DOS2UNIX,
	KEY_UNIX2DOS,
	KEY_DELETE,
	KEY_KEEP,
	KEY_FILE,
	KEY_WHERE,
	KEY_MULTILINE,
	KEY_DRY_RUN,
	KEY_DIFF,
	KEY_REWRITE,
	KEY_DEDUP
};

/* As many records as --diff shows where it is not told. */
#define DIFF_DEFAULT 10

static const struct argp_option transform_table[] = {
	{.doc = "Edits, applied in the order given:", .group = 1},
	{.name = "expression",
	 .key = 'e',
	 .arg = "EDIT",
	 .doc = "s/REGEX/REPL/[gi][N], y/abc/xyz/, or an edit below without its --"},
	{.name = "mask", .key = KEY_MASK, .arg = "REGEX", .doc = "Overwrite what matches"},
	{.name = "redact",
	 .key = KEY_REDACT,
	 .arg = "LIST",
	 .doc = "Overwrite ipv4, ipv6, email, card, iban, uuid, jwt, hexkey, url-password, or all"},
	{.name = "upper", .key = KEY_UPPER, .doc = "Make letters (a-z) capitals"},
	{.name = "lower", .key = KEY_LOWER, .doc = "Make capitals (A-Z) small"},
	{.name = "dos2unix", .key = KEY_DOS2UNIX, .doc = "CR LF at the ends of lines become LF"},
	{.name = "unix2dos", .key = KEY_UNIX2DOS, .doc = "LF at the ends of lines become CR LF"},
	{.name = "delete", .key = KEY_DELETE, .arg = "REGEX", .doc = "Drop lines that match"},
	{.name = "keep", .key = KEY_KEEP, .arg = "REGEX", .doc = "Drop lines that do not match"},
	{.name = "dedup-adjacent",
	 .key = KEY_DEDUP,
	 .doc = "Drop lines that equal the one before them; the last edit"},
	{.name = "file",
	 .key = KEY_FILE,
	 .arg = "F",
	 .doc = "Read edits from F, one a line; # begins a comment"},
	{.doc = "How to edit:", .group = 2},
	{.name = "mask-char",
	 .key = KEY_MASK_CHAR,
	 .arg = "C",
	 .doc = "What masks are made of (default *)"},
	{.name = "redact-style",
	 .key = KEY_REDACT_STYLE,
	 .arg = "STYLE",
	 .doc = "mask (default), or hash: the same for the same, of the same length and shape"},
	{.name = "redact-key",
	 .key = KEY_REDACT_KEY,
	 .arg = "F",
	 .doc = "What hash depends on: 16 bytes or more, kept secret (default: random)"},
	{.name = "where", .key = KEY_WHERE, .arg = "REGEX", .doc = "Only lines that match"},
	{.name = "null-data", .key = 'z', .doc = "Lines end with NUL"},
	{.name = "multiline",
	 .key = KEY_MULTILINE,
	 .doc = "The whole text is one line, as with -z; ^ and $ match at newlines, too"},
	{.doc = "What to do with it:", .group = 3},
	{.name = "output",
	 .key = 'o',
	 .arg = "OUT",
	 .doc = "Write to OUT, which appears when it is complete"},
	{.name = "rewrite",
	 .key = KEY_REWRITE,
	 .doc = "Replace each FILE, which keeps mode, owner, attributes and ACLs"},
	{.name = "dry-run", .key = KEY_DRY_RUN, .doc = "Write nothing, print what would change"},
	{.name = "diff",
	 .key = KEY_DIFF,
	 .arg = "N",
	 .flags = OPTION_ARG_OPTIONAL,
	 .doc = "The same, and show the first N (10) lines that change"},
	{0},
};

static void no_memory(void) __attribute__((noreturn));
static void no_memory(void)
{
	message_error("%s", strerror(ENOMEM));
	exit(EXIT_TROUBLE);
}

static void add_step(struct transform_options *opt, const char *name, const char *text, size_t len)
{
	size_t name_len = strlen(name), count = opt->job.step_count;
	char *step = malloc(name_len + len + 1);

	if (count == opt->step_size) {
		opt->step_size = 2 * count + 8;
		opt->steps = realloc(opt->steps, opt->step_size * sizeof(*opt->steps));
	}
	if (step == NULL || opt->steps == NULL)
		no_memory();
	memcpy(step, name, name_len);
	memcpy(step + name_len, text, len);
	step[name_len + len] = '\0';
	opt->steps[count] = (struct fl_transform_step){step, name_len + len};
	opt->job.step_count = count + 1;
}

static void add_line(struct transform_options *opt, const char *line, size_t len)
{
	size_t blank = strspn(line, " \t");

	if (blank >= len || line[blank] == '#')
		return;
	add_step(opt, "", line + blank, len - blank);
}

static void add_file(struct transform_options *opt, const char *name)
{
	FILE *file = input_is_stdin(name) ? stdin : fopen(name, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len = -1;

	opt->has_program = 1;
	while (file != NULL && (len = getline(&line, &size, file)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		add_line(opt, line, (size_t)len);
	}
	if (file == NULL || ferror(file)) {
		message_error("%s: %s", name, strerror(errno));
		exit(EXIT_TROUBLE);
	}
	if (file != stdin)
		fclose(file);
	free(line);
}

static unsigned char mask_char(const char *text)
{
	if (strlen(text) != 1)
		message_usage("--mask-char: '%s' is not one byte", text);
	return (unsigned char)text[0];
}

static void set_style(struct transform_options *opt, const char *text)
{
	if (strcmp(text, "hash") == 0)
		opt->job.flags |= FL_TRANSFORM_HASH;
	else if (strcmp(text, "mask") == 0)
		opt->job.flags &= ~FL_TRANSFORM_HASH;
	else
		message_usage("--redact-style: '%s' is neither mask nor hash", text);
}

static uint64_t diff_value(const char *text)
{
	return text != NULL ? option_count("--diff", text, 0, UINT64_MAX) : DIFF_DEFAULT;
}

/* Return: 1 if the option is an edit. */
static int parse_edit(int key, const char *arg, struct transform_options *opt)
{
	static const struct {
		int key;
		const char *name;
	} names[] = {{'e', ""},
		     {KEY_MASK, "mask="},
		     {KEY_REDACT, "redact="},
		     {KEY_UPPER, "upper"},
		     {KEY_LOWER, "lower"},
		     {KEY_DOS2UNIX, "dos2unix"},
		     {KEY_UNIX2DOS, "unix2dos"},
		     {KEY_DELETE, "delete="},
		     {KEY_KEEP, "keep="},
		     {KEY_DEDUP, "dedup-adjacent"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (key != names[i].key)
			continue;
		add_step(opt, names[i].name, arg != NULL ? arg : "", arg != NULL ? strlen(arg) : 0);
		return 1;
	}
	return 0;
}

static const struct argp_child transform_children[] = {
	{.argp = &common_argp},
	{.argp = &document_argp},
	{.argp = &inplace_argp},
	{0},
};

static error_t parse_transform(int key, char *arg, struct argp_state *state)
{
	struct transform_options *opt = state->input;

	if (key > 0 && parse_edit(key, arg, opt))
		return 0;
	switch (key) {
	case ARGP_KEY_INIT:
		(void)common_options_key(key, &opt->common, transform_children, state);
		state->child_inputs[2] = &opt->inplace;
		return 0;
	case KEY_FILE:
		add_file(opt, arg);
		return 0;
	case KEY_MASK_CHAR:
		opt->job.mask_char = mask_char(arg);
		return 0;
	case KEY_REDACT_STYLE:
		set_style(opt, arg);
		return 0;
	case KEY_REDACT_KEY:
		opt->key_file = arg;
		return 0;
	case 'o':
		opt->output = arg;
		return 0;
	case KEY_REWRITE:
		opt->rewrite = 1;
		return 0;
	case KEY_WHERE:
		opt->job.where = arg;
		opt->job.where_len = strlen(arg);
		return 0;
	case 'z':
		opt->common.run.delimiter = '\0';
		return 0;
	case KEY_MULTILINE:
		opt->common.run.delimiter = '\0';
		opt->job.flags |= FL_TRANSFORM_MULTILINE;
		return 0;
	case KEY_DIFF:
		opt->diff = diff_value(arg);
		opt->dry_run = 1;
		return 0;
	case KEY_DRY_RUN:
		opt->dry_run = 1;
		return 0;
	default:
		return common_options_key(key, &opt->common, transform_children, state);
	}
}

static const struct argp transform_argp = {
	.options = transform_table,
	.parser = parse_transform,
	.args_doc = "[EDIT] [FILE...]",
	.doc = "Edit the lines of each FILE, as sed does, on all processors. EDIT is needed "
	       "where no option gives one. Without FILE, or where it is -, edit standard input.",
	.children = transform_children,
};

/* As sed's script. */
static void take_operand(struct transform_options *opt)
{
	struct common_options *common = &opt->common;

	if (opt->job.step_count > 0)
		return;
	if (common->file_count == 0 || opt->has_program)
		message_usage("no edit given");
	add_step(opt, "", common->files[0], strlen(common->files[0]));
	common->files++;
	common->file_count--;
}

void transform_options_parse(struct transform_options *opt, int argc, char **argv)
{
	struct fl_options *run = &opt->common.run;

	memset(opt, 0, sizeof(*opt));
	common_options_init(&opt->common);
	fl_transform_options_init(&opt->job);
	fl_inplace_options_init(&opt->inplace.how);
	common_options_parse(&transform_argp, argc, argv, opt, &opt->common);
	take_operand(opt);
	if ((opt->output != NULL) + opt->rewrite + opt->inplace.wanted > 1)
		message_usage("-i, -o and --rewrite exclude each other");
	if (opt->rewrite && opt->common.file_count == 0 && opt->common.files_from == NULL)
		message_usage("--rewrite needs a file");
	if (opt->job.flags & FL_TRANSFORM_HASH)
		redact_key_read(opt->key_file, opt->job.key);
	if ((opt->job.flags & FL_TRANSFORM_HASH) && opt->key_file == NULL &&
	    (opt->inplace.how.flags & FL_INPLACE_NO_ROLLBACK))
		message_usage("--no-rollback: without --redact-key=FILE nobody could finish what a "
			      "crash interrupts");
	if (opt->dry_run)
		opt->rewrite = 0;
	if (opt->common.json && !opt->dry_run)
		message_usage("--json needs --dry-run");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		opt->job.flags |= FL_TRANSFORM_UTF;
	/* All of the file is written, what is in the range is edited. */
	opt->job.range_off = run->range_off;
	opt->job.range_len = run->range_len;
	run->range_off = 0;
	run->range_len = FL_SIZE_UNKNOWN;
	opt->job.delimiter = run->delimiter;
	opt->job.steps = opt->steps;
}

void transform_options_done(struct transform_options *opt)
{
	for (size_t i = 0; i < opt->job.step_count; i++)
		free((void *)(uintptr_t)opt->steps[i].text);
	free(opt->steps);
}
