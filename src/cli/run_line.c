/* SPDX-License-Identifier: MIT */
#include "cli/run_line.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/shard.h>

#include "cli/inputs.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/run_inplace.h"

enum key {
	KEY_PLAN = 512,
	KEY_PART,
	KEY_PART_FILE
};

static const struct argp_option run_table[] = {
	{.name = "null-data", .key = 'z', .doc = "Lines end with NUL, for all stages"},
	{.name = "plan", .key = KEY_PLAN, .doc = "Say what would be done, and do nothing"},
	{.name = "part",
	 .key = KEY_PART,
	 .arg = "I/N",
	 .doc = "Only part I (from 1) of N of FILE; 'faultline merge' makes the result of all"},
	{.name = "part-file",
	 .key = KEY_PART_FILE,
	 .arg = "P",
	 .doc = "Write the part to P and P.data (default: FILE.I-of-N.part, without directories)"},
	{0},
};

/* "3/16" */
static void part_value(struct run_line *line, const char *text)
{
	char *end = NULL;
	unsigned long i, n;

	errno = 0;
	i = strtoul(text, &end, 10);
	n = *end == '/' ? strtoul(end + 1, &end, 10) : 0;
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || i < 1 || i > n ||
	    n > FL_SHARDS_MAX)
		message_usage("--part: '%s' is not I/N with I from 1 to N, and N up to %u", text,
			      FL_SHARDS_MAX);
	line->part = (unsigned)i;
	line->parts = (unsigned)n;
}

/* The options of the run end where the first stage begins. */
static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	struct run_line *line = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &line->common;
		state->child_inputs[1] = &line->common;
		state->child_inputs[2] = &line->common;
		state->child_inputs[3] = &line->inplace;
		state->err_stream = NULL;
		return 0;
	case 'z':
		line->common.run.delimiter = '\0';
		return 0;
	case KEY_PLAN:
		line->plan = 1;
		return 0;
	case KEY_PART:
		part_value(line, arg);
		return 0;
	case KEY_PART_FILE:
		line->part_file = arg;
		return 0;
	case ARGP_KEY_ARG:
		line->common.files = state->argv + state->next - 1;
		line->common.file_count = (size_t)(state->argc - state->next + 1);
		state->next = state->argc;
		(void)arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static char *list_stages(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_POST_DOC ? run_stage_list() : (char *)(uintptr_t)text;
}

static const struct argp_child run_children[] = {
	{.argp = &common_argp},
	{.argp = &document_argp},
	{.argp = &processes_argp},
	{.argp = &inplace_argp},
	{0},
};

static const struct argp run_argp = {
	.options = run_table,
	.parser = parse_run,
	.args_doc = "STAGE [ARG...] [then STAGE [ARG...]]... [-o OUT | -i] -- [FILE...]",
	.doc = "Run several jobs over each FILE in one pass. Stages that only look (count, hash, "
	       "scan) report; the others write the bytes that the stages behind them see. Without "
	       "FILE, or where it is -, read standard input.\vStages:\n",
	.children = run_children,
	.help_filter = list_stages,
};

/* "-o X" and "--output=X" name the file of a stage. scan has an -o of its own, as grep. */
static void take_output(struct run_stage *stage)
{
	int is_scan = strcmp(stage->ops->name, "scan") == 0, to = 1;

	for (int i = 1; i < stage->argc; i++) {
		char *word = stage->argv[i];

		if (strncmp(word, "--output=", 9) == 0) {
			stage->out_name = word + 9;
		} else if ((!is_scan && strcmp(word, "-o") == 0) || strcmp(word, "--output") == 0) {
			if (++i == stage->argc)
				run_stage_refuse(stage, "%s needs a file", word);
			stage->out_name = stage->argv[i];
		} else {
			stage->argv[to++] = word;
		}
	}
	stage->argc = to;
	stage->argv[to] = NULL;
}

