/* SPDX-License-Identifier: MIT */
#include "cli/run_stage.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/parse_size.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"

static const struct run_stage_ops *const kinds[] = {
	&stage_count,  &stage_hash,  &stage_scan,  &stage_transform, &stage_keep,
	&stage_delete, &stage_head,  &stage_tail,  &stage_slice,     &stage_sample,
	&stage_exec,   &stage_write, &stage_split, &stage_compress,  &stage_decompress,
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

const struct run_stage_ops *run_stage_find(const char *name)
{
	if (strcmp(name, "grep") == 0)
		name = "scan";
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

const char *run_stage_input(const struct run_stage *stage, const char *name)
{
	return stage->is_named ? name : "-";
}

char *run_stage_list(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	if (to == NULL)
		return NULL;
	for (size_t i = 0; i < KIND_COUNT; i++)
		fprintf(to, "  %-10s %s\n", kinds[i]->name, kinds[i]->summary);
	return fclose(to) == 0 ? text : NULL;
}

static int write_stdout(const void *data, size_t len)
{
	int rc;

	progress_bar_erase();
	rc = outbuf_write(data, len);
	return rc == 0 ? outbuf_flush_lines() : rc;
}

/* What a stage's own file takes is taken whether the next stage still reads or not. */
int run_stage_write(void *arg, const void *data, size_t len)
{
	struct run_stage *stage = arg;
	int rc = 0;

	stage->bytes_out += len;
	if (stage->out != NULL)
		rc = fl_output_write(stage->out, data, len);
	if (rc < 0)
		stage->broken = stage->out_name;
	if (rc == 0 && stage->to_stdout) {
		rc = write_stdout(data, len);
		if (rc < 0)
			stage->broken = "standard output";
	}
	if (rc == 0 && stage->stream != NULL && !stage->unread)
		stage->unread = fl_stream_write(stage->stream, data, len) == FL_FOLD_STOP;
	if (rc == 0 && stage->unread && stage->out == NULL && !stage->to_stdout)
		return FL_FOLD_STOP;
	return rc;
}

void run_stage_add(struct run_stage *stage, struct fl_pipeline *pl, const struct fl_operator *ops,
		   void *op)
{
	int rc = fl_pipeline_add(pl, ops, op);

	if (rc < 0)
		run_stage_die(stage, fl_strerror(rc));
	stage->op_count++;
}

void run_stage_refuse(const struct run_stage *stage, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message_usage("stage %u (%s): %s", stage->number, stage->ops->name, text);
}

/* The delimiter of records is the same for all stages: -z stands before the first one. */
void run_stage_check(const struct run_stage *stage, const struct common_options *of_verb)
{
	const struct fl_options *run = &of_verb->run;
	struct fl_options none;

	fl_options_init(&none);
	if (run->delimiter == '\0' && stage->common->run.delimiter != '\0')
		run_stage_refuse(stage, "-z stands before the first stage, for all of them");
	if (run->threads != none.threads || run->io != none.io || run->advise != none.advise ||
	    run->flags != none.flags || run->window_bytes != none.window_bytes ||
	    run->chunk_bytes != none.chunk_bytes ||
	    run->max_memory_bytes != none.max_memory_bytes || run->range_off != none.range_off ||
	    run->range_len != none.range_len || of_verb->stats || of_verb->json ||
	    of_verb->files_from != NULL || of_verb->progress != PROGRESS_AUTO ||
	    of_verb->processes != 0)
		run_stage_refuse(stage, "options of loading, ranges and reports stand before the "
					"first stage");
	if (of_verb->file_count > 0)
		run_stage_refuse(stage, "extra operand '%s'; files stand behind --",
				 of_verb->files[0]);
}

void *run_stage_state(struct run_stage *stage, size_t size)
{
	stage->state = calloc(1, size);
	if (stage->state == NULL)
		run_stage_die(stage, strerror(ENOMEM));
	return stage->state;
}

void run_stage_complain(const struct run_stage *stage, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	message_error("stage %u (%s): %s", stage->number, stage->ops->name,
		      text != NULL ? text : strerror(ENOMEM));
	free(text);
}

void run_stage_die(const struct run_stage *stage, const char *text)
{
	run_stage_complain(stage, "%s", text);
	exit(EXIT_TROUBLE);
}

uint64_t run_stage_number(const struct run_stage *stage, const char *option, const char *text,
			  uint64_t least)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < least)
		run_stage_refuse(stage, "%s: '%s' is not a number from %llu on", option, text,
				 (unsigned long long)least);
	return value;
}

uint64_t run_stage_size(const struct run_stage *stage, const char *option, const char *text)
{
	uint64_t value = 0;
	int rc = faultline_parse_size(text, &value);

	if (rc < 0)
		run_stage_refuse(stage, "%s: '%s' %s", option, text,
				 faultline_size_problem(text, rc));
	return value;
}

static uint64_t size_or_number(const struct run_stage *stage, const char *option, const char *text,
			       int bytes)
{
	return bytes ? run_stage_size(stage, option, text)
		     : run_stage_number(stage, option, text, 0);
}

void run_stage_range(const struct run_stage *stage, const char *option, const char *text, int bytes,
		     uint64_t *ret_from, uint64_t *ret_to)
{
	const char *colon = strchr(text, ':');
	uint64_t len;
	char *off;

	if (colon == NULL)
		run_stage_refuse(stage, "%s: '%s' is not OFF:LEN", option, text);
	off = strndup(text, (size_t)(colon - text));
	if (off == NULL)
		run_stage_refuse(stage, "%s", strerror(ENOMEM));
	*ret_from = size_or_number(stage, option, off, bytes);
	free(off);
	len = colon[1] == '\0' ? UINT64_MAX : size_or_number(stage, option, colon + 1, bytes);
	*ret_to = len > UINT64_MAX - *ret_from ? UINT64_MAX : *ret_from + len;
}
