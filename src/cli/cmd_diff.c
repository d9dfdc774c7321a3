/* SPDX-License-Identifier: MIT */

#include <faultline/diff.h>

#include "cli/diff_files.h"
#include "cli/message.h"
#include "cli/option_value.h"
#include "cli/verbs.h"

enum key {
	KEY_GAP = 512
};

static const struct argp_option diff_table[] = {
	{.name = "gap",
	 .key = KEY_GAP,
	 .arg = "SIZE",
	 .doc = "Up to SIZE equal bytes do not end a range (default 16)"},
	{0},
};

static const struct argp_child diff_children[] = {
	{.argp = &common_argp},
	{.argp = &document_argp},
	{0},
};

static error_t parse_diff(int key, char *arg, struct argp_state *state)
{
	struct diff_options *opt = state->input;

	switch (key) {
	case KEY_GAP:
		opt->gap = option_size("--gap", arg);
		return 0;
	default:
		return common_options_key(key, &opt->common, diff_children, state);
	}
}

static const struct argp diff_argp = {
	.options = diff_table,
	.parser = parse_diff,
	.args_doc = "A B",
	.doc = "Print the byte ranges in which two files differ, or a file and a manifest that "
	       "faultline hash wrote. One of two files may be -, standard input.",
	.children = diff_children,
};

static void check_operands(const struct diff_options *opt)
{
	char **files = opt->common.files;

	if (opt->common.files_from != NULL)
		message_usage("--files-from is not for diff");
	if (opt->common.file_count < 2)
		message_usage("two files are compared");
	if (opt->common.file_count > 2)
		message_usage("extra operand '%s'", files[2]);
	if (input_is_stdin(files[0]) && input_is_stdin(files[1]))
		message_usage("only one of the two may be standard input");
}

static json_t *new_doc(void)
{
	json_t *doc = json_doc_new("faultline-diff/1");

	json_doc_set(doc, "ranges", json_array());
	return doc;
}

int cmd_diff(int argc, char **argv)
{
	static struct diff_options opt = {.gap = FL_DIFF_GAP_DEFAULT};
	static struct diff_run run;
	const char *a, *b;
	int rc;

	common_options_init(&opt.common);
	common_options_parse(&diff_argp, argc, argv, &opt, &opt.common);
	check_operands(&opt);
	run.opt = &opt;
	job_begin(&run.job, &opt.common);
	run.doc = opt.common.json ? new_doc() : NULL;
	a = opt.common.files[0];
	b = opt.common.files[1];
	if (diff_is_manifest(&opt, b) && !diff_is_manifest(&opt, a))
		diff_manifest(&run, a, b);
	else if (diff_is_manifest(&opt, a) && !diff_is_manifest(&opt, b))
		diff_manifest(&run, b, a);
	else
		diff_files(&run, a, b);
	if (run.doc != NULL) {
		json_doc_set(run.doc, "differ", json_boolean(run.differ));
		if (opt.common.stats)
			json_doc_add_stats(run.doc, &run.job.stats);
		json_doc_print(run.doc);
	}
	rc = job_end(&run.job, NULL, opt.common.json);
	return rc != 0 ? rc : run.differ ? EXIT_DIFFER : 0;
}
