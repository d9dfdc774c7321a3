/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_COMMON_OPTIONS_H
#define FAULTLINE_CLI_COMMON_OPTIONS_H

#include <argp.h>
#include <stddef.h>

#include <faultline/codec.h>
#include <faultline/pipeline.h>

#include "cli/progress_bar.h"
#include "cli/walk.h"

/* What happens to inputs that are compressed. */
enum decode_when {
	DECODE_NEVER, /* their bytes are read as they are */
	DECODE_AUTO,  /* what they decompress to is read; others are read as they are */
	DECODE_ALWAYS /* the same, and others are refused */
};

/**
 * struct common_options - what all processing verbs understand
 * @run:        for fl_pipeline_new()
 * @progress:   --progress, --no-progress
 * @stats:      --stats
 * @json:       --json (document_argp)
 * @processes:  --processes (processes_argp), 0 = threads
 * @quiet:      -q (document_argp), or set by a verb: no messages about single files
 * @follow:     set by a verb: files are read as tail -F reads them
 * @files_from: --files-from, or NULL
 * @nul:        -0
 * @lone_nul:   set by a verb to which -0 without --files-from means something
 * @walk:       set by verbs that have such options
 * @decode_when, @decode: set by the verb
 * @files:      operands; set by the verb's parser
 * @file_count: how many
 */
struct common_options {
	struct fl_options run;
	enum progress_when progress;
	int stats;
	int json;
	unsigned processes;
	int quiet;
	int follow;
	const char *files_from;
	int nul;
	int lone_nul;
	struct walk_options walk;
	enum decode_when decode_when;
	struct fl_decode_options decode;
	char **files;
	size_t file_count;
};

/* Child parsers; the input of all is a struct common_options. input_argp is the part of common_argp
 * that says which files, and what of them: for verbs that do not load. */
extern const struct argp input_argp;
extern const struct argp common_argp;
extern const struct argp document_argp;
extern const struct argp processes_argp;

/** common_options_init() - defaults */
void common_options_init(struct common_options *common);

/**
 * common_options_parse() - run argp, then check what only makes sense together
 * @argp:  the verb's parser; its input is @input, its children get theirs from it
 * @common: is part of @input
 *
 * --help and --usage end the program with status 0, wrong options with 2.
 */
void common_options_parse(const struct argp *argp, int argc, char **argv, void *input,
			  struct common_options *common);

/**
 * common_options_rest() - for a verb's ARGP_KEY_ARGS: all operands from here on are files
 */
void common_options_rest(struct common_options *common, struct argp_state *state);

/**
 * common_options_key() - what a verb's parser does with the keys that are no options of its own: the
 * tables beside its own (@children, or NULL) fill in the common options, and all operands are files
 * Return: 0; ARGP_ERR_UNKNOWN.
 */
error_t common_options_key(int key, struct common_options *common,
			   const struct argp_child *children, struct argp_state *state);

#endif
