/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <faultline/board.h>
#include <faultline/source.h>

#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

/* People read a table once a second. */
#define PERIOD_S 1

enum key {
	KEY_ONCE = 256,
	KEY_JSON
};

struct top {
	int once;
	int json;
	long pid;
	json_t *jobs;
	uint64_t rows;
};

static const struct argp_option table[] = {
	{.name = "once", .key = KEY_ONCE, .doc = "Print the table once, and end"},
	{.name = "json", .key = KEY_JSON, .doc = "Print one JSON document, and end"},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL;
		return 0;
	case KEY_ONCE:
		top->once = 1;
		return 0;
	case KEY_JSON:
		top->json = 1;
		return 0;
	case ARGP_KEY_ARG:
		errno = 0;
		top->pid = strtol(arg, &end, 10);
		if (state->arg_num > 0)
			message_usage("extra operand '%s'", arg);
		if (errno != 0 || *end != '\0' || top->pid <= 0)
			message_usage("'%s' is not the number of a process", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.args_doc = "[PID]",
	.doc = "Show the running jobs of faultline, once a second, or only those of process PID "
	       "and its workers.",
};

static void size_text(char *buf, size_t size, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	double value = (double)bytes;
	int unit = 0;

	for (; value >= 1024 && units[unit + 1] != '\0'; unit++)
		value /= 1024;
	snprintf(buf, size, unit == 0 ? "%.0f%c" : "%.1f%c", value, units[unit]);
}

static double percent_of(const struct fl_job *job)
{
	if (job->total == FL_SIZE_UNKNOWN || job->total == 0)
		return -1;
	return 100.0 * (double)job->bytes / (double)job->total;
}

static double seconds_left(const struct fl_job *job)
{
	if (job->total == FL_SIZE_UNKNOWN || job->rate == 0 || job->total < job->bytes)
		return -1;
	return (double)(job->total - job->bytes) / (double)job->rate;
}

static void print_row(const struct fl_job *job)
{
	char done[16], total[16] = "?", rate[16], rss[16], percent[16] = "-", left[16] = "-";
	char file[sizeof(job->file)];

	size_text(done, sizeof(done), job->bytes);
	if (job->total != FL_SIZE_UNKNOWN)
		size_text(total, sizeof(total), job->total);
	size_text(rate, sizeof(rate), job->rate);
	size_text(rss, sizeof(rss), job->rss_bytes);
	if (percent_of(job) >= 0)
		snprintf(percent, sizeof(percent), "%.1f", percent_of(job));
	if (seconds_left(job) >= 0)
		snprintf(left, sizeof(left), "%.0fs", seconds_left(job));
	snprintf(file, sizeof(file), "%s", job->file);
	for (char *p = file; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	outbuf_printf("%7" PRId32 " %7" PRId32 " %-9s %-7s %8s %8s %6s %8s/s %6s %8s %10" PRIu64
		      " %s\n",
		      job->pid, job->parent, job->verb, job->phase, done, total, percent, rate,
		      left, rss, job->faults, file);
}

static void set_number(json_t *o, const char *key, uint64_t value)
{
	json_doc_set(o, key, json_integer((json_int_t)value));
}

static void add_job(json_t *doc, const struct fl_job *job)
{
	json_t *o = json_doc_add_file(doc, job->file);

	json_doc_set(o, "pid", json_integer(job->pid));
	json_doc_set(o, "parent", json_integer(job->parent));
	json_doc_set(o, "verb", json_string(job->verb));
	json_doc_set(o, "phase", json_string(job->phase));
	set_number(o, "bytes", job->bytes);
	if (job->total != FL_SIZE_UNKNOWN)
		set_number(o, "total", job->total);
	if (percent_of(job) >= 0)
		json_doc_set(o, "percent", json_real(percent_of(job)));
	set_number(o, "bytes_per_second", job->rate);
	set_number(o, "rss_bytes", job->rss_bytes);
	set_number(o, "minor_faults", job->faults);
	set_number(o, "major_faults", job->major_faults);
	json_doc_set(o, "started", json_integer((json_int_t)job->started_s));
	json_doc_set(o, "age_seconds", json_real((double)job->age_ns / 1e9));
}

static int take(void *arg, const struct fl_job *job)
{
	struct top *top = arg;

	if (top->pid != 0 && job->pid != top->pid && job->parent != top->pid)
		return 0;
	top->rows++;
	if (top->jobs != NULL)
		add_job(top->jobs, job);
	else
		print_row(job);
	return 0;
}

static int show(struct top *top)
{
	struct fl_error err;
	int rc;

	top->jobs = top->json ? json_doc_new("faultline-top/1") : NULL;
	top->rows = 0;
	if (top->jobs == NULL)
		outbuf_printf("%7s %7s %-9s %-7s %8s %8s %6s %10s %6s %8s %10s %s\n", "PID", "FOR",
			      "VERB", "PHASE", "DONE", "TOTAL", "%", "RATE", "LEFT", "RSS",
			      "FAULTS", "FILE");
	rc = fl_board_list(take, top, &err);
	if (top->jobs != NULL)
		json_doc_print(top->jobs);
	outbuf_flush();
	if (rc < 0)
		message_error("the job board: %s", err.text);
	return rc;
}

int cmd_top(int argc, char **argv)
{
	const struct timespec period = {.tv_sec = PERIOD_S};
	struct top top = {.once = 0};
	int terminal = isatty(STDOUT_FILENO), rc;

	if (argp_parse(&argp, argc, argv, 0, NULL, &top) != 0)
		message_try_help();
	if (top.json)
		top.once = 1;
	for (;;) {
		/* Home, and clear to the end: ECMA-48, CUP and ED. */
		if (!top.once && terminal)
			outbuf_printf("\033[H\033[J");
		rc = show(&top);
		if (top.once || rc < 0 || outbuf_error() != 0)
			break;
		nanosleep(&period, NULL);
	}
	return outbuf_finish() < 0 || rc < 0 ? EXIT_TROUBLE : 0;
}
