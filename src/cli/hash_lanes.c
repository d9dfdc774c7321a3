/* SPDX-License-Identifier: MIT */
#include "cli/hash_lanes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <faultline/cluster.h>
#include <faultline/batch.h>

#include "cli/crew.h"
#include "cli/message.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"

/* From here on all threads share a file: they start within 0.1 ms, and one alone would need 4 ms
 * for the fastest digest (16 GB/s, measured), so that the last files do not keep others waiting. */
#define LARGE_BYTES (64 << 20)

/* How long after a signal a lane may go on. */
#define CANCEL_NS UINT64_C(50000000)

/* How another rank makes the same pipeline; the salt is that of all algorithms that have one. */
struct recipe {
	struct hash_choice choice;
	unsigned char salt[FL_HASH_SALT_MAX];
	uint64_t range_off;
	uint64_t range_len;
};

/* A pipeline for a choice of digests, or for leaves; made when it is first needed. */
struct runner {
	const struct hash_choice *choice;
	struct recipe recipe; /* where all processors, and all ranks, are for one file */
	int is_shared;
	struct fl_hash_set *set;
	struct fl_leaves *leaves;
	const struct leaf_sink *sink;
	struct fl_pipeline *pl;
	struct runner *next;
};

struct hash_lanes {
	struct fl_options small;
	struct fl_options large;
	unsigned threads;
	int single;
	struct runner *whole;
	struct runner *current; /* of hash_lanes_whole(); a ranged one belongs to nobody else */
	int current_is_own;
	struct runner *lane[];
};

/* --processes: of the pipelines that have all processors for one file. */
static unsigned lane_processes;

static void on_lane_progress(void *arg, const struct fl_progress *p)
{
	struct runner *runner = arg;

	(void)p;
	if (stop_signals_caught())
		fl_pipeline_cancel(runner->pl);
}

/* Half is for the lanes together, half for large files. A pipeline takes no less than 4 MiB. */
static uint64_t share_of_memory(const struct common_options *common, unsigned shares)
{
	uint64_t share = common->run.max_memory_bytes / shares;

	return share < (4 << 20) ? 4 << 20 : share;
}

struct hash_lanes *hash_lanes_new(const struct common_options *common, unsigned threads, int single)
{
	struct hash_lanes *lanes = calloc(1, sizeof(*lanes) + threads * sizeof(struct runner *));

	if (lanes == NULL) {
		message_error("%s", strerror(ENOMEM));
		exit(EXIT_TROUBLE);
	}
	lanes->threads = threads;
	lane_processes = common->processes;
	lanes->single = single;
	lanes->large = common->run;
	lanes->small = common->run;
	lanes->small.threads = 1;
	lanes->small.progress = on_lane_progress;
	lanes->small.progress_interval_ns = CANCEL_NS;
	if (!single) {
		lanes->large.max_memory_bytes = share_of_memory(common, 2);
		lanes->small.max_memory_bytes = share_of_memory(common, 2 * threads);
	}
	return lanes;
}

static void runner_free(struct runner *runner)
{
	if (runner == NULL)
		return;
	fl_pipeline_free(runner->pl);
	fl_hash_set_free(runner->set);
	fl_leaves_free(runner->leaves);
	free(runner);
}

static int take_leaf(void *arg, const struct fl_leaf *leaf)
{
	const struct runner *runner = arg;

	return runner->sink->leaf(runner->sink->arg, leaf);
}

static int take_sums(void *arg, const void *data, size_t len)
{
	const struct runner *runner = arg;

	return runner->sink->sums ? runner->sink->sums(runner->sink->arg, data, len) : 0;
}

/* Return: @code, which is negative. */
static int fail(struct fl_error *err, int code)
{
	*err = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(err->text, sizeof(err->text), "%s", fl_strerror(code));
	return code;
}

/* Block sums of all of a file stay with the ranks that make them; those of a part are written. */
static int make_leaves(struct runner *runner, const struct fl_options *run, struct fl_error *err)
{
	struct fl_leaves_options opt = {.size = sizeof(opt),
					.leaf_bytes = runner->choice->leaf_bytes,
					.leaf = take_leaf,
					.sums = take_sums,
					.arg = runner};

	if (crew_is_there() && opt.leaf_bytes >= FL_LEAF_BYTES_TURNS && run->range_off == 0 &&
	    run->range_len == FL_SIZE_UNKNOWN) {
		opt.turns = crew_follows() ? FL_LEAVES_OTHER : FL_LEAVES_FIRST;
		opt.sums = NULL;
	}
	return fl_leaves_new(&opt, &runner->leaves, err);
}

