/* SPDX-License-Identifier: MIT */
/* How often each byte value occurs in a file, on all processors: an operator of one's own.
 * cc byte_histogram.c $(pkg-config --cflags --libs faultline) */
#include <faultline/faultline.h>
#include <inttypes.h>
#include <stdio.h>

struct histogram {
	uint64_t count[256];
};

static int histogram_start(void *op, const struct fl_run *run, struct fl_error *err)
{
	struct histogram *h = op;

	(void)run, (void)err;
	*h = (struct histogram){0};
	return 0;
}

/* On any thread, in any order: what was found in this piece of the file goes into the part. */
static int histogram_map(const void *op, void *scratch, const struct fl_view *in,
			 struct fl_part *part, struct fl_error *err)
{
	struct histogram here = {0};

	(void)op, (void)scratch, (void)err;
	for (size_t i = 0; i < in->len; i++)
		here.count[in->data[i]]++;
	return fl_part_append(part, &here, sizeof(here));
}

/* One at a time, in the order of the file; a part holds what one or several maps appended. */
static int histogram_fold(void *op, const struct fl_part *part, struct fl_error *err)
{
	const uint64_t *found = (const void *)part->data;
	struct histogram *h = op;

	(void)err;
	for (size_t i = 0; i < part->len / sizeof(*found); i++)
		h->count[i % 256] += found[i];
	return 0;
}

static const struct fl_operator histogram_operator = {.size = sizeof(histogram_operator),
						      .name = "histogram",
						      .cut = FL_CUT_UNIT,
						      .unit_bytes = 1,
						      .start = histogram_start,
						      .map = histogram_map,
						      .fold = histogram_fold};

int main(int argc, char **argv)
{
	struct fl_source *src = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_error err = {.text = "one FILE, please"};
	struct histogram h;
	int failed = argc != 2 || fl_source_open(argv[1], &src, &err) < 0 ||
		     fl_pipeline_new(NULL, &pl, &err) < 0 ||
		     fl_pipeline_add(pl, &histogram_operator, &h) < 0 ||
		     fl_pipeline_run(pl, src, &err) < 0;

	if (failed)
		fprintf(stderr, "%s: %s\n", argv[0], err.text);
	for (int b = 0; !failed && b < 256; b++)
		if (h.count[b] > 0)
			printf("%02x %" PRIu64 "\n", b, h.count[b]);
	fl_pipeline_free(pl);
	fl_source_close(src);
	return failed;
}
