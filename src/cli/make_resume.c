/* SPDX-License-Identifier: MIT */
#include "cli/make_manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

static void save(struct make *m)
{
	int rc = manifest_out_flush(&m->out, checkpoint_syncs(&m->cp));

	m->cp.trouble = (uint64_t)m->job->trouble;
	m->cp.failed = (uint64_t)m->failed;
	if (rc == 0)
		rc = checkpoint_save(&m->cp);
	/* The run goes on: it only cannot be gone on with. */
	if (rc < 0 && !m->warned)
		message_error("%s: %s", m->cp.path, fl_strerror(rc));
	m->warned |= rc < 0;
}

void make_resume_save(struct make *m)
{
	struct make_item *item = m->current;
	unsigned char state[FL_LEAVES_STATE_BYTES];
	int64_t len = hash_lanes_save(m->lanes, state, sizeof(state), &m->cp.off);

	if (len <= 0 || item == NULL ||
	    leaf_list_flush(&item->leaves, checkpoint_syncs(&m->cp)) < 0)
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
		make_resume_save(m);
}

void make_resume_done(struct make *m, const char *name, int written)
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

int make_resume_file(struct make *m, struct make_item *item)
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
		rc = make_next_name(m, &name);
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
	rc = manifest_out_flush(&m->out, checkpoint_syncs(&m->cp));
	if (rc == 0)
		manifest_out_forget_old(&m->out);
	return rc;
}

int make_resume_begin(struct make *m)
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
			      m->out.partial, m->cp.path);
	else if (rc < 0)
		message_error("%s: %s", m->out.partial != NULL ? m->out.partial : m->opt->manifest,
			      manifest_out_problem(rc));
	return rc;
}

void make_resume_forget(const struct make *m)
{
	if (m->cp.path == NULL)
		return;
	checkpoint_remove(&m->cp);
	remove(m->leaves_path);
}
