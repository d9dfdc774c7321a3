/* SPDX-License-Identifier: MIT */
#include "cli/bench_export.h"

#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

static void print_fact(void *arg, const char *claim, const char *seen, int holds)
{
	(void)arg;
	outbuf_printf("%s  %s\n      %s\n",
		      holds > 0    ? "yes "
		      : holds == 0 ? "NO  "
				   : "?   ",
		      claim, seen);
	outbuf_flush_lines();
}

int bench_facts_print(const char *dir)
{
	int rc = fl_bench_facts(dir, print_fact, NULL);
	struct fl_error err = {.code = rc, .off = FL_OFF_NONE};

	if (rc >= 0)
		return rc > 0 ? EXIT_TROUBLE : 0;
	snprintf(err.text, sizeof(err.text), "no file can be made there: %s", fl_strerror(rc));
	message_file(dir != NULL ? dir : "(temporary files)", &err);
	return EXIT_TROUBLE;
}
