/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/batch.h>

#include "cli/bench_export.h"
#include "cli/bench_matrix.h"
#include "cli/message.h"
#include "cli/option_value.h"
#include "cli/outbuf.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"

enum key {
	KEY_DIR = 256,
	KEY_SIZE
};

/* Enough that a disk's cache and readahead are through with their beginning. */
#define TUNE_BYTES (UINT64_C(512) << 20)

/* Rounds: verdicts can be had from 8 on, and a cold round of five methods takes some seconds. */
#define TUNE_RUNS 16

/* What is measured, and what it is called in the file of results; the first of each kind is what
 * --io=auto does without being told. */
static const struct choice {
	enum fl_bench_method method;
	const char *word;
	int past;
} choices[] = {{FL_BENCH_AUTO, "readahead", 0},
	       {FL_BENCH_WINDOW, "window", 0},
	       {FL_BENCH_PREAD, "read", 0},
	       {FL_BENCH_URING_DIRECT, "uring", 1},
	       {FL_BENCH_DIRECT, "direct", 1}};

#define CHOICES (sizeof(choices) / sizeof(*choices))

/* Another choice than the usual one has to be worth it, also on another day. */
#define WORTH 0.95

static const struct argp_option tune_table[] = {
	{.name = "dir", .key = KEY_DIR, .arg = "D", .doc = "Make a sample there (default: TMPDIR)"},
	{.name = "size", .key = KEY_SIZE, .arg = "SIZE", .doc = "To be read, 512M by default"},
	{.name = "quiet", .key = 'q', .doc = "Print only what was stored where"},
	{0},
};

static error_t parse_tune(int key, char *arg, struct argp_state *state)
{
	struct bench_options *opt = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL;
		return 0;
	case KEY_DIR:
		opt->sample.dir = arg;
		return 0;
	case KEY_SIZE:
		opt->sample.bytes = option_size("--size", arg);
		return 0;
	case 'q':
		opt->quiet = 1;
		return 0;
	case ARGP_KEY_ARG:
		if (opt->sample.file != NULL)
			message_usage("extra operand '%s'", arg);
		opt->sample.file = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp tune_argp = {
	.options = tune_table,
	.parser = parse_tune,
	.args_doc = "[FILE]",
	.doc = "Measure for a minute how what is not cached is best read from the device of FILE, "
	       "or "
	       "of the directory of --dir, and remember it: --io=auto will do so.",
};

static void fill_matrix(struct bench_options *opt)
{
	opt->runs = TUNE_RUNS;
	opt->warmup = 1;
	opt->duration = 60;
	opt->sample.size = sizeof(opt->sample);
	opt->sample.seed = 1;
	opt->sample.flags = FL_BENCH_UNTUNED;
	opt->op.v[opt->op.n++] = FL_BENCH_HASH;
	opt->cache.v[opt->cache.n++] = FL_BENCH_COLD;
	opt->advise.v[opt->advise.n++] = FL_ADVISE_NORMAL;
	opt->threads.v[opt->threads.n++] = fl_batch_threads(0);
	opt->window.n = 1;
	for (size_t i = 0; i < CHOICES; i++)
		opt->io.v[opt->io.n++] = choices[i].method;
	if (opt->sample.bytes == 0)
		opt->sample.bytes = TUNE_BYTES;
}

static const struct bench_cell *cell_of(const struct bench_matrix *m, enum fl_bench_method method)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->cells[i].what.method == method && m->cells[i].runs > 0)
			return &m->cells[i];
	return NULL;
}

/* Surely faster than the usual choice, and by so much that it is worth telling. */
static int is_worth(const struct bench_cell *c, const struct bench_cell *usual)
{
	struct fl_bench_pair p;

	if (c == NULL || usual == NULL ||
	    fl_bench_compare(c->seconds, usual->seconds,
			     c->runs < usual->runs ? c->runs : usual->runs, &p) < 0)
		return 0;
	return p.verdict == FL_BENCH_FASTER && p.ratio <= WORTH;
}

/* The word of the best choice of a kind; "" where nothing of it could be measured. */
static const char *choose(const struct bench_matrix *m, int past)
{
	const struct bench_cell *usual = NULL, *best = NULL;
	const char *word = "";

	for (size_t i = 0; i < CHOICES; i++) {
		const struct bench_cell *c = cell_of(m, choices[i].method);

		if (choices[i].past != past || c == NULL)
			continue;
		if (usual == NULL) {
			usual = best = c;
			word = choices[i].word;
		} else if (is_worth(c, usual) && c->time.median < best->time.median) {
			best = c;
			word = choices[i].word;
		}
	}
	return word;
}

static int store(const struct bench_matrix *m)
{
	struct fl_bench_tuning t = {.size = sizeof(t)};
	char path[PATH_MAX];
	struct fl_error err = {.off = FL_OFF_NONE};
	int rc;

	snprintf(t.cold, sizeof(t.cold), "%s", choose(m, 0));
	snprintf(t.past, sizeof(t.past), "%s", choose(m, 1));
	if (t.cold[0] == '\0' && t.past[0] == '\0') {
		message_error("nothing could be measured: %s", m->cells[0].problem);
		return EXIT_TROUBLE;
	}
	rc = fl_bench_tune(m->bench, &t, path, sizeof(path));
	if (rc < 0) {
		snprintf(err.text, sizeof(err.text), "%s", fl_strerror(rc));
		message_file("$XDG_STATE_HOME/faultline/tune", &err);
		return EXIT_TROUBLE;
	}
	outbuf_printf("%s: not cached: %s; past the cache: %s\n", path,
		      t.cold[0] != '\0' ? t.cold : "unknown",
		      t.past[0] != '\0' ? t.past : "unknown");
	return 0;
}

static void print_matrix(const struct bench_matrix *m)
{
	struct text_table t;

	if (m->opt->quiet)
		return;
	bench_table(m, &t);
	text_table_print(&t);
	text_table_free(&t);
	outbuf_printf("%s.\n", bench_noise_text(m));
}

int cmd_tune(int argc, char **argv)
{
	struct bench_options opt = {.quiet = 0};
	struct bench_matrix m = {.opt = &opt};
	int status;

	if (argp_parse(&tune_argp, argc, argv, 0, NULL, &opt) != 0)
		message_try_help();
	fill_matrix(&opt);
	status = bench_matrix_run(&m);
	if (status == 0 && !stop_signals_caught()) {
		print_matrix(&m);
		status = store(&m);
	}
	bench_matrix_free(&m);
	if (outbuf_finish() < 0)
		status = EXIT_TROUBLE;
	stop_signals_finish();
	return status;
}
