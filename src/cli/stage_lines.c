/* SPDX-License-Identifier: MIT */
/* Stages that hand on some of the lines or bytes: head, tail, slice, sample; and write. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/lines.h>

#include "cli/message.h"
#include "cli/run_stage.h"

enum key {
	KEY_LINES = 256,
	KEY_BYTES,
	KEY_EVERY,
	KEY_FRACTION,
	KEY_SEED
};

/* As head(1) and tail(1). */
#define LINES_DEFAULT 10

struct lines_state {
	struct run_stage *stage;
	struct fl_lines_options opt;
	struct fl_lines *lines;
	int given;
};

static struct lines_state *state_new(struct run_stage *stage, enum fl_lines_mode mode)
{
	struct lines_state *s = run_stage_state(stage, sizeof(*s));

	s->stage = stage;
	s->opt = (struct fl_lines_options){.size = sizeof(s->opt),
					   .mode = mode,
					   .to = UINT64_MAX,
					   .write = run_stage_write,
					   .arg = stage};
	return s;
}

static void parse_with(const struct argp *argp, int argc, char **argv, struct lines_state *s)
{
	if (argp_parse(argp, argc, argv, 0, NULL, s) != 0)
		message_try_help();
}

static void lines_add(struct run_stage *stage, struct fl_pipeline *pl)
{
	struct lines_state *s = stage->state;
	struct fl_error err;

	if (fl_lines_new(&s->opt, &s->lines, &err) < 0)
		run_stage_die(stage, err.text);
	run_stage_add(stage, pl, fl_lines_operator(s->lines), s->lines);
}

static void lines_free(struct run_stage *stage)
{
	struct lines_state *s = stage->state;

	fl_lines_free(s->lines);
	free(s);
}

static const char *numbers_order(const struct run_stage *stage)
{
	(void)stage;
	return "lines are counted from the first one on";
}

/* ---- head, tail */

static const struct argp_option head_table[] = {
	{.name = "lines", .key = 'n', .arg = "N", .doc = "The first N lines (default 10)"},
	{.name = "bytes", .key = 'c', .arg = "SIZE", .doc = "The first SIZE bytes"},
	{0},
};

static const struct argp_option tail_table[] = {
	{.name = "lines",
	 .key = 'n',
	 .arg = "N",
	 .doc = "The last N lines (default 10); with +N, all lines from number N on"},
	{0},
};

