/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/codec.h>

#include "cli/cmd_decompress.h"
#include "cli/compress_punch.h"
#include "cli/crew.h"
#include "cli/crew_output.h"
#include "cli/message.h"
#include "cli/verbs.h"

static void print_summary(const struct codec_run *run, const char *name,
			  const struct fl_compress *c)
{
	struct fl_compress_result r;

	if (run->opt->quiet > 0 || run->out_name == NULL)
		return;
	fl_compress_result(c, &r);
	message_note("%s: %.2f%% (%" PRIu64 " => %" PRIu64 " bytes, %s)", name,
		     r.bytes_in > 0 ? 100.0 * (double)r.bytes_out / (double)r.bytes_in : 0,
		     r.bytes_in, r.bytes_out, run->out_name);
}

static struct fl_compress *make_with(struct fl_compress_options opt)
{
	struct fl_compress *c = NULL;
	struct fl_error err;

	if (fl_compress_new(&opt, &c, &err) < 0)
		message_usage("%s", err.text);
	return c;
}

static struct fl_compress *make_compress(struct codec_run *run)
{
	struct fl_compress_options opt = run->opt->compress;

	opt.write = codec_write;
	opt.arg = run;
	return make_with(opt);
}

/* ---- by all ranks of a crew */

/**
 * struct ranks - a file that all ranks compress
 * @piece: compresses this rank's pieces
 * @whole: the leader's: the seek table of all
 */
struct ranks {
	struct fl_compress *piece;
	struct fl_compress *whole;
	struct crew_output out;
};

static int write_piece(void *arg, const void *data, size_t len)
{
	struct ranks *ranks = arg;

	return crew_output_write(&ranks->out, data, len);
}

static int join_rows(void *arg, const void *rows, size_t len)
{
	return fl_compress_join(arg, rows, len);
}

/* The rows of this round's pieces go to the leader. */
static int round_is_placed(void *arg, struct fl_error *err)
{
	struct ranks *ranks = arg;
	const void *rows = NULL;
	size_t len = ranks->out.len > 0 ? fl_compress_rows(ranks->piece, &rows) : 0;
	int rc = crew_ops_now()->collect(rows, len, join_rows, ranks->whole);

	if (rc == 0)
		return 0;
	*err = (struct fl_error){.code = rc, .off = FL_OFF_NONE};
	snprintf(err->text, sizeof(err->text), "seek table: %s", fl_strerror(rc));
	return rc;
}

static int write_table(void *arg, struct fl_error *err)
{
	struct ranks *ranks = arg;

	return fl_compress_end(ranks->whole, err);
}

static void ranks_begin(struct ranks *ranks, struct codec_run *run)
{
	struct fl_compress_options opt = run->opt->compress;

	*ranks = (struct ranks){0};
	opt.write = write_piece;
	opt.arg = ranks;
	if (!crew_follows())
		ranks->whole = make_with(opt);
	opt.flags |= FL_COMPRESS_PIECE;
	ranks->piece = make_with(opt);
	ranks->out =
		(struct crew_output){.job = &run->job,
				     .ops = fl_compress_operator(ranks->piece),
				     .op = ranks->piece,
				     .unit_bytes = fl_compress_operator(ranks->piece)->unit_bytes,
				     .placed = round_is_placed,
				     .tail = write_table,
				     .arg = ranks};
}

static void ranks_end(struct ranks *ranks)
{
	fl_compress_free(ranks->piece);
	fl_compress_free(ranks->whole);
}

static int compress_by_ranks(struct codec_run *run, const char *name)
{
	struct ranks ranks;
	int rc;

	ranks_begin(&ranks, run);
	rc = crew_output_run(&ranks.out, name, run->out);
	if (rc == 0)
		print_summary(run, name, ranks.whole);
	ranks_end(&ranks);
	return rc;
}

static void follow(struct codec_run *run, const char *name)
{
	struct ranks ranks;

	if (!crew_output_is_ordered(&run->job)) {
		job_run(&run->job, name);
		return;
	}
	ranks_begin(&ranks, run);
	crew_output_follow(&ranks.out, name);
	ranks_end(&ranks);
}

/* ---- */

static int compress_one(struct codec_run *run, const char *name, const struct fl_compress *c)
{
	int rc;

	/* -o of several files is one after the other. */
	if ((run->opt->output == NULL || !inputs_may_be_several(&run->job.inputs)) &&
	    crew_output_is_possible(&run->job, name, run->out))
		return compress_by_ranks(run, name);
	rc = job_run(&run->job, name);
	if (rc == 0)
		print_summary(run, name, c);
	return rc;
}

static void compress_files(struct codec_run *run, const struct fl_compress *c)
{
	const char *name;

	while (job_next(&run->job, &name)) {
		if (crew_follows())
			follow(run, name);
		else if (codec_may_read(run, name) &&
			 codec_open(run, name, codec_packed_name(name)))
			codec_close(run, name, compress_one(run, name, c));
	}
}

static int compress_all(struct codec_options *opt)
{
	struct codec_run run;
	struct fl_compress *c;
	int rc;

	codec_begin(&run, opt);
	c = make_compress(&run);
	job_begin(&run.job, &opt->common);
	job_add(&run.job, fl_compress_operator(c), c);
	if (!opt->force && crew_is_terminal(STDOUT_FILENO) && opt->output == NULL &&
	    (opt->to_stdout || inputs_are_implied(&run.job.inputs)))
		message_usage("compressed bytes are not written to a terminal (-f does)");
	compress_files(&run, c);
	rc = codec_end(&run);
	fl_compress_free(c);
	return rc;
}

int cmd_compress(int argc, char **argv)
{
	struct codec_options opt;
	int rc;

	compress_options_parse(&opt, argc, argv);
	if (opt.punch)
		rc = compress_punch(&opt);
	else
		rc = opt.test ? decompress_test(&opt) : compress_all(&opt);
	codec_options_done(&opt);
	return rc;
}
