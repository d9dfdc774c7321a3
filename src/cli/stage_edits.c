/* SPDX-License-Identifier: MIT */
/* Stages that write other bytes: transform, keep, delete, exec. */
#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/command.h>

#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/run_stage.h"
#include "cli/transform_options.h"

/* ---- transform; keep and delete are transforms of one step */

struct transform_state {
	struct transform_options opt;
	struct fl_transform *transform;
};

static void transform_parse(struct run_stage *stage, int argc, char **argv)
{
	struct transform_state *s = run_stage_state(stage, sizeof(*s));

	transform_options_parse(&s->opt, argc, argv);
	if (s->opt.dry_run || s->opt.rewrite || s->opt.inplace.wanted)
		run_stage_refuse(stage, "--dry-run, --diff, --rewrite and -i are for faultline "
					"transform; run -i stands before the first stage, or "
					"behind the last one");
	if ((s->opt.job.flags & FL_TRANSFORM_MULTILINE) && stage->common->run.delimiter != '\0')
		run_stage_refuse(stage, "--multiline needs -z before the first stage");
	run_stage_check(stage, &s->opt.common);
}

/* "keep REGEX" is "transform --keep=REGEX". */
static void filter_parse(struct run_stage *stage, int argc, char **argv)
{
	char *words[3] = {argv[0], NULL, NULL};
	const char *dash = "";

	if (argc == 3 && strcmp(argv[1], "-e") == 0)
		dash = argv[2];
	else if (argc == 2 && argv[1][0] != '-')
		dash = argv[1];
	else
		run_stage_refuse(stage, "one REGEX is needed (-e REGEX where it begins with -)");
	if (asprintf(&words[1], "--%s=%s", stage->ops->name, dash) < 0)
		run_stage_die(stage, "Cannot allocate memory");
	transform_parse(stage, 2, words);
	free(words[1]);
}

static struct fl_transform *transform_edit(struct run_stage *stage)
{
	struct transform_state *s = stage->state;
	struct fl_error err;
	char label[64];

	if (s->transform != NULL)
		return s->transform;
	s->opt.job.delimiter = stage->common->run.delimiter;
	s->opt.job.write = run_stage_write;
	s->opt.job.arg = stage;
	snprintf(label, sizeof(label), "stage %u (%s)", stage->number, stage->ops->name);
	s->opt.job.label = label;
	if (fl_transform_new(&s->opt.job, &s->transform, &err) < 0)
		run_stage_die(stage, err.text);
	return s->transform;
}

static int transform_keyless(const struct run_stage *stage)
{
	const struct transform_state *s = stage->state;

	return (s->opt.job.flags & FL_TRANSFORM_HASH) && s->opt.key_file == NULL;
}

static void transform_add(struct run_stage *stage, struct fl_pipeline *pl)
{
	struct fl_transform *transform = transform_edit(stage);

	run_stage_add(stage, pl, fl_transform_operator(transform), transform);
}

/* How many places that is depends on where pieces end: neighbours count as one. */
static void transform_report(struct run_stage *stage, const char *name)
{
	struct transform_state *s = stage->state;
	struct fl_transform_result one = {.size = sizeof(one)};

	fl_transform_result(s->transform, &one);
	outbuf_printf("%" PRIu64 " matches: %" PRIu64 " bytes became %" PRIu64 "  %s\n",
		      one.matches, stage->bytes_in, stage->bytes_out, name);
}

static void transform_json(struct run_stage *stage, json_t *object)
{
	struct transform_state *s = stage->state;
	struct fl_transform_result one = {.size = sizeof(one)};

	fl_transform_result(s->transform, &one);
	json_doc_set(object, "matches", json_integer((json_int_t)one.matches));
}

static void transform_free(struct run_stage *stage)
{
	struct transform_state *s = stage->state;

	fl_transform_free(s->transform);
	transform_options_done(&s->opt);
	free(s);
}

const struct run_stage_ops stage_transform = {.name = "transform",
					      .summary = "Edits, as sed does",
					      .writes = 1,
					      .parse = transform_parse,
					      .edit = transform_edit,
					      .keyless = transform_keyless,
					      .add = transform_add,
					      .report = transform_report,
					      .json = transform_json,
					      .free = transform_free};

const struct run_stage_ops stage_keep = {.name = "keep",
					 .summary = "Only the lines that match",
					 .writes = 1,
					 .parse = filter_parse,
					 .edit = transform_edit,
					 .keyless = transform_keyless,
					 .add = transform_add,
					 .json = transform_json,
					 .free = transform_free};

const struct run_stage_ops stage_delete = {.name = "delete",
					   .summary = "Only the lines that do not match",
					   .writes = 1,
					   .parse = filter_parse,
					   .edit = transform_edit,
					   .keyless = transform_keyless,
					   .add = transform_add,
					   .json = transform_json,
					   .free = transform_free};

/* ---- exec */

static void exec_parse(struct run_stage *stage, int argc, char **argv)
{
	if (argc != 2)
		run_stage_refuse(stage, "one COMMAND for sh is needed, in quotes");
	stage->state = NULL;
	stage->argv = argv;
}

static void exec_add(struct run_stage *stage, struct fl_pipeline *pl)
{
	struct fl_command_options opt = {.size = sizeof(opt),
					 .command = stage->argv[1],
					 .write = run_stage_write,
					 .arg = stage};
	struct fl_command *command = NULL;
	struct fl_error err;

	if (fl_command_new(&opt, &command, &err) < 0)
		run_stage_die(stage, err.text);
	stage->state = command;
	run_stage_add(stage, pl, fl_command_operator(command), command);
}

static const char *exec_order(const struct run_stage *stage)
{
	(void)stage;
	return "the command reads them one after another";
}

static void exec_free(struct run_stage *stage)
{
	fl_command_free(stage->state);
}

const struct run_stage_ops stage_exec = {.name = "exec",
					 .summary = "What a command for sh makes of the bytes",
					 .writes = 1,
					 .parse = exec_parse,
					 .add = exec_add,
					 .order = exec_order,
					 .free = exec_free};
