/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/inplace.h>

#include "cli/crew.h"
#include "cli/message.h"
#include "cli/redact_key.h"
#include "cli/verbs.h"

enum key {
	KEY_ROLLBACK = 256,
	KEY_RESUME,
	KEY_STATUS,
	KEY_REDACT_KEY
};

/**
 * struct recover_options
 * @chosen: one of the three was given
 * @key:    NULL, or @key_bytes: of pseudonyms
 */
struct recover_options {
	enum fl_recover_action action;
	int chosen;
	const unsigned char *key;
	unsigned char key_bytes[FL_TRANSFORM_KEY_BYTES];
	char **files;
	int file_count;
};

static const struct argp_option table[] = {
	{.name = "status", .key = KEY_STATUS, .doc = "Say what there is to do (default)"},
	{.name = "rollback", .key = KEY_ROLLBACK, .doc = "Make the file what it was"},
	{.name = "resume", .key = KEY_RESUME, .doc = "Finish the rewrite"},
	{.name = "redact-key",
	 .key = KEY_REDACT_KEY,
	 .arg = "FILE",
	 .doc = "To finish a rewrite that makes pseudonyms: the key that it began with"},
	{0},
};

static void choose(struct recover_options *opt, enum fl_recover_action action)
{
	if (opt->chosen && opt->action != action)
		message_usage("--status, --rollback and --resume exclude each other");
	opt->chosen = 1;
	opt->action = action;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct recover_options *opt = state->input;

	switch (key) {
	case KEY_STATUS:
		choose(opt, FL_RECOVER_STATUS);
		return 0;
	case KEY_ROLLBACK:
		choose(opt, FL_RECOVER_ROLLBACK);
		return 0;
	case KEY_RESUME:
		choose(opt, FL_RECOVER_RESUME);
		return 0;
	case KEY_REDACT_KEY:
		redact_key_read(arg, opt->key_bytes);
		opt->key = opt->key_bytes;
		return 0;
	case ARGP_KEY_ARGS:
		opt->files = state->argv + state->next;
		opt->file_count = state->argc - state->next;
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_halfway(const struct fl_recover_result *res)
{
	printf("an interrupted rewrite: %" PRIu64 " of %" PRIu64 " bytes done", res->source_bytes,
	       res->total_bytes);
	/* Not counted where lengths change. */
	if (res->changes > 0)
		printf(", %" PRIu64 " changes of %" PRIu64 " bytes", res->changes,
		       res->changed_bytes);
	puts(res->can_roll_back ? "; --rollback or --resume" : "; --resume (no undo log was kept)");
}

static void print_compression(const struct fl_recover_result *res)
{
	switch (res->state) {
	case FL_RECOVER_RUNNING:
		puts("a job is compressing it now");
		return;
	case FL_RECOVER_FINISHED:
		puts("compressed; only what is left of it has to be removed: --resume");
		return;
	case FL_RECOVER_HALFWAY:
		printf("an interrupted compression: %" PRIu64 " of %" PRIu64
		       " bytes are in what becomes %s; --resume (they have been freed)\n",
		       res->source_bytes, res->total_bytes, res->output);
		return;
	default:
		puts("an interrupted compression that had freed nothing; --rollback or --resume");
		return;
	}
}

static void print_status(const struct fl_recover_result *res)
{
	if (res->is_compression && res->state != FL_RECOVER_NOTHING) {
		print_compression(res);
		return;
	}
	switch (res->state) {
	case FL_RECOVER_NOTHING:
		puts("nothing to recover");
		return;
	case FL_RECOVER_RUNNING:
		puts("a job is rewriting it now");
		return;
	case FL_RECOVER_UNTOUCHED:
		puts("an interrupted rewrite that had stored nothing; --rollback or --resume");
		return;
	case FL_RECOVER_FINISHED:
		puts("a finished rewrite; only its journal is left to be removed");
		return;
	case FL_RECOVER_HALFWAY:
		print_halfway(res);
		return;
	}
}

static void print_done(const struct fl_recover_result *res)
{
	if (res->state == FL_RECOVER_NOTHING)
		puts("nothing to recover");
	else if (res->is_compression && res->is_new)
		puts(res->state == FL_RECOVER_FINISHED ? "was compressed: it is gone"
						       : "compressed: it is gone");
	else if (res->state == FL_RECOVER_FINISHED)
		puts("was finished: it is the new one");
	else
		puts(res->is_new ? "finished: it is the new one"
				 : "rolled back: it is the old one");
}

static int recover_one(const struct recover_options *opt, const char *name)
{
	struct fl_recover_result res = {.size = sizeof(res)};
	struct fl_error err;
	int rc = fl_recover(name, opt->action, opt->key, &res, &err);

	if (rc < 0) {
		message_file(name, &err);
		return 1;
	}
	printf("%s: ", name);
	if (opt->action == FL_RECOVER_STATUS)
		print_status(&res);
	else
		print_done(&res);
	return 0;
}

int cmd_recover(int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "FILE...",
		.doc = "Finish or undo a rewrite in place (transform -i) that was interrupted, or "
		       "finish a compression that frees its FILE (compress --punch)."};
	struct recover_options opt = {.action = FL_RECOVER_STATUS};
	int trouble = 0;

	if (argp_parse(&argp, argc, argv, 0, NULL, &opt) != 0)
		message_try_help();
	if (opt.file_count == 0)
		message_usage("no file given");
	/* One rank finishes or undoes the shares of all. */
	if (crew_follows())
		return 0;
	for (int i = 0; i < opt.file_count; i++)
		trouble |= recover_one(&opt, opt.files[i]);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		message_error("write error: %s", strerror(errno));
		trouble = 1;
	}
	return trouble ? EXIT_TROUBLE : 0;
}
