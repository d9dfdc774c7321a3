/* SPDX-License-Identifier: MIT */
#include "cli/crew.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/run_inplace.h"
#include "cli/run_part.h"
#include "cli/run_report.h"
#include "cli/run_work.h"
#include "cli/verbs.h"

static void run_files(struct run_work *run)
{
	const char *name;

	run_work_open_outputs(run);
	while (job_next(&run->job, &name)) {
		run_work_begin_file(run, name);
		if (job_run(&run->job, name) == 0)
			run_report_run(run, name);
	}
}

int cmd_run(int argc, char **argv)
{
	static struct run_work run;
	int is_whole;

	run_line_parse(&run.line, argc, argv);
	if (run.line.plan) {
		run_line_plan(&run.line);
		run_line_done(&run.line);
		return outbuf_finish() < 0 ? EXIT_TROUBLE : 0;
	}
	if (crew_is_there() && run.line.inplace.wanted)
		message_usage("-i is done by one process: 'faultline run -i'");
	is_whole = run.line.parts == 0;
	run_work_begin(&run);
	if (run.line.inplace.wanted)
		return run_inplace(&run);
	if (is_whole)
		run_files(&run);
	else
		run_part(&run);
	return run_work_end(&run, is_whole);
}
