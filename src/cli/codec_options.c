/* SPDX-License-Identifier: MIT */
#include "cli/codec_options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/option_value.h"
#include "cli/verbs.h"

/* zstd refuses larger ones, too (DICTSIZE_MAX, programs/fileio.c). */
#define DICT_BYTES_MAX (32u << 20)

/* zstd(1): --long without a number. */
#define LONG_DEFAULT 27

enum key {
	KEY_RM = 768,
	KEY_LEVEL,
	KEY_FRAME_SIZE,
	KEY_ALIGN_LINES,
	KEY_LONG,
	KEY_FAST,
	KEY_ULTRA,
	KEY_LIST,
	KEY_MAX_OUTPUT,
	KEY_PUNCH,
	KEY_SPARSE,
	KEY_NO_SPARSE
};

static const struct argp_option codec_table[] = {
	{.name = "output", .key = 'o', .arg = "OUT", .doc = "Write to OUT"},
	{.name = "stdout", .key = 'c', .doc = "Write to standard output"},
	{.name = "force",
	 .key = 'f',
	 .doc = "Overwrite outputs, follow symbolic links, write to a terminal"},
	{.name = "keep", .key = 'k', .doc = "Keep the FILEs (default)"},
	{.name = "rm", .key = KEY_RM, .doc = "Remove each FILE when its output is on the disk"},
	{.name = "test", .key = 't', .doc = "Only decompress, to nowhere: are the FILEs intact?"},
	{.name = "quiet", .key = 'q', .doc = "No progress, no summary; twice: no errors either"},
	{.name = "dict", .key = 'D', .arg = "F", .doc = "Dictionary"},
	{0},
};

static error_t parse_codec(int key, char *arg, struct argp_state *state)
{
	struct codec_options *opt = state->input;

	switch (key) {
	case 'o':
		opt->output = arg;
		return 0;
	case 'c':
		opt->to_stdout = 1;
		return 0;
	case 'f':
		opt->force = 1;
		return 0;
	case 'k':
		opt->remove = 0;
		opt->keep = 1;
		return 0;
	case KEY_RM:
		opt->remove = 1;
		return 0;
	case 't':
		opt->test = 1;
		return 0;
	case 'q':
		opt->quiet++;
		return 0;
	case 'D':
		opt->dict_name = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp codec_argp = {.options = codec_table, .parser = parse_codec};

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
	{.name = "align-lines",
	 .key = KEY_ALIGN_LINES,
	 .doc = "Frames end at line ends: each holds the lines that begin in its SIZE bytes"},
	{.name = "long",
	 .key = KEY_LONG,
	 .arg = "N",
	 .flags = OPTION_ARG_OPTIONAL,
	 .doc = "Find matches up to 2^N bytes away (default 27); frames are as long"},
	{.name = "punch",
	 .key = KEY_PUNCH,
	 .doc = "Free each FILE's blocks as soon as they are compressed, for a disk that has no "
		"room "
		"for both; at the end FILE is gone. After a crash: faultline recover --resume"},
	{0},
};

static uint32_t frame_size(const char *text)
{
	uint64_t value = option_size("--frame-size", text);

	if (value == 0 || value > FL_COMPRESS_FRAME_BYTES_MAX)
		message_usage("--frame-size: '%s' is not in 1 .. 1G", text);
	return (uint32_t)value;
}

static const struct argp_child compress_children[] = {
	{.argp = &codec_argp},
	{.argp = &common_argp},
	{0},
};

static error_t parse_compress(int key, char *arg, struct argp_state *state)
{
	struct codec_options *opt = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		(void)common_options_key(key, &opt->common, compress_children, state);
		state->child_inputs[0] = opt;
		return 0;
	case KEY_FAST:
		opt->compress.level =
			arg != NULL ? -(int)option_count("--fast", arg, 1, 131072) : -1;
		return 0;
	case KEY_ULTRA:
		return 0;
	case KEY_FRAME_SIZE:
		opt->compress.frame_bytes = frame_size(arg);
		return 0;
	case KEY_ALIGN_LINES:
		opt->compress.flags |= FL_COMPRESS_RECORDS;
		return 0;
	case KEY_LONG:
		opt->compress.window_log =
			(unsigned)(arg != NULL ? option_count("--long", arg, 10, 31)
					       : LONG_DEFAULT);
		return 0;
	case KEY_PUNCH:
		opt->punch = 1;
		return 0;
	case KEY_LEVEL:
		opt->compress.level = (int)option_count("--level", arg, 1, 22);
		return 0;
	default:
		return common_options_key(key, &opt->common, compress_children, state);
	}
}

static const struct argp compress_argp = {
	.options = compress_table,
	.parser = parse_compress,
	.args_doc = "[FILE...]",
	.doc = "Compress each FILE to FILE.zst, in independent frames and on all processors. "
	       "Without FILE, or where it is -, compress standard input to standard output.",
	.children = compress_children,
};

