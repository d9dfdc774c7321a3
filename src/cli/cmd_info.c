/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/info.h>

#include "cli/common_options.h"
#include "cli/inputs.h"
#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

struct info_options {
	struct common_options common;
};

static const struct argp_option info_table[] = {
	{.name = "json", .key = 'J', .doc = "Print one JSON document"},
	{0},
};

static error_t parse_info(int key, char *arg, struct argp_state *state)
{
	struct info_options *opt = state->input;

	(void)arg;
	switch (key) {
	case 'J':
		opt->common.json = 1;
		return 0;
	default:
		return common_options_key(key, &opt->common, NULL, state);
	}
}

static const struct argp info_argp = {
	.options = info_table,
	.parser = parse_info,
	.args_doc = "[FILE...]",
	.doc = "Print what this build and this machine offer, one \"key: value\" a line; for each "
	       "FILE "
	       "also its file system, its device and how that can be read.",
};

static void print_row(void *arg, const char *key, const char *value)
{
	outbuf_printf("%s%s: %s\n", (const char *)arg, key, value);
}

static int is_number(const char *text)
{
	/* More digits than a json_int_t always holds stay text. */
	if (*text == '\0' || strlen(text) > 18)
		return 0;
	for (; *text != '\0'; text++)
		if (!isdigit((unsigned char)*text))
			return 0;
	return 1;
}

static void set_row(void *arg, const char *key, const char *value)
{
	json_t *text = is_number(value) ? json_integer(atoll(value)) : json_string(value);

	json_doc_set(arg, key, text != NULL ? text : json_string("?"));
}

static void report_machine(json_t *doc)
{
	char none[] = "";
	json_t *machine = doc != NULL ? json_object() : NULL;

	if (machine != NULL)
		json_doc_set(doc, "machine", machine);
	fl_info(machine != NULL ? set_row : print_row, machine != NULL ? (void *)machine : none);
	fl_info_machine(machine != NULL ? set_row : print_row,
			machine != NULL ? (void *)machine : none);
}

static int report_file(json_t *doc, const char *name)
{
	struct fl_source *src = NULL;
	struct fl_error err = {.off = FL_OFF_NONE};
	char indent[] = "  ";
	int rc = input_open(name, &src, &err);

	if (rc == 0 && doc != NULL) {
		rc = fl_info_source(src, set_row, json_doc_add_file(doc, name));
	} else if (rc == 0) {
		outbuf_printf("%s\n", name);
		rc = fl_info_source(src, print_row, indent);
	} else {
		message_file(name, &err);
	}
	fl_source_close(src);
	return rc == 0 ? 0 : EXIT_TROUBLE;
}

int cmd_info(int argc, char **argv)
{
	struct info_options opt = {0};
	json_t *doc;
	int status = 0;

	common_options_init(&opt.common);
	common_options_parse(&info_argp, argc, argv, &opt, &opt.common);
	doc = opt.common.json ? json_doc_new("faultline-info/1") : NULL;
	if (doc != NULL)
		json_doc_set(doc, "version", json_string(fl_version()));
	else
		outbuf_printf("version: %s\n", fl_version());
	report_machine(doc);
	for (size_t i = 0; i < opt.common.file_count; i++)
		if (report_file(doc, opt.common.files[i]) != 0)
			status = EXIT_TROUBLE;
	if (doc != NULL)
		json_doc_print(doc);
	return outbuf_finish() < 0 ? EXIT_TROUBLE : status;
}