static void add_stage(struct run_line *line, char **words, int count)
{
	struct run_stage *stage = &line->stages[line->count];

	if (count == 0)
		message_usage("a stage is missing beside 'then'");
	if (line->count == RUN_STAGES_MAX)
		message_usage("more than %d stages", RUN_STAGES_MAX);
	stage->ops = run_stage_find(words[0]);
	if (stage->ops == NULL)
		message_usage("unknown stage '%s'; 'faultline run --help' lists them", words[0]);
	stage->number = ++line->count;
	stage->common = &line->common;
	stage->argc = count;
	stage->argv = calloc((size_t)count + 1, sizeof(*stage->argv));
	if (stage->argv == NULL)
		run_stage_die(stage, "Cannot allocate memory");
	memcpy(stage->argv, words, (size_t)count * sizeof(*words));
}

/* "-o OUT" right before "--" is the last stage's, whatever that stage means by -o. */
static const char *last_output(char **words, int *count)
{
	if (*count < 3 || strcmp(words[*count - 2], "-o") != 0)
		return NULL;
	*count -= 2;
	return words[*count + 1];
}

static void split_stages(struct run_line *line, char **words, int count, int ended)
{
	const char *out = ended ? last_output(words, &count) : NULL;
	int begin = 0;

	for (int i = 0; i <= count; i++) {
		if (i < count && strcmp(words[i], "then") != 0)
			continue;
		add_stage(line, words + begin, i - begin);
		begin = i + 1;
	}
	line->stages[line->count - 1].out_name = out;
}

static void parse_stage(struct run_stage *stage)
{
	static char program[64];
	const char *of_run = message_program();

	if (stage->out_name == NULL)
		take_output(stage);
	snprintf(program, sizeof(program), "%s %s", of_run, stage->ops->name);
	stage->argv[0] = program;
	stage->ops->parse(stage, stage->argc, stage->argv);
	stage->argv[0] = (char *)(uintptr_t)stage->ops->name;
}

static int prints(const struct run_stage *stage)
{
	return stage->ops->prints != NULL && stage->ops->prints(stage);
}

/* A decoding stage's bytes are those of its segment: it begins one, where others end theirs. */
static unsigned begins_segment(const struct run_stage *stage, unsigned i)
{
	return i > 0 && (stage->ops->decodes != NULL ||
			 (stage[-1].ops->writes && stage[-1].ops->decodes == NULL));
}

/* Bytes for the next stage end a segment; of what is left over, one stage may have standard output. */
static void connect(struct run_line *line)
{
	const struct run_stage *printer = NULL;
	int decoded = 0;

	line->segments = 1;
	for (unsigned i = 0; i < line->count; i++) {
		struct run_stage *stage = &line->stages[i];
		int last = i + 1 == line->count;

		line->segments += begins_segment(stage, i);
		stage->segment = line->segments - 1;
		stage->is_named = stage->segment == 0 && !decoded;
		decoded |= stage->ops->decodes != NULL;
		if (stage->out_name == NULL)
			stage->to_stdout =
				stage->ops->writes ? last && !line->inplace.wanted : prints(stage);
		if (stage->to_stdout && printer != NULL)
			run_stage_refuse(stage,
					 "stage %u writes to standard output, too: give one "
					 "of them a file (%s)",
					 printer->number,
					 strcmp(printer->ops->name, "scan") == 0 ? "--output=FILE"
										 : "-o FILE");
		if (stage->to_stdout)
			printer = stage;
	}
}

static void find_files(struct run_line *line, char **words, int count)
{
	int end = 0, end_of_stages;

	while (end < count && strcmp(words[end], "--") != 0)
		end++;
	if (end == 0)
		message_usage("no stage given");
	end_of_stages = end;
	line->words = words;
	line->word_count = end;
	if (end < count)
		run_inplace_take(line, words, &end_of_stages);
	split_stages(line, words, end_of_stages, end < count);
	line->common.files = words + end + (end < count);
	line->common.file_count = (size_t)(count - end - (end < count));
	if (line->common.files_from != NULL && line->common.file_count > 0)
		message_usage("extra operand '%s': --files-from and FILE exclude each other",
			      line->common.files[0]);
}

