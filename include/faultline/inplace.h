/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_INPLACE_H
#define FAULTLINE_INPLACE_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/pipeline.h>

FL_BEGIN_DECLS

/**
 * DOC: Rewriting in place.
 *
 * A file keeps its inode, its hard links and the descriptors that others have
 * open, and only the bytes that change are written. Before the first of them
 * is, a journal beside the file (".NAME.faultline") holds what a crash at any
 * moment needs: afterwards fl_recover() makes the file the old one or the new
 * one, byte for byte, and nothing else. A run that ends well removes it.
 */

/* How far a rewrite goes to survive. */
enum fl_inplace_sync {
	FL_INPLACE_SYNC_BATCH, /* (default) what a crash needs is on the device in time */
	FL_INPLACE_SYNC_NONE,  /* survives a crash of the process, not of the machine */
	FL_INPLACE_SYNC_FULL   /* as BATCH, in small groups, each one synced before it is stored */
};

#define FL_INPLACE_NO_JOURNAL 1u  /* a crash leaves a mixture of old and new */
#define FL_INPLACE_NO_ROLLBACK 2u /* keep no undo log: after a crash only FL_RECOVER_RESUME works */

/**
 * struct fl_inplace_share - one of several processes, on any machines, that rewrite a file together
 * @size:   sizeof this struct
 * @index:  which one; process 0 makes the journal that the others' hang on
 * @count:  of processes
 * @starts: @count + 1 offsets, ascending, the same ones in all processes: where records begin; the
 *          first is 0, the last the file's size. Process k edits [starts[k], starts[k + 1])
 * @lowest: every process calls it equally often, in the same order, each with a number; returns the
 *          lowest of all
 * @arg:    handed to it
 *
 * Only edits that keep lengths. Each process has a journal beside the file, and all of them are
 * there before the first store: fl_recover() finishes or undoes all of it, whichever process died.
 * The file is the new one when process 0 has written COMMIT; all others have stored theirs by then.
 */
struct fl_inplace_share {
	size_t size;
	unsigned index;
	unsigned count;
	const uint64_t *starts;
	int (*lowest)(void *arg, int value);
	void *arg;
};

/**
 * struct fl_inplace_options - how to rewrite
 * @size:              sizeof this struct
 * @sync:              when to wait for the device
 * @flags:             FL_INPLACE_...
 * @journal_max_bytes: what the journal may take on disk; a rewrite that would need more does not
 *                     begin
 * @backup_suffix:     keep a copy of the old file under NAME + suffix ('*' in it stands for
 *                     NAME), sharing blocks where the file system can; NULL = none
 * @watch:             called with each pipeline that starts to work, so that another thread or a
 *                     signal handler can cancel it, and with NULL when it has ended; or NULL
 * @watch_arg:         handed to it
 * @taps:              runs beside the rewrite: its source is the whole file as it was before, in
 *                     order. Where lengths change it has ended before anything is stored. Its error
 *                     ends the rewrite, fl_pipeline_failure() then says whose it was; or NULL
 * @share:             what of the file this process rewrites; NULL = all of it
 */
struct fl_inplace_options {
	size_t size;
	enum fl_inplace_sync sync;
	unsigned flags;
	uint64_t journal_max_bytes;
	const char *backup_suffix;
	void (*watch)(void *arg, struct fl_pipeline *pl);
	void *watch_arg;
	struct fl_pipeline *taps;
	const struct fl_inplace_share *share;
};

/** fl_inplace_options_init() - defaults: journal, batch, no limit, no backup */
FL_API void fl_inplace_options_init(struct fl_inplace_options *opt);

struct fl_transform;

/**
 * struct fl_inplace_result - what a rewrite did
 * @changes:       places that were stored
 * @changed_bytes: bytes of them; where lengths change, all bytes from the first of them on that moved
 * @changed_pages: pages of 4 KiB that were touched
 * @by_pwrite, @by_map, @by_block: how places were stored: few per MiB by pwrite; many in blocks that are
 *                 read and written while a lease keeps others out, or through a map where others have
 *                 the file open
 * @journal_bytes: written to the journal
 * @syncs:         times the device was waited for
 * @old_bytes, @new_bytes: size of the file before and after
 * @peak_rss_anon_bytes: the most that was seen of the process's anonymous memory
 * @unfinished:    an error came after the first store: the journal is there, recover
 */
struct fl_inplace_result {
	size_t size;
	uint64_t changes;
	uint64_t changed_bytes;
	uint64_t changed_pages;
	uint64_t by_pwrite;
	uint64_t by_map;
	uint64_t by_block;
	uint64_t journal_bytes;
	uint64_t syncs;
	uint64_t old_bytes;
	uint64_t new_bytes;
	uint64_t peak_rss_anon_bytes;
	int unfinished;
};

