/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <faultline/batch.h>

#include "cli/checkpoint.h"
#include "cli/crew.h"
#include "cli/hash_check.h"
#include "cli/hash_lanes.h"
#include "cli/hash_manifest.h"
#include "cli/hash_options.h"
#include "cli/job.h"
#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"

/**
 * struct hash_run
 * @complete: nothing is left to be gone on with at @cp, once the digests are written
 */
struct hash_run {
	struct job job;
	const struct hash_options *opt;
	struct hash_lanes *lanes;
	struct checkpoint cp;
	int complete;
	void (*bar)(void *arg, const struct fl_progress *p);
	json_t *doc;
};

/**
 * struct hash_item - one file of the batch
 * @name:  NULL when reading the list of names failed
 */
struct hash_item {
	char *name;
	struct hash_result result;
};

static void set_problem(struct hash_item *item, int code, const char *text)
{
	item->result.code = code;
	item->result.error = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(item->result.error.text, sizeof(item->result.error.text), "%s", text);
}

/* Nothing is printed here: done may be printing on another thread. */
static int next_file(void *arg, void *slot)
{
	struct hash_run *run = arg;
	struct inputs *in = &run->job.inputs;
	struct hash_item *item = slot;
	const char *name;
	int rc;

	if (job_interrupted())
		return 0;
	rc = inputs_next(in, &name);
	if (rc == 0 || (rc == -EINTR && job_interrupted()))
		return 0;
	if (rc < 0) {
		set_problem(item, rc, fl_strerror(rc));
		return 1;
	}
	item->name = strdup(name);
	if (item->name == NULL)
		return -ENOMEM;
	if (in->problem != NULL)
		set_problem(item, -EINVAL, in->problem);
	return 1;
}

static int work_on_file(void *arg, unsigned worker, void *slot)
{
	struct hash_run *run = arg;
	struct hash_item *item = slot;

	if (item->result.code < 0 || *item->name == '\0')
		return 0;
	return hash_lanes_work(run->lanes, worker, &run->opt->choice, item->name, &item->result);
}

static void print_lines(const struct hash_run *run, const struct hash_item *item)
{
	const unsigned char *digest = item->result.digests;

	for (size_t i = 0; i < run->opt->choice.count; i++) {
		enum fl_hash_alg alg = run->opt->choice.algs[i].alg;

		hash_line_print(&run->opt->layout, alg, digest, item->name);
		digest += fl_hash_alg_bytes(alg);
	}
	outbuf_flush_lines();
}

static void add_members(const struct hash_run *run, const struct hash_item *item)
{
	const unsigned char *digest = item->result.digests;
	json_t *file = json_doc_add_file(run->doc, item->name);
	json_t *digests = json_object();
	char hex[2 * FL_HASH_DIGEST_MAX + 1];

	json_doc_set(file, "digests", digests);
	for (size_t i = 0; i < run->opt->choice.count; i++) {
		enum fl_hash_alg alg = run->opt->choice.algs[i].alg;

		hash_hex(digest, fl_hash_alg_bytes(alg), hex);
		json_doc_set(digests, fl_hash_alg_name(alg), json_string(hex));
		digest += fl_hash_alg_bytes(alg);
	}
}

static void report(struct hash_run *run, struct hash_item *item)
{
	progress_bar_erase();
	if (item->name == NULL) {
		message_error("%s: %s", run->job.common->files_from, item->result.error.text);
		run->job.trouble = 1;
	} else if (*item->name == '\0') {
		message_error("invalid zero-length file name");
		run->job.trouble = 1;
	} else if (item->result.code < 0) {
		job_complain(&run->job, item->name, &item->result.error);
	} else if (run->doc != NULL) {
		add_members(run, item);
	} else {
		print_lines(run, item);
	}
}

/* In the middle of the file, on the thread that folds; or after its run has been cancelled. */
static void save(struct hash_run *run)
{
	struct checkpoint *cp = &run->cp;
	int64_t len = hash_lanes_save(run->lanes, NULL, 0, &cp->off);
	int rc = -ENOMEM;

	cp->state = len > 0 ? malloc((size_t)len) : NULL;
	if (len > 0 && cp->state != NULL) {
		len = hash_lanes_save(run->lanes, cp->state, (size_t)len, &cp->off);
		cp->state_len = len > 0 ? (size_t)len : 0;
		rc = len > 0 ? checkpoint_save(cp) : (int)len;
	}
	free(cp->state);
	cp->state = NULL;
	/* -EBUSY: cancelled between two digests of a chunk; the last checkpoint is good enough. */
	if (rc < 0 && rc != -EBUSY)
		message_error("%s: %s", cp->path, fl_strerror(rc));
}

static void on_progress(void *arg, const struct fl_progress *p)
{
	struct hash_run *run = arg;

	run->bar(NULL, p);
	if (checkpoint_is_due(&run->cp))
		save(run);
}

/* Go on where an earlier run has come to. Return: 0, or an error that has been told. */
static int load_checkpoint(struct hash_run *run, const char *name, struct hash_result *result,
			   struct checkpoint *resume)
{
	struct fl_error err;
	struct stat st;
	int rc;

