/* SPDX-License-Identifier: MIT */
/* The stage that cuts its input into numbered files. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/lines.h>
#include <faultline/output.h>

#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/run_stage.h"

enum key {
	KEY_LINES = 256,
	KEY_BYTES
};

/**
 * struct split_state
 * @by_bytes: a file holds @most bytes, else @most lines
 * @left:     of them, in the file that is open
 * @number:   of that file, from 0; goes on over all inputs
 * @done:     files that have their names
 * @name:     of the file that is open, or was last
 */
struct split_state {
	struct run_stage *stage;
	struct fl_lines *lines;
	const char *prefix;
	int by_bytes;
	uint64_t most;
	uint64_t left;
	uint64_t number;
	uint64_t done;
	struct fl_output *out;
	char *name;
};

static const struct argp_option split_table[] = {
	{.name = "lines", .key = KEY_LINES, .arg = "N", .doc = "N lines to a file"},
	{.name = "records", .key = KEY_LINES, .flags = OPTION_ALIAS},
	{.name = "bytes", .key = KEY_BYTES, .arg = "SIZE", .doc = "SIZE bytes to a file"},
	{0},
};

static int open_next(struct split_state *s)
{
	struct fl_output_options opt = {.size = sizeof(opt), .flags = FL_OUTPUT_REPLACE};

	free(s->name);
	if (asprintf(&s->name, "%s.%06" PRIu64, s->prefix, s->number) < 0) {
		s->name = NULL;
		return -ENOMEM;
	}
	opt.path = s->name;
	s->number++;
	s->left = s->most;
	return fl_output_open(&opt, &s->out, NULL);
}

/* A file is complete, and gets its name, when the next one is to begin. */
static int close_file(struct split_state *s)
{
	struct fl_output *out = s->out;
	int rc;

	s->out = NULL;
	rc = out != NULL ? fl_output_commit(out, NULL) : 0;
	s->done += out != NULL && rc == 0;
	return rc;
}

/* Bytes that still belong to the file that is open. */
static size_t share(struct split_state *s, const char *data, size_t len)
{
	const char *at = data, *end;

	if (s->by_bytes) {
		len = len < s->left ? len : (size_t)s->left;
		s->left -= len;
		return len;
	}
	while (s->left > 0) {
		end = memchr(at, s->stage->common->run.delimiter, len - (size_t)(at - data));
		if (end == NULL)
			return len;
		at = end + 1;
		s->left--;
	}
	return (size_t)(at - data);
}

static int write_pieces(void *arg, const void *data, size_t len)
{
	struct split_state *s = arg;
	const char *at = data;
	size_t n;
	int rc = 0;

	while (rc == 0 && len > 0) {
		if (s->out == NULL)
			rc = open_next(s);
		if (rc < 0)
			break;
		n = share(s, at, len);
		rc = fl_output_write(s->out, at, n);
		s->stage->bytes_out += n;
		at += n;
		len -= n;
		if (rc == 0 && s->left == 0)
			rc = close_file(s);
	}
	if (rc < 0)
		s->stage->broken = s->name;
	return rc;
}

/* The last file of each input ends with it. */
static int end_input(void *arg)
{
	struct split_state *s = arg;
	int rc = close_file(s);

	if (rc < 0)
		s->stage->broken = s->name;
	return rc;
}

static error_t parse_split_words(int key, char *arg, struct argp_state *state)
{
	struct split_state *s = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL;
		return 0;
	case KEY_LINES:
		s->by_bytes = 0;
		s->most = run_stage_number(s->stage, "--lines", arg, 1);
		return 0;
	case KEY_BYTES:
		s->by_bytes = 1;
		s->most = run_stage_size(s->stage, "--bytes", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (s->prefix != NULL)
			run_stage_refuse(s->stage, "extra operand '%s'", arg);
		s->prefix = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void split_parse(struct run_stage *stage, int argc, char **argv)
{
	static const struct argp argp = {.options = split_table,
					 .parser = parse_split_words,
					 .args_doc = "PREFIX",
					 .doc = "All bytes, cut into files PREFIX.000000, "
						"PREFIX.000001, ..."};
	struct split_state *s = run_stage_state(stage, sizeof(*s));

	s->stage = stage;
	if (argp_parse(&argp, argc, argv, 0, NULL, s) != 0)
		message_try_help();
	if (s->most == 0 || s->prefix == NULL)
		run_stage_refuse(stage, "--lines=N or --bytes=SIZE, and a PREFIX, are needed");
	if (stage->out_name != NULL)
		run_stage_refuse(stage, "its files are called after PREFIX: it has no -o");
}

static void split_add(struct run_stage *stage, struct fl_pipeline *pl)
{
	struct split_state *s = stage->state;
	struct fl_lines_options opt = {.size = sizeof(opt),
				       .mode = FL_LINES_ALL,
				       .to = UINT64_MAX,
				       .write = write_pieces,
				       .done = end_input,
				       .arg = s};
	struct fl_error err;

	if (fl_lines_new(&opt, &s->lines, &err) < 0)
		run_stage_die(stage, err.text);
	run_stage_add(stage, pl, fl_lines_operator(s->lines), s->lines);
}

/* What a run that failed left open is dropped. */
static void split_begin(struct run_stage *stage, const char *name)
{
	struct split_state *s = stage->state;

	(void)name;
	fl_output_discard(s->out);
	s->out = NULL;
	s->done = 0;
}

static void split_report(struct run_stage *stage, const char *name)
{
	const struct split_state *s = stage->state;

	outbuf_printf("%" PRIu64 " files  %s\n", s->done, name);
}

static void split_json(struct run_stage *stage, json_t *object)
{
	const struct split_state *s = stage->state;

	json_doc_set(object, "output_files", json_integer((json_int_t)s->done));
}

static const char *split_order(const struct run_stage *stage)
{
	const struct split_state *s = stage->state;

	return s->by_bytes ? NULL : "lines are counted from the first one on";
}

static void split_free(struct run_stage *stage)
{
	struct split_state *s = stage->state;

	fl_output_discard(s->out);
	fl_lines_free(s->lines);
	free(s->name);
	free(s);
}

const struct run_stage_ops stage_split = {.name = "split",
					  .summary =
						  "All bytes, to numbered files of so many lines",
					  .parse = split_parse,
					  .add = split_add,
					  .begin = split_begin,
					  .report = split_report,
					  .json = split_json,
					  .order = split_order,
					  .free = split_free};