static int add_operators(struct runner *runner)
{
	if (runner->leaves != NULL)
		return fl_pipeline_add(runner->pl, fl_leaves_operator(runner->leaves),
				       runner->leaves);
	return fl_hash_set_add(runner->set, runner->pl);
}

static void write_recipe(struct runner *runner, const struct fl_options *opt)
{
	struct recipe *r = &runner->recipe;

	r->choice = *runner->choice;
	for (size_t i = 0; i < r->choice.count; i++)
		if (r->choice.algs[i].salt != NULL)
			memcpy(r->salt, r->choice.algs[i].salt, r->choice.algs[i].salt_len);
	r->range_off = opt->range_off;
	r->range_len = opt->range_len;
	runner->is_shared = 1;
}

static int runner_new(const struct hash_choice *choice, const struct fl_options *options,
		      struct runner **ret, struct fl_error *err)
{
	struct runner *runner = calloc(1, sizeof(*runner));
	struct fl_options opt = *options;
	int rc;

	/* On a lane: another thread may be printing, and what it has begun must not be cut off. */
	if (runner == NULL)
		return fail(err, -ENOMEM);
	runner->choice = choice;
	if (opt.progress == on_lane_progress)
		opt.progress_arg = runner;
	if (choice->leaf_bytes != 0)
		rc = make_leaves(runner, &opt, err);
	else
		rc = fl_hash_set_new(choice->algs, choice->count, &runner->set, err);
	if (rc == 0)
		rc = fl_pipeline_new(&opt, &runner->pl, err);
	if (opt.progress != on_lane_progress)
		write_recipe(runner, &opt);
	if (rc == 0 && runner->is_shared)
		rc = fl_pipeline_set_processes(runner->pl, lane_processes);
	if (rc == 0)
		rc = add_operators(runner);
	if (rc < 0) {
		runner_free(runner);
		return rc;
	}
	*ret = runner;
	return 0;
}

static int runner_find(struct runner **list, const struct hash_choice *choice,
		       const struct fl_options *options, struct runner **ret, struct fl_error *err)
{
	struct runner *runner = *list;
	int rc;

	while (runner != NULL && runner->choice != choice)
		runner = runner->next;
	if (runner == NULL) {
		rc = runner_new(choice, options, &runner, err);
		if (rc < 0)
			return rc;
		runner->next = *list;
		*list = runner;
	}
	*ret = runner;
	return 0;
}

void hash_lanes_check(struct hash_lanes *lanes, const struct hash_choice *choice)
{
	struct runner *runner;
	struct fl_error err;

	if (runner_find(&lanes->whole, choice, &lanes->large, &runner, &err) == 0)
		return;
	message_error("%s", err.text);
	exit(EXIT_TROUBLE);
}

static int restore(struct runner *runner, struct hash_result *result)
{
	int rc = -FL_ECORRUPT;

	if (runner->leaves == NULL)
		rc = fl_hash_set_restore(runner->set, result->state, result->state_len);
	else if (result->state_len == FL_LEAVES_STATE_BYTES)
		rc = fl_leaves_restore(runner->leaves, result->state);
	return rc < 0 ? fail(&result->error, rc) : 0;
}

static void run(struct runner *runner, const char *name, struct hash_result *result)
{
	unsigned char *digest = result->digests;
	struct fl_source *src = NULL;

	runner->sink = &result->sink;
	result->code = input_open(name, &src, &result->error);
	if (result->code >= 0 && result->state != NULL)
		result->code = restore(runner, result);
	if (result->code >= 0 && runner->is_shared)
		crew_share(runner->pl, name, &runner->recipe, sizeof(runner->recipe));
	if (result->code >= 0) {
		result->code = fl_pipeline_run(runner->pl, src, &result->error);
		result->stats.size = sizeof(result->stats);
		fl_pipeline_stats(runner->pl, &result->stats);
		fl_source_close(src);
	}
	for (size_t i = 0; result->code >= 0 && i < runner->choice->count; i++)
		digest += fl_hash_set_digest(runner->set, i, digest);
	if (result->code >= 0 && runner->leaves != NULL)
		fl_leaves_digest(runner->leaves, result->digests);
}

/* A range of its own: a pipeline of its own, for this file only. */
static struct runner *range_runner(const struct hash_choice *choice,
				   const struct fl_options *options, struct hash_result *result)
{
	struct fl_options opt = *options;
	struct runner *runner;

	opt.range_off = result->range_off;
	opt.range_len = result->range_len;
	result->code = runner_new(choice, &opt, &runner, &result->error);
	if (result->code < 0)
		return NULL;
	return runner;
}

