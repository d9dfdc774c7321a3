/* SPDX-License-Identifier: MIT */
#include "store/recovery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "store/journal_block.h"
#include "store/journal_name.h"
#include "store/move_store.h"
#include "store/punch_job.h"
#include "store/same_store.h"

/* The group's memory is used again for the next one. */
static int keep_header(struct fl_recovery *rec, const struct fl_jgroup *g, struct fl_error *reterr)
{
	int r;

	rec->texts = malloc(g->len + 1);
	if (!rec->texts)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	memcpy(rec->texts, g->data, g->len);
	r = fl_jheader_read((unsigned char *)rec->texts, g->len, &rec->header);
	if (g->type != FL_JGROUP_HEADER)
		r = -FL_ECORRUPT;
	if (r == -FL_EUNSUPPORTED)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    "the journal was written by a later faultline");
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "the journal's header is damaged") : 0;
}

/*
 * Device numbers may change with a reboot, inode numbers do not: the journal stands on the
 * device that its target was on.
 */
static int check_identity(struct fl_recovery *rec, struct fl_error *reterr)
{
	uint64_t size, dev = 0;
	int r = fl_beside_size(rec->fd, &size, &dev);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (rec->header.ino != rec->job.target.ino || dev != rec->job.target.dev)
		return fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				    "its journal %s is about another file, which stood here before",
				    rec->name);
	return 0;
}

static int read_header(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_jgroup g;
	int r = fl_jscan_init(&rec->scan, rec->fd, reterr);

	if (r < 0)
		return r;
	r = fl_jscan_next(&rec->scan, &g, reterr);
	if (r < 0)
		return r;
	if (r == 0) {
		rec->state = FL_RECOVERY_TORN;
		return 0;
	}
	rec->state = FL_RECOVERY_STALE;
	r = keep_header(rec, &g, reterr);
	if (r == 0 && (rec->header.flags & FL_JHEADER_MOVES)) {
		rec->move = malloc(sizeof(*rec->move));
		if (!rec->move)
			return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
		fl_move_found_init(rec->move);
	}
	if (r == 0 && (rec->header.flags & FL_JHEADER_PUNCH)) {
		r = fl_punch_found_new(&rec->header, &rec->punch);
		if (r < 0)
			return fl_error_set(reterr, r, FL_OFF_NONE,
					    "the journal's header is damaged");
	}
	return r < 0 ? r : check_identity(rec, reterr);
}

static int lock_both(struct fl_recovery *rec, bool write)
{
	/* The target first: a job that has it may be about to lock a new journal. */
	int r = fl_beside_lock(rec->job.target.fd, !write);

	return r < 0 ? r : fl_beside_lock(rec->fd, !write);
}

static int open_journal(struct fl_recovery *rec, bool write, struct fl_error *reterr)
{
	int r;

	rec->fd = fl_journal_find(rec->job.target.path, rec->job.target.fd, write, &rec->dir_fd,
				  &rec->name);
	if (rec->fd == -ENOENT) {
		rec->state = FL_RECOVERY_NONE;
		return 0;
	}
	if (rec->fd < 0)
		return fl_error_set(reterr, rec->fd, FL_OFF_NONE, "journal: %s",
				    fl_strerror(rec->fd));
	r = lock_both(rec, write);
	/* Its job may have ended since it was found. */
	if (r == 0 && !fl_beside_has_name(rec->fd)) {
		rec->state = FL_RECOVERY_NONE;
		return 0;
	}
	if (r == -EAGAIN) {
		rec->state = FL_RECOVERY_RUNNING;
		return 0;
	}
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : read_header(rec, reterr);
}

int fl_recovery_open(const char *path, bool write, const struct fl_durable *durable,
		     struct fl_recovery *ret, struct fl_error *reterr)
{
	struct fl_recovery rec = {.fd = -1, .dir_fd = -1};
	int r;

	rec.job.durable = *durable;
	rec.job.journal.fd = -1;
	rec.job.limit_bytes = UINT64_MAX;
	r = fl_target_open(path, write, &rec.job.target, reterr);
	if (r < 0)
		return r;
	*ret = rec;
	r = open_journal(ret, write, reterr);
	if (r < 0)
		fl_recovery_close(ret);
	return r;
}

/* What stands under the name may be of a set that is no more. */
static bool is_of_set(const struct fl_recovery *rec, const struct fl_jset *set)
{
	return rec->state == FL_RECOVERY_TORN ||
	       (rec->header.set.count == set->count &&
		rec->header.set.index == rec->job.set.index && rec->header.set.nonce == set->nonce);
}

static int open_member(const struct fl_recovery *main, bool write, struct fl_recovery *rec,
		       struct fl_error *reterr)
{
	int r;

