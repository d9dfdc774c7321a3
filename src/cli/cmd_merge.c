/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/shard.h>

#include "cli/manifest_merge.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/part_head.h"
#include "cli/run_report.h"
#include "cli/run_work.h"
#include "cli/verbs.h"

#define MANIFEST_MAGIC "faultline-manifest "

/**
 * struct merge
 * @heads:  @count of them: as they were named, later in the order of parts
 * @data:   of the part that is being read; @at: its number
 */
struct merge {
	struct common_options common;
	const char *output;
	struct part_head *heads;
	size_t count;
	FILE *data;
	size_t at;
};

static const struct argp_option merge_table[] = {
	{.name = "output",
	 .key = 'o',
	 .arg = "OUT",
	 .doc = "Parts of a manifest: where the manifest goes (default -)"},
	{0},
};

static const struct argp_child merge_children[] = {
	{.argp = &common_argp},
	{.argp = &document_argp},
	{0},
};

static error_t parse_merge(int key, char *arg, struct argp_state *state)
{
	struct merge *m = state->input;

	switch (key) {
	case 'o':
		m->output = arg;
		return 0;
	default:
		return common_options_key(key, &m->common, merge_children, state);
	}
}

static const struct argp merge_argp = {
	.options = merge_table,
	.parser = parse_merge,
	.args_doc = "PART...",
	.doc = "Put the parts of one run together, in any order: what 'faultline run' would have "
	       "printed and written without --part, byte for byte. Beside each PART stands "
	       "PART.data, "
	       "or PART.sums where it is a part of a manifest.",
	.children = merge_children,
};

/* ---- which parts there are */

static int refuse(const struct part_head *head, const char *what, const struct part_head *other)
{
	message_error("%s: %s as %s", head->path, what, other->path);
	return -1;
}

static int same(const struct part_head *a, const struct part_head *b, const char *key)
{
	return json_equal(json_object_get(a->doc, key), json_object_get(b->doc, key));
}

/* What makes a part one of the same run over the same file as the first one that was named. */
static int check_kin(const struct part_head *head, const struct part_head *first)
{
	if (!same(head, first, "file"))
		return refuse(head, "is not a part of the same file, or the file has changed,",
			      first);
	if (!same(head, first, "command") || !same(head, first, "range") ||
	    !same(head, first, "null_data") || !same(head, first, "locale"))
		return refuse(head, "is not a part of the same command", first);
	if (head->count != first->count)
		return refuse(head, "is not one of as many parts", first);
	return 0;
}