static int is_shared(const struct hash_choice *choice)
{
	for (size_t i = 0; i < choice->count; i++)
		if (!fl_hash_alg_is_parallel(choice->algs[i].alg))
			return 0;
	return 1;
}

int hash_lanes_work(struct hash_lanes *lanes, unsigned worker, const struct hash_choice *choice,
		    const char *name, struct hash_result *result)
{
	struct runner *runner;
	struct stat st;

	/* Signals reach the calling thread only: it opens what may wait for others, FIFOs. */
	result->waiting = 1;
	if (lanes->single || input_is_stdin(name) || stat(name, &st) < 0 || !S_ISREG(st.st_mode))
		return FL_BATCH_CALLER;
	if (st.st_size >= LARGE_BYTES && is_shared(choice))
		return 0;
	result->waiting = 0;
	if (result->ranged) {
		runner = range_runner(choice, &lanes->small, result);
		if (runner != NULL)
			run(runner, name, result);
		runner_free(runner);
		return 0;
	}
	result->code =
		runner_find(&lanes->lane[worker], choice, &lanes->small, &runner, &result->error);
	if (result->code == 0)
		run(runner, name, result);
	return 0;
}

/* A signal must not cancel a pipeline that is gone. */
static void forget_current(struct hash_lanes *lanes)
{
	stop_signals_forget();
	if (lanes->current_is_own)
		runner_free(lanes->current);
	lanes->current = NULL;
	lanes->current_is_own = 0;
}

void hash_lanes_whole(struct hash_lanes *lanes, const struct hash_choice *choice, const char *name,
		      struct hash_result *result)
{
	struct runner *runner;

	if (!result->waiting)
		return;
	result->waiting = 0;
	forget_current(lanes);
	if (result->ranged) {
		runner = range_runner(choice, &lanes->large, result);
		lanes->current_is_own = 1;
	} else {
		result->code =
			runner_find(&lanes->whole, choice, &lanes->large, &runner, &result->error);
		lanes->current_is_own = 0;
	}
	if (result->code < 0)
		return;
	lanes->current = runner;
	stop_signals_watch(runner->pl);
	run(runner, name, result);
	input_consume(name);
}

static int no_leaf(void *arg, const struct fl_leaf *leaf)
{
	(void)arg;
	(void)leaf;
	return 0;
}

/* The leader's pipeline, for one order. */
static void run_order(const struct common_options *common, const struct crew_order *order)
{
	struct hash_result result = {.sink = {.leaf = no_leaf}};
	struct fl_options opt = common->run;
	struct runner *runner = NULL;
	struct recipe recipe;

	if (order->recipe_len != sizeof(recipe))
		return;
	memcpy(&recipe, order->recipe, sizeof(recipe));
	for (size_t i = 0; i < recipe.choice.count; i++)
		if (recipe.choice.algs[i].salt != NULL)
			recipe.choice.algs[i].salt = recipe.salt;
	opt.range_off = recipe.range_off;
	opt.range_len = recipe.range_len;
	result.code = runner_new(&recipe.choice, &opt, &runner, &result.error);
	if (result.code == 0)
		run(runner, order->name, &result);
	if (result.code < 0)
		crew_refuse(&result.error);
	runner_free(runner);
}

void hash_lanes_follow(const struct common_options *common)
{
	struct crew_order order;

	while (crew_wait(&order))
		run_order(common, &order);
}

int64_t hash_lanes_save(const struct hash_lanes *lanes, void *buf, size_t size, uint64_t *ret_off)
{
	const struct runner *runner = lanes->current;

	if (runner == NULL)
		return 0;
	if (runner->leaves == NULL)
		return fl_hash_set_save(runner->set, buf, size, ret_off);
	if (size < FL_LEAVES_STATE_BYTES)
		return buf == NULL ? FL_LEAVES_STATE_BYTES : -ENOSPC;
	fl_leaves_save(runner->leaves, buf, ret_off);
	return FL_LEAVES_STATE_BYTES;
}

static void list_free(struct runner *runner)
{
	while (runner != NULL) {
		struct runner *next = runner->next;

		runner_free(runner);
		runner = next;
	}
}

void hash_lanes_free(struct hash_lanes *lanes)
{
	forget_current(lanes);
	list_free(lanes->whole);
	for (unsigned i = 0; i < lanes->threads; i++)
		list_free(lanes->lane[i]);
	free(lanes);
}
