/* SPDX-License-Identifier: MIT */
#include "cli/count_options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/decode_options.h"
#include "cli/json_doc.h"
#include "cli/outbuf.h"
#include "cli/quote.h"

static const struct argp_option count_table[] = {
	{.name = "lines", .key = 'l', .doc = "Print the number of newlines"},
	{.name = "words", .key = 'w', .doc = "Print the number of words"},
	{.name = "bytes", .key = 'c', .doc = "Print the number of bytes"},
	{0},
};

static const struct argp_child count_children[] = {
	{.argp = &common_argp},
	{.argp = &document_argp},
	{.argp = &processes_argp},
	{.argp = &decode_argp},
	{0},
};

static error_t parse_count(int key, char *arg, struct argp_state *state)
{
	struct count_options *opt = state->input;

	(void)arg;
	switch (key) {
	case 'l':
		opt->what |= FL_COUNT_LINES;
		return 0;
	case 'w':
		opt->what |= FL_COUNT_WORDS;
		return 0;
	case 'c':
		opt->what |= FL_COUNT_BYTES;
		return 0;
	default:
		return common_options_key(key, &opt->common, count_children, state);
	}
}

static const struct argp count_argp = {
	.options = count_table,
	.parser = parse_count,
	.args_doc = "[FILE...]",
	.doc = "Print the numbers of lines, words and bytes of each FILE, as wc does. Without "
	       "FILE, "
	       "or where it is -, read standard input.",
	.children = count_children,
};

void count_options_parse(struct count_options *opt, int argc, char **argv)
{
	memset(opt, 0, sizeof(*opt));
	common_options_init(&opt->common);
	common_options_parse(&count_argp, argc, argv, opt, &opt->common);
	if (opt->what == 0)
		opt->what = FL_COUNT_LINES | FL_COUNT_WORDS | FL_COUNT_BYTES;
}

void count_row_print(unsigned what, int width, const struct fl_count_result *row, const char *name)
{
	const uint64_t values[] = {row->lines, row->words, row->bytes};
	const char *space = "";

	for (unsigned i = 0; i < 3; i++) {
		if ((what & (1u << i)) == 0)
			continue;
		outbuf_printf("%s%*" PRIu64, space, width, values[i]);
		space = " ";
	}
	if (name != NULL) {
		char *quoted = quote_name(name);

		outbuf_printf(" %s", quoted != NULL ? quoted : name);
		free(quoted);
	}
	outbuf_write("\n", 1);
}

void count_row_set(unsigned what, const struct fl_count_result *row, json_t *object)
{
	if (what & FL_COUNT_LINES)
		json_doc_set(object, "lines", json_integer((json_int_t)row->lines));
	if (what & FL_COUNT_WORDS)
		json_doc_set(object, "words", json_integer((json_int_t)row->words));
	if (what & FL_COUNT_BYTES)
		json_doc_set(object, "bytes", json_integer((json_int_t)row->bytes));
}
