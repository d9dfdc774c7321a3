/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <faultline/batch.h>

#include "cli/damage.h"
#include "cli/hash_check.h"
#include "cli/hash_lanes.h"
#include "cli/leaf_list.h"
#include "cli/manifest_file.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"

enum key {
	KEY_STATUS = 512,
	KEY_IGNORE_MISSING
};

/**
 * struct verify_options
 * @manifest: first operand; common.files are the others
 * @quiet:    no line for files that are right
 * @status:   no line at all
 */
struct verify_options {
	struct common_options common;
	const char *manifest;
	int quiet;
	int status;
	int ignore_missing;
};

/* A file asked for by name. */
struct wanted {
	char *name;
	int found;
};

/**
 * struct verify - a run
 * @entry, @have_entry: line of a file that has been read ahead
 * @wanted: sorted, each once; all files where none was named
 * @passed_over: by --ignore-missing
 * @outside: ended before the range began; the others are @files
 */
struct verify {
	struct job job;
	const struct verify_options *opt;
	struct manifest_in in;
	struct hash_choice choice;
	struct hash_lanes *lanes;
	struct fl_manifest_entry entry;
	int have_entry;
	struct wanted *wanted;
	size_t wanted_count;
	uint64_t files, failed, passed_over, outside;
};

/**
 * struct verify_item - a file of the manifest
 * @leaves:   what its digests should be
 * @off, @end: what is to be looked at, whole leaves
 * @size:     the file's now
 * @cut_off:  where the leaf begins that the file's end cuts, or UINT64_MAX
 * @outside:  it ended before the range began: only what it has been given since can matter
 */
struct verify_item {
	struct verify *verify;
	char *name;
	struct fl_manifest_file file;
	struct leaf_list leaves;
	struct damage damage;
	struct hash_result result;
	uint64_t off;
	uint64_t end;
	uint64_t size;
	uint64_t cut_off;
	int outside;
};

