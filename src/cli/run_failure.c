/* SPDX-License-Identifier: MIT */
#include "cli/run_failure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "cli/outbuf.h"

static const struct run_stage *first_of(const struct run_line *line, unsigned segment)
{
	const struct run_stage *stage = line->stages;

	while (stage->segment < segment)
		stage++;
	return stage;
}

/* Whose operator it is; of what is nobody's, the first of the segment. */
static const struct run_stage *find_stage(const struct run_line *line, const struct fl_failure *f)
{
	const struct run_stage *first = first_of(line, f->segment), *stage = first;

	for (; stage < line->stages + line->count && stage->segment == f->segment; stage++)
		if (f->op >= stage->first_op && f->op - stage->first_op < stage->op_count)
			return stage;
	return first;
}

/* Whose bytes are counted: those that a decoder reads, and those that it makes, are not the same. */
static const struct run_stage *find_origin(const struct run_line *line, const struct fl_failure *f)
{
	const struct run_stage *first = first_of(line, f->segment);

	if (first->ops->decodes != NULL && f->op != FL_OPERATOR_NONE)
		return first;
	return f->segment > 0 ? first - 1 : NULL;
}

/* " at byte N of what stage M writes:", or less where less is known */
static void put_place(char *to, size_t size, const struct run_line *line,
		      const struct fl_failure *f)
{
	const struct run_stage *origin = find_origin(line, f);
	int n;

	*to = '\0';
	if (f->off == FL_OFF_NONE)
		return;
	n = snprintf(to, size, " at byte %" PRIu64, f->off);
	if (origin != NULL)
		n += snprintf(to + n, size - (size_t)n, " of what stage %u %s", origin->number,
			      origin->ops->writes ? "writes" : "sees");
	snprintf(to + n, size - (size_t)n, ":");
}

static void say(const struct run_line *line, const char *name, const struct fl_failure *f,
		const struct fl_error *err)
{
	const struct run_stage *stage = find_stage(line, f);
	char place[96];

	put_place(place, sizeof(place), line, f);
	message_error("%s:%s stage %u (%s): %s%s%s", name, place, stage->number, stage->ops->name,
		      stage->broken != NULL ? stage->broken : "", stage->broken != NULL ? ": " : "",
		      stage->broken != NULL ? fl_strerror(err->code) : err->text);
}

/* Is it a stage's, and not one of the file, or of what the run itself writes? */
static int is_of_stage(const struct run_work *run, const struct fl_failure *f, int was_run)
{
	if (run->broken != NULL)
		return 0;
	if (f->op != FL_OPERATOR_NONE || f->segment > 0)
		return 1;
	if (!was_run)
		return f->off != FL_OFF_NONE && run->line.stages[0].ops->decodes != NULL;
	return !run->reads_beside;
}

void run_failure_say(struct job *job, const char *name, const struct fl_error *err, int was_run)
{
	struct run_work *run = (struct run_work *)job;
	struct fl_failure f = {.size = sizeof(f), .op = FL_OPERATOR_NONE, .off = err->off};
	struct fl_error of_run = *err;

	/* The reader of a pipe went away: that is how `| head` ends a program. But nobody would see
	 * that a file has not been edited. */
	if (outbuf_error() == -EPIPE && !run->line.inplace.wanted)
		return;
	if (outbuf_error() != 0)
		outbuf_told();
	if (was_run)
		fl_pipeline_failure(job->pl, &f);
	if (run->broken != NULL)
		snprintf(of_run.text, sizeof(of_run.text), "%s: %s", run->broken,
			 fl_strerror(err->code));
	if (is_of_stage(run, &f, was_run))
		say(&run->line, name, &f, err);
	else
		message_file(name, &of_run);
}

void run_failure_stdout(struct run_work *run)
{
	int rc = outbuf_flush();

	if (rc == 0 || rc == -EPIPE || run->job.trouble)
		return;
	run->job.trouble = 1;
	for (unsigned i = 0; i < run->line.count; i++)
		if (run->line.stages[i].to_stdout) {
			run_stage_complain(&run->line.stages[i], "standard output: %s",
					   strerror(-rc));
			outbuf_told();
		}
}
