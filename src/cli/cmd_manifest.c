/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/manifest_file.h"
#include "cli/manifest_merge.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

struct manifest_options {
	const char *action;
	const char *output;
	char **parts;
	size_t count;
};

static const struct argp_option manifest_table[] = {
	{.name = "output", .key = 'o', .arg = "OUT", .doc = "Where the manifest goes (default -)"},
	{0},
};

static error_t parse_manifest(int key, char *arg, struct argp_state *state)
{
	struct manifest_options *opt = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL;
		return 0;
	case 'o':
		opt->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (opt->action != NULL)
			return ARGP_ERR_UNKNOWN;
		opt->action = arg;
		return 0;
	case ARGP_KEY_ARGS:
		opt->parts = state->argv + state->next;
		opt->count = (size_t)(state->argc - state->next);
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp manifest_argp = {
	.options = manifest_table,
	.parser = parse_manifest,
	.args_doc = "merge PART...",
	.doc = "Put the parts that 'faultline hash' made of ranges together: the result is the "
	       "manifest that it would have made of all. Beside each PART stands PART.sums.",
};

int cmd_manifest(int argc, char **argv)
{
	static struct manifest_options opt = {.output = "-"};
	int rc;

	if (argp_parse(&manifest_argp, argc, argv, 0, NULL, &opt) != 0)
		message_try_help();
	if (opt.action == NULL)
		message_usage("no action given: merge is the only one");
	if (strcmp(opt.action, "merge") != 0)
		message_usage("unknown action '%s': merge is the only one", opt.action);
	if (opt.count == 0)
		message_usage("no parts given");
	rc = manifest_merge(opt.output, opt.parts, opt.count);
	if (outbuf_finish() < 0)
		rc = -EIO;
	return rc < 0 ? EXIT_TROUBLE : 0;
}
