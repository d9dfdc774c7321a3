/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/diff_files.h"
#include "cli/hash_lanes.h"
#include "cli/leaf_list.h"
#include "cli/manifest_file.h"
#include "cli/message.h"

static const char beginning[] = "faultline-manifest ";

/**
 * struct against - a file against its entry
 * @off, @len:   a range that may go on
 * @size:        the file's
 * @is_whole:    so far every leaf has been right
 */
struct against {
	struct diff_run *run;
	struct fl_manifest_file entry;
	char *name;
	uint64_t leaf_bytes;
	struct leaf_list leaves;
	uint64_t off;
	uint64_t len;
	uint64_t size;
	int is_whole;
};

static int look_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	(void)op;
	(void)scratch;
	(void)reterr;
	return fl_part_append(part, in->data, in->len);
}

static int look_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	int *is_manifest = op;

	(void)reterr;
	*is_manifest =
		part->len == sizeof(beginning) - 1 && memcmp(part->data, beginning, part->len) == 0;
	return 0;
}

static const struct fl_operator look = {.size = sizeof(look),
					.name = "look",
					.cut = FL_CUT_UNIT,
					.unit_bytes = sizeof(beginning) - 1,
					.map = look_map,
					.fold = look_fold};

/* Through a pipeline, because --cold is for these bytes, too. */
int diff_is_manifest(const struct diff_options *opt, const char *name)
{
	struct fl_options run;
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	struct stat st;
	int is_manifest = 0;

	/* Reading from a FIFO would take away what is to be compared. */
	if (input_is_stdin(name) || stat(name, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	fl_options_init(&run);
	run.flags = opt->common.run.flags;
	run.range_len = sizeof(beginning) - 1;
	if (fl_pipeline_new(&run, &pl, NULL) == 0 && fl_source_open(name, &src, NULL) == 0 &&
	    fl_pipeline_add(pl, &look, &is_manifest) == 0 && fl_pipeline_run(pl, src, NULL) < 0)
		is_manifest = 0;
	fl_pipeline_free(pl);
	fl_source_close(src);
	return is_manifest;
}

static void print_pending(struct against *a)
{
	if (a->len > 0)
		diff_print_range(a->run, a->off, a->len, 0);
	a->len = 0;
}

static int compare_leaf(void *arg, const struct fl_leaf *leaf)
{
	struct against *a = arg;
	uint64_t left = a->entry.off + a->entry.len - leaf->off;
	unsigned char digest[FL_LEAF_DIGEST_BYTES];
	int rc = leaf_list_next(&a->leaves, digest);

	if (rc <= 0)
		return rc;
	a->is_whole &= memcmp(digest, leaf->digest, sizeof(digest)) == 0;
	/* The end of the file cuts this leaf: whether its bytes differ cannot be told. */
	if (leaf->len != (left < a->leaf_bytes ? left : a->leaf_bytes))
		return 0;
	if (memcmp(digest, leaf->digest, sizeof(digest)) == 0)
		return 0;
	if (a->len == 0 || a->off + a->len != leaf->off) {
		print_pending(a);
		a->off = leaf->off;
	}
	a->len = leaf->off + leaf->len - a->off;
	return a->run->opt->common.quiet ? FL_FOLD_STOP : 0;
}

static int take_entry(struct against *a, struct manifest_in *in, struct fl_manifest_entry *entry,
		      struct fl_error *err)
{
	int rc;

	free(a->name);
	leaf_list_done(&a->leaves);
	a->entry = entry->file;
	a->name = strdup(entry->file.name);
	if (a->name == NULL)
		return -ENOMEM;
	while ((rc = fl_manifest_read(in->reader, entry, err)) == FL_MANIFEST_LEAF) {
		rc = leaf_list_add(&a->leaves, entry->leaf.digest);
		if (rc < 0)
			break;
	}
	return rc;
}

/* Its last line tells whether the ones before it are as they were written. Return: 1; an error. */
static int read_to_end(struct manifest_in *in, int rc, struct fl_error *err)
{
	struct fl_manifest_entry entry = {.size = sizeof(entry)};

	while (rc != FL_MANIFEST_END && rc > 0)
		rc = fl_manifest_read(in->reader, &entry, err);
	return rc < 0 ? rc : 1;
}

/* The entry of that name, else the only one. Return: 1; 0 where there is none; an error. */
static int find_entry(struct against *a, struct manifest_in *in, const char *file,
		      struct fl_error *err)
{
	struct fl_manifest_entry entry = {.size = sizeof(entry)};
	unsigned count = 0;
	int rc = fl_manifest_read(in->reader, &entry, err);

	while (rc == FL_MANIFEST_FILE) {
		count++;
		rc = take_entry(a, in, &entry, err);
		if (rc >= 0 && strcmp(a->name, file) == 0)
			return read_to_end(in, rc, err);
	}
	return rc < 0 ? rc : count == 1;
}

static void tell_lengths(struct against *a, const char *file, const char *manifest)
{
	uint64_t end = a->entry.off + a->entry.len;
	uint64_t from = a->size > a->entry.off ? a->size : a->entry.off;

	if (a->size < end)
		diff_print_only(a->run, manifest, from, end);
	if (a->size > end && end == a->entry.size_bytes)
		diff_print_only(a->run, file, end, a->size);
}

static int hash_file(struct against *a, const char *file, struct hash_result *result)
{
	struct hash_choice choice = {.leaf_bytes = a->leaf_bytes};
	struct hash_lanes *lanes = hash_lanes_new(&a->run->opt->common, 1, 1);

	result->sink = (struct leaf_sink){.leaf = compare_leaf, .arg = a};
	result->ranged = a->entry.off != 0 || a->entry.len != a->size;
	result->range_off = a->entry.off;
	result->range_len = a->entry.len;
	hash_lanes_work(lanes, 0, &choice, file, result);
	hash_lanes_whole(lanes, &choice, file, result);
	hash_lanes_free(lanes);
	run_stats_add_one(&a->run->job.stats, &result->stats);
	return result->code;
}

static void compare(struct against *a, const char *file, const char *manifest)
{
	struct hash_result result = {0};
	struct stat st;

	/* What is behind it may differ: no answer would be right. */
	if (a->entry.part) {
		message_error("%s: holds a part of %s only: see faultline verify, and faultline "
			      "manifest merge",
			      manifest, a->name);
		a->run->job.trouble = 1;
		return;
	}
	if (stat(file, &st) < 0 || !S_ISREG(st.st_mode)) {
		message_error("%s: only regular files are compared with a manifest", file);
		a->run->job.trouble = 1;
		return;
	}
	a->size = (uint64_t)st.st_size;
	a->is_whole = 1;
	if (hash_file(a, file, &result) < 0) {
		job_complain(&a->run->job, file, &result.error);
		return;
	}
	if (job_interrupted())
		return;
	print_pending(a);
	tell_lengths(a, file, manifest);
	if (a->is_whole && !a->entry.part && a->size >= a->entry.len &&
	    memcmp(result.digests, a->entry.digest, sizeof(a->entry.digest)) != 0) {
		message_error("%s: no leaf of %s differs, but the digest of the whole file does",
			      manifest, file);
		a->run->job.trouble = 1;
	}
}

void diff_manifest(struct diff_run *run, const char *file, const char *manifest)
{
	const struct fl_options *opt = &run->opt->common.run;
	struct against a = {.run = run};
	struct manifest_in in;
	struct fl_error err;
	int rc;

	if (opt->range_off != 0 || opt->range_len != FL_SIZE_UNKNOWN)
		message_usage("a range is compared with a manifest by faultline verify --range");
	rc = manifest_in_open(&in, manifest, &err);
	if (rc == 0) {
		a.leaf_bytes = fl_manifest_reader_leaf_bytes(in.reader);
		rc = find_entry(&a, &in, file, &err);
	}
	if (rc > 0) {
		compare(&a, file, manifest);
	} else {
		if (rc == 0)
			message_error("%s: not in %s", file, manifest);
		else
			message_file(manifest, &err);
		run->job.trouble = 1;
	}
	manifest_in_close(&in);
	leaf_list_done(&a.leaves);
	free(a.name);
}
