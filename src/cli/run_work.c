/* SPDX-License-Identifier: MIT */
#include "cli/run_work.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/crew.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/run_failure.h"
#include "cli/run_inplace.h"
#include "cli/run_report.h"
#include "cli/same_place.h"
#include "cli/verbs.h"

/* Of two files under one name, one would be lost. A device takes both. */
static void refuse_twice(const struct run_line *line, const struct run_stage *stage)
{
	struct stat st;

	if (stat(stage->out_name, &st) == 0 && !S_ISREG(st.st_mode))
		return;
	for (const struct run_stage *other = line->stages; other < stage; other++)
		if (other->out_name != NULL && is_same_place(other->out_name, "", stage->out_name))
			run_stage_refuse(stage, "%s is the output of stage %u, too",
					 stage->out_name, other->number);
}

void run_work_open_outputs(struct run_work *run)
{
	for (unsigned i = 0; i < run->line.count && !crew_follows(); i++) {
		struct run_stage *stage = &run->line.stages[i];
		struct fl_output_options opt = {
			.size = sizeof(opt), .path = stage->out_name, .flags = FL_OUTPUT_REPLACE};
		struct fl_error err;

		if (stage->out_name == NULL)
			continue;
		refuse_twice(&run->line, stage);
		if (fl_output_open(&opt, &stage->out, &err) < 0) {
			run_stage_complain(stage, "%s: %s", stage->out_name, err.text);
			exit(EXIT_TROUBLE);
		}
	}
}

/* An output appears when everything it was made from is known to be good. */
static void close_outputs(struct run_work *run)
{
	int good = !run->job.trouble && !job_interrupted() && outbuf_error() == 0;

	for (unsigned i = 0; i < run->line.count; i++) {
		struct run_stage *stage = &run->line.stages[i];
		struct fl_error err;

		if (stage->out == NULL)
			continue;
		if (!good) {
			fl_output_discard(stage->out);
		} else if (fl_output_commit(stage->out, &err) < 0) {
			run_stage_complain(stage, "%s: %s", stage->out_name, err.text);
			run->job.trouble = 1;
		}
		stage->out = NULL;
	}
}

/* Return: 0; FL_FOLD_STOP; or an error. */
static int pump_write(void *arg, const void *data, size_t len)
{
	struct run_stage *stage = arg;

	return fl_stream_write(stage->in, data, len);
}

static void add_pump(struct run_work *run, struct run_stage *stage)
{
	int rc = fl_copy_new(pump_write, stage, FL_SIZE_UNKNOWN, &stage->pump);

	if (rc == 0)
		rc = fl_pipeline_add(run->job.pl, fl_copy_operator(stage->pump), stage->pump);
	if (rc < 0)
		run_stage_die(stage, fl_strerror(rc));
}

/* The segment that @stage begins reads what the stage before writes, or sees. */
static void join(struct run_work *run, struct run_stage *stage)
{
	struct run_stage *before = stage - 1;
	int is_pumped = !before->ops->writes || before->ops->decodes != NULL;
	struct fl_stream **in = is_pumped ? &stage->in : &before->stream;
	struct fl_decode_options decode;
	struct fl_error err;

	if (is_pumped)
		add_pump(run, stage);
	if (fl_pipeline_then(run->job.pl, in, &err) < 0)
		run_stage_die(stage, err.text);
	if (stage->ops->decodes == NULL)
		return;
	decode = *stage->ops->decodes(stage);
	decode.flags |= FL_DECODE_ALWAYS;
	if (fl_source_decode(fl_stream_source(*in), &decode, &err) < 0)
		run_stage_die(stage, err.text);
}

static void decode_files(struct run_work *run, const struct run_stage *stage)
{
	run->line.common.decode = *stage->ops->decodes(stage);
	run->line.common.decode_when = DECODE_ALWAYS;
}

static void build(struct run_work *run)
{
	struct run_line *line = &run->line;

	for (unsigned i = 0; i < line->tapped; i++) {
		struct run_stage *stage = &line->stages[i];

		if (i > 0 && stage->segment == stage[-1].segment)
			stage->first_op = stage[-1].first_op + stage[-1].op_count;
		else if (i > 0)
			join(run, stage);
		else if (stage->ops->decodes != NULL)
			decode_files(run, stage);
		stage->ops->add(stage, run->job.pl);
	}
}

void run_work_begin_file(struct run_work *run, const char *name)
{
	for (unsigned i = 0; i < run->line.count; i++) {
		struct run_stage *stage = &run->line.stages[i];

		stage->file = name;
		stage->unread = 0;
		stage->broken = NULL;
		stage->bytes_out = 0;
		if (stage->ops->begin != NULL)
			stage->ops->begin(stage, run_stage_input(stage, name));
	}
}

static int bytes_go_to_stdout(const struct run_line *line)
{
	for (unsigned i = 0; i < line->count; i++)
		if (line->stages[i].to_stdout)
			return 1;
	return 0;
}

void run_work_begin(struct run_work *run)
{
	run->results = bytes_go_to_stdout(&run->line) ? stderr : stdout;
	if (run->line.common.json && run->results == stderr)
		message_usage("--json and a stage's bytes cannot both go to standard output");
	run_inplace_share(&run->line);
	job_begin(&run->job, &run->line.common);
	run->job.complain = run_failure_say;
	build(run);
	run_report_begin(run);
}

int run_work_end(struct run_work *run, int is_whole)
{
	int rc;

	run_failure_stdout(run);
	close_outputs(run);
	if (is_whole && !job_interrupted())
		run_report_total(run);
	rc = job_end(&run->job, NULL, run->line.common.json && is_whole);
	run_line_done(&run->line);
	return rc;
}
