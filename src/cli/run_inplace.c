/* SPDX-License-Identifier: MIT */
#include "cli/run_inplace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/inplace_run.h"
#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/run_report.h"

/* What a pipeline must have (fl_pipeline_new()). */
#define MEMORY_MIN (UINT64_C(4) << 20)

static const char *last_stage(char **words, int count)
{
	while (count > 1 && strcmp(words[count - 1], "then") != 0)
		count--;
	return count > 1 ? words[count] : words[0];
}

void run_inplace_take(struct run_line *line, char **words, int *count)
{
	const char *word = *count > 1 ? words[*count - 1] : "", *suffix = NULL;
	const struct run_stage_ops *ops;

	if (strncmp(word, "--in-place=", 11) == 0) {
		suffix = word + 11;
	} else if (strcmp(word, "-i") == 0) {
		ops = run_stage_find(last_stage(words, *count - 1));
		if (ops == &stage_scan)
			return;
	} else if (strcmp(word, "--in-place") != 0) {
		return;
	}
	line->inplace.wanted = 1;
	if (suffix != NULL && *suffix != '\0')
		line->inplace.how.backup_suffix = suffix;
	--*count;
}

static void check_stages(struct run_line *line)
{
	unsigned edits = 0;

	line->tapped = 0;
	for (unsigned i = 0; i < line->count; i++) {
		struct run_stage *stage = &line->stages[i];

		if (stage->ops->edit == NULL && (stage->ops->writes || stage->ops->decodes != NULL))
			run_stage_refuse(stage,
					 "cannot be done in place: with -i stages edit lines "
					 "(transform, keep, delete) or look (count, hash, scan, "
					 "split, write)");
		if (stage->ops->edit != NULL && stage->ops->keyless(stage) &&
		    (line->inplace.how.flags & FL_INPLACE_NO_ROLLBACK))
			run_stage_refuse(stage, "--no-rollback: without --redact-key=FILE nobody "
						"could finish what a crash interrupts");
		edits += stage->ops->edit != NULL;
		if (stage->ops->edit == NULL || stage->out_name != NULL)
			line->tapped = i + 1;
	}
	if (edits == 0)
		message_usage("-i: no stage edits (transform, keep, delete)");
}

void run_inplace_check(struct run_line *line)
{
	const struct run_stage *last = &line->stages[line->count - 1];
	const struct fl_options *run = &line->common.run;

	line->tapped = line->count;
	if (!line->inplace.wanted)
		return;
	check_stages(line);
	if (last->ops->writes && last->out_name != NULL)
		message_usage("-i and -o exclude each other");
	if (line->parts > 0 || line->common.processes > 0)
		message_usage("-i excludes --part and --processes");
	if (run->range_off != 0 || run->range_len != FL_SIZE_UNKNOWN)
		message_usage("-i edits whole files: no --range");
}

void run_inplace_share(struct run_line *line)
{
	uint64_t *memory = &line->common.run.max_memory_bytes, share = *memory / 8 * 3;

	if (line->inplace.wanted && line->tapped > 0)
		*memory = share > MEMORY_MIN ? share : MEMORY_MIN;
}

void run_inplace_plan(const struct run_line *line)
{
	const char *comma = "";

	if (!line->inplace.wanted)
		return;
	outbuf_printf("in place: file := ");
	for (unsigned i = 0; i < line->count; i++) {
		if (line->stages[i].ops->edit == NULL)
			continue;
		outbuf_printf("%sstage %u", comma, line->stages[i].number);
		comma = ", then ";
	}
	outbuf_printf(", as one edit on all threads; %s\n",
		      line->inplace.how.flags & FL_INPLACE_NO_JOURNAL
			      ? "without a journal"
			      : "with a journal, for faultline recover");
	if (line->tapped > 0)
		outbuf_printf("what is read is copied for the stages that look before it is stored "
			      "to\n");
}

/** struct edits - the stages that edit, in their order */
struct edits {
	struct fl_transform *list[RUN_STAGES_MAX];
	size_t count;
};

static void find_edits(struct run_line *line, struct edits *ret)
{
	for (unsigned i = 0; i < line->count; i++) {
		struct run_stage *stage = &line->stages[i];

		if (stage->ops->edit != NULL)
			ret->list[ret->count++] = stage->ops->edit(stage);
	}
}

static void report(struct run_work *run, const char *name, const struct fl_inplace_result *one)
{
	json_t *file = run_report_file(run, name, one->old_bytes), *object;

	if (file != NULL) {
		object = json_object();
		json_doc_set(file, "in_place", object);
		json_doc_set(object, "old_bytes", json_integer((json_int_t)one->old_bytes));
		json_doc_set(object, "new_bytes", json_integer((json_int_t)one->new_bytes));
	} else if (!run->line.common.quiet) {
		run_report_say(run, "in place: %" PRIu64 " bytes became %" PRIu64 "  %s\n",
			       one->old_bytes, one->new_bytes, name);
	}
}

static void edit_files(struct run_work *run, struct inplace_work *work)
{
	struct fl_inplace_result one;
	const char *name;

	run_work_open_outputs(run);
	while (job_next(&run->job, &name)) {
		run_work_begin_file(run, name);
		if (inplace_edit(work, name, &one) == 0) {
			report(run, name, &one);
		}
	}
}

int run_inplace(struct run_work *run)
{
	struct inplace_work work = {.job = &run->job};
	struct edits edits = {.count = 0};
	int stats = run->line.common.stats;

	run->reads_beside = 1;
	find_edits(&run->line, &edits);
	work.transforms = edits.list;
	work.count = edits.count;
	inplace_begin(&work, &run->line.inplace);
	if (run->line.tapped > 0)
		work.how.taps = run->job.pl;
	edit_files(run, &work);
	/* Those of the taps' pipeline, which reads no file, say little. */
	run->line.common.stats = 0;
	if (stats)
		inplace_print_stats(&work);
	return run_work_end(run, 1);
}
