/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/codec.h>

#include "cli/cmd_decompress.h"
#include "cli/message.h"
#include "cli/parse_size.h"
#include "cli/verbs.h"

enum key {
	KEY_LEVEL = 1024,
	KEY_FRAME_SIZE,
	KEY_LONG,
	KEY_FAST,
	KEY_ULTRA
};

/* zstd(1): --long without a number. */
#define LONG_DEFAULT 27

/**
 * struct compress_options
 * @codec:    what both verbs understand
 * @compress: for the library
 */
struct compress_options {
	struct codec_options codec;
	struct fl_compress_options compress;
};

static const struct argp_option compress_table[] = {
	{.name = "level",
	 .key = KEY_LEVEL,
	 .arg = "N",
	 .doc = "-1 ... -22: the higher, the slower and the smaller (default 3)"},
	{.name = "fast",
	 .key = KEY_FAST,
	 .arg = "N",
	 .flags = OPTION_ARG_OPTIONAL,
	 .doc = "Faster than -1: level -N (default 1)"},
	{.name = "ultra", .key = KEY_ULTRA, .flags = OPTION_HIDDEN},
	{.name = "frame-size",
	 .key = KEY_FRAME_SIZE,
	 .arg = "SIZE",
	 .doc = "Input bytes per independent frame (default 2M; 4M from -9, 8M from -16 on)"},
	{.name = "long",
	 .key = KEY_LONG,
	 .arg = "N",
	 .flags = OPTION_ARG_OPTIONAL,
	 .doc = "Find matches up to 2^N bytes away (default 27); frames are as long"},
	{0},
};

static int number(const char *option, const char *text, long least, long most)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0 || value < least || value > most)
		message_usage("%s: '%s' is not a number from %ld to %ld", option, text, least,
			      most);
	return (int)value;
}

static uint32_t frame_size(const char *text)
{
	uint64_t value = 0;
	int rc = faultline_parse_size(text, &value);

	if (rc < 0)
		message_usage("--frame-size: '%s' %s", text, faultline_size_problem(text, rc));
	if (value == 0 || value > FL_COMPRESS_FRAME_BYTES_MAX)
		message_usage("--frame-size: '%s' is not in 1 .. 1G", text);
	return (uint32_t)value;
}

