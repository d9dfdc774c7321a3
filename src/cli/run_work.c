/* SPDX-License-Identifier: MIT */
#include "cli/run_work.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/crew.h"
#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/run_failure.h"
#include "cli/run_inplace.h"
#include "cli/verbs.h"

void run_work_open_outputs(struct run_work *run)
{
	for (unsigned i = 0; i < run->line.count && !crew_follows(); i++) {
		struct run_stage *stage = &run->line.stages[i];
		struct fl_output_options opt = {
			.size = sizeof(opt), .path = stage->out_name, .flags = FL_OUTPUT_REPLACE};
		struct fl_error err;

		if (stage->out_name == NULL)
			continue;
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

/* Bytes that came through another stage have no file of their own. */
static const char *stage_name(const struct run_stage *stage, const char *name)
{
	return stage->is_named ? name : "-";
}

void run_work_begin_file(struct run_work *run, const char *name)
{
	for (unsigned i = 0; i < run->line.count; i++) {
		struct run_stage *stage = &run->line.stages[i];

		stage->unread = 0;
		stage->broken = NULL;
		stage->bytes_out = 0;
		if (stage->ops->begin != NULL)
			stage->ops->begin(stage, stage_name(stage, name));
	}
}

/* "[N] NAME: LINE", or the lines alone in a file of the stage's own. */
static void put_report(struct run_work *run, struct run_stage *stage, const char *text, size_t len)
{
	const char *end;
	size_t n;
	int rc;

	if (stage->out != NULL && !stage->ops->writes) {
		rc = fl_output_write(stage->out, text, len);
		if (rc < 0) {
			run_stage_complain(stage, "%s: %s", stage->out_name, fl_strerror(rc));
			run->job.trouble = 1;
		}
		return;
	}
	for (; len > 0; text += n, len -= n) {
		end = memchr(text, '\n', len);
		n = end != NULL ? (size_t)(end - text) + 1 : len;
		if (run->results == stdout)
			outbuf_printf("[%u] %s: %.*s%s", stage->number, stage->ops->name,
				      (int)(n - (end != NULL)), text, "\n");
		else
			fprintf(run->results, "[%u] %s: %.*s\n", stage->number, stage->ops->name,
				(int)(n - (end != NULL)), text);
	}
}

/* What edits in place do is told of all of them together. */
static int is_stored(const struct run_work *run, const struct run_stage *stage)
{
	return run->line.inplace.wanted && stage->ops->edit != NULL;
}

static void report_text(struct run_work *run, const char *name)
{
	for (unsigned i = 0; i < run->line.count; i++) {
		struct run_stage *stage = &run->line.stages[i];
		char *text = NULL;
		size_t len = 0;
		FILE *memory;

		if (stage->ops->report == NULL || is_stored(run, stage))
			continue;
		memory = open_memstream(&text, &len);
		if (memory == NULL)
			run_stage_die(stage, strerror(errno));
		outbuf_capture(memory);
		stage->ops->report(stage, stage_name(stage, name));
		outbuf_capture(NULL);
		fclose(memory);
		put_report(run, stage, text, len);
		free(text);
	}
	outbuf_flush_lines();
}

/* What a decoding stage reads is what came before the decoder, and its bytes are the segment's. */
static void json_bytes(const struct run_stage *stage, const struct fl_stats *stats,
		       const char *name, json_t *object)
{
	uint64_t in = stats->bytes, out = stage->bytes_out;
	struct stat st;

	if (stage->ops->decodes != NULL) {
		out = stats->bytes;
		in = stage->pump != NULL   ? fl_copy_bytes(stage->pump)
		     : stage->number > 1   ? stage[-1].bytes_out
		     : stat(name, &st) < 0 ? FL_SIZE_UNKNOWN
					   : (uint64_t)st.st_size;
	}
	if (in != FL_SIZE_UNKNOWN)
		json_doc_set(object, "bytes_in", json_integer((json_int_t)in));
	if (stage->ops->writes || out > 0)
		json_doc_set(object, "bytes_out", json_integer((json_int_t)out));
}

static json_t *report_json(struct run_work *run, const char *name)
{
	json_t *file = json_doc_add_file(run->doc, name), *list = json_array();

	json_doc_set(file, "stages", list);
	for (unsigned i = 0; i < run->line.count; i++) {
		struct run_stage *stage = &run->line.stages[i];
		struct fl_stats stats = {.size = sizeof(stats)};
		json_t *object = json_object();
		uint64_t ns = 0;

		fl_pipeline_segment_stats(run->job.pl, stage->segment, &stats);
		for (unsigned k = 0; k < stage->op_count; k++)
			ns += fl_pipeline_operator_ns(run->job.pl, stage->segment,
						      stage->first_op + k);
		json_array_append_new(list, object);
		json_doc_set(object, "stage", json_integer(stage->number));
		json_doc_set(object, "name", json_string(stage->ops->name));
		if (is_stored(run, stage))
			continue;
		json_doc_set(object, "segment", json_integer(stage->segment + 1));
		json_bytes(stage, &stats, name, object);
		json_doc_set(object, "seconds", json_real((double)stats.ns / 1e9));
		json_doc_set(object, "thread_seconds", json_real((double)ns / 1e9));
		if (stage->ops->json != NULL)
			stage->ops->json(stage, object);
	}
	return file;
}

json_t *run_work_results(struct run_work *run, const char *name)
{
	if (run->doc != NULL)
		return report_json(run, name);
	if (!run->line.common.quiet)
		report_text(run, name);
	return NULL;
}

void run_work_say(struct run_work *run, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text == NULL)
		return;
	if (run->results == stdout) {
		outbuf_write(text, strlen(text));
		outbuf_flush_lines();
	} else {
		fputs(text, run->results);
	}
	free(text);
}

void run_work_report(struct run_work *run, const char *name)
{
	struct fl_stats stats = {.size = sizeof(stats)};

	fl_pipeline_stats(run->job.pl, &stats);
	run->files++;
	run->bytes += stats.bytes;
	run_work_results(run, name);
}

static void report_total(struct run_work *run)
{
	json_t *total;

	if (run->doc == NULL) {
		if (run->files > 1 && !run->line.common.quiet)
			fprintf(stderr, "total: %llu files, %llu bytes\n",
				(unsigned long long)run->files, (unsigned long long)run->bytes);
		return;
	}
	total = json_object();
	json_doc_set(run->doc, "total", total);
	json_doc_set(total, "files", json_integer((json_int_t)run->files));
	json_doc_set(total, "bytes", json_integer((json_int_t)run->bytes));
	if (run->line.common.stats)
		json_doc_add_stats(run->doc, &run->job.stats);
	json_doc_print(run->doc);
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
	run->doc = run->line.common.json ? json_doc_new("faultline-run/1") : NULL;
}

int run_work_end(struct run_work *run, int is_whole)
{
	int rc;

	run_failure_stdout(run);
	close_outputs(run);
	if (is_whole && !job_interrupted())
		report_total(run);
	rc = job_end(&run->job, NULL, run->line.common.json && is_whole);
	run_line_done(&run->line);
	return rc;
}