static const struct argp_option decompress_table[] = {
	{.name = "list", .key = KEY_LIST, .doc = "Print what frames the FILEs consist of"},
	{.name = "long",
	 .key = KEY_LONG,
	 .arg = "N",
	 .doc = "Accept windows of up to 2^N bytes (default 27); N is 10 to 31"},
	{.name = "max-output",
	 .key = KEY_MAX_OUTPUT,
	 .arg = "SIZE",
	 .doc = "Give up where a FILE decompresses to more than that"},
	{.name = "sparse",
	 .key = KEY_SPARSE,
	 .doc = "Output files get holes where there are 32 KiB of zeros or more (default)"},
	{.name = "no-sparse", .key = KEY_NO_SPARSE, .doc = "Zeros are written"},
	{0},
};

static const struct argp_child decompress_children[] = {
	{.argp = &codec_argp},
	{.argp = &common_argp},
	{0},
};

static error_t parse_decompress(int key, char *arg, struct argp_state *state)
{
	struct codec_options *opt = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		(void)common_options_key(key, &opt->common, decompress_children, state);
		state->child_inputs[0] = opt;
		return 0;
	case KEY_LIST:
		opt->list = 1;
		return 0;
	case KEY_LONG:
		opt->common.decode.window_log_max = (unsigned)option_count("--long", arg, 10, 31);
		return 0;
	case KEY_MAX_OUTPUT:
		opt->most_bytes = option_size("--max-output", arg);
		return 0;
	case KEY_SPARSE:
	case KEY_NO_SPARSE:
		opt->sparse = key == KEY_SPARSE;
		return 0;
	default:
		return common_options_key(key, &opt->common, decompress_children, state);
	}
}

static const struct argp decompress_argp = {
	.options = decompress_table,
	.parser = parse_decompress,
	.args_doc = "[FILE...]",
	.doc = "Decompress each FILE.zst to FILE, on all processors where it has several frames. "
	       "Without FILE, or where it is -, decompress standard input to standard output.",
	.children = decompress_children,
};

/* Return: NULL, or what is wrong; @ret is the caller's in any case. */
static const char *read_dict(const char *name, void **ret, size_t *ret_len)
{
	FILE *f = fopen(name, "re");
	const char *wrong = NULL;

	if (f == NULL)
		return strerror(errno);
	*ret = malloc(DICT_BYTES_MAX + 1);
	if (*ret != NULL)
		*ret_len = fread(*ret, 1, DICT_BYTES_MAX + 1, f);
	if (*ret == NULL || ferror(f))
		wrong = strerror(errno);
	else if (*ret_len == 0)
		wrong = "an empty dictionary";
	else if (*ret_len > DICT_BYTES_MAX)
		wrong = "a dictionary has at most 32 MiB";
	fclose(f);
	return wrong;
}

static void add_made(struct codec_words *w, char *word)
{
	w->argv[w->argc++] = word;
	w->made[w->made_count++] = word;
}

/* -19 is no option of argp's kind, -19f none either. Each becomes two words at most. */
static void spell_levels(struct codec_words *w, int argc, char **argv)
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

static void words_done(struct codec_words *w)
{
	while (w->made_count > 0)
		free(w->made[--w->made_count]);
	free(w->made);
	free(w->argv);
}

static void take_dict(struct codec_options *opt)
{
	const char *wrong;

	if (opt->dict_name == NULL)
		return;
	wrong = read_dict(opt->dict_name, &opt->dict, &opt->dict_len);
	if (wrong != NULL) {
		message_error("%s: %s", opt->dict_name, wrong);
		codec_options_done(opt);
		exit(EXIT_TROUBLE);
	}
	opt->compress.dict = opt->common.decode.dict = opt->dict;
	opt->compress.dict_bytes = opt->common.decode.dict_bytes = opt->dict_len;
}

static void init(struct codec_options *opt)
{
	*opt = (struct codec_options){.compress = {.size = sizeof(opt->compress)},
				      .most_bytes = FL_SIZE_UNKNOWN};
	common_options_init(&opt->common);
	opt->common.decode.size = sizeof(opt->common.decode);
}

void compress_options_parse(struct codec_options *opt, int argc, char **argv)
{
	init(opt);
	spell_levels(&opt->words, argc, argv);
	common_options_parse(&compress_argp, opt->words.argc, opt->words.argv, opt, &opt->common);
	take_dict(opt);
}

void decompress_options_parse(struct codec_options *opt, int argc, char **argv)
{
	init(opt);
	opt->sparse = 1;
	common_options_parse(&decompress_argp, argc, argv, opt, &opt->common);
	take_dict(opt);
}

void codec_options_done(struct codec_options *opt)
{
	words_done(&opt->words);
	free(opt->dict);
}