void run_line_parse(struct run_line *line, int argc, char **argv)
{
	common_options_init(&line->common);
	fl_inplace_options_init(&line->inplace.how);
	if (argp_parse(&run_argp, argc, argv, ARGP_IN_ORDER, NULL, line) != 0)
		message_try_help();
	if (line->common.file_count == 0)
		message_usage("no stage given");
	if (line->common.nul && line->common.files_from == NULL)
		message_usage("-0 needs --files-from");
	if (line->common.quiet)
		line->common.progress = PROGRESS_NEVER;
	find_files(line, line->common.files, (int)line->common.file_count);
	for (unsigned i = 0; i < line->count; i++)
		parse_stage(&line->stages[i]);
	connect(line);
	run_inplace_check(line);
	if (line->part_file != NULL && line->parts == 0)
		message_usage("--part-file needs --part");
	if (line->parts > 0 && (line->common.file_count != 1 || line->common.files_from != NULL ||
				input_is_stdin(line->common.files[0])))
		message_usage("--part needs one FILE");
}

void run_line_done(struct run_line *line)
{
	for (unsigned i = 0; i < line->count; i++) {
		line->stages[i].ops->free(&line->stages[i]);
		fl_copy_free(line->stages[i].pump);
		free(line->stages[i].argv);
	}
}

static void plan_stage(const struct run_line *line, const struct run_stage *stage)
{
	const char *order = stage->ops->order != NULL ? stage->ops->order(stage) : NULL;

	outbuf_printf("  %u ", stage->number);
	for (int i = 0; i < stage->argc; i++)
		outbuf_printf("%s%s", i > 0 ? " " : "", stage->argv[i]);
	outbuf_printf(": ");
	if (order != NULL)
		outbuf_printf("waits for order (%s)", order);
	else
		outbuf_printf("fused, on all threads");
	if (stage->out_name != NULL)
		outbuf_printf("; writes to %s", stage->out_name);
	if (stage->to_stdout)
		outbuf_printf("; writes to standard output");
	if (line->inplace.wanted && stage->ops->edit != NULL)
		outbuf_printf("; edits in place");
	if (stage->number < line->tapped && stage[1].segment != stage->segment &&
	    stage->ops->writes && stage->ops->decodes == NULL)
		outbuf_printf("; feeds segment %u", stage->segment + 2);
	outbuf_printf("\n");
}

/* "1", or "1 to 3, which share each piece of the bytes" */
static void plan_members(const struct run_line *line, const struct run_stage *first)
{
	const struct run_stage *last = first;

	while (last->number < line->count && last[1].segment == first->segment)
		last++;
	if (last == first)
		outbuf_printf(": stage %u\n", first->number);
	else
		outbuf_printf(": stages %u to %u share each piece while it is in the cache\n",
			      first->number, last->number);
}

static void plan_segment(const struct run_line *line, const struct run_stage *stage, unsigned i)
{
	if (i > 0 && stage->segment == stage[-1].segment)
		return;
	outbuf_printf("segment %u reads ", stage->segment + 1);
	if (i == 0)
		outbuf_printf("the files");
	else
		outbuf_printf("what stage %u %s", stage[-1].number,
			      stage[-1].ops->writes ? "writes" : "sees");
	if (stage->ops->decodes != NULL)
		outbuf_printf(", decompressed");
	if (i > 0)
		outbuf_printf(", with offsets and lines of its own");
	plan_members(line, stage);
}

void run_line_plan(const struct run_line *line)
{
	run_inplace_plan(line);
	for (unsigned i = 0; i < line->count; i++) {
		const struct run_stage *stage = &line->stages[i];

		plan_segment(line, stage, i);
		plan_stage(line, stage);
	}
}
