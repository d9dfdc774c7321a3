/* SPDX-License-Identifier: MIT */
#include "cli/run_part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/shard.h>

#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/part_head.h"

/**
 * struct part_out - the two files
 * @bytes: in @data
 */
struct part_out {
	struct run_work *run;
	char *path;
	char *data_path;
	struct fl_output *data;
	struct fl_output *head;
	uint64_t bytes;
};

static int write_data(void *arg, const void *data, size_t len)
{
	struct part_out *out = arg;
	int rc = fl_output_write(out->data, data, len);

	out->bytes += len;
	if (rc < 0)
		out->run->broken = out->data_path;
	return rc;
}

static int complain(const char *path, const char *text)
{
	message_error("%s: %s", path, text);
	return -1;
}

static char *part_path(const struct run_line *line)
{
	const char *name = line->common.files[0], *slash = strrchr(name, '/');
	char *ret = NULL;

	if (line->part_file != NULL)
		return strdup(line->part_file);
	return asprintf(&ret, "%s.%u-of-%u.part", slash != NULL ? slash + 1 : name, line->part,
			line->parts) < 0
		       ? NULL
		       : ret;
}

static int open_outputs(struct part_out *out, const struct run_line *line)
{
	struct fl_output_options opt = {.size = sizeof(opt), .flags = FL_OUTPUT_REPLACE};
	struct fl_error err;

	out->path = part_path(line);
	if (out->path == NULL)
		return complain("--part", strerror(ENOMEM));
	out->data_path = part_data_path(out->path);
	opt.path = out->data_path;
	if (fl_output_open(&opt, &out->data, &err) < 0)
		return complain(out->data_path, err.text);
	opt.path = out->path;
	if (fl_output_open(&opt, &out->head, &err) < 0)
		return complain(out->path, err.text);
	return 0;
}

static int write_head(struct part_out *out, json_t *head)
{
	char *text;
	int rc;

	json_doc_set(head, "data_bytes", json_integer((json_int_t)out->bytes));
	text = json_dumps(head, JSON_COMPACT);
	if (text == NULL)
		return complain(out->path, strerror(ENOMEM));
	rc = fl_output_write(out->head, text, strlen(text));
	if (rc == 0)
		rc = fl_output_write(out->head, "\n", 1);
	free(text);
	return rc < 0 ? complain(out->path, fl_strerror(rc)) : 0;
}

/* The head comes last: where it stands, its data are complete. */
static int commit(struct part_out *out)
{
	struct fl_output *data = out->data, *head = out->head;
	struct fl_error err;

	out->data = NULL;
	if (fl_output_commit(data, &err) < 0)
		return complain(out->data_path, err.text);
	out->head = NULL;
	if (fl_output_commit(head, &err) < 0)
		return complain(out->path, err.text);
	return 0;
}

static int do_share(struct run_work *run, struct part_out *out, const char *name)
{
	struct fl_shard_options opt = {.size = sizeof(opt),
				       .index = run->line.part - 1,
				       .count = run->line.parts,
				       .write = write_data,
				       .arg = out};
	int rc = fl_pipeline_set_shard(run->job.pl, &opt);

	if (rc < 0)
		return complain(name, fl_strerror(rc));
	return job_run(&run->job, name);
}

void run_part(struct run_work *run)
{
	struct part_out out = {.run = run};
	json_t *head = NULL;
	const char *name;
	int rc = -1;

	if (job_next(&run->job, &name)) {
		head = part_head_new(&run->line, name);
		rc = head != NULL ? open_outputs(&out, &run->line) : -1;
	}
	if (rc == 0)
		rc = do_share(run, &out, name);
	if (rc == 0)
		rc = write_head(&out, head);
	if (rc == 0)
		rc = commit(&out);
	if (rc < 0)
		run->job.trouble = 1;
	fl_output_discard(out.data);
	fl_output_discard(out.head);
	json_decref(head);
	free(out.path);
	free(out.data_path);
}