static error_t parse_head(int key, char *arg, struct argp_state *state)
{
	struct lines_state *s = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL;
		return 0;
	case 'n':
		s->opt.mode = FL_LINES_SLICE;
		s->opt.to = run_stage_number(s->stage, "--lines", arg, 0);
		return 0;
	case 'c':
		s->opt.mode = FL_LINES_BYTES;
		s->opt.to = run_stage_size(s->stage, "--bytes", arg);
		return 0;
	case ARGP_KEY_ARG:
		run_stage_refuse(s->stage, "extra operand '%s'; files stand behind --", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_tail(int key, char *arg, struct argp_state *state)
{
	struct lines_state *s = state->input;
	uint64_t n;

	if (key != 'n')
		return parse_head(key, arg, state);
	n = run_stage_number(s->stage, "--lines", arg + (*arg == '+'), 0);
	s->opt.mode = *arg == '+' ? FL_LINES_SLICE : FL_LINES_LAST;
	s->opt.from = *arg == '+' && n > 0 ? n - 1 : 0;
	s->opt.to = *arg == '+' ? UINT64_MAX : n;
	return 0;
}

static void head_parse(struct run_stage *stage, int argc, char **argv)
{
	static const struct argp argp = {
		.options = head_table, .parser = parse_head, .doc = "The first lines or bytes."};
	struct lines_state *s = state_new(stage, FL_LINES_SLICE);

	s->opt.to = LINES_DEFAULT;
	parse_with(&argp, argc, argv, s);
}

static void tail_parse(struct run_stage *stage, int argc, char **argv)
{
	static const struct argp argp = {
		.options = tail_table, .parser = parse_tail, .doc = "The last lines."};
	struct lines_state *s = state_new(stage, FL_LINES_LAST);

	s->opt.to = LINES_DEFAULT;
	parse_with(&argp, argc, argv, s);
}

const struct run_stage_ops stage_head = {.name = "head",
					 .summary = "The first lines (-n) or bytes (-c)",
					 .writes = 1,
					 .parse = head_parse,
					 .add = lines_add,
					 .order = numbers_order,
					 .free = lines_free};

const struct run_stage_ops stage_tail = {.name = "tail",
					 .summary = "The last lines, or those from a number on",
					 .writes = 1,
					 .parse = tail_parse,
					 .add = lines_add,
					 .order = numbers_order,
					 .free = lines_free};

/* ---- slice, sample */

static const struct argp_option slice_table[] = {
	{.name = "lines",
	 .key = KEY_LINES,
	 .arg = "OFF:LEN",
	 .doc = "LEN lines behind the first OFF; without LEN, all of them"},
	{.name = "bytes", .key = KEY_BYTES, .arg = "OFF:LEN", .doc = "LEN bytes from OFF on"},
	{0},
};

static const struct argp_option sample_table[] = {
	{.name = "every", .key = KEY_EVERY, .arg = "N", .doc = "Lines 1, N+1, 2N+1, ..."},
	{.name = "fraction",
	 .key = KEY_FRACTION,
	 .arg = "P",
	 .doc = "Each line with probability P, from 0 to 1"},
	{.name = "seed", .key = KEY_SEED, .arg = "N", .doc = "Another draw (default 0)"},
	{0},
};

static double fraction_value(const struct lines_state *s, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (*text == '\0' || *end != '\0' || !(value >= 0 && value <= 1))
		run_stage_refuse(s->stage, "--fraction: '%s' is not in 0 .. 1", text);
	return value;
}

static error_t parse_slice(int key, char *arg, struct argp_state *state)
{
	struct lines_state *s = state->input;

	switch (key) {
	case KEY_LINES:
		s->opt.mode = FL_LINES_SLICE;
		run_stage_range(s->stage, "--lines", arg, 0, &s->opt.from, &s->opt.to);
		break;
	case KEY_BYTES:
		s->opt.mode = FL_LINES_BYTES;
		run_stage_range(s->stage, "--bytes", arg, 1, &s->opt.from, &s->opt.to);
		break;
	case KEY_EVERY:
		s->opt.mode = FL_LINES_EVERY;
		s->opt.every = run_stage_number(s->stage, "--every", arg, 1);
		break;
	case KEY_FRACTION:
		s->opt.mode = FL_LINES_FRACTION;
		s->opt.fraction = fraction_value(s, arg);
		break;
	case KEY_SEED:
		s->opt.seed = run_stage_number(s->stage, "--seed", arg, 0);
		return 0;
	default:
		return key == 'n' || key == 'c' ? ARGP_ERR_UNKNOWN : parse_head(key, arg, state);
	}
	if (s->given++)
		run_stage_refuse(s->stage, "one of --lines and --bytes, --every and --fraction");
	return 0;
}

static void slice_parse(struct run_stage *stage, int argc, char **argv)
{
	static const struct argp argp = {.options = slice_table,
					 .parser = parse_slice,
					 .doc = "Lines by number, or bytes by place."};
	struct lines_state *s = state_new(stage, FL_LINES_SLICE);

	parse_with(&argp, argc, argv, s);
	if (!s->given)
		run_stage_refuse(stage, "--lines=OFF:LEN or --bytes=OFF:LEN is needed");
}

static void sample_parse(struct run_stage *stage, int argc, char **argv)
{
	static const struct argp argp = {
		.options = sample_table, .parser = parse_slice, .doc = "Some of the lines."};
	struct lines_state *s = state_new(stage, FL_LINES_EVERY);

	parse_with(&argp, argc, argv, s);
	if (!s->given)
		run_stage_refuse(stage, "--every=N or --fraction=P is needed");
}

static const char *slice_order(const struct run_stage *stage)
{
	const struct lines_state *s = stage->state;

	return s->opt.mode == FL_LINES_BYTES || s->opt.mode == FL_LINES_FRACTION
		       ? NULL
		       : numbers_order(stage);
}

const struct run_stage_ops stage_slice = {.name = "slice",
					  .summary = "Lines by number, or bytes by place",
					  .writes = 1,
					  .parse = slice_parse,
					  .add = lines_add,
					  .order = slice_order,
					  .free = lines_free};

const struct run_stage_ops stage_sample = {.name = "sample",
					   .summary = "Every Nth line, or a seeded fraction",
					   .writes = 1,
					   .parse = sample_parse,
					   .add = lines_add,
					   .order = slice_order,
					   .free = lines_free};

/* ---- write */

static error_t parse_write(int key, char *arg, struct argp_state *state)
{
	struct lines_state *s = state->input;

	if (key == ARGP_KEY_ARG && !s->given++) {
		s->stage->out_name = arg;
		return 0;
	}
	return parse_head(key == 'n' || key == 'c' ? -1 : key, arg, state);
}

static void write_parse(struct run_stage *stage, int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_write, .args_doc = "PATH", .doc = "All bytes, to a file as well."};
	struct lines_state *s = state_new(stage, FL_LINES_ALL);

	parse_with(&argp, argc, argv, s);
	if (!s->given)
		run_stage_refuse(stage, "no file given");
}

/* It prints its bytes into its own file, so that they are nobody else's. */
static int always(const struct run_stage *stage)
{
	(void)stage;
	return 1;
}

const struct run_stage_ops stage_write = {.name = "write",
					  .summary = "All bytes, to a file as well",
					  .prints = always,
					  .parse = write_parse,
					  .add = lines_add,
					  .free = lines_free};
