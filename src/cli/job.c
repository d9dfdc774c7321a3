/* SPDX-License-Identifier: MIT */
#include "cli/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/cluster.h>

#include "cli/crew.h"
#include "cli/job_board.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"

static void die(const char *text)
{
	message_error("%s", text);
	exit(EXIT_TROUBLE);
}

void job_begin(struct job *job, struct common_options *common)
{
	struct fl_error err;
	int rc;

	memset(job, 0, sizeof(*job));
	job->common = common;
	progress_bar_init(common->progress, &common->run);
	rc = fl_pipeline_new(&common->run, &job->pl, &err);
	if (rc < 0)
		die(err.text);
	rc = fl_pipeline_set_processes(job->pl, common->processes);
	if (rc < 0)
		die(fl_strerror(rc));
	if (crew_is_there() && common->processes > 0)
		die("--processes is for one machine");
	if (crew_follows()) {
		/* The leader has the list of files, and the signals. */
		job->inputs.common = common;
		return;
	}
	stop_signals_install(job->pl);
	rc = inputs_init(&job->inputs, common);
	if (rc < 0) {
		stop_signals_finish();
		message_error("%s: %s", common->files_from, fl_strerror(rc));
		exit(EXIT_TROUBLE);
	}
}

void job_add(struct job *job, const struct fl_operator *ops, void *op)
{
	int rc = fl_pipeline_add(job->pl, ops, op);

	if (rc < 0)
		die(fl_strerror(rc));
}

static int next_order(struct job *job, const char **ret_name)
{
	if (!crew_wait(&job->order))
		return 0;
	*ret_name = job->order.name;
	return 1;
}

int job_next(struct job *job, const char **ret_name)
{
	int rc;

	if (crew_follows())
		return next_order(job, ret_name);
	for (;;) {
		if (stop_signals_caught() || outbuf_error() != 0)
			return 0;
		rc = inputs_next(&job->inputs, ret_name);
		if (rc == -EINTR && stop_signals_caught())
			return 0;
		if (rc < 0) {
			message_error("%s: %s", job->common->files_from, fl_strerror(rc));
			job->trouble = 1;
			return 0;
		}
		if (rc == 0 || **ret_name != '\0')
			return rc;
		if (!job->common->quiet)
			message_error("invalid zero-length file name");
		job->trouble = 1;
	}
}

int job_interrupted(void)
{
	return stop_signals_caught() != 0;
}

/* @was_run: it was opened, and the pipeline has seen it */
static void complain(struct job *job, const char *name, const struct fl_error *err, int was_run)
{
	name = input_is_stdin(name) ? STDIN_NAME : name;
	job->trouble = 1;
	/* A signal is told once, at the end; and so is a lost standard output. */
	if (stop_signals_caught())
		return;
	if (job->complain != NULL)
		job->complain(job, name, err, was_run);
	else if (!job->common->quiet && outbuf_error() == 0)
		message_file(name, err);
}

void job_complain(struct job *job, const char *name, const struct fl_error *err)
{
	complain(job, name, err, 1);
}

static void follow_notice(void *arg, const char *name, const char *text)
{
	(void)arg;
	message_error("%s: %s", name, text);
}

/* What the walk through directories refused is not opened. */
static int job_open(const struct inputs *in, const char *name, struct fl_source **ret,
		    struct fl_error *err)
{
	if (in->problem == NULL && in->common->follow)
		return fl_source_follow(name, follow_notice, NULL, ret, err);
	if (in->problem == NULL)
		return input_open_decoded(in->common, name, ret, err);
	*err = (struct fl_error){.code = -EINVAL, .off = FL_OFF_NONE};
	snprintf(err->text, sizeof(err->text), "%s", in->problem);
	return err->code;
}

static void note_kind(struct job *job, const struct fl_source *src)
{
	struct fl_source_info info = {.size = sizeof(info)};

	(void)fl_source_info(src, &info);
	job->kind = info.kind;
}

int job_run(struct job *job, const char *name)
{
	struct fl_source *src = NULL;
	struct fl_error err;
	int rc;

	rc = job_open(&job->inputs, name, &src, &err);
	if (rc < 0) {
		crew_refuse(&err);
		complain(job, name, &err, 0);
		return rc;
	}
	crew_share(job->pl, name, NULL, 0);
	rc = fl_pipeline_run(job->pl, src, &err);
	run_stats_add(&job->stats, job->pl);
	note_kind(job, src);
	fl_source_close(src);
	input_consume(name);
	if (rc < 0)
		crew_refuse(&err);
	progress_bar_erase();
	if (rc < 0)
		job_complain(job, name, &err);
	outbuf_flush_lines();
	return rc < 0 ? rc : 0;
}

int job_end(struct job *job, const char *plan, int json)
{
	stop_signals_forget();
	fl_pipeline_free(job->pl);
	job_board_leave();
	inputs_done(&job->inputs);
	if (outbuf_finish() < 0)
		job->trouble = 1;
	stop_signals_finish();
	if (job->common->stats && !json)
		run_stats_print(&job->stats, plan);
	return job->trouble ? EXIT_TROUBLE : 0;
}