/**
 * fl_transform_in_place() - rewrite one file with an edit program
 * @transform: its write and diff functions are not called
 * @run:       how to map; its range and delimiter do not matter; NULL = defaults
 * @opt:       NULL = defaults
 * @ret:       ret->size must be set; filled also after an error
 *
 * Symbolic links are followed; hard links, the inode and open descriptors stay what they are.
 * Bytes that are appended meanwhile are not touched.
 *
 * Threads: one call at a time per transform. Return: 0. -FL_ECANCELED with a share: another process
 * failed. Before anything was written: -EINVAL for
 * what is no regular file; -EPERM, -EROFS, -EACCES, -ETXTBSY ... from open(2); -EAGAIN when
 * another job is rewriting it, or an edit changes lengths and others have the file open;
 * -FL_EUNFINISHED when a rewrite waits for fl_recover(); -ENOSPC, -FL_ELIMIT when there is no room for
 * the journal. At any time: -FL_ETRUNCATED, -FL_ECANCELED, -EIO and others; ret->unfinished says
 * whether there is a journal then.
 */
FL_API int fl_transform_in_place(struct fl_transform *transform, const char *path,
				 const struct fl_options *run, const struct fl_inplace_options *opt,
				 struct fl_inplace_result *ret, struct fl_error *reterr);

/**
 * fl_transforms_in_place() - the same with several edit programs, one behind the other
 * @transforms: @count >= 1 of them, with the same delimiter; each edits the records of what the one
 *              before it makes, as with pipelines, but nothing is written in between
 *
 * Return: as fl_transform_in_place(). -FL_EUNSUPPORTED: dedup-adjacent, but not as the last edit of all.
 */
FL_API int fl_transforms_in_place(struct fl_transform *const *transforms, size_t count,
				  const char *path, const struct fl_options *run,
				  const struct fl_inplace_options *opt,
				  struct fl_inplace_result *ret, struct fl_error *reterr);

enum fl_recover_action {
	FL_RECOVER_STATUS,   /* look, change nothing */
	FL_RECOVER_ROLLBACK, /* make the file the old one */
	FL_RECOVER_RESUME    /* finish the rewrite */
};

enum fl_recover_state {
	FL_RECOVER_NOTHING,   /* no journal */
	FL_RECOVER_RUNNING,   /* a job is rewriting the file now */
	FL_RECOVER_UNTOUCHED, /* a journal, but the file is the old one: nothing had been stored */
	FL_RECOVER_HALFWAY,   /* a mixture: roll back or resume */
	FL_RECOVER_FINISHED   /* the file is the new one, only the journal has to go */
};

/**
 * struct fl_recover_result - what was found, and what was done
 * @state:   as found
 * @is_new:  after ROLLBACK or RESUME: the file is the new one (1) or the old one (0)
 * @can_roll_back: an undo log was kept
 * @changes, @changed_bytes: that had been, or might have been, stored; 0 where lengths change
 * @source_bytes: how far the rewrite had come
 * @total_bytes:  size of the file before it
 * @is_compression: it is one of fl_compress_punch(): @source_bytes of the input are in the first
 *           @packed_bytes of what becomes @output
 * @journal: path of the journal, and @program: what it says is done; cut off where too long
 */
struct fl_recover_result {
	size_t size;
	enum fl_recover_state state;
	int is_new;
	int can_roll_back;
	uint64_t changes;
	uint64_t changed_bytes;
	uint64_t source_bytes;
	uint64_t total_bytes;
	char journal[512];
	char program[512];
	int is_compression;
	uint64_t packed_bytes;
	char output[512];
};

/**
 * fl_recover() - look at, or end, a rewrite, or a compression that frees its input, that was interrupted
 * @key:    16 bytes: the key of pseudonyms, for RESUME of a program that makes them; or NULL
 * @ret:    ret->size must be set; filled also when the action is refused
 * @reterr: detail, or NULL
 *
 * May itself be killed at any moment and called again. Nothing is written before the whole
 * journal has been read and every byte that may have been stored was found to be the old or the
 * new one.
 *
 * Return: 0; -FL_ECHANGED: someone else changed the file since, nothing was written; -FL_ECORRUPT:
 * the journal is damaged, nothing was written; -EAGAIN: a job is rewriting the file;
 * -FL_EUNSUPPORTED: no undo log, or blocks have been freed (ROLLBACK), or another program or PCRE2 wrote it, or a rollback of
 * a rewrite that changes lengths has begun (RESUME); -errno.
 */
FL_API int fl_recover(const char *path, enum fl_recover_action action, const unsigned char *key,
		      struct fl_recover_result *ret, struct fl_error *reterr);

/**
 * fl_unfinished() - was a rewrite of this file interrupted?
 *
 * A journal that a running job holds does not count: readers go on. But where that job frees the
 * blocks of the file (fl_compress_punch()), they would read zeros.
 * Cost: two system calls where there is no journal. Return: 1; 2: its blocks are being freed; 0.
 */
FL_API int fl_unfinished(const char *path);

FL_END_DECLS

#endif
