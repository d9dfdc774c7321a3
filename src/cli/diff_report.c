/* SPDX-License-Identifier: MIT */
#include "cli/diff_report.h"

#include <inttypes.h>

#include "cli/inputs.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"

void diff_print_range(struct diff_run *run, uint64_t off, uint64_t len, uint64_t differ)
{
	run->differ = 1;
	if (run->opt->common.quiet)
		return;
	progress_bar_erase();
	if (run->doc != NULL) {
		json_t *range = json_object();

		json_doc_set(range, "offset", json_integer((json_int_t)off));
		json_doc_set(range, "length", json_integer((json_int_t)len));
		if (differ > 0)
			json_doc_set(range, "differ", json_integer((json_int_t)differ));
		json_array_append_new(json_object_get(run->doc, "ranges"), range);
		return;
	}
	outbuf_printf("bytes %" PRIu64 "-%" PRIu64 " differ", off, off + len - 1);
	if (differ > 0)
		outbuf_printf(" (%" PRIu64 " of %" PRIu64 ")", differ, len);
	outbuf_write("\n", 1);
	outbuf_flush_lines();
}

void diff_print_only(struct diff_run *run, const char *name, uint64_t off, uint64_t end)
{
	run->differ = 1;
	if (run->opt->common.quiet)
		return;
	progress_bar_erase();
	if (run->doc != NULL) {
		json_t *only = json_doc_add_file(run->doc, name);

		json_doc_set(only, "offset", json_integer((json_int_t)off));
		json_doc_set(only, "length", json_integer((json_int_t)(end - off)));
		return;
	}
	outbuf_printf("bytes %" PRIu64 "-%" PRIu64 " only in %s\n", off, end - 1,
		      input_is_stdin(name) ? STDIN_NAME : name);
	outbuf_flush_lines();
}
