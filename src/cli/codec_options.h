/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_CODEC_OPTIONS_H
#define FAULTLINE_CLI_CODEC_OPTIONS_H

#include <stddef.h>

#include <faultline/codec.h>

#include "cli/common_options.h"

/**
 * struct codec_words - a command line whose -19 and -19f have become --level=19 and -f
 * @made: words that are not the caller's, @made_count of them
 */
struct codec_words {
	int argc;
	char **argv;
	char **made;
	size_t made_count;
};

/**
 * struct codec_options - options of both verbs, and of the stages of the same names
 * @output:   -o, or NULL
 * @to_stdout: -c
 * @force:    -f
 * @remove:   --rm
 * @keep:     -k was given
 * @punch:    --punch
 * @sparse:   holes where the output has zeros (decompress, without --no-sparse)
 * @test:     -t
 * @quiet:    how often -q was given
 * @dict_name: --dict, or NULL; @dict: its @dict_len bytes, malloc'ed
 * @compress: for the library, without where the bytes go
 * @list:     --list
 * @most_bytes: --max-output, per FILE
 */
struct codec_options {
	struct common_options common;
	const char *output;
	int to_stdout;
	int force;
	int remove;
	int keep;
	int punch;
	int sparse;
	int test;
	int quiet;
	const char *dict_name;
	void *dict;
	size_t dict_len;
	struct fl_compress_options compress;
	int list;
	uint64_t most_bytes;
	struct codec_words words;
};

/**
 * compress_options_parse() - the words of compress; wrong ones end the program
 * @argv: must live as long as @opt
 */
void compress_options_parse(struct codec_options *opt, int argc, char **argv);

/** decompress_options_parse() - the same for decompress */
void decompress_options_parse(struct codec_options *opt, int argc, char **argv);

/** codec_options_done() - free what was read */
void codec_options_done(struct codec_options *opt);

#endif
