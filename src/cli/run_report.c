/* SPDX-License-Identifier: MIT */
#include "cli/run_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"

void run_report_begin(struct run_work *run)
{
	run->doc = run->line.common.json ? json_doc_new("faultline-run/1") : NULL;
	run->sums = json_array();
	for (unsigned i = 0; i < run->line.count; i++)
		json_array_append_new(run->sums, json_object());
}

/* What edits in place do is told of all of them together. */
static int is_stored(const struct run_work *run, const struct run_stage *stage)
{
	return run->line.inplace.wanted && stage->ops->edit != NULL;
}

/* ---- who ended early */

static int said_stop(const struct run_work *run, const struct run_stage *stage)
{
	struct fl_operator_stats stats = {.size = sizeof(stats)};
	int all = stage->op_count > 0;

	for (unsigned k = 0; k < stage->op_count; k++) {
		fl_pipeline_operator_stats(run->job.pl, stage->segment, stage->first_op + k,
					   &stats);
		all &= stats.ended_early;
	}
	return all;
}

/*
 * Whether a stage was told that nobody needs its bytes is a matter of timing; that a stage behind it
 * had enough is not.
 */
static int ended_early(const struct run_work *run, const struct run_stage *stage)
{
	const struct run_stage *end = run->line.stages + run->line.count, *next = stage + 1;

	if (said_stop(run, stage))
		return 1;
	if (stage->stream == NULL || stage->out != NULL || stage->to_stdout)
		return 0;
	while (next < end && next->segment == stage->segment)
		next++;
	for (unsigned segment = stage->segment + 1; next < end && next->segment == segment; next++)
		/* A decoder hands on what its segment reads: the others decide. */
		if (next->op_count > 0 && !ended_early(run, next))
			return 0;
	return 1;
}

/* A stage that looks, and stops when it has seen enough, has its result. */
static int has_result(const struct run_work *run, const struct run_stage *stage)
{
	return !stage->ops->writes || !ended_early(run, stage);
}

/* ---- lines */

static void put_line(const struct run_work *run, const struct run_stage *stage, const char *text,
		     size_t len)
{
	if (run->results == stdout)
		outbuf_printf("[%u] %s: %.*s\n", stage->number, stage->ops->name, (int)len, text);
	else
		fprintf(run->results, "[%u] %s: %.*s\n", stage->number, stage->ops->name, (int)len,
			text);
}

static void put_in_file(struct run_work *run, const struct run_stage *stage, const char *text,
			size_t len)
{
	int rc = fl_output_write(stage->out, text, len);

	if (rc == 0)
		return;
	run_stage_complain(stage, "%s: %s", stage->out_name, fl_strerror(rc));
	run->job.trouble = 1;
}

/* Labelled, or the lines alone in a file of the stage's own. */
static void put_report(struct run_work *run, const struct run_stage *stage, const char *text,
		       size_t len)
{
	const char *end;

	if (stage->out != NULL && !stage->ops->writes) {
		put_in_file(run, stage, text, len);
		return;
	}
	for (; len > 0; len -= (size_t)(end + 1 - text), text = end + 1) {
		end = memchr(text, '\n', len);
		if (end == NULL)
			end = text + len - 1;
		put_line(run, stage, text, (size_t)(end - text) + (*end != '\n'));
	}
}

static void report_stage(struct run_work *run, struct run_stage *stage, const char *name)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	if (memory == NULL)
		run_stage_die(stage, strerror(errno));
	outbuf_capture(memory);
	if (has_result(run, stage))
		stage->ops->report(stage, run_stage_input(stage, name));
	else
		outbuf_printf("ended early, no more was needed  %s\n",
			      run_stage_input(stage, name));
	outbuf_capture(NULL);
	fclose(memory);
	put_report(run, stage, text, len);
	free(text);
}

static void report_text(struct run_work *run, const char *name)
{
	for (unsigned i = 0; i < run->line.count; i++) {
		struct run_stage *stage = &run->line.stages[i];

		if (stage->ops->report != NULL && !is_stored(run, stage))
			report_stage(run, stage, name);
	}
	outbuf_flush_lines();
}

/* ---- objects */

