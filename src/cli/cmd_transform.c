/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/transform.h>

#include "cli/crew.h"
#include "cli/crew_output.h"
#include "cli/inplace_run.h"
#include "cli/job.h"
#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/quote.h"
#include "cli/transform_dest.h"
#include "cli/transform_options.h"
#include "cli/verbs.h"

/**
 * struct transform_run - what the callbacks share
 * @last:     last byte written; another file's first line does not go on with it
 * @name:     of the file at work
 * @headed:   its name was printed before its first change
 * @one:      what was done to the last file
 * @ranks:    output files that all ranks of a crew write; @piece: what was done to this rank's piece
 */
struct transform_run {
	struct job job;
	const struct transform_options *opt;
	struct fl_transform *transform;
	struct fl_transform_result total;
	struct fl_transform_result one;
	struct fl_transform_result piece;
	struct crew_output ranks;
	struct transform_dest dest;
	json_t *doc;
	int last;
	const char *name;
	int headed;
};

static int write_text(void *arg, const void *data, size_t len)
{
	struct transform_run *run = arg;
	int rc;

	if (run->ranks.active)
		return crew_output_write(&run->ranks, data, len);
	run->last = ((const unsigned char *)data)[len - 1];
	if (run->dest.out != NULL)
		return transform_dest_write(&run->dest, data, len);
	progress_bar_erase();
	rc = outbuf_write(data, len);
	return rc < 0 ? rc : outbuf_flush_lines();
}

/* What is shown may be several lines: each gets its mark. */
static void print_lines(const char *mark, const char *text, size_t len)
{
	const char *end;

	do {
		size_t n = len;

		end = memchr(text, '\n', len);
		if (end != NULL)
			n = (size_t)(end - text);
		outbuf_printf("%s", mark);
		outbuf_write(text, n);
		outbuf_write("\n", 1);
		text += n + (end != NULL);
		len -= n + (end != NULL);
	} while (end != NULL);
}

static const char *shown_name(const char *name)
{
	return input_is_stdin(name) ? STDIN_NAME : name;
}

static int show_change(void *arg, const struct fl_transform_change *change)
{
	struct transform_run *run = arg;

	if (run->doc != NULL)
		return 0;
	progress_bar_erase();
	if (!run->headed)
		outbuf_printf("--- %s\n+++ %s\n", shown_name(run->name), shown_name(run->name));
	run->headed = 1;
	outbuf_printf("@@ byte %" PRIu64 " @@\n", change->off);
	print_lines("-", change->old_text, change->old_len);
	if (!change->is_deleted)
		print_lines("+", change->new_text, change->new_len);
	return outbuf_error();
}

static struct fl_transform *make_transform(struct transform_run *run)
{
	struct fl_transform_options job = run->opt->job;
	struct fl_transform *ret = NULL;
	struct fl_error err;

	job.arg = run;
	job.write = run->opt->dry_run ? NULL : write_text;
	job.diff = show_change;
	job.diff_count = run->opt->diff;
	if (run->opt->dry_run)
		job.flags |= FL_TRANSFORM_DRY_RUN;
	if (fl_transform_new(&job, &ret, &err) < 0) {
		message_error("%s", err.text);
		exit(EXIT_TROUBLE);
	}
	return ret;
}

static void add_result(struct transform_run *run, const struct fl_transform_result *one)
{
	run->total.matches += one->matches;
	run->total.changes += one->changes;
	run->total.old_bytes += one->old_bytes;
	run->total.new_bytes += one->new_bytes;
	run->total.pages += one->pages;
}

static void set_members(json_t *object, const struct fl_transform_result *one)
{
	json_doc_set(object, "matches", json_integer((json_int_t)one->matches));
	json_doc_set(object, "changes", json_integer((json_int_t)one->changes));
	json_doc_set(object, "old_bytes", json_integer((json_int_t)one->old_bytes));
	json_doc_set(object, "new_bytes", json_integer((json_int_t)one->new_bytes));
	json_doc_set(object, "pages", json_integer((json_int_t)one->pages));
}

static void print_counts(const char *name, const struct fl_transform_result *one)
{
	char *quoted = quote_name(name);

	outbuf_printf("%s: %" PRIu64 " matches, %" PRIu64 " changes: %" PRIu64
		      " bytes become %" PRIu64 ", in %" PRIu64 " pages\n",
		      quoted != NULL ? quoted : name, one->matches, one->changes, one->old_bytes,
		      one->new_bytes, one->pages);
	free(quoted);
}

static void report_file(struct transform_run *run, const char *name)
{
	add_result(run, &run->one);
	if (!run->opt->dry_run)
		return;
	if (run->doc != NULL)
		set_members(json_doc_add_file(run->doc, name), &run->one);
	else
		print_counts(shown_name(name), &run->one);
	outbuf_flush_lines();
}

static void print_stats(const struct transform_run *run)
{
	fprintf(stderr, "matches: %" PRIu64 "\nchanges: %" PRIu64 "\n", run->total.matches,
		run->total.changes);
	fprintf(stderr,
		"old bytes: %" PRIu64 "\nnew bytes: %" PRIu64 "\npages changed: %" PRIu64 "\n",
		run->total.old_bytes, run->total.new_bytes, run->total.pages);
}

static void report_total(struct transform_run *run)
{
	json_t *total;

	if (run->doc == NULL) {
		if (run->opt->dry_run && run->job.inputs.count > 1)
			print_counts("total", &run->total);
		return;
	}
	total = json_object();
	json_doc_set(run->doc, "total", total);
	set_members(total, &run->total);
	if (run->job.common->stats)
		json_doc_add_stats(run->doc, &run->job.stats);
	json_doc_print(run->doc);
}

