/* SPDX-License-Identifier: MIT */
#include "cli/codec_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/crew_output.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

void codec_begin(struct codec_run *run, struct codec_options *opt)
{
	struct common_options *common = &opt->common;

	memset(run, 0, sizeof(*run));
	run->opt = opt;
	if (opt->output != NULL && opt->to_stdout)
		message_usage("-o and -c exclude each other");
	if (opt->output != NULL && opt->remove &&
	    (common->file_count > 1 || common->files_from != NULL))
		message_usage("--rm needs an output for each FILE, not one for all");
	common->quiet = opt->quiet > 1;
	if (opt->quiet > 0)
		common->progress = PROGRESS_NEVER;
}

int codec_write(void *arg, const void *data, size_t len)
{
	struct codec_run *run = arg;
	int rc;

	rc = run->out != NULL ? fl_output_write(run->out, data, len) : outbuf_write(data, len);
	if (rc < 0 && run->out != NULL)
		run->write_error = rc;
	return rc;
}

void codec_refuse(struct codec_run *run, const char *name, const char *text)
{
	struct fl_error err = {.code = -EINVAL, .off = FL_OFF_NONE};

	snprintf(err.text, sizeof(err.text), "%s", text);
	job_complain(&run->job, name, &err);
}

char *codec_packed_name(const char *name)
{
	char *ret = NULL;

	return asprintf(&ret, "%s.zst", name) < 0 ? NULL : ret;
}

static int only_one(const struct codec_run *run)
{
	return run->opt->common.files_from == NULL && run->opt->common.file_count == 1;
}

/* -o of several inputs: one file for all. */
static int is_shared(const struct codec_run *run)
{
	return run->opt->output != NULL && !only_one(run);
}

/* What all go into is not made without one of them. */
static int spoil(struct codec_run *run, const char *name, const char *text)
{
	codec_refuse(run, name, text);
	run->spoilt = 1;
	return 0;
}

/* Of the output, from that of the input: beside a device is /dev, which is memory. */
static int makes_name(const struct codec_options *opt)
{
	return opt->output == NULL && !opt->to_stdout && !opt->test;
}

int codec_may_read(struct codec_run *run, const char *name)
{
	struct stat st;

	if (is_shared(run) && run->spoilt)
		return 0;
	if (input_is_stdin(name) || run->job.inputs.problem != NULL)
		return 1;
	if (stat(name, &st) < 0)
		return spoil(run, name, strerror(errno));
	if (!run->opt->force && makes_name(run->opt) &&
	    (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))) {
		codec_refuse(run, name, "is a device: left out (-c and -o say where to)");
		return 0;
	}
	if (!run->opt->force && lstat(name, &st) == 0 && S_ISLNK(st.st_mode)) {
		codec_refuse(run, name, "is a symbolic link: left out (-f follows it)");
		return 0;
	}
	return 1;
}

/* -o of several inputs: one file for all, opened with the first. */
static int open_output(struct codec_run *run, const char *name, const char *like)
{
	struct fl_output_options out = {
		.size = sizeof(out), .path = name, .like = like, .flags = crew_output_flags()};
	struct fl_error err;

	if (run->opt->force)
		out.flags |= FL_OUTPUT_REPLACE;
	if (run->opt->remove)
		out.flags |= FL_OUTPUT_SYNC;
	if (run->opt->sparse)
		out.flags |= FL_OUTPUT_SPARSE;
	if (fl_output_open(&out, &run->out, &err) == 0)
		return 1;
	codec_refuse(run, name,
		     err.code == -EEXIST ? "already exists; not overwritten (-f overwrites)"
					 : err.text);
	return 0;
}

/* Under this name or under another one. */
static int is_input(const char *name, const char *output)
{
	struct stat in, out;

	return !input_is_stdin(name) && stat(name, &in) == 0 && stat(output, &out) == 0 &&
	       S_ISREG(in.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

int codec_open(struct codec_run *run, const char *name, char *derived)
{
	const struct codec_options *opt = run->opt;
	const char *like = name;

	run->write_error = 0;
	if (derived == NULL && opt->output == NULL && !opt->test && !opt->to_stdout &&
	    !input_is_stdin(name))
		return 0;
	if (opt->test || opt->to_stdout || (opt->output == NULL && input_is_stdin(name))) {
		free(derived);
		return 1;
	}
	if (is_input(name, opt->output != NULL ? opt->output : derived)) {
		free(derived);
		return spoil(run, name, "is its own output");
	}
	if (opt->output == NULL) {
		run->out_name = derived;
		return open_output(run, derived, like);
	}
	free(derived);
	if (run->out != NULL)
		return 1;
	run->out_name = strdup(opt->output);
	if (input_is_stdin(name) || !only_one(run))
		like = NULL;
	return run->out_name != NULL && open_output(run, opt->output, like);
}

static int close_output(struct codec_run *run, int rc)
{
	struct fl_output *out = run->out;
	struct fl_error err;

	run->out = NULL;
	if (rc < 0) {
		fl_output_discard(out);
		return rc;
	}
	rc = fl_output_commit(out, &err);
	if (rc < 0)
		codec_refuse(run, run->out_name, err.text);
	return rc;
}

static void forget_name(struct codec_run *run)
{
	free(run->out_name);
	run->out_name = NULL;
}

int codec_close(struct codec_run *run, const char *name, int rc)
{
	const struct codec_options *opt = run->opt;
	int shared = is_shared(run);

	if (run->write_error < 0)
		codec_refuse(run, run->out_name, fl_strerror(run->write_error));
	if (rc < 0)
		run->spoilt = 1;
	if (run->out != NULL && !shared)
		rc = close_output(run, rc);
	if (rc == 0 && opt->remove && !opt->test && !opt->to_stdout && !input_is_stdin(name) &&
	    unlink(name) < 0)
		codec_refuse(run, name, strerror(errno));
	if (!shared)
		forget_name(run);
	return rc;
}

int codec_end(struct codec_run *run)
{
	if (is_shared(run) && run->spoilt && !job_interrupted())
		codec_refuse(run, run->opt->output, "not made: an input is missing");
	if (run->out != NULL)
		close_output(run, job_interrupted() ? -EINTR : run->spoilt ? -EIO : 0);
	forget_name(run);
	return job_end(&run->job, NULL, 0);
}