static int by_index(const void *a, const void *b)
{
	const struct part_head *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

/* Sorted by number: each is there once. */
static int check_cover(const struct merge *m)
{
	unsigned want = 0;
	int rc = 0;

	for (size_t i = 0; i < m->count; i++, want++) {
		const struct part_head *head = &m->heads[i];

		if (i > 0 && head->index == head[-1].index) {
			message_error("%s: part %u of %u again, after %s", head->path,
				      head->index + 1, head->count, head[-1].path);
			return -1;
		}
		for (; want < head->index; want++, rc = -1)
			message_error("%s: part %u of %u is missing", head->name, want + 1,
				      head->count);
	}
	for (; want < m->heads[0].count; want++, rc = -1)
		message_error("%s: part %u of %u is missing", m->heads[0].name, want + 1,
			      m->heads[0].count);
	return rc;
}

static int read_heads(struct merge *m, char **paths, size_t count)
{
	const char *locale = setlocale(LC_CTYPE, NULL), *theirs;

	m->heads = calloc(count, sizeof(*m->heads));
	if (m->heads == NULL)
		message_usage("%s", strerror(ENOMEM));
	for (size_t i = 0; i < count; i++) {
		m->count = i + 1;
		if (part_head_read(&m->heads[i], paths[i]) < 0 ||
		    check_kin(&m->heads[i], &m->heads[0]) < 0)
			return -1;
	}
	qsort(m->heads, m->count, sizeof(*m->heads), by_index);
	theirs = json_string_value(json_object_get(m->heads[0].doc, "locale"));
	if (theirs == NULL || strcmp(locale, theirs) != 0) {
		message_error("%s: was made in the locale %s, not in %s", m->heads[0].path,
			      theirs != NULL ? theirs : "?", locale);
		return -1;
	}
	return check_cover(m);
}

/* ---- what they hold */

static int open_data(struct merge *m)
{
	const struct part_head *head = &m->heads[m->at];
	char *path = part_data_path(head->path);
	int rc = 0;

	m->data = fopen(path, "re");
	if (m->data == NULL) {
		rc = -errno;
		message_error("%s: %s", path, strerror(errno));
	} else if (fseeko(m->data, 0, SEEK_END) == 0 &&
		   (uint64_t)ftello(m->data) != head->data_bytes) {
		rc = -FL_ECORRUPT;
		message_error("%s: is not as long as %s says", path, head->path);
	} else {
		rewind(m->data);
	}
	free(path);
	return rc;
}

static int64_t read_parts(void *arg, void *buf, size_t n)
{
	struct merge *m = arg;
	size_t got = 0;
	int rc = 0;

	while (got == 0 && m->at < m->count) {
		if (m->data == NULL)
			rc = open_data(m);
		if (rc < 0)
			return rc;
		got = fread(buf, 1, n, m->data);
		if (got > 0)
			break;
		if (ferror(m->data))
			return -EIO;
		fclose(m->data);
		m->data = NULL;
		m->at++;
	}
	return (int64_t)got;
}

/* The command line that the parts were made with, without --part, and with our reports. */
static void make_line(struct run_line *line, const struct merge *m)
{
	const struct part_head *head = &m->heads[0];
	char **argv = calloc((size_t)head->word_count + 6, sizeof(*argv));
	int argc = 0;

	if (argv == NULL)
		message_usage("%s", strerror(ENOMEM));
	argv[argc++] = (char *)(uintptr_t)message_program();
	if (head->null_data)
		argv[argc++] = (char *)(uintptr_t) "-z";
	for (int i = 0; i < head->word_count; i++)
		argv[argc++] = head->words[i];
	argv[argc++] = (char *)(uintptr_t) "--";
	argv[argc++] = head->name;
	run_line_parse(line, argc, argv);
	for (unsigned i = 0; i < line->count; i++)
		line->stages[i].is_replay = 1;
	line->common.progress = m->common.progress;
	line->common.stats = m->common.stats;
	line->common.json = m->common.json;
	line->common.quiet = m->common.quiet;
	line->common.run.threads = m->common.run.threads;
	line->common.run.max_memory_bytes = m->common.run.max_memory_bytes;
	line->common.run.range_off = head->range_off;
	line->common.run.range_len = head->range_len;
}

/* What is wrong with a part, or with the file as all of them say it is. */
static const char *failed_in(const struct merge *m, const struct fl_pipeline *pl)
{
	struct fl_failure f = {.size = sizeof(f)};

	fl_pipeline_failure(pl, &f);
	return f.op == FL_OPERATOR_NONE && m->at < m->count ? m->heads[m->at].path
							    : m->heads[0].name;
}

static int replay(struct merge *m)
{
	static struct run_work run;
	struct fl_replay_options opt = {.size = sizeof(opt),
					.name = m->heads[0].name,
					.size_bytes = m->heads[0].size_bytes,
					.read = read_parts,
					.arg = m};
	struct fl_error err;

	make_line(&run.line, m);
	run_work_begin(&run);
	run_work_open_outputs(&run);
	run_work_begin_file(&run, opt.name);
	if (fl_pipeline_replay(run.job.pl, &opt, &err) == 0) {
		run_report_run(&run, opt.name);
	} else {
		run.reads_beside = 1;
		job_complain(&run.job, failed_in(m, run.job.pl), &err);
	}
	return run_work_end(&run, 1);
}

/* ---- parts of manifests */

static int is_manifest(const char *path)
{
	char start[sizeof(MANIFEST_MAGIC) - 1];
	FILE *f = fopen(path, "re");
	int is = f != NULL && fread(start, sizeof(start), 1, f) == 1 &&
		 memcmp(start, MANIFEST_MAGIC, sizeof(start)) == 0;

	if (f != NULL)
		fclose(f);
	return is;
}

static int merge_manifests(const struct merge *m)
{
	int rc = manifest_merge(m->output != NULL ? m->output : "-", m->common.files,
				m->common.file_count);

	if (outbuf_finish() < 0)
		rc = -EIO;
	return rc < 0 ? EXIT_TROUBLE : 0;
}

int cmd_merge(int argc, char **argv)
{
	static struct merge m;
	int rc = EXIT_TROUBLE;

	common_options_init(&m.common);
	common_options_parse(&merge_argp, argc, argv, &m, &m.common);
	if (m.common.file_count == 0)
		message_usage("no parts given");
	if (m.common.run.range_off != 0 || m.common.run.range_len != FL_SIZE_UNKNOWN ||
	    m.common.files_from != NULL || m.common.run.flags != 0)
		message_usage("ranges, --cold and --files-from are for 'faultline run'");
	if (is_manifest(m.common.files[0]))
		return merge_manifests(&m);
	if (m.output != NULL)
		message_usage("-o is for parts of a manifest: each stage has its own");
	if (read_heads(&m, m.common.files, m.common.file_count) == 0)
		rc = replay(&m);
	if (m.data != NULL)
		fclose(m.data);
	for (size_t i = 0; i < m.count; i++)
		part_head_done(&m.heads[i]);
	free(m.heads);
	return rc;
}
