/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <faultline/cache.h>

#include "cli/cache_report.h"
#include "cli/common_options.h"
#include "cli/inputs.h"
#include "cli/message.h"
#include "cli/json_doc.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

enum action {
	ACTION_STATUS,
	ACTION_TOUCH,
	ACTION_EVICT,
	ACTION_LOCK
};

static const char *const action_names[] = {"status", "touch", "evict", "lock"};
static const char *const action_done[] = {NULL, "loaded", "evicted", "locked"};

/* struct held_lock - one of a list: locks live until the program ends */
struct held_lock {
	struct fl_cache_lock *lock;
	struct held_lock *next;
};

struct cache_options {
	struct common_options common;
	enum action action;
};

struct cache_run {
	const struct cache_options *opt;
	json_t *doc;
	uint64_t files;
	uint64_t resident;
	uint64_t pages;
	struct held_lock *locks;
	int trouble;
};

static const struct argp_option cache_table[] = {
	{.name = "recursive", .key = 'r', .doc = "Directories stand for the files below them"},
	{0},
};

static const struct argp_child cache_children[] = {
	{.argp = &input_argp},
	{.argp = &document_argp},
	{0},
};

static error_t parse_cache(int key, char *arg, struct argp_state *state)
{
	struct cache_options *opt = state->input;

	(void)arg;
	switch (key) {
	case 'r':
		opt->common.walk.recursive = 1;
		opt->common.walk.pass_over = 1;
		return 0;
	default:
		return common_options_key(key, &opt->common, cache_children, state);
	}
}

static const struct argp cache_argp = {
	.options = cache_table,
	.parser = parse_cache,
	.args_doc = "[status|touch|evict|lock] FILE...",
	.doc = "Show what of each FILE is in the page cache (status, the default); load what is "
	       "missing (touch); write what is dirty and drop all (evict); load and keep in memory "
	       "until a signal comes (lock).",
	.children = cache_children,
};

