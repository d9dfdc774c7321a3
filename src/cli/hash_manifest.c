/* SPDX-License-Identifier: MIT */
#include "cli/hash_manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <faultline/batch.h>

#include "cli/checkpoint.h"
#include "cli/damage.h"
#include "cli/hash_check.h"
#include "cli/hash_lanes.h"
#include "cli/leaf_list.h"
#include "cli/manifest_file.h"
#include "cli/manifest_merge.h"
#include "cli/manifest_old.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/same_place.h"
#include "cli/stop_signals.h"

/* Where the leaves of the file that is being read are: the checkpoint's name and this. */
#define LEAVES_SUFFIX ".leaves"

/**
 * struct make - a run of --manifest
 * @choice:  the leaves: of the size asked for, of the old manifest's, or of 8 MiB
 * @old:     --update: what there was; no files in it otherwise
 * @from_old: no FILE was named: those of @old, up to @old_next so far
 * @sums:    --range: block sums of the part
 * @cp:      --checkpoint: what is saved; @resume: what an earlier run has saved
 * @leaves_path: where the leaves of @current, the file that is being read, are kept then
 * @bar:     the progress bar, behind the callback that saves
 * @st:      of the manifest that is replaced, where there is one: it is not hashed itself
 * @result:  why nothing more can be written
 */
struct make {
	struct job *job;
	const struct hash_options *opt;
	struct hash_choice choice;
	struct hash_lanes *lanes;
	struct manifest_out out;
	struct manifest_out sums;
	char *sums_path;
	struct manifest_old old;
	struct checkpoint cp;
	struct checkpoint resume;
	char *leaves_path;
	struct make_item *current;
	void (*bar)(void *arg, const struct fl_progress *p);
	int warned;
	int from_old;
	size_t old_next;
	struct stat st;
	int failed;
	int result;
};

/**
 * struct make_item - one file
 * @known: what the old manifest says, if the file has still that size and time
 */
struct make_item {
	char *name;
	struct make *make;
	const struct manifest_old_file *known;
	struct fl_manifest_file file;
	struct stat st;
	struct leaf_list leaves;
	struct hash_result result;
};

static void set_problem(struct make_item *item, int code, const char *text)
{
	item->result.code = code;
	item->result.error = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(item->result.error.text, sizeof(item->result.error.text), "%s", text);
}

static int is_part(const struct make *m)
{
	return m->sums.file != NULL;
}

static int is_old_manifest(const struct make *m, const char *name)
{
	struct stat st;

	return m->st.st_ino != 0 && stat(name, &st) == 0 && st.st_dev == m->st.st_dev &&
	       st.st_ino == m->st.st_ino;
}

static int is_of_checkpoint(const struct make *m, const char *name)
{
	const char *path = m->opt->checkpoint, *out = m->opt->manifest;

	return path != NULL &&
	       (is_same_place(path, "", name) || is_same_place(path, ".new", name) ||
		is_same_place(path, LEAVES_SUFFIX, name) ||
		is_same_place(out, PARTIAL_SUFFIX, name) ||
		is_same_place(out, PARTIAL_SUFFIX ".old", name));
}

/* The manifest that is being replaced, and what this run or the one before it that was killed has made,
 * are no files of the manifest where nobody named them. */
