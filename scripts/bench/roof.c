/* SPDX-License-Identifier: MIT */
/*
 * roof FILE [OPTION...]: how fast can the loaders bring a file to the processors?
 *
 * Runs a pipeline whose map adds up all words, which is as little as a job can do that
 * looks at every byte, and prints the sum. -jN, --io=HOW as for faultline.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/pipeline.h>
#include <faultline/source.h>

struct sum {
	uint64_t words;
};

/* As wide as the kernels of the library: with narrower registers, adding would be the roof. */
typedef uint64_t words __attribute__((vector_size(32), aligned(1), may_alias));

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target_clones("avx2", "default")))
#endif
static uint64_t
add_up(const unsigned char *p, size_t n)
{
	words a = {0}, b = {0}, c = {0}, d = {0};
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i + 4 * sizeof(words) <= n; i += 4 * sizeof(words)) {
		const words *w = (const words *)(const void *)(p + i);

		a += w[0];
		b += w[1];
		c += w[2];
		d += w[3];
	}
	for (; i < n; i++)
		sum += p[i];
	a += b + c + d;
	return sum + a[0] + a[1] + a[2] + a[3];
}

static int map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
	       struct fl_error *reterr)
{
	uint64_t sum = add_up(in->data, in->len);

	(void)op;
	(void)scratch;
	(void)reterr;
	return fl_part_append(part, &sum, sizeof(sum));
}

static int fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct sum *sum = op;
	uint64_t word;

	(void)reterr;
	for (size_t at = 0; at < part->len; at += sizeof(word)) {
		memcpy(&word, part->data + at, sizeof(word));
		sum->words += word;
	}
	return 0;
}

static const struct fl_operator touch = {.size = sizeof(touch),
					 .name = "touch",
					 .cut = FL_CUT_UNIT,
					 .unit_bytes = 1024,
					 .map = map,
					 .fold = fold};

static int parse(int argc, char **argv, struct fl_options *opt)
{
	for (int i = 2; i < argc; i++) {
		int known = 0;

		if (strncmp(argv[i], "-j", 2) == 0) {
			opt->threads = (unsigned)strtoul(argv[i] + 2, NULL, 10);
			known = 1;
		}
		for (int io = 0; fl_io_name((enum fl_io)io) != NULL; io++) {
			if (strncmp(argv[i], "--io=", 5) == 0 &&
			    strcmp(argv[i] + 5, fl_io_name((enum fl_io)io)) == 0) {
				opt->io = (enum fl_io)io;
				known = 1;
			}
		}
		if (!known)
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct fl_source *src = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_options opt;
	struct fl_error err;
	struct sum sum = {0};

	fl_options_init(&opt);
	if (argc < 2 || !parse(argc, argv, &opt)) {
		fputs("Usage: roof FILE [-jN] [--io=HOW]\n", stderr);
		return 2;
	}
	if (fl_source_open(argv[1], &src, &err) < 0 || fl_pipeline_new(&opt, &pl, &err) < 0 ||
	    fl_pipeline_add(pl, &touch, &sum) < 0 || fl_pipeline_run(pl, src, &err) < 0) {
		fprintf(stderr, "roof: %s: %s\n", argv[1], err.text);
		return 2;
	}
	printf("%016" PRIx64 "\n", sum.words);
	fl_pipeline_free(pl);
	fl_source_close(src);
	return 0;
}