	rec->fd = fl_beside_open(main->dir_fd, rec->name, write);
	if (rec->fd == -ENOENT)
		return 0;
	r = rec->fd < 0 ? rec->fd : fl_beside_lock(rec->fd, !write);
	if (r == -EAGAIN) {
		rec->state = FL_RECOVERY_RUNNING;
		return 0;
	}
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "journal %s: %s", rec->name,
				    fl_strerror(r));
	r = read_header(rec, reterr);
	if (r < 0 || is_of_set(rec, &main->header.set))
		return r;
	rec->state = FL_RECOVERY_NONE;
	return 0;
}

/* What a share can be rewritten with from its beginning, where it has no journal. */
static void make_fresh(struct fl_recovery *rec, const struct fl_recovery *main)
{
	rec->job.journaled = true;
	rec->job.flags = main->header.flags;
	rec->job.program = main->header.program;
	rec->job.program_len = main->header.program_len;
	rec->job.target.size_bytes = main->header.size_bytes;
}

int fl_recovery_member(const struct fl_recovery *main, uint64_t k, bool write,
		       struct fl_recovery *ret, struct fl_error *reterr)
{
	struct fl_recovery rec = {.fd = -1, .dir_fd = -1};
	int r;

	rec.job.durable = main->job.durable;
	rec.job.journal.fd = -1;
	rec.job.limit_bytes = UINT64_MAX;
	rec.job.set = main->header.set;
	rec.job.set.index = k;
	rec.from = fl_jset_start(&main->header.set, k);
	r = fl_target_open(main->job.target.path, write, &rec.job.target, reterr);
	if (r < 0)
		return r;
	*ret = rec;
	ret->job.main_name = main->name ? main->name : main->job.journal.name;
	ret->name = fl_journal_member_name(ret->job.main_name, k);
	ret->dir_fd = dup(main->dir_fd);
	if (!ret->name || ret->dir_fd < 0)
		r = fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	else
		r = open_member(main, write, ret, reterr);
	if (r < 0)
		fl_recovery_close(ret);
	else if (ret->state == FL_RECOVERY_NONE || ret->state == FL_RECOVERY_TORN)
		make_fresh(ret, main);
	return r;
}

void fl_recovery_close(struct fl_recovery *rec)
{
	if (rec->move)
		fl_move_found_done(rec->move);
	free(rec->move);
	free(rec->punch);
	fl_jscan_done(&rec->scan);
	fl_store_job_done(&rec->job);
	if (rec->fd >= 0)
		close(rec->fd);
	if (rec->dir_fd >= 0)
		close(rec->dir_fd);
	free(rec->name);
	free(rec->texts);
}

static int survey_group(struct fl_recovery *rec, const struct fl_jgroup *g, uint64_t block,
			struct fl_error *reterr)
{
	int r;

	if (rec->punch) {
		r = fl_punch_found_add(rec->punch, g);
		if (g->type == FL_JGROUP_COMMIT)
			rec->state = FL_RECOVERY_DONE;
		return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE,
					    "the journal contradicts itself")
			     : 0;
	}
	if (rec->move) {
		r = fl_move_found_add(rec->move, g, block);
		if (r == 0 && g->type == FL_JGROUP_PLAN) {
			rec->move->images_off = rec->scan.block * FL_JBLOCK_BYTES;
			rec->scan.block += FL_MOVE_IMAGES * fl_move_image_blocks(&rec->move->plan);
		}
		if (g->type == FL_JGROUP_COMMIT)
			rec->state = FL_RECOVERY_DONE;
		return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE,
					    "the journal contradicts itself")
			     : 0;
	}
	switch (g->type) {
	case FL_JGROUP_CHANGES:
		if (g->numbers[0] != rec->from || g->numbers[1] < rec->from)
			return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
					    "the journal contradicts itself");
		rec->from = g->numbers[1];
		return fl_same_compare(rec, g, reterr);
	case FL_JGROUP_COMMIT:
		rec->state = FL_RECOVERY_DONE;
		return 0;
	default:
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
				    "the journal holds what this version does not know");
	}
}

int fl_recovery_survey(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_jgroup g;
	uint64_t block;
	int r;

	rec->end_block = rec->scan.block;
	rec->end_seq = rec->scan.seq;
	if (rec->state != FL_RECOVERY_STALE)
		return 0;
	r = rec->move || rec->punch
		    ? 0
		    : fl_store_job_check_size(&rec->job, rec->header.size_bytes, reterr);
	if (r < 0)
		return fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				    "the file is shorter than it was: someone else changed it");
	while (block = rec->scan.block, (r = fl_jscan_next(&rec->scan, &g, reterr)) > 0) {
		if (rec->state == FL_RECOVERY_DONE && !rec->move)
			return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
					    "the journal goes on behind its end");
		r = survey_group(rec, &g, block, reterr);
		if (r < 0)
			return r;
		rec->groups++;
		rec->end_block = rec->scan.block;
		rec->end_seq = rec->scan.seq;
	}
	return r == 0 && rec->move ? fl_move_compare(rec, reterr) : r;
}

