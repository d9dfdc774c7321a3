/* SPDX-License-Identifier: MIT */
#include "cli/lines_before.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <faultline/count.h>

#include "cli/inputs.h"

/* Who writes into a FIFO would lose its reader when it is closed again. */
static bool is_stream(const char *name)
{
	struct stat st;

	return stat(input_is_stdin(name) ? "/dev/stdin" : name, &st) == 0 && !S_ISREG(st.st_mode) &&
	       !S_ISBLK(st.st_mode);
}

int lines_before(const struct common_options *common, const char *name, uint64_t *ret)
{
	struct fl_options opt = common->run;
	struct fl_count_result result = {0};
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	struct fl_count *count = NULL;
	struct fl_source_info info = {.size = sizeof(info)};
	int rc =
		is_stream(name) ? -ESPIPE : fl_count_new(FL_COUNT_LINES | FL_COUNT_RECORDS, &count);

	opt.range_len = opt.range_off;
	opt.range_off = 0;
	opt.progress = NULL;
	if (rc == 0)
		rc = fl_pipeline_new(&opt, &pl, NULL);
	if (rc == 0)
		rc = fl_pipeline_add(pl, fl_count_operator(count), count);
	if (rc == 0)
		rc = input_open_decoded(common, name, &src, NULL);
	if (rc == 0)
		rc = fl_source_info(src, &info);
	if (rc == 0 && info.size_bytes == FL_SIZE_UNKNOWN)
		rc = -ESPIPE;
	if (rc == 0)
		rc = fl_pipeline_run(pl, src, NULL);
	if (rc == 0)
		fl_count_result(count, &result);
	*ret = result.lines;
	fl_source_close(src);
	fl_pipeline_free(pl);
	fl_count_free(count);
	return rc;
}