/* What a decoding stage reads is what came before the decoder, and its bytes are the segment's. */
static void json_bytes(const struct run_stage *stage, const char *name, json_t *object)
{
	uint64_t in = stage->bytes_in, out = stage->bytes_out;
	struct stat st;

	if (stage->ops->decodes != NULL) {
		out = stage->bytes_in;
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

static void json_times(const struct run_work *run, const struct run_stage *stage,
		       const struct fl_stats *stats, json_t *object)
{
	struct fl_operator_stats one = {.size = sizeof(one)};
	uint64_t ns = 0;

	for (unsigned k = 0; k < stage->op_count; k++) {
		fl_pipeline_operator_stats(run->job.pl, stage->segment, stage->first_op + k, &one);
		ns += one.ns;
	}
	json_doc_set(object, "seconds", json_real((double)stats->ns / 1e9));
	json_doc_set(object, "thread_seconds", json_real((double)ns / 1e9));
}

/* Without stage and name, which are not what a stage found. */
static json_t *stage_object(struct run_work *run, struct run_stage *stage, const char *name)
{
	struct fl_stats stats = {.size = sizeof(stats)};
	json_t *object = json_object();

	if (is_stored(run, stage))
		return object;
	fl_pipeline_segment_stats(run->job.pl, stage->segment, &stats);
	stage->bytes_in = stats.bytes;
	json_bytes(stage, name, object);
	json_times(run, stage, &stats, object);
	if (!has_result(run, stage))
		json_doc_set(object, "ended_early", json_true());
	else if (stage->ops->json != NULL)
		stage->ops->json(stage, object);
	return object;
}

static void add_up(json_t *sums, const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		const json_t *before = json_object_get(sums, key);

		if (json_is_integer(value))
			json_doc_set(sums, key,
				     json_integer(json_integer_value(before) +
						  json_integer_value(value)));
		else if (json_is_real(value))
			json_doc_set(sums, key,
				     json_real(json_real_value(before) + json_real_value(value)));
	}
}

/* Which stage @object is of, then what is in it. Return: owned by the caller. */
static json_t *labelled(const struct run_work *run, const struct run_stage *stage,
			const json_t *object)
{
	json_t *ret = json_object();

	json_doc_set(ret, "stage", json_integer(stage->number));
	json_doc_set(ret, "name", json_string(stage->ops->name));
	if (!is_stored(run, stage))
		json_doc_set(ret, "segment", json_integer(stage->segment + 1));
	json_object_update(ret, (json_t *)(uintptr_t)object);
	return ret;
}

json_t *run_report_file(struct run_work *run, const char *name, uint64_t bytes)
{
	json_t *file = run->doc != NULL ? json_doc_add_file(run->doc, name) : NULL;
	json_t *list = json_array();

	run->files++;
	run->bytes += bytes;
	for (unsigned i = 0; i < run->line.count; i++) {
		struct run_stage *stage = &run->line.stages[i];
		json_t *object = stage_object(run, stage, name);

		add_up(json_array_get(run->sums, i), object);
		json_array_append_new(list, labelled(run, stage, object));
		json_decref(object);
	}
	if (file != NULL)
		json_doc_set(file, "stages", list);
	else
		json_decref(list);
	if (file == NULL && !run->line.common.quiet)
		report_text(run, name);
	return file;
}

void run_report_run(struct run_work *run, const char *name)
{
	struct fl_stats stats = {.size = sizeof(stats)};

	fl_pipeline_stats(run->job.pl, &stats);
	run_report_file(run, name, stats.bytes);
}

void run_report_say(struct run_work *run, const char *format, ...)
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

/* ---- all files */

/* "[N] NAME: total: KEY NUMBER, KEY NUMBER", of what the stage counts */
static void total_line(struct run_work *run, struct run_stage *stage, const json_t *sums)
{
	const char *key, *comma = "";
	json_t *value;

	if (stage->ops->json == NULL || is_stored(run, stage))
		return;
	json_object_foreach((json_t *)(uintptr_t)sums, key, value)
	{
		if (!json_is_integer(value) || strncmp(key, "bytes_", 6) == 0)
			continue;
		if (*comma == '\0')
			run_report_say(run, "[%u] %s: total: ", stage->number, stage->ops->name);
		run_report_say(run, "%s%s %" JSON_INTEGER_FORMAT, comma, key,
			       json_integer_value(value));
		comma = ", ";
	}
	if (*comma != '\0')
		run_report_say(run, "\n");
}

static void total_text(struct run_work *run)
{
	if (run->files < 2 || run->line.common.quiet)
		return;
	for (unsigned i = 0; i < run->line.count; i++)
		total_line(run, &run->line.stages[i], json_array_get(run->sums, i));
	fprintf(stderr, "total: %" PRIu64 " files, %" PRIu64 " bytes\n", run->files, run->bytes);
}

static void total_object(struct run_work *run)
{
	json_t *total = json_object(), *list = json_array();

	json_doc_set(run->doc, "total", total);
	json_doc_set(total, "files", json_integer((json_int_t)run->files));
	json_doc_set(total, "bytes", json_integer((json_int_t)run->bytes));
	json_doc_set(total, "stages", list);
	for (unsigned i = 0; i < run->line.count; i++)
		json_array_append_new(
			list, labelled(run, &run->line.stages[i], json_array_get(run->sums, i)));
	if (run->line.common.stats)
		json_doc_add_stats(run->doc, &run->job.stats);
	json_doc_print(run->doc);
}

void run_report_total(struct run_work *run)
{
	if (run->doc == NULL)
		total_text(run);
	else
		total_object(run);
}