static void take_action(struct cache_options *opt)
{
	if (opt->common.file_count == 0)
		return;
	for (size_t i = 0; i < sizeof(action_names) / sizeof(*action_names); i++) {
		if (strcmp(opt->common.files[0], action_names[i]) != 0)
			continue;
		opt->action = (enum action)i;
		opt->common.files++;
		opt->common.file_count--;
		return;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void complain(struct cache_run *run, const char *name, int code, const char *text)
{
	struct fl_error err = {.code = code, .off = FL_OFF_NONE};

	run->trouble = 1;
	if (run->opt->common.quiet)
		return;
	if (code == -ESPIPE && text == NULL)
		text = "has no page cache of its own: neither a regular file nor a block device";
	snprintf(err.text, sizeof(err.text), "%s", text != NULL ? text : fl_strerror(code));
	message_file(name, &err);
}

static int keep_lock(struct cache_run *run, struct fl_source *src, const char *name)
{
	const struct fl_options *range = &run->opt->common.run;
	struct held_lock *held = calloc(1, sizeof(*held));
	struct fl_error err = {.text = ""};
	int rc = held == NULL ? -ENOMEM
			      : fl_cache_lock(src, range->range_off, range->range_len, &held->lock,
					      &err);

	if (rc < 0) {
		free(held);
		complain(run, name, rc, err.text[0] != '\0' ? err.text : NULL);
		return rc;
	}
	held->next = run->locks;
	run->locks = held;
	return 0;
}

/* Messages have been printed when it fails. */
static int act(struct cache_run *run, struct fl_source *src, const char *name)
{
	const struct fl_options *range = &run->opt->common.run;
	int rc = 0;

	switch (run->opt->action) {
	case ACTION_STATUS:
		return 0;
	case ACTION_TOUCH:
		rc = fl_cache_touch(src, range->range_off, range->range_len);
		break;
	case ACTION_EVICT:
		rc = fl_cache_evict(src, range->range_off, range->range_len);
		break;
	case ACTION_LOCK:
		return keep_lock(run, src, name);
	}
	if (rc < 0)
		complain(run, name, rc, NULL);
	return rc;
}

static int look(struct fl_source *src, const struct cache_options *opt, struct fl_cache_status *ret)
{
	const struct fl_options *range = &opt->common.run;

	*ret = (struct fl_cache_status){.size = sizeof(*ret)};
	return fl_cache_status(src, range->range_off, range->range_len,
			       opt->action == ACTION_STATUS ? FL_CACHE_FOLIOS : 0, ret);
}

/* What was asked for, and did not happen. An estimate proves nothing. */
static void check(struct cache_run *run, const struct cache_row *row)
{
	const struct fl_cache_status *st = &row->status;

	if (!(st->flags & FL_CACHE_EXACT))
		return;
	if (run->opt->action == ACTION_EVICT && st->resident > 0)
		complain(run, row->name, -EBUSY,
			 st->flags & FL_CACHE_MEMORY
				 ? "this file system is memory: its pages cannot be dropped"
				 : "some pages stay: they are mapped, locked or under I/O "
				   "elsewhere, or in a folio that reaches beyond the range");
	if (run->opt->action >= ACTION_TOUCH && run->opt->action != ACTION_EVICT &&
	    st->resident < st->pages)
		complain(run, row->name, -ENOMEM, "not all pages could be kept in memory");
}

static void report(struct cache_run *run, const struct cache_row *row)
{
	const char *done = action_done[run->opt->action];

	run->files++;
	run->resident += row->status.resident;
	run->pages += row->status.pages;
	if (run->doc != NULL)
		cache_report_set(json_doc_add_file(run->doc, row->name), row, done);
	else
		cache_report_print(row, done);
	outbuf_flush_lines();
}

static void do_source(struct cache_run *run, struct fl_source *src, const char *name)
{
	const struct fl_options *range = &run->opt->common.run;
	struct cache_row row = {.name = name};
	struct fl_cache_status before;
	double begin;
	int rc = look(src, run->opt, &before);

	if (rc < 0) {
		complain(run, name, rc, NULL);
		return;
	}
	begin = now();
	if (act(run, src, name) < 0)
		return;
	row.seconds = now() - begin;
	row.status = before;
	if (run->opt->action != ACTION_STATUS)
		(void)look(src, run->opt, &row.status);
	row.changed = row.status.resident > before.resident ? row.status.resident - before.resident
							    : before.resident - row.status.resident;
	if (run->opt->action == ACTION_LOCK)
		row.changed = row.status.pages;
	row.has_bar = fl_cache_map(src, range->range_off, range->range_len, row.bar,
				   CACHE_BAR_CELLS) == 0;
	report(run, &row);
	check(run, &row);
}

static void do_file(struct cache_run *run, const char *name, const char *problem)
{
	struct fl_source *src = NULL;
	struct fl_error err;
	int rc;

	if (problem != NULL) {
		complain(run, name, -EINVAL, problem);
		return;
	}
	rc = input_open(name, &src, &err);
	if (rc < 0)
		complain(run, name, rc, err.text);
	else
		do_source(run, src, name);
	fl_source_close(src);
}

static void do_files(struct cache_run *run)
{
	struct inputs in;
	const char *name;
	int rc = inputs_init(&in, &run->opt->common);

	if (rc < 0) {
		complain(run, run->opt->common.files_from, rc, NULL);
		return;
	}
	while ((rc = inputs_next(&in, &name)) > 0)
		do_file(run, name, in.problem);
	if (rc < 0)
		complain(run, run->opt->common.files_from, rc, NULL);
	inputs_done(&in);
}

static void finish_report(struct cache_run *run)
{
	if (run->doc != NULL) {
		json_t *total = json_object();

		json_doc_set(run->doc, "total", total);
		json_doc_set(total, "pages", json_integer((json_int_t)run->pages));
		json_doc_set(total, "resident_pages", json_integer((json_int_t)run->resident));
		json_doc_print(run->doc);
	} else if (run->files > 1) {
		cache_report_total(run->resident, run->pages);
	}
}

/* Blocked from the start: a signal that comes before the wait is not lost. */
static void block_stop_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGHUP);
	sigprocmask(SIG_BLOCK, ret, NULL);
}

static void release(struct cache_run *run)
{
	while (run->locks != NULL) {
		struct held_lock *next = run->locks->next;

		fl_cache_unlock(run->locks->lock);
		free(run->locks);
		run->locks = next;
	}
}

int cmd_cache(int argc, char **argv)
{
	struct cache_options opt = {0};
	struct cache_run run = {.opt = &opt};
	sigset_t stop;
	int caught;

	common_options_init(&opt.common);
	common_options_parse(&cache_argp, argc, argv, &opt, &opt.common);
	take_action(&opt);
	if (opt.common.file_count == 0 && opt.common.files_from == NULL)
		message_usage("no file given");
	run.doc = opt.common.json ? json_doc_new("faultline-cache/1") : NULL;
	if (run.doc != NULL)
		json_doc_set(run.doc, "action", json_string(action_names[opt.action]));
	if (opt.action == ACTION_LOCK)
		block_stop_signals(&stop);
	do_files(&run);
	finish_report(&run);
	if (run.locks != NULL && outbuf_flush() == 0)
		sigwait(&stop, &caught);
	release(&run);
	return outbuf_finish() < 0 || run.trouble ? EXIT_TROUBLE : 0;
}
