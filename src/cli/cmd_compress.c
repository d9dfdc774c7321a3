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
#include "cli/verbs.h"

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

static struct fl_compress *make_compress(struct codec_run *run)
{
	struct fl_compress_options opt = run->opt->compress;
	struct fl_compress *c = NULL;
	struct fl_error err;

	opt.write = codec_write;
	opt.arg = run;
	if (fl_compress_new(&opt, &c, &err) < 0)
		message_usage("%s", err.text);
	return c;
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
	if (!opt->force && isatty(STDOUT_FILENO) && opt->output == NULL &&
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
	rc = opt.test ? decompress_test(&opt) : compress_all(&opt);
	codec_options_done(&opt);
	return rc;
}