static int is_own_file(const struct make *m, const char *name)
{
	const struct common_options *common = &m->opt->common;
	const char *const paths[] = {m->out.temp, m->sums.temp, m->sums_path};

	if (!common->walk.recursive && common->files_from == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (paths[i] != NULL && is_same_place(paths[i], "", name))
			return 1;
	return is_of_checkpoint(m, name) || is_old_manifest(m, name);
}

static int next_name(struct make *m, const char **ret)
{
	int rc;

	if (m->from_old) {
		if (m->old_next == m->old.count)
			return 0;
		*ret = m->old.files[m->old_next++].file.name;
		return 1;
	}
	do
		rc = inputs_next(&m->job->inputs, ret);
	while (rc > 0 && m->job->inputs.problem == NULL && is_own_file(m, *ret));
	return rc;
}

static int next_file(void *arg, void *slot)
{
	struct make *m = arg;
	struct make_item *item = slot;
	const char *name;
	int rc;

	if (job_interrupted())
		return 0;
	rc = next_name(m, &name);
	if (rc == 0 || (rc == -EINTR && job_interrupted()))
		return 0;
	item->make = m;
	if (rc < 0) {
		set_problem(item, rc, fl_strerror(rc));
		return 1;
	}
	item->name = strdup(name);
	if (item->name == NULL)
		return -ENOMEM;
	if (*name == '\0')
		set_problem(item, -EINVAL, "invalid zero-length file name");
	else if (!m->from_old && m->job->inputs.problem != NULL)
		set_problem(item, -EINVAL, m->job->inputs.problem);
	else if (is_old_manifest(m, name))
		set_problem(item, -EINVAL, "is what the manifest is written to");
	return 1;
}

static int keep_leaf(void *arg, const struct fl_leaf *leaf)
{
	struct make_item *item = arg;

	return leaf_list_add(&item->leaves, leaf->digest);
}

static int keep_sums(void *arg, const void *data, size_t len)
{
	struct make_item *item = arg;

	return manifest_out_write(&item->make->sums, data, len);
}

/* The time is from before the file is read: what changes it meanwhile is seen by the next update. */
static int look_at(struct make_item *item)
{
	struct fl_manifest_file *file = &item->file;
	struct stat st;

	if (stat(item->name, &item->st) < 0) {
		set_problem(item, -errno, fl_strerror(-errno));
		return 0;
	}
	st = item->st;
	if (S_ISDIR(st.st_mode)) {
		set_problem(item, -EISDIR, fl_strerror(-EISDIR));
	} else if (!S_ISREG(st.st_mode)) {
		set_problem(item, -EINVAL, "only regular files have manifests");
	} else {
		file->name = item->name;
		file->size_bytes = (uint64_t)st.st_size;
		file->mtime_s = st.st_mtim.tv_sec;
		file->mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
		file->len = file->size_bytes;
		return 1;
	}
	return 0;
}

static int is_unchanged(const struct fl_manifest_file *now, const struct fl_manifest_file *then)
{
	return now->size_bytes == then->size_bytes && now->mtime_s == then->mtime_s &&
	       now->mtime_ns == then->mtime_ns;
}

/* A part is made of whole leaves, or it could not be put together with others. */
static int set_part(const struct make *m, struct make_item *item)
{
	const struct fl_options *run = &m->opt->common.run;
	uint64_t leaf = m->choice.leaf_bytes, size = item->file.size_bytes;
	uint64_t off = run->range_off, end = size;

	if (run->range_len < size && off < size - run->range_len)
		end = off + run->range_len;
	if (off > size || (off == size && size > 0))
		set_problem(item, -EINVAL, "the range begins behind the end of the file");
	else if (off % leaf != 0 || (end % leaf != 0 && end != size))
		set_problem(item, -EINVAL, "the range does not begin and end at leaves");
	item->file.part = 1;
	item->file.off = off;
	item->file.len = end - off;
	return item->result.code == 0;
}

static int work_on_file(void *arg, unsigned worker, void *slot)
{
	struct make *m = arg;
	struct make_item *item = slot;

	if (item->result.code < 0 || !look_at(item))
		return 0;
	if (m->old.leaf_bytes != 0)
		item->known = manifest_old_find(&m->old, item->name);
	if (item->known != NULL && !is_unchanged(&item->file, &item->known->file))
		item->known = NULL;
	if (item->known != NULL && !m->opt->paranoid)
		return 0;
	if (is_part(m) && !set_part(m, item))
		return 0;
	item->result.sink = (struct leaf_sink){.leaf = keep_leaf, .arg = item};
	if (is_part(m))
		item->result.sink.sums = keep_sums;
	/* What is appended while the file is read belongs to the next update. */
	item->result.ranged = is_part(m);
	item->result.range_off = item->file.off;
	item->result.range_len = item->file.len;
	return hash_lanes_work(m->lanes, worker, &m->choice, item->name, &item->result);
}

static int write_leaves(struct make *m, struct make_item *item)
{
	const struct fl_manifest_file *file = &item->file;
	uint64_t leaf_bytes = m->choice.leaf_bytes;
	struct fl_leaf leaf = {.off = file->off};
	uint64_t end = file->off + file->len;
	int rc = item->known != NULL ? manifest_old_seek(&m->old, item->known)
				     : leaf_list_seek(&item->leaves, 0);

	for (; rc >= 0 && leaf.off < end; leaf.off += leaf_bytes) {
		rc = item->known != NULL ? manifest_old_next(&m->old, leaf.digest)
					 : leaf_list_next(&item->leaves, leaf.digest);
		if (rc >= 0)
			rc = fl_manifest_write_leaf(m->out.writer, &leaf);
	}
	return rc < 0 ? rc : 0;
}

/* --paranoid: same size, same time, other bytes. The old entry stays: the new one would make the
 * damage the truth. */
static int compare_with_known(struct make *m, struct make_item *item)
{
	struct damage damage = {.name = item->name, .direct = 1};
	unsigned char then[FL_LEAF_DIGEST_BYTES], now[FL_LEAF_DIGEST_BYTES];
	uint64_t leaf_bytes = m->choice.leaf_bytes, off;
	int rc = manifest_old_seek(&m->old, item->known), differs;

	if (rc == 0)
		rc = leaf_list_seek(&item->leaves, 0);
	for (off = 0; rc >= 0 && off < item->file.len; off += leaf_bytes) {
		uint64_t left = item->file.len - off;

		rc = manifest_old_next(&m->old, then);
		if (rc == 0)
			rc = leaf_list_next(&item->leaves, now);
		if (rc > 0 && memcmp(then, now, sizeof(now)) != 0)
			rc = damage_add(&damage, off, left < leaf_bytes ? left : leaf_bytes);
	}
	damage_print(&damage);
	differs = memcmp(item->result.digests, item->known->file.digest,
			 sizeof(item->known->file.digest)) != 0;
	if (rc >= 0 && damage.count == 0 && differs)
		damage_verdict(item->name, DAMAGE_WHOLE);
	if (damage.count > 0 || differs)
		m->failed = 1;
	damage_done(&damage);
	return rc < 0 ? rc : 0;
}

static int write_entry(struct make *m, struct make_item *item)
{
	const unsigned char *digest =
		item->known != NULL ? item->known->file.digest : item->result.digests;
	int rc = 0;

	if (item->known != NULL && m->opt->paranoid)
		rc = compare_with_known(m, item);
	memcpy(item->file.digest, digest, sizeof(item->file.digest));
	if (rc == 0)
		rc = fl_manifest_write_file(m->out.writer, &item->file);
	if (rc == 0)
		rc = write_leaves(m, item);
	return rc;
}

/*
 * A disk that is not mounted, or fails, must not take away what its files were like: with --update, what
 * the old manifest says of a file that cannot be read stays.
 * Return: 1 if it says something.
 */
static int keep_old_entry(struct make *m, struct make_item *item)
{
	if (item->name == NULL || m->old.leaf_bytes == 0)
		return 0;
	item->known = manifest_old_find(&m->old, item->name);
	if (item->known == NULL)
		return 0;
	item->file = item->known->file;
	m->result = fl_manifest_write_file(m->out.writer, &item->file);
	if (m->result == 0)
		m->result = write_leaves(m, item);
	return 1;
}

static void complain(struct make *m, struct make_item *item)
{
	const char *name = item->name != NULL ? item->name : m->opt->common.files_from;

	job_complain(m->job, name, &item->result.error);
}

/* Grown since it was looked at: the manifest holds what was hashed. */
static void settle_size(const struct make *m, struct make_item *item)
{
	uint64_t leaf_bytes = m->choice.leaf_bytes;
	uint64_t bytes = item->result.stats.bytes;

	if (item->known != NULL || is_part(m))
		return;
	bytes += item->result.state != NULL ? item->result.range_off : 0;
	if (bytes < item->file.size_bytes ||
	    item->leaves.count != bytes / leaf_bytes + (bytes % leaf_bytes != 0)) {
		set_problem(item, -FL_ECHANGED, fl_strerror(-FL_ECHANGED));
		return;
	}
	item->file.size_bytes = item->file.len = bytes;
}

static void drop_file(void *arg, void *slot)
{
	struct make_item *item = slot;

	(void)arg;
	leaf_list_done(&item->leaves);
	free(item->name);
}

static void save(struct make *m)
{
	int rc = manifest_out_flush(&m->out);

	m->cp.trouble = (uint64_t)m->job->trouble;
	m->cp.failed = (uint64_t)m->failed;
	if (rc == 0)
		rc = checkpoint_save(&m->cp);
	/* The run goes on: it only cannot be gone on with. */
	if (rc < 0 && !m->warned)
		message_error("%s: %s", m->cp.path, fl_strerror(rc));
	m->warned |= rc < 0;
}

/* In the middle of a file, on the thread that folds; or after its run has been cancelled. */
static void save_middle(struct make *m)
{
	struct make_item *item = m->current;
	unsigned char state[FL_LEAVES_STATE_BYTES];
	int64_t len = hash_lanes_save(m->lanes, state, sizeof(state), &m->cp.off);

	if (len <= 0 || item == NULL || leaf_list_flush(&item->leaves) < 0)
		return;
	m->cp.leaves = item->leaves.count;
	m->cp.leaves_sum = item->leaves.sum;
	m->cp.state = state;
	m->cp.state_len = (size_t)len;
	save(m);
	m->cp.state = NULL;
}

static void on_progress(void *arg, const struct fl_progress *p)
{
	struct make *m = arg;

	m->bar(NULL, p);
	if (m->current != NULL && checkpoint_is_due(&m->cp))
		save_middle(m);
}

/* A file is finished, or will never be. */
static void note_done(struct make *m, const char *name, int written)
{
	if (m->cp.path == NULL)
		return;
	checkpoint_add_done(&m->cp, name != NULL ? name : "");
	m->cp.entries += written != 0;
	m->cp.entries_sum = m->out.sum;
	m->cp.leaves = 0;
	checkpoint_name_file(&m->cp, NULL, NULL);
	if (checkpoint_is_due(&m->cp))
		save(m);
}

static int go_on(struct make *m, struct make_item *item)
{
	int rc = leaf_list_open(&item->leaves, m->leaves_path, m->resume.leaves,
				m->resume.leaves_sum);

	if (rc == -ENOENT || rc == -FL_ECORRUPT) {
		message_error("%s: lost or damaged: %s is read from its beginning", m->leaves_path,
			      item->name);
		return leaf_list_open(&item->leaves, m->leaves_path, 0, 0);
	}
	if (rc < 0)
		return rc;
	item->result.ranged = 1;
	item->result.range_off = m->resume.off;
	item->result.range_len = item->file.size_bytes - m->resume.off;
	item->result.state = m->resume.state;
	item->result.state_len = m->resume.state_len;
	return 0;
}

/* With a checkpoint: from where the earlier run has come to, and so that a later one can go on. */
static int prepare(struct make *m, struct make_item *item)
{
	int rc = checkpoint_name_file(&m->cp, item->name, &item->st);

	if (rc < 0)
		return rc;
	m->current = item;
	if (m->resume.name == NULL)
		return leaf_list_open(&item->leaves, m->leaves_path, 0, 0);
	if (checkpoint_matches(&m->resume, item->name, &item->st)) {
		rc = go_on(m, item);
	} else {
		message_error("%s: not as it was when the checkpoint was written: read from its "
			      "beginning",
			      item->name);
		rc = leaf_list_open(&item->leaves, m->leaves_path, 0, 0);
	}
	free(m->resume.name);
	m->resume.name = NULL;
	return rc;
}

static void read_whole(struct make *m, struct make_item *item)
{
	int rc = m->cp.path != NULL ? prepare(m, item) : 0;

	if (rc < 0) {
		item->result.waiting = 0;
		set_problem(item, rc, fl_strerror(rc));
		return;
	}
	hash_lanes_whole(m->lanes, &m->choice, item->name, &item->result);
	if (m->cp.path != NULL && job_interrupted())
		save_middle(m);
	m->current = NULL;
}

static int file_is_done(void *arg, void *slot)
{
	struct make *m = arg;
	struct make_item *item = slot;

	if (item->result.waiting && !job_interrupted())
		read_whole(m, item);
	if (item->result.stats.size != 0)
		run_stats_add_one(&m->job->stats, &item->result.stats);
	if (item->result.code == 0 && !job_interrupted())
		settle_size(m, item);
	progress_bar_erase();
	if (!job_interrupted()) {
		int written = 1;

		if (item->result.code < 0) {
			complain(m, item);
			written = keep_old_entry(m, item);
		} else {
			m->result = write_entry(m, item);
		}
		note_done(m, item->name, written);
	}
	drop_file(NULL, item);
	return job_interrupted() || m->result < 0 || outbuf_error() != 0;
}

static int open_sums(struct make *m)
{
	const char *path = m->opt->manifest;
	int rc;

	if (m->opt->common.run.range_off == 0 && m->opt->common.run.range_len == FL_SIZE_UNKNOWN)
		return 0;
	m->sums_path = malloc(strlen(path) + sizeof(SUMS_SUFFIX));
	if (m->sums_path == NULL)
		return -ENOMEM;
	strcpy(m->sums_path, path);
	strcat(m->sums_path, SUMS_SUFFIX);
	rc = manifest_out_open(&m->sums, m->sums_path);
	return rc < 0 ? rc : manifest_out_write(&m->sums, SUMS_MAGIC, sizeof(SUMS_MAGIC) - 1);
}

static int load_old(struct make *m)
{
	struct fl_error err;
	int rc;

	if (!m->opt->update)
		return 0;
	rc = manifest_old_load(&m->old, m->opt->manifest, &err);
	m->from_old = inputs_are_implied(&m->job->inputs) && !m->opt->common.walk.recursive;
	if (rc == -ENOENT && !m->from_old)
		return 0;
	if (rc == 0 && m->choice.leaf_bytes == 0)
		m->choice.leaf_bytes = m->old.leaf_bytes;
	if (rc == 0 && m->old.leaf_bytes != m->choice.leaf_bytes) {
		message_error("%s: its leaves have another size (--leaf-size=%llu)",
			      m->opt->manifest, (unsigned long long)m->old.leaf_bytes);
		return -EINVAL;
	}
	if (rc < 0)
		message_file(m->opt->manifest, &err);
	return rc;
}

static int load_checkpoint(struct make *m)
{
	struct fl_error err;
	int rc;

	m->cp.path = m->resume.path = m->opt->checkpoint;
	m->cp.interval_ns = m->opt->checkpoint_every_ns;
	snprintf(m->cp.job, sizeof(m->cp.job),
		 "manifest %s, leaf-size %llu, update %d, paranoid %d", m->opt->manifest,
		 (unsigned long long)m->choice.leaf_bytes, m->opt->update, m->opt->paranoid);
	memcpy(m->resume.job, m->cp.job, sizeof(m->cp.job));
	rc = checkpoint_load(&m->resume, &err);
	if (rc < 0)
		message_file(m->cp.path, &err);
	return rc;
}

/* Past the files that an earlier run has finished. Where others come before the place at which it
 * was, a manifest of some of these and some of those would be the result. */
static int skip_done(struct make *m)
{
	const char *name;
	int rc = 1;

	while (rc > 0 && m->cp.done < m->resume.done) {
		rc = next_name(m, &name);
		if (rc > 0)
			checkpoint_add_done(&m->cp, name);
	}
	if (rc > 0 && m->cp.names == m->resume.names)
		return 0;
	if (!job_interrupted())
		message_error("%s: the checkpoint is of other files", m->cp.path);
	return -EINVAL;
}

/* The files that an earlier run has finished are in the new output, and noted, before the old one
 * goes. */
static int take_over(struct make *m)
{
	int rc = manifest_out_copy(&m->out, m->resume.entries, m->resume.entries_sum);

	if (rc < 0)
		return rc;
	m->cp.entries = m->resume.entries;
	m->job->trouble |= m->resume.trouble != 0;
	m->failed |= m->resume.failed != 0;
	rc = manifest_out_flush(&m->out);
	if (rc == 0)
		manifest_out_forget_old(&m->out);
	return rc;
}

static int begin_checkpoint(struct make *m)
{
	struct fl_options *run = &m->job->common->run;
	int found = load_checkpoint(m), rc = -ENOMEM;

	if (found > 0 && skip_done(m) < 0)
		found = -EINVAL;
	if (found < 0)
		return found;
	m->bar = run->progress;
	run->progress = on_progress;
	run->progress_arg = m;
	if (run->progress_interval_ns > m->cp.interval_ns)
		run->progress_interval_ns = m->cp.interval_ns;
	m->leaves_path = malloc(strlen(m->cp.path) + sizeof(LEAVES_SUFFIX));
	if (m->leaves_path != NULL) {
		strcpy(m->leaves_path, m->cp.path);
		strcat(m->leaves_path, LEAVES_SUFFIX);
		rc = manifest_out_open_partial(&m->out, m->opt->manifest, found);
	}
	if (rc == 0)
		rc = manifest_out_begin(&m->out, m->choice.leaf_bytes);
	if (rc == 0 && found)
		rc = take_over(m);
	m->cp.entries_sum = m->out.sum;
	if (rc == -FL_ECORRUPT)
		message_error("%s: not as it was when the checkpoint was written: remove %s to "
			      "begin again",
			      m->out.temp, m->cp.path);
	else if (rc < 0)
		message_error("%s: %s", m->out.temp != NULL ? m->out.temp : m->opt->manifest,
			      manifest_out_problem(rc));
	return rc;
}

static void forget_checkpoint(struct make *m)
{
	if (m->cp.path == NULL)
		return;
	checkpoint_remove(&m->cp);
	remove(m->leaves_path);
}

static int begin(struct make *m)
{
	int rc;

	m->choice.leaf_bytes = m->opt->choice.leaf_bytes;
	rc = load_old(m);
	if (rc < 0)
		return rc;
	if (m->choice.leaf_bytes == 0)
		m->choice.leaf_bytes = FL_LEAF_BYTES_DEFAULT;
	if (stat(m->opt->manifest, &m->st) < 0 || !S_ISREG(m->st.st_mode))
		m->st.st_ino = 0;
	if (m->opt->checkpoint != NULL)
		return begin_checkpoint(m);
	rc = manifest_out_open(&m->out, m->opt->manifest);
	if (rc == 0)
		rc = open_sums(m);
	if (rc == 0)
		rc = manifest_out_begin(&m->out, m->choice.leaf_bytes);
	if (rc < 0)
		message_error("%s: %s",
			      m->sums_path != NULL && m->sums.file == NULL ? m->sums_path
									   : m->opt->manifest,
			      manifest_out_problem(rc));
	return rc;
}

static void make_all(struct make *m)
{
	static const struct fl_batch_ops ops = {.size = sizeof(ops),
						.item_bytes = sizeof(struct make_item),
						.next = next_file,
						.work = work_on_file,
						.done = file_is_done,
						.drop = drop_file};
	/* Block sums come in the order of the files: all threads take one file after the other. */
	int several = !is_part(m) && (m->from_old || inputs_may_be_several(&m->job->inputs));
	unsigned threads = several ? fl_batch_threads(m->opt->common.run.threads) : 1;
	int rc;

	m->lanes = hash_lanes_new(&m->opt->common, threads, !several);
	rc = fl_batch_run(&ops, m, threads);
	hash_lanes_free(m->lanes);
	if (m->result == 0 && rc < 0)
		m->result = rc;
	if (m->result == 0 && !job_interrupted() && outbuf_error() == 0) {
		m->result = is_part(m) ? manifest_out_commit(&m->sums) : 0;
		if (m->result == 0)
			m->result = manifest_out_commit(&m->out);
		if (m->result == 0)
			forget_checkpoint(m);
	}
	if (m->result < 0)
		message_error("%s: %s", m->opt->manifest, fl_strerror(m->result));
}

int hash_manifest(struct job *job, const struct hash_options *opt)
{
	static struct make m;
	int rc;

	m.job = job;
	m.opt = opt;
	if (begin(&m) == 0)
		make_all(&m);
	else
		job->trouble = 1;
	if (m.result < 0)
		job->trouble = 1;
	manifest_out_close(&m.out);
	manifest_out_close(&m.sums);
	free(m.sums_path);
	free(m.leaves_path);
	checkpoint_done(&m.cp);
	checkpoint_done(&m.resume);
	manifest_old_done(&m.old);
	rc = job_end(job, NULL, 0);
	return rc != 0 ? rc : m.failed ? EXIT_MISMATCH : 0;
}
