/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_INPLACE_H
#define FL_OPS_TRANSFORM_INPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/inplace.h>
#include <faultline/operator.h>
#include <faultline/pipeline.h>

#include "store/recovery.h"
#include "store/store_job.h"

struct fl_change_sink;
struct fl_record_ends;

/**
 * struct fl_inplace_edit - what is done to the records of a file, as the stores see it
 * @arg:           of the edit
 * @keeps_length:  every change has as many new bytes as old ones
 * @never_grows:   no change is longer than what it takes the place of
 * @drops_repeats: records of the result that equal the one before them go: @map drops those that it
 *                 sees, and says with fl_change_sink_ends() what it cannot
 * @delimiter:     ends a record
 * @program, @program_len: from which the same edit can be made again
 * @scratch_new, @scratch_free: for one thread
 * @watch, @watch_arg: see struct fl_inplace_options
 * @taps:          the same; only the first pass over the file feeds them
 * @map:           call fl_change_sink_put() for each change of the view, in order
 */
struct fl_inplace_edit {
	const void *arg;
	bool keeps_length;
	bool never_grows;
	bool drops_repeats;
	unsigned char delimiter;
	const char *program;
	size_t program_len;
	int (*scratch_new)(const void *arg, void **ret);
	void (*scratch_free)(void *scratch);
	void (*watch)(void *arg, struct fl_pipeline *pl);
	void *watch_arg;
	struct fl_pipeline *taps;
	int (*map)(const void *arg, void *scratch, const struct fl_view *view,
		   struct fl_change_sink *sink, struct fl_error *reterr);
};

/**
 * fl_change_sink_put() - [off, off + old_len) of the view becomes new_len bytes
 * @off: at or behind the end of the change before
 * Return: 0; -ENOMEM; -EINVAL: outside the view, or another length where they are kept.
 */
int fl_change_sink_put(struct fl_change_sink *sink, uint64_t off, uint64_t old_len,
		       const unsigned char *new_bytes, size_t new_len);

/**
 * fl_change_sink_ends() - the first and last record of what the view becomes (edit_repeats.h)
 * @ends: tags are those of one key while a file is rewritten
 */
void fl_change_sink_ends(struct fl_change_sink *sink, const struct fl_record_ends *ends);

/**
 * fl_inplace_edit_file() - rewrite one file
 * @run:     how to map; its range applies
 * @durable: where writes go; NULL = the kernel
 *
 * Return: 0; errors before the first store leave nothing behind; later ones a journal
 * (ret->unfinished). -FL_EUNFINISHED: there is one already. -EAGAIN: another job has the file.
 */
int fl_inplace_edit_file(const char *path, const struct fl_inplace_edit *edit,
			 const struct fl_options *run, const struct fl_inplace_options *opt,
			 const struct fl_durable *durable, struct fl_inplace_result *ret,
			 struct fl_error *reterr);

/**
 * struct fl_inplace_loader - makes an edit from the program in a journal
 * @load: Return: 0 with an edit for @unload; -FL_EUNSUPPORTED ...
 */
struct fl_inplace_loader {
	const void *arg;
	int (*load)(const void *arg, const char *program, size_t len, struct fl_inplace_edit *ret,
		    struct fl_error *reterr);
	void (*unload)(struct fl_inplace_edit *edit);
};

/** fl_inplace_recover() - fl_recover() with what it needs; @run, @durable: NULL = defaults */
int fl_inplace_recover(const char *path, enum fl_recover_action action,
		       const struct fl_inplace_loader *loader, const struct fl_options *run,
		       const struct fl_durable *durable, struct fl_recover_result *ret,
		       struct fl_error *reterr);

/**
 * fl_inplace_same() - the same-length rewrite from a source offset on
 * @job:  open and locked; its journal too, when a rewrite is resumed
 * @from: where to begin: the start of a record, or 0
 */
int fl_inplace_same(struct fl_store_job *job, const struct fl_inplace_edit *edit,
		    const struct fl_options *run, uint64_t from, struct fl_error *reterr);

/** fl_inplace_fill_job() - what the options and the edit say of it */
void fl_inplace_fill_job(struct fl_store_job *job, const struct fl_inplace_edit *edit,
			 const struct fl_inplace_options *opt);

/**
 * fl_inplace_shared() - opt->share of a rewrite: from the opening of the file to the end of its journals
 * @job: with its durable calls; to be told of, and to be closed, whatever is returned
 */
int fl_inplace_shared(const char *path, struct fl_store_job *job,
		      const struct fl_inplace_edit *edit, const struct fl_options *run,
		      const struct fl_inplace_options *opt, struct fl_error *reterr);

/** fl_inplace_share_same() - fl_inplace_same() over the rest of job->set's share */
int fl_inplace_share_same(struct fl_store_job *job, const struct fl_inplace_edit *edit,
			  const struct fl_options *run, uint64_t from, struct fl_error *reterr);

/**
 * fl_inplace_set_recover() - the end of fl_inplace_recover() for a set of journals
 * @rec: of journal 0, surveyed; its state is FL_RECOVERY_STALE or _DONE
 * @ret: what it says of journal 0 is completed
 */
int fl_inplace_set_recover(struct fl_recovery *rec, enum fl_recover_action action,
			   const struct fl_inplace_loader *loader, const struct fl_options *run,
			   struct fl_recover_result *ret, struct fl_error *reterr);

/** fl_inplace_move() - the rewrite that changes lengths. @job: open and locked, without a journal */
int fl_inplace_move(struct fl_store_job *job, const struct fl_inplace_edit *edit,
		    const struct fl_options *run, struct fl_error *reterr);

/**
 * fl_inplace_slide() - the same without a journal, in one pass, for an edit that never grows
 */
int fl_inplace_slide(struct fl_store_job *job, const struct fl_inplace_edit *edit,
		     const struct fl_options *run, struct fl_error *reterr);

/** fl_inplace_move_on() - goes on with one that was interrupted; after fl_recovery_take() */
int fl_inplace_move_on(struct fl_recovery *rec, const struct fl_inplace_edit *edit,
		       const struct fl_options *run, struct fl_error *reterr);

#endif
