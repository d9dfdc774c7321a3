/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_RUN_STAGE_H
#define FAULTLINE_CLI_RUN_STAGE_H

#include <stdint.h>

#include <jansson.h>

#include <faultline/codec.h>
#include <faultline/output.h>
#include <faultline/pipeline.h>
#include <faultline/stream.h>
#include <faultline/transform.h>

#include "cli/common_options.h"

/**
 * DOC: Stages of `faultline run`.
 *
 * A stage is a verb, or a filter, with its own options. Taps only look at the
 * bytes and report something; the others write bytes for the stages behind them.
 */
struct run_stage;

/**
 * struct run_stage_ops - one kind of stage
 * @name:    what the user types
 * @summary: one line for --help
 * @writes:  it writes bytes for the next stage
 * @decodes: for the stage that begins a segment by decoding what that one reads: how; or NULL
 * @prints:  1 if this one, as it was parsed, prints lines while the run goes on; or NULL
 * @parse:   its words, argv[0] being "faultline run NAME"; sets @stage->state; wrong ones end the
 *           program
 * @edit:    for a stage that edits records: the edit, made when first asked for; or NULL
 * @keyless: 1 if its edit depends on a key that is not kept anywhere; beside @edit
 * @add:     add its operators; they write with run_stage_write()
 * @begin:   the next file; @name is what results call it; or NULL
 * @report:  the result of one file, as lines of text, with outbuf_printf(); or NULL
 * @json:    the same as members of an object; or NULL
 * @order:   why it goes through the bytes one after another, or NULL; may be NULL
 * @free:    what parse and add made; after the pipeline is gone
 */
struct run_stage_ops {
	const char *name;
	const char *summary;
	int writes;
	const struct fl_decode_options *(*decodes)(const struct run_stage *stage);
	int (*prints)(const struct run_stage *stage);
	void (*parse)(struct run_stage *stage, int argc, char **argv);
	struct fl_transform *(*edit)(struct run_stage *stage);
	int (*keyless)(const struct run_stage *stage);
	void (*add)(struct run_stage *stage, struct fl_pipeline *pl);
	void (*begin)(struct run_stage *stage, const char *name);
	void (*report)(struct run_stage *stage, const char *name);
	void (*json)(struct run_stage *stage, json_t *object);
	const char *(*order)(const struct run_stage *stage);
	void (*free)(struct run_stage *stage);
};

/**
 * struct run_stage - one stage of a command line
 * @common:    of the run
 * @argc, @argv: its words, for --plan and messages; argv[0] is its name
 * @number:    from 1
 * @segment:   from 0
 * @first_op, @op_count: its operators in that segment
 * @file:     at work, whatever the stage sees of it
 * @is_named: it sees the bytes of the file itself: results have the file's name
 * @is_replay: the file is not read: parts of a run are put together
 * @in:       a decoding stage's, where @pump writes what the segment before sees, because no stage
 *            writes there; or NULL
 * @out_name:  file that its bytes or its results go to, or NULL
 * @out:       that file, open from the first byte of the run to its end
 * @to_stdout: its bytes, or the lines it prints, go to standard output
 * @stream:    of the next segment, or NULL; @unread: nobody needs it any more
 * @bytes_in:  that its segment has read of the file at work, once that is known
 * @bytes_out: written for it
 * @broken:    what it could not write to: a file's name, or "standard output"; or NULL
 */
struct run_stage {
	const struct run_stage_ops *ops;
	const struct common_options *common;
	int argc;
	char **argv;
	unsigned number;
	unsigned segment;
	unsigned first_op;
	unsigned op_count;
	const char *file;
	int is_named;
	int is_replay;
	struct fl_stream *in;
	struct fl_copy *pump;
	const char *out_name;
	struct fl_output *out;
	int to_stdout;
	struct fl_stream *stream;
	int unread;
	uint64_t bytes_in;
	uint64_t bytes_out;
	const char *broken;
	void *state;
};

/** run_stage_find() - Return: the kind of that name, or NULL */
const struct run_stage_ops *run_stage_find(const char *name);

/** run_stage_input() - what results call its input: @name, or - for what came through another stage */
const char *run_stage_input(const struct run_stage *stage, const char *name);

/** run_stage_list() - "  NAME  SUMMARY" lines, for --help */
char *run_stage_list(void);

/**
 * run_stage_write() - for the operators of a stage: bytes to its file, to standard output, and to
 * the next segment
 * @arg: struct run_stage
 * Return: 0; FL_FOLD_STOP when nobody needs them; -errno.
 */
int run_stage_write(void *arg, const void *data, size_t len);

/** run_stage_add() - fl_pipeline_add() that ends the program when it fails */
void run_stage_add(struct run_stage *stage, struct fl_pipeline *pl, const struct fl_operator *ops,
		   void *op);

/** run_stage_refuse() - "stage N (NAME): TEXT"; ends the program with status 2 */
void run_stage_refuse(const struct run_stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/** run_stage_check() - ends the program where a verb's options hold what only a whole run can have */
void run_stage_check(const struct run_stage *stage, const struct common_options *of_verb);

/** run_stage_state() - zeroed memory, kept in @stage->state; ends the program without memory */
void *run_stage_state(struct run_stage *stage, size_t size);

/** run_stage_complain() - "stage N (NAME): TEXT" */
void run_stage_complain(const struct run_stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** run_stage_die() - a message that names the stage; ends the program with status 2 */
void run_stage_die(const struct run_stage *stage, const char *text) __attribute__((noreturn));

/** run_stage_number() - a count from an option. @least: smallest that is taken */
uint64_t run_stage_number(const struct run_stage *stage, const char *option, const char *text,
			  uint64_t least);

/** run_stage_size() - bytes from an option, 4K and the like */
uint64_t run_stage_size(const struct run_stage *stage, const char *option, const char *text);

/** run_stage_range() - "OFF:LEN" as [*ret_from, *ret_to); @bytes: sizes such as 4K are taken */
void run_stage_range(const struct run_stage *stage, const char *option, const char *text, int bytes,
		     uint64_t *ret_from, uint64_t *ret_to);

extern const struct run_stage_ops stage_count, stage_hash, stage_scan;
extern const struct run_stage_ops stage_head, stage_tail, stage_slice, stage_sample;
extern const struct run_stage_ops stage_transform, stage_keep, stage_delete;
extern const struct run_stage_ops stage_compress, stage_decompress;
extern const struct run_stage_ops stage_exec, stage_write, stage_split;

#endif