static int set_problem(struct verify_item *item, int code, const char *text)
{
	item->result.code = code;
	item->result.error = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(item->result.error.text, sizeof(item->result.error.text), "%s", text);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int is_wanted(struct verify *v, const char *name)
{
	size_t low = 0, high = v->wanted_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(v->wanted[middle].name, name);

		if (order == 0) {
			v->wanted[middle].found = 1;
			return 1;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return inputs_are_implied(&v->job.inputs);
}

/* All leaves of the file whose line has been read. */
static int read_leaves(struct verify *v, struct verify_item *item, struct fl_error *err)
{
	int rc;

	v->have_entry = 0;
	while ((rc = fl_manifest_read(v->in.reader, &v->entry, err)) == FL_MANIFEST_LEAF) {
		rc = item != NULL ? leaf_list_add(&item->leaves, v->entry.leaf.digest) : 0;
		if (rc < 0)
			return rc;
	}
	v->have_entry = rc == FL_MANIFEST_FILE;
	return rc < 0 ? rc : 0;
}

static int next_file(void *arg, void *slot)
{
	struct verify *v = arg;
	struct verify_item *item = slot;
	struct fl_error err;
	int rc = 0;

	while (rc == 0 && v->have_entry && !is_wanted(v, v->entry.file.name))
		rc = read_leaves(v, NULL, &err);
	if (rc < 0 || !v->have_entry || job_interrupted())
		return rc;
	item->verify = v;
	item->file = v->entry.file;
	item->name = strdup(v->entry.file.name);
	if (item->name == NULL)
		return -ENOMEM;
	item->file.name = item->name;
	rc = read_leaves(v, item, &err);
	return rc < 0 ? rc : 1;
}

static int compare_leaf(void *arg, const struct fl_leaf *leaf)
{
	struct verify_item *item = arg;
	uint64_t left = item->file.off + item->file.len - leaf->off;
	uint64_t leaf_bytes = item->verify->choice.leaf_bytes;
	unsigned char digest[FL_LEAF_DIGEST_BYTES];
	int rc = leaf_list_next(&item->leaves, digest);

	if (rc <= 0)
		return rc < 0 ? rc : -FL_ECHANGED;
	if (leaf->len > left)
		return -FL_ECHANGED;
	if (leaf->len != (left < leaf_bytes ? left : leaf_bytes)) {
		item->cut_off = leaf->off;
		return 0;
	}
	if (memcmp(digest, leaf->digest, sizeof(digest)) == 0)
		return 0;
	return damage_add(&item->damage, leaf->off, leaf->len);
}

/* Whole leaves that the range asked for touches. Return: 1; 0 with a problem set. */
static int set_range(struct verify_item *item)
{
	const struct fl_options *run = &item->verify->opt->common.run;
	uint64_t leaf = item->verify->choice.leaf_bytes;
	uint64_t begin = item->file.off, end = begin + item->file.len;
	uint64_t to = run->range_len > UINT64_MAX - run->range_off
			      ? UINT64_MAX
			      : run->range_off + run->range_len;

	item->off = begin;
	item->end = end;
	if (run->range_off == 0 && to == UINT64_MAX)
		return 1;
	/* Of many files some are short. Whoever names one wants to know. */
	item->outside = item->verify->wanted_count == 0 && run->range_off >= end &&
			end == item->file.size_bytes;
	if (item->outside)
		return 1;
	if (run->range_off >= end || to <= begin)
		return set_problem(item, -EINVAL, "the manifest has nothing of this range");
	if (run->range_off > begin)
		item->off = run->range_off - run->range_off % leaf;
	if (to < end && to % leaf != 0 && leaf - to % leaf < end - to)
		item->end = to + (leaf - to % leaf);
	else if (to < end && to % leaf == 0)
		item->end = to;
	return 1;
}

static int look_at(struct verify_item *item)
{
	struct stat st;

	if (stat(item->name, &st) < 0)
		return set_problem(item, -errno, fl_strerror(-errno));
	if (S_ISDIR(st.st_mode))
		return set_problem(item, -EISDIR, fl_strerror(-EISDIR));
	if (!S_ISREG(st.st_mode))
		return set_problem(item, -EINVAL, "not a regular file");
	item->size = (uint64_t)st.st_size;
	return 1;
}

/* Return: 1; 0 with a problem set. */
static int prepare(struct verify_item *item)
{
	struct hash_result *result = &item->result;

	if (!set_range(item) || !look_at(item) || item->outside)
		return 0;
	result->ranged = item->off != 0 || item->end != item->size;
	result->range_off = item->off;
	result->range_len = item->end - item->off;
	return 1;
}

static int work_on_file(void *arg, unsigned worker, void *slot)
{
	struct verify *v = arg;
	struct verify_item *item = slot;
	struct hash_result *result = &item->result;
	int rc;

	item->damage.name = item->name;
	item->damage.quiet = v->opt->status;
	item->cut_off = UINT64_MAX;
	if (!prepare(item))
		return 0;
	result->sink = (struct leaf_sink){.leaf = compare_leaf, .arg = item};
	rc = leaf_list_seek(&item->leaves, (item->off - item->file.off) / v->choice.leaf_bytes);
	if (rc < 0)
		return set_problem(item, rc, fl_strerror(rc));
	return hash_lanes_work(v->lanes, worker, &v->choice, item->name, result);
}

static int tell_lengths(const struct verify_item *item)
{
	uint64_t end = item->file.off + item->file.len;
	uint64_t from = item->size > item->off ? item->size : item->off;
	int is_last = !item->file.part || end == item->file.size_bytes;
	int quiet = item->verify->opt->status, bad = 0;

	if (item->cut_off != UINT64_MAX && !quiet)
		damage_tell(item->name, "cut leaf, not checked, at bytes", item->cut_off,
			    item->size - item->cut_off);
	if (item->size < item->end) {
		bad = 1;
		if (!quiet)
			damage_tell(item->name, "missing bytes", from, item->end - from);
	}
	if (is_last && item->end == end && item->size > end) {
		bad = 1;
		if (!quiet)
			damage_tell(item->name, "extra bytes", end, item->size - end);
	}
	return bad;
}

/* Of a file that was read from its beginning to its end the digest of all of it is known, too. */
static int tell_whole(const struct verify_item *item)
{
	int is_whole = !item->file.part && item->off == 0 && item->end == item->file.len &&
		       item->size >= item->end;

	if (!is_whole || item->damage.count > 0 ||
	    memcmp(item->result.digests, item->file.digest, sizeof(item->file.digest)) == 0)
		return 0;
	if (!item->verify->opt->status)
		damage_verdict(item->name, DAMAGE_WHOLE);
	return 1;
}

static void report_unreadable(struct verify *v, const struct verify_item *item)
{
	int missing = item->result.code == -ENOENT || item->result.code == -ENOTDIR;

	if (missing && v->opt->ignore_missing) {
		v->files--;
		v->passed_over++;
		return;
	}
	v->failed++;
	if (!missing)
		job_complain(&v->job, item->name, &item->result.error);
	else if (!v->opt->status)
		damage_verdict(item->name, "missing");
}

static void report_outside(struct verify *v, const struct verify_item *item)
{
	if (item->result.code < 0 || item->size <= v->opt->common.run.range_off) {
		v->outside++;
		return;
	}
	v->files++;
	v->failed++;
	if (!v->opt->status)
		damage_tell(item->name, "extra bytes", item->end, item->size - item->end);
}

static void report(struct verify *v, struct verify_item *item)
{
	int bad;

	if (item->outside) {
		report_outside(v, item);
		return;
	}
	v->files++;
	if (item->result.code < 0) {
		report_unreadable(v, item);
		return;
	}
	damage_print(&item->damage);
	bad = tell_lengths(item) | tell_whole(item);
	if (bad || item->damage.count > 0)
		v->failed++;
	else if (!v->opt->quiet && !v->opt->status)
		damage_verdict(item->name, "OK");
}

static void drop_file(void *arg, void *slot)
{
	struct verify_item *item = slot;

	(void)arg;
	leaf_list_done(&item->leaves);
	damage_done(&item->damage);
	free(item->name);
}

static int file_is_done(void *arg, void *slot)
{
	struct verify *v = arg;
	struct verify_item *item = slot;

	/* Those before it may have taken hours: it may have grown since it was looked at. */
	if (item->result.code == 0 && item->result.waiting && !job_interrupted() && prepare(item)) {
		item->damage.direct = 1;
		hash_lanes_whole(v->lanes, &v->choice, item->name, &item->result);
	}
	if (item->result.stats.size != 0)
		run_stats_add_one(&v->job.stats, &item->result.stats);
	if (!job_interrupted())
		report(v, item);
	drop_file(NULL, item);
	return job_interrupted() || outbuf_error() != 0;
}

/* Of two the second one would never be found. */
static void sort_wanted(struct verify *v)
{
	size_t kept = 0;

	if (v->wanted_count > 0)
		qsort(v->wanted, v->wanted_count, sizeof(*v->wanted), by_name);
	for (size_t i = 0; i < v->wanted_count; i++) {
		if (kept > 0 && by_name(&v->wanted[kept - 1], &v->wanted[i]) == 0)
			free(v->wanted[i].name);
		else
			v->wanted[kept++] = v->wanted[i];
	}
	v->wanted_count = kept;
}

static int read_wanted(struct verify *v)
{
	const char *name;

	if (inputs_are_implied(&v->job.inputs))
		return 0;
	while (job_next(&v->job, &name)) {
		struct wanted *more =
			realloc(v->wanted, (v->wanted_count + 1) * sizeof(*v->wanted));

		if (more == NULL)
			return -ENOMEM;
		v->wanted = more;
		more[v->wanted_count] = (struct wanted){.name = strdup(name)};
		if (more[v->wanted_count].name == NULL)
			return -ENOMEM;
		v->wanted_count++;
	}
	sort_wanted(v);
	return 0;
}

static void tell_not_found(struct verify *v)
{
	for (size_t i = 0; i < v->wanted_count; i++) {
		if (!v->wanted[i].found) {
			message_error("%s: not in %s", v->wanted[i].name, v->in.name);
			v->job.trouble = 1;
		}
		free(v->wanted[i].name);
	}
	free(v->wanted);
}

static void check_all(struct verify *v)
{
	static const struct fl_batch_ops ops = {.size = sizeof(ops),
						.item_bytes = sizeof(struct verify_item),
						.next = next_file,
						.work = work_on_file,
						.done = file_is_done,
						.drop = drop_file};
	unsigned threads = fl_batch_threads(v->opt->common.run.threads);
	struct fl_error err;
	int rc;

	v->choice.leaf_bytes = fl_manifest_reader_leaf_bytes(v->in.reader);
	v->entry.size = sizeof(v->entry);
	v->lanes = hash_lanes_new(&v->opt->common, threads, 0);
	rc = read_wanted(v);
	if (rc == 0)
		rc = fl_manifest_read(v->in.reader, &v->entry, &err);
	v->have_entry = rc == FL_MANIFEST_FILE;
	if (rc >= 0)
		rc = fl_batch_run(&ops, v, threads);
	if (rc < 0) {
		message_error("%s: %s", v->in.name, fl_strerror(rc));
		v->job.trouble = 1;
	}
	hash_lanes_free(v->lanes);
	if (!job_interrupted())
		tell_not_found(v);
	if (v->failed > 0 && !v->opt->status)
		message_error("WARNING: %" PRIu64 " of %" PRIu64 " files not as in %s", v->failed,
			      v->files, v->in.name);
	if (v->files == 0 && v->outside > 0 && !job_interrupted()) {
		message_error("%s: no file has bytes of this range", v->in.name);
		v->job.trouble = 1;
	}
	/* In another directory all files are missing: that must not look like success. */
	if (v->files > 0 || v->passed_over == 0 || job_interrupted())
		return;
	v->failed++;
	if (!v->opt->status)
		message_error("%s: no file was verified", v->in.name);
}

static const struct argp_option verify_table[] = {
	{.name = "quiet", .key = 'q', .doc = "No line for files that are right"},
	{.name = "status", .key = KEY_STATUS, .doc = "Print nothing, the exit status tells"},
	{.name = "ignore-missing",
	 .key = KEY_IGNORE_MISSING,
	 .doc = "Files that are not there are no failure"},
	{0},
};

static const struct argp_child verify_children[] = {
	{.argp = &common_argp},
	{0},
};

static error_t parse_verify(int key, char *arg, struct argp_state *state)
{
	struct verify_options *opt = state->input;

	switch (key) {
	case 'q':
		opt->quiet = 1;
		return 0;
	case KEY_STATUS:
		opt->status = 1;
		return 0;
	case KEY_IGNORE_MISSING:
		opt->ignore_missing = 1;
		return 0;
	case ARGP_KEY_ARG:
		if (opt->manifest == NULL) {
			opt->manifest = arg;
			return 0;
		}
		return ARGP_ERR_UNKNOWN;
	default:
		return common_options_key(key, &opt->common, verify_children, state);
	}
}

static const struct argp verify_argp = {
	.options = verify_table,
	.parser = parse_verify,
	.args_doc = "MANIFEST [FILE...]",
	.doc = "Compare files with a MANIFEST that faultline hash wrote, all of them or only "
	       "each FILE, and name the byte ranges that differ.",
	.children = verify_children,
};

int cmd_verify(int argc, char **argv)
{
	static struct verify_options opt;
	static struct verify v;
	struct fl_error err;
	int rc;

	common_options_init(&opt.common);
	common_options_parse(&verify_argp, argc, argv, &opt, &opt.common);
	if (opt.manifest == NULL)
		message_usage("no manifest given");
	v.opt = &opt;
	job_begin(&v.job, &opt.common);
	rc = manifest_in_open(&v.in, opt.manifest, &err);
	if (rc == 0) {
		check_all(&v);
	} else {
		message_file(opt.manifest, &err);
		v.job.trouble = 1;
	}
	manifest_in_close(&v.in);
	rc = job_end(&v.job, NULL, 0);
	return rc != 0 ? rc : v.failed > 0 ? EXIT_MISMATCH : 0;
}
