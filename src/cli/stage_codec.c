/* SPDX-License-Identifier: MIT */
/* The stages that pack and unpack: compress, decompress. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/codec_options.h"
#include "cli/crew.h"
#include "cli/json_doc.h"
#include "cli/outbuf.h"
#include "cli/run_stage.h"

/* What names files of the verb's own, or writes nothing at all. */
static void refuse_file_options(const struct run_stage *stage, const struct codec_options *opt)
{
	if (opt->to_stdout || opt->remove || opt->punch || opt->test || opt->list)
		run_stage_refuse(stage, "-c, -t, --rm, --punch and --list are for faultline %s",
				 stage->ops->name);
	run_stage_check(stage, &opt->common);
}

/* ---- compress */

struct compress_state {
	struct codec_options opt;
	struct fl_compress *compress;
};

static void compress_parse(struct run_stage *stage, int argc, char **argv)
{
	struct compress_state *s = run_stage_state(stage, sizeof(*s));

	compress_options_parse(&s->opt, argc, argv);
	refuse_file_options(stage, &s->opt);
}

static void compress_add(struct run_stage *stage, struct fl_pipeline *pl)
{
	struct compress_state *s = stage->state;
	struct fl_compress_options opt = s->opt.compress;
	struct fl_error err;

	if (stage->to_stdout && !s->opt.force && crew_is_terminal(STDOUT_FILENO))
		run_stage_refuse(stage, "compressed bytes are not written to a terminal (-f does)");
	opt.write = run_stage_write;
	opt.arg = stage;
	if (fl_compress_new(&opt, &s->compress, &err) < 0)
		run_stage_refuse(stage, "%s", err.text);
	run_stage_add(stage, pl, fl_compress_operator(s->compress), s->compress);
}

static void compress_report(struct run_stage *stage, const char *name)
{
	struct compress_state *s = stage->state;
	struct fl_compress_result r;

	fl_compress_result(s->compress, &r);
	outbuf_printf("%" PRIu64 " bytes became %" PRIu64 " in %" PRIu64 " frames  %s\n",
		      r.bytes_in, r.bytes_out, r.frames, name);
}

static void compress_json(struct run_stage *stage, json_t *object)
{
	struct compress_state *s = stage->state;
	struct fl_compress_result r;

	fl_compress_result(s->compress, &r);
	json_doc_set(object, "frames", json_integer((json_int_t)r.frames));
}

static void compress_free(struct run_stage *stage)
{
	struct compress_state *s = stage->state;

	fl_compress_free(s->compress);
	codec_options_done(&s->opt);
	free(s);
}

const struct run_stage_ops stage_compress = {.name = "compress",
					     .summary = "A zstd file of the bytes",
					     .writes = 1,
					     .parse = compress_parse,
					     .add = compress_add,
					     .report = compress_report,
					     .json = compress_json,
					     .free = compress_free};

/* ---- decompress: its segment's source is decoded, and it hands these bytes on */

struct decompress_state {
	struct codec_options opt;
	struct fl_copy *copy;
};

static void decompress_parse(struct run_stage *stage, int argc, char **argv)
{
	struct decompress_state *s = run_stage_state(stage, sizeof(*s));

	decompress_options_parse(&s->opt, argc, argv);
	refuse_file_options(stage, &s->opt);
}

static const struct fl_decode_options *decompress_decodes(const struct run_stage *stage)
{
	const struct decompress_state *s = stage->state;

	return &s->opt.common.decode;
}

/* Whoever stands behind it in the segment sees the bytes themselves: it may end early. */
static void decompress_add(struct run_stage *stage, struct fl_pipeline *pl)
{
	struct decompress_state *s = stage->state;
	int is_sink = stage->to_stdout || stage->out_name != NULL;
	int rc;

	if (!is_sink && s->opt.most_bytes == FL_SIZE_UNKNOWN)
		return;
	rc = fl_copy_new(is_sink ? run_stage_write : NULL, stage, s->opt.most_bytes, &s->copy);
	if (rc < 0)
		run_stage_die(stage, fl_strerror(rc));
	run_stage_add(stage, pl, fl_copy_operator(s->copy), s->copy);
}

static void decompress_free(struct run_stage *stage)
{
	struct decompress_state *s = stage->state;

	fl_copy_free(s->copy);
	codec_options_done(&s->opt);
	free(s);
}

/* Frames of a file are decoded side by side; what comes through another stage comes in order. */
static const char *decompress_order(const struct run_stage *stage)
{
	return stage->number > 1 ? "a frame begins where the one before ended" : NULL;
}

const struct run_stage_ops stage_decompress = {.name = "decompress",
					       .summary = "What zstd-compressed bytes hold",
					       .writes = 1,
					       .decodes = decompress_decodes,
					       .parse = decompress_parse,
					       .add = decompress_add,
					       .order = decompress_order,
					       .free = decompress_free};
