/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_MAKE_MANIFEST_H
#define FAULTLINE_CLI_MAKE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "cli/checkpoint.h"
#include "cli/hash_lanes.h"
#include "cli/hash_options.h"
#include "cli/job.h"
#include "cli/leaf_list.h"
#include "cli/manifest_file.h"
#include "cli/manifest_old.h"

/**
 * DOC: Making a manifest.
 *
 * hash_manifest.c reads the files, side by side, and keeps the order. Which files there are says
 * make_names.c, what is written of one make_entry.c; what a run that is killed leaves to the next one,
 * and where that goes on, is make_resume.c.
 */

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

/** make_problem() - nothing will be known of this file, for this reason */
void make_problem(struct make_item *item, int code, const char *text);

/** make_is_part() - --range: a part, with block sums beside it */
int make_is_part(const struct make *m);

/** make_is_replaced() - is the file the manifest that is being replaced? */
int make_is_replaced(const struct make *m, const char *name);

/** make_next_name() - of the next file. Return: 1; 0 behind the last one; a negative error. */
int make_next_name(struct make *m, const char **ret);

/** make_write_entry() - what is known of a file that has been read. Return: 0; a negative error. */
int make_write_entry(struct make *m, struct make_item *item);

/**
 * make_keep_old_entry() - a disk that is not mounted, or fails, must not take away what its files were
 * like: with --update, what the old manifest says of a file that cannot be read stays
 * Return: 1 if it says something.
 */
int make_keep_old_entry(struct make *m, struct make_item *item);

/**
 * make_settle() - written to since it was looked at: the manifest holds what was hashed, and --paranoid
 * has nothing to compare it with
 */
void make_settle(const struct make *m, struct make_item *item);

/** make_is_unchanged() - the size and the time that an entry says? */
int make_is_unchanged(const struct fl_manifest_file *entry, const struct stat *now);

/**
 * make_resume_begin() - --checkpoint: open the output; past the files that an earlier run has finished
 * Return: 0; a negative error that has been told.
 */
int make_resume_begin(struct make *m);

/**
 * make_resume_file() - before a file that all threads read together: from where the earlier run has come
 * to, and so that a later one can go on
 * Return: 0; a negative error.
 */
int make_resume_file(struct make *m, struct make_item *item);

/**
 * make_resume_save() - note how far that file has been read
 * Threads: the one that folds; or any, after its run has been cancelled.
 */
void make_resume_save(struct make *m);

/** make_resume_done() - a file is finished, or will never be; @written: there is an entry */
void make_resume_done(struct make *m, const char *name, int written);

/** make_resume_forget() - the manifest is complete */
void make_resume_forget(const struct make *m);

#endif