/*
 * What is cut off reads as zeros when the journal grows again: never written. The space that was
 * set aside is set aside again, since a disk may be full by now; where that fails, appending tells.
 */
static int cut_journal(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_journal *j = &rec->job.journal;
	uint64_t end = j->blocks * FL_JBLOCK_BYTES, had = 0;
	int r = fl_beside_size(j->fd, &had, NULL);

	if (r == 0)
		r = fl_durable_truncate(&rec->job.durable, j->fd, end);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "journal: %s", fl_strerror(r));
	if (had > end)
		(void)fl_journal_reserve(j, had - end, NULL);
	return fl_journal_sync(j, reterr);
}

int fl_recovery_take(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_journal *j = &rec->job.journal;

	*j = (struct fl_journal){.durable = &rec->job.durable,
				 .fd = rec->fd,
				 .dir_fd = rec->dir_fd,
				 .name = rec->name,
				 .nonce = rec->scan.nonce,
				 .seq = rec->end_seq,
				 .blocks = rec->end_block,
				 .limit_bytes = UINT64_MAX};
	rec->fd = -1;
	rec->name = NULL;
	rec->job.open = rec->job.journaled = true;
	rec->job.flags = rec->header.flags;
	rec->job.program = rec->header.program;
	rec->job.program_len = rec->header.program_len;
	rec->job.set = rec->header.set;
	rec->job.target.size_bytes = rec->header.size_bytes;
	j->buffer = malloc(FL_JOURNAL_BUFFER_BYTES);
	if (!j->buffer)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	return rec->state == FL_RECOVERY_TORN ? 0 : cut_journal(rec, reterr);
}

int fl_recovery_same(struct fl_recovery *rec, bool old, struct fl_error *reterr)
{
	struct fl_jgroup g;
	int r;

	/* Its end moved: the scan stops there. */
	rec->scan.fd = rec->job.journal.fd;
	rec->scan.blocks = rec->end_block;
	fl_jscan_rewind(&rec->scan);
	while ((r = fl_jscan_next(&rec->scan, &g, reterr)) > 0) {
		if (g.type != FL_JGROUP_CHANGES)
			continue;
		rec->job.stored = true;
		r = fl_same_apply(&rec->job, g.data, g.len, old, reterr);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : fl_store_job_sync(&rec->job, reterr);
}

/*
 * Somebody else's journal, which may not be read. A job that runs holds the target's lock, too, and takes
 * the journal away before it lets that go.
 */
static bool is_left_behind(const struct fl_target *target)
{
	return fl_beside_lock(target->fd, true) == 0 && fl_journal_hint(target->path);
}

/* Damaged or of a later version: it stands in the way all the same. */
int fl_recovery_pending_for(const struct fl_target *target)
{
	struct fl_recovery rec = {.dir_fd = -1};
	bool runs;
	int r;

	rec.job.target = *target;
	rec.job.journal.fd = -1;
	rec.fd = fl_journal_find(target->path, target->fd, false, &rec.dir_fd, &rec.name);
	if (rec.fd < 0)
		return rec.fd == -EACCES && is_left_behind(target);
	r = fl_beside_lock(target->fd, true);
	if (r == 0)
		r = fl_beside_lock(rec.fd, true);
	runs = r == -EAGAIN;
	if ((r == 0 || runs) && !fl_beside_has_name(rec.fd))
		r = -ENOENT;
	else if (r == 0 || runs)
		r = read_header(&rec, NULL);
	/* What is freed reads as zeros while the job runs, too. */
	if (runs)
		r = r == 0 && rec.punch ? 1 : -EAGAIN;
	/* The target stays the caller's. */
	rec.job.target = (struct fl_target){.fd = -1, .dir_fd = -1};
	fl_recovery_close(&rec);
	if (r > 0)
		return 2;
	return r == 0 || r == -FL_ECORRUPT || r == -FL_EUNSUPPORTED;
}

int fl_recovery_pending(const char *path)
{
	struct fl_target target;
	int pending;

	if (!fl_journal_hint(path) || fl_target_open(path, false, &target, NULL) < 0)
		return 0;
	pending = fl_recovery_pending_for(&target);
	fl_target_close(&target);
	return pending;
}

int fl_recovery_drop(struct fl_recovery *rec, struct fl_error *reterr)
{
	int r;

	if (rec->fd < 0)
		return 0;
	r = fl_durable_unlink(&rec->job.durable, rec->dir_fd, rec->name);
	if (r == 0)
		r = fl_durable_sync_all(&rec->job.durable, rec->dir_fd);
	close(rec->fd);
	rec->fd = -1;
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "journal %s: %s", rec->name,
				    fl_strerror(r))
		     : 0;
}

int fl_recovery_end(struct fl_recovery *rec, struct fl_error *reterr)
{
	return fl_store_job_end(&rec->job, reterr);
}