	resume->path = run->cp.path;
	memcpy(resume->job, run->cp.job, sizeof(resume->job));
	rc = checkpoint_load(resume, &err);
	if (rc < 0)
		message_file(resume->path, &err);
	/* Going on would throw away what an hour of another command has brought. */
	if (rc > 0 && resume->name != NULL && strcmp(resume->name, name) != 0) {
		message_error("%s: the checkpoint is of another file, %s", resume->path,
			      resume->name);
		rc = -EINVAL;
	}
	if (rc < 0 || stat(name, &st) < 0)
		return rc < 0 ? rc : 0;
	if (rc > 0 && checkpoint_matches(resume, name, &st)) {
		result->ranged = 1;
		result->range_off = resume->off;
		result->range_len = (uint64_t)st.st_size - resume->off;
		result->state = resume->state;
		result->state_len = resume->state_len;
	} else if (rc > 0) {
		message_error("%s: not as it was when the checkpoint was written: read from its "
			      "beginning",
			      name);
	}
	return checkpoint_name_file(&run->cp, name, &st);
}

static void read_whole(struct hash_run *run, struct hash_item *item)
{
	struct checkpoint resume = {0};
	int rc = 0;

	if (run->cp.path != NULL && item->result.waiting)
		rc = load_checkpoint(run, item->name, &item->result, &resume);
	if (rc < 0) {
		set_problem(item, rc, "not read");
	} else {
		hash_lanes_whole(run->lanes, &run->opt->choice, item->name, &item->result);
		if (run->cp.path != NULL && job_interrupted())
			save(run);
		else if (run->cp.path != NULL && item->result.code == 0)
			run->complete = 1;
	}
	checkpoint_done(&resume);
}

static void drop_file(void *arg, void *slot)
{
	struct hash_item *item = slot;

	(void)arg;
	free(item->name);
}

static int file_is_done(void *arg, void *slot)
{
	struct hash_run *run = arg;
	struct hash_item *item = slot;

	if (item->name != NULL && !job_interrupted())
		read_whole(run, item);
	if (item->result.stats.size != 0)
		run_stats_add_one(&run->job.stats, &item->result.stats);
	if (!job_interrupted())
		report(run, item);
	drop_file(NULL, item);
	return job_interrupted() || outbuf_error() != 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void hash_files(struct hash_run *run)
{
	static const struct fl_batch_ops ops = {.size = sizeof(ops),
						.item_bytes = sizeof(struct hash_item),
						.next = next_file,
						.work = work_on_file,
						.done = file_is_done,
						.drop = drop_file};
	int several = inputs_may_be_several(&run->job.inputs);
	unsigned threads = several ? fl_batch_threads(run->opt->common.run.threads) : 1;
	uint64_t start = now_ns();
	int rc;

	run->lanes = hash_lanes_new(&run->opt->common, threads, !several);
	hash_lanes_check(run->lanes, &run->opt->choice);
	rc = fl_batch_run(&ops, run, threads);
	if (rc < 0) {
		message_error("%s", fl_strerror(rc));
		run->job.trouble = 1;
	}
	hash_lanes_free(run->lanes);
	/* Runs that go side by side take less time than their sum. */
	if (threads > 1)
		run->job.stats.sum.ns = now_ns() - start;
	if (run->doc == NULL || job_interrupted())
		return;
	if (run->job.common->stats)
		json_doc_add_stats(run->doc, &run->job.stats);
	json_doc_print(run->doc);
}

static void begin_checkpoint(struct hash_run *run)
{
	struct fl_options *opt = &run->job.common->run;
	const struct hash_options *hash = run->opt;
	/* At most 128 bytes, 64 of salt and 24 for each of HASH_MAX algorithms. */
	char *at = run->cp.job;

	run->cp.path = hash->checkpoint;
	run->cp.interval_ns = hash->checkpoint_every_ns;
	at += snprintf(at, 128, "hash, seed %llu, block-size %u, salt ",
		       (unsigned long long)hash->seed, (unsigned)hash->block_bytes);
	for (size_t i = 0; i < hash->salt_len; i++)
		at += snprintf(at, 8, "%02x", hash->salt[i]);
	for (size_t i = 0; i < hash->choice.count; i++)
		at += snprintf(at, 24, ", %s", fl_hash_alg_name(hash->choice.algs[i].alg));
	run->bar = opt->progress;
	opt->progress = on_progress;
	opt->progress_arg = run;
	if (opt->progress_interval_ns > run->cp.interval_ns)
		opt->progress_interval_ns = run->cp.interval_ns;
}

int cmd_hash(int argc, char **argv)
{
	static struct hash_options opt;
	static struct hash_run run;
	int rc;

	run.opt = &opt;
	hash_options_parse(argc, argv, &opt);
	job_begin(&run.job, &opt.common);
	if (crew_follows()) {
		hash_lanes_follow(&opt.common);
		return job_end(&run.job, NULL, 0);
	}
	run.doc = opt.common.json ? json_doc_new("faultline-hash/1") : NULL;
	if (opt.manifest != NULL)
		return hash_manifest(&run.job, &opt);
	if (opt.check)
		return hash_check(&run.job, &opt);
	if (opt.checkpoint != NULL)
		begin_checkpoint(&run);
	hash_files(&run);
	rc = job_end(&run.job, NULL, opt.common.json);
	if (rc == 0 && run.complete)
		checkpoint_remove(&run.cp);
	checkpoint_done(&run.cp);
	return rc;
}
