/* SPDX-License-Identifier: MIT */
/* Counts the lines of a file: cc count_lines.c $(pkg-config --cflags --libs faultline) */
#include <faultline/faultline.h>
#include <inttypes.h>
#include <stdio.h>

static int count_lines(const char *path, uint64_t *ret, struct fl_error *err)
{
	struct fl_source *src = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_count *count = NULL;
	struct fl_count_result result;
	int rc;

	*err = (struct fl_error){.off = FL_OFF_NONE, .text = "out of memory"};
	if ((rc = fl_source_open(path, &src, err)) < 0 ||
	    (rc = fl_pipeline_new(NULL, &pl, err)) < 0 ||
	    (rc = fl_count_new(FL_COUNT_LINES, &count)) < 0 ||
	    (rc = fl_pipeline_add(pl, fl_count_operator(count), count)) < 0 ||
	    (rc = fl_pipeline_run(pl, src, err)) < 0)
		goto out;
	fl_count_result(count, &result);
	*ret = result.lines;
out:
	fl_pipeline_free(pl);
	fl_count_free(count);
	fl_source_close(src);
	return rc;
}

int main(int argc, char **argv)
{
	struct fl_error err;
	uint64_t lines;

	if (argc != 2 || count_lines(argv[1], &lines, &err) < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], argc != 2 ? "one FILE, please" : err.text);
		return 1;
	}
	printf("%" PRIu64 "\n", lines);
	return 0;
}
