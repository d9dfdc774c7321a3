/* SPDX-License-Identifier: MIT */
#include "cli/hash_manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <faultline/batch.h>

#include "cli/hash_check.h"
#include "cli/make_manifest.h"
#include "cli/manifest_merge.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/stop_signals.h"

void make_problem(struct make_item *item, int code, const char *text)
{
	item->result.code = code;
	item->result.error = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(item->result.error.text, sizeof(item->result.error.text), "%s", text);
}

int make_is_part(const struct make *m)
{
	return m->sums.file != NULL;
}

static int next_file(void *arg, void *slot)
{
	struct make *m = arg;
	struct make_item *item = slot;
	const char *name;
	int rc;

	if (job_interrupted())
		return 0;
	rc = make_next_name(m, &name);
	if (rc == 0 || (rc == -EINTR && job_interrupted()))
		return 0;
	item->make = m;
	if (rc < 0) {
		make_problem(item, rc, fl_strerror(rc));
		return 1;
	}
	item->name = strdup(name);
	if (item->name == NULL)
		return -ENOMEM;
	if (*name == '\0')
		make_problem(item, -EINVAL, "invalid zero-length file name");
	else if (!m->from_old && m->job->inputs.problem != NULL)
		make_problem(item, -EINVAL, m->job->inputs.problem);
	else if (make_is_replaced(m, name))
		make_problem(item, -EINVAL, "is what the manifest is written to");
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
		make_problem(item, -errno, fl_strerror(-errno));
		return 0;
	}
	st = item->st;
	if (S_ISDIR(st.st_mode)) {
		make_problem(item, -EISDIR, fl_strerror(-EISDIR));
	} else if (!S_ISREG(st.st_mode)) {
		make_problem(item, -EINVAL, "only regular files have manifests");
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

/* A part is made of whole leaves, or it could not be put together with others. */
static int set_part(const struct make *m, struct make_item *item)
{
	const struct fl_options *run = &m->opt->common.run;
	uint64_t leaf = m->choice.leaf_bytes, size = item->file.size_bytes;
	uint64_t off = run->range_off, end = size;

	if (run->range_len < size && off < size - run->range_len)
		end = off + run->range_len;
	if (off > size || (off == size && size > 0))
		make_problem(item, -EINVAL, "the range begins behind the end of the file");
	else if (off % leaf != 0 || (end % leaf != 0 && end != size))
		make_problem(item, -EINVAL, "the range does not begin and end at leaves");
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
	if (item->known != NULL && !make_is_unchanged(&item->known->file, &item->st))
		item->known = NULL;
	if (item->known != NULL && !m->opt->paranoid)
		return 0;
	if (make_is_part(m) && !set_part(m, item))
		return 0;
	item->result.sink = (struct leaf_sink){.leaf = keep_leaf, .arg = item};
	if (make_is_part(m))
		item->result.sink.sums = keep_sums;
	/* What is appended while the file is read belongs to the next update. */
	item->result.ranged = make_is_part(m);
	item->result.range_off = item->file.off;
	item->result.range_len = item->file.len;
	return hash_lanes_work(m->lanes, worker, &m->choice, item->name, &item->result);
}

static void complain(struct make *m, struct make_item *item)
{
	const char *name = item->name != NULL ? item->name : m->opt->common.files_from;

	job_complain(m->job, name, &item->result.error);
}

static void drop_file(void *arg, void *slot)
{
	struct make_item *item = slot;

	(void)arg;
	leaf_list_done(&item->leaves);
	free(item->name);
}

static void read_whole(struct make *m, struct make_item *item)
{
	int rc = m->cp.path != NULL ? make_resume_file(m, item) : 0;

	if (rc < 0) {
		item->result.waiting = 0;
		make_problem(item, rc, fl_strerror(rc));
		return;
	}
	hash_lanes_whole(m->lanes, &m->choice, item->name, &item->result);
	if (m->cp.path != NULL && job_interrupted())
		make_resume_save(m);
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
		make_settle(m, item);
	progress_bar_erase();
	if (!job_interrupted()) {
		int written = 1;

		if (item->result.code < 0) {
			complain(m, item);
			written = make_keep_old_entry(m, item);
		} else {
			m->result = make_write_entry(m, item);
		}
		make_resume_done(m, item->name, written);
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
		return make_resume_begin(m);
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
	int several = !make_is_part(m) && (m->from_old || inputs_may_be_several(&m->job->inputs));
	unsigned threads = several ? fl_batch_threads(m->opt->common.run.threads) : 1;
	int rc;

	m->lanes = hash_lanes_new(&m->opt->common, threads, !several);
	rc = fl_batch_run(&ops, m, threads);
	hash_lanes_free(m->lanes);
	if (m->result == 0 && rc < 0)
		m->result = rc;
	if (m->result == 0 && !job_interrupted() && outbuf_error() == 0) {
		m->result = make_is_part(m) ? manifest_out_commit(&m->sums) : 0;
		if (m->result == 0)
			m->result = manifest_out_commit(&m->out);
		if (m->result == 0)
			make_resume_forget(m);
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