static error_t parse_compress(int key, char *arg, struct argp_state *state)
{
	struct compress_options *opt = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &opt->codec;
		state->child_inputs[1] = &opt->codec.common;
		state->err_stream = NULL;
		return 0;
	case KEY_FAST:
		opt->compress.level = arg != NULL ? -number("--fast", arg, 1, 131072) : -1;
		return 0;
	case KEY_ULTRA:
		return 0;
	case KEY_FRAME_SIZE:
		opt->compress.frame_bytes = frame_size(arg);
		return 0;
	case KEY_LONG:
		opt->compress.window_log =
			(unsigned)(arg != NULL ? number("--long", arg, 10, 31) : LONG_DEFAULT);
		return 0;
	case ARGP_KEY_ARGS:
		common_options_rest(&opt->codec.common, state);
		return 0;
	case KEY_LEVEL:
		opt->compress.level = number("--level", arg, 1, 22);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child compress_children[] = {
	{.argp = &codec_argp},
	{.argp = &common_argp},
	{0},
};

static const struct argp compress_argp = {
	.options = compress_table,
	.parser = parse_compress,
	.args_doc = "[FILE...]",
	.doc = "Compress each FILE to FILE.zst, in independent frames and on all processors. "
	       "Without FILE, or where it is -, compress standard input to standard output.",
	.children = compress_children,
};

static char *compressed_name(const char *name)
{
	char *ret = NULL;

	return asprintf(&ret, "%s.zst", name) < 0 ? NULL : ret;
}

static void print_summary(const struct codec_run *run, const char *name,
			  const struct fl_compress *c)
{
	struct fl_compress_result r;

	if (run->opt->quiet > 0 || run->out_name == NULL)
		return;
	fl_compress_result(c, &r);
	fprintf(stderr, "%s: %.2f%% (%" PRIu64 " => %" PRIu64 " bytes, %s)\n", name,
		r.bytes_in > 0 ? 100.0 * (double)r.bytes_out / (double)r.bytes_in : 0, r.bytes_in,
		r.bytes_out, run->out_name);
}

static void compress_files(struct codec_run *run, const struct fl_compress *c)
{
	const char *name;
	int rc;

	while (job_next(&run->job, &name)) {
		if (!codec_may_read(run, name))
			continue;
		if (!codec_open(run, name, compressed_name(name)))
			continue;
		rc = job_run(&run->job, name);
		if (rc == 0)
			print_summary(run, name, c);
		codec_close(run, name, rc);
	}
}

static struct fl_compress *make_compress(struct codec_run *run, struct compress_options *opt)
{
	struct fl_compress *c = NULL;
	struct fl_error err;

	opt->compress.size = sizeof(opt->compress);
	opt->compress.write = codec_write;
	opt->compress.arg = run;
	opt->compress.dict = run->dict;
	opt->compress.dict_bytes = run->dict_len;
	if (fl_compress_new(&opt->compress, &c, &err) < 0)
		message_usage("%s", err.text);
	return c;
}

/**
 * struct words - a command line whose -19 and -19f have become --level=19 and -f
 * @made: words that are not the caller's, @made_count of them
 */
struct words {
	int argc;
	char **argv;
	char **made;
	size_t made_count;
};

static void add_made(struct words *w, char *word)
{
	w->argv[w->argc++] = word;
	w->made[w->made_count++] = word;
}

/* -19 is no option of argp's kind, -19f none either. Each becomes two words at most. */
static void spell_levels(struct words *w, int argc, char **argv)
{
	size_t most = 2 * (size_t)argc + 1;
	int i, digits, rc = 0;
	char *word;

	w->argv = calloc(most, sizeof(*w->argv));
	w->made = calloc(most, sizeof(*w->made));
	if (w->argv == NULL || w->made == NULL)
		message_usage("%s", strerror(ENOMEM));
	for (i = 0; rc >= 0 && i < argc && strcmp(argv[i], "--") != 0; i++) {
		digits = argv[i][0] == '-' ? (int)strspn(argv[i] + 1, "0123456789") : 0;
		if (digits == 0 || strcmp(argv[i], "-0") == 0) {
			w->argv[w->argc++] = argv[i];
			continue;
		}
		rc = asprintf(&word, "--level=%.*s", digits, argv[i] + 1);
		if (rc >= 0)
			add_made(w, word);
		if (rc >= 0 && argv[i][1 + digits] != '\0') {
			rc = asprintf(&word, "-%s", argv[i] + 1 + digits);
			if (rc >= 0)
				add_made(w, word);
		}
	}
	if (rc < 0)
		message_usage("%s", strerror(ENOMEM));
	while (i < argc)
		w->argv[w->argc++] = argv[i++];
}

static void words_done(struct words *w)
{
	while (w->made_count > 0)
		free(w->made[--w->made_count]);
	free(w->made);
	free(w->argv);
}

static int compress_all(struct compress_options *opt)
{
	struct codec_run run;
	struct fl_compress *c;
	int rc;

	codec_begin(&run, &opt->codec);
	c = make_compress(&run, opt);
	job_begin(&run.job, &opt->codec.common);
	job_add(&run.job, fl_compress_operator(c), c);
	if (!opt->codec.force && isatty(STDOUT_FILENO) && opt->codec.output == NULL &&
	    (opt->codec.to_stdout || inputs_are_implied(&run.job.inputs)))
		message_usage("compressed bytes are not written to a terminal (-f does)");
	compress_files(&run, c);
	rc = codec_end(&run);
	fl_compress_free(c);
	return rc;
}

int cmd_compress(int argc, char **argv)
{
	struct compress_options opt = {0};
	struct words words = {0};
	int rc;

	spell_levels(&words, argc, argv);
	common_options_init(&opt.codec.common);
	common_options_parse(&compress_argp, words.argc, words.argv, &opt, &opt.codec.common);
	rc = opt.codec.test ? decompress_test(&opt.codec) : compress_all(&opt);
	words_done(&words);
	return rc;
}