/* As sed does: a line without its end ends where the next file begins. */
static void end_last_line(struct transform_run *run)
{
	int delimiter = run->opt->job.delimiter;

	if (run->opt->dry_run || run->opt->rewrite || run->last == delimiter ||
	    (run->opt->job.flags & FL_TRANSFORM_MULTILINE))
		return;
	transform_dest_write(&run->dest, &(char){(char)delimiter}, 1);
	run->last = delimiter;
}

/* What looks at the result in order does not go in pieces. */
static int looks_back(const struct transform_run *run)
{
	static const char name[] = "dedup-adjacent";
	const struct fl_transform_options *job = &run->opt->job;

	for (size_t k = 0; k < job->step_count; k++)
		if (job->steps[k].len == sizeof(name) - 1 &&
		    memcmp(job->steps[k].text, name, sizeof(name) - 1) == 0)
			return 1;
	return 0;
}

/* Only one output of one file is made by all ranks: of several, lines are joined where they meet. */
static int edit_by_ranks(const struct transform_run *run, const char *name)
{
	const struct inputs *in = &run->job.inputs;

	return run->doc == NULL && !run->opt->dry_run && run->opt->diff == 0 && !looks_back(run) &&
	       (run->opt->rewrite || !inputs_may_be_several(in)) &&
	       crew_output_is_possible(&run->job, name, run->dest.out);
}

static int edit_one(struct transform_run *run, const char *name)
{
	int rc;

	run->one = (struct fl_transform_result){.size = sizeof(run->one)};
	if (edit_by_ranks(run, name))
		return crew_output_run(&run->ranks, name, run->dest.out);
	rc = job_run(&run->job, name);
	fl_transform_result(run->transform, &run->one);
	return rc;
}

static int piece_is_made(void *arg, struct fl_error *err)
{
	struct transform_run *run = arg;

	(void)err;
	fl_transform_result(run->transform, &run->piece);
	return 0;
}

static uint64_t sum(uint64_t mine)
{
	uint64_t before, all;

	crew_ops_now()->place(mine, &before, &all);
	return all;
}

/* What the ranks did in this round. */
static int round_is_placed(void *arg, struct fl_error *err)
{
	struct transform_run *run = arg;
	struct fl_transform_result *one = &run->one, *piece = &run->piece;

	(void)err;
	one->matches += sum(piece->matches);
	one->changes += sum(piece->changes);
	one->old_bytes += sum(piece->old_bytes);
	one->new_bytes += sum(piece->new_bytes);
	one->pages += sum(piece->pages);
	*piece = (struct fl_transform_result){.size = sizeof(*piece)};
	return 0;
}

static void prepare_ranks(struct transform_run *run)
{
	run->piece.size = sizeof(run->piece);
	run->ranks = (struct crew_output){.job = &run->job,
					  .ops = fl_transform_operator(run->transform),
					  .op = run->transform,
					  .made = piece_is_made,
					  .placed = round_is_placed,
					  .arg = run};
}

/* A file in which nothing changes is left alone. */
static void edit_file(struct transform_run *run, const char *name)
{
	struct fl_error err;
	int rc;

	run->name = name;
	run->headed = 0;
	if (crew_output_is_ordered(&run->job)) {
		crew_output_follow(&run->ranks, name);
		return;
	}
	if (crew_follows()) {
		job_run(&run->job, name);
		return;
	}
	if (run->opt->rewrite && run->job.inputs.problem == NULL &&
	    transform_dest_rewrite(&run->dest, name, &err) < 0) {
		job_complain(&run->job, name, &err);
		return;
	}
	end_last_line(run);
	rc = edit_one(run, name);
	if (run->opt->rewrite &&
	    transform_dest_commit(&run->dest, rc == 0 && run->one.changes > 0, &err) < 0) {
		job_complain(&run->job, name, &err);
		return;
	}
	if (rc == 0)
		report_file(run, name);
}

static void open_output(struct transform_run *run)
{
	struct fl_error err;

	if (run->opt->output == NULL || run->opt->dry_run || crew_follows())
		return;
	if (transform_dest_open(&run->dest, run->opt->output, &err) < 0) {
		message_file(run->opt->output, &err);
		exit(EXIT_TROUBLE);
	}
}

static void close_output(struct transform_run *run)
{
	struct fl_error err;
	int wanted = !run->job.trouble && !job_interrupted();

	if (transform_dest_commit(&run->dest, wanted, &err) < 0)
		job_complain(&run->job, run->opt->output, &err);
}

static void edit_files(struct transform_run *run)
{
	const char *name;

	run->last = run->opt->job.delimiter;
	open_output(run);
	while (job_next(&run->job, &name))
		edit_file(run, name);
	close_output(run);
}

int cmd_transform(int argc, char **argv)
{
	struct transform_options opt;
	struct transform_run run = {.opt = &opt};
	char plan[300];
	int rc;

	transform_options_parse(&opt, argc, argv);
	run.transform = make_transform(&run);
	job_begin(&run.job, &opt.common);
	job_add(&run.job, fl_transform_operator(run.transform), run.transform);
	if (opt.inplace.wanted && !opt.dry_run) {
		rc = inplace_run(&run.job, run.transform, &opt.inplace);
		fl_transform_free(run.transform);
		transform_options_done(&opt);
		return rc;
	}
	prepare_ranks(&run);
	run.doc = opt.common.json ? json_doc_new("faultline-transform/1") : NULL;
	edit_files(&run);
	if (!job_interrupted())
		report_total(&run);
	snprintf(plan, sizeof(plan), "%s", fl_transform_plan(run.transform));
	rc = job_end(&run.job, plan, opt.common.json);
	if (opt.common.stats && !opt.common.json)
		print_stats(&run);
	fl_transform_free(run.transform);
	transform_options_done(&opt);
	return rc;
}
