/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_PUNCH_H
#define FAULTLINE_PUNCH_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/codec.h>
#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/pipeline.h>

FL_BEGIN_DECLS

/**
 * DOC: Compressing a file that there is no room beside.
 *
 * The blocks of the input are freed behind the reader, as soon as what they held is durable in the
 * output. A journal beside the input (".NAME.faultline") says how far that is: after a crash at any
 * moment, and after a disk that was full all the same, fl_recover() with FL_RECOVER_RESUME goes on.
 * There is no way back once blocks have been freed. At the end the input is gone.
 */

#define FL_PUNCH_REPLACE 1u /* what stands under the output's name may go when it is complete */

/**
 * struct fl_punch_options
 * @size:        sizeof this struct
 * @output:      name of the output; until it is complete it is called .NAME.HEX.part, mode 0600
 * @flags:       FL_PUNCH_...
 * @compress:    level, frames, dictionary; its write and arg do not matter
 * @batch_bytes: of the input that are freed at once, at least; 0 = eight frames, or a 512th of the
 *               file: each one waits for the device twice
 * @watch, @watch_arg: as in struct fl_inplace_options
 */
struct fl_punch_options {
	size_t size;
	const char *output;
	unsigned flags;
	const struct fl_compress_options *compress;
	uint64_t batch_bytes;
	void (*watch)(void *arg, struct fl_pipeline *pl);
	void *watch_arg;
};

/**
 * struct fl_punch_result - what was done
 * @freed_bytes: of the input before it went
 * @journal_bytes: written to the journal
 * @syncs:       times the device was waited for
 * @unfinished:  after an error: the journal is there, recover
 */
struct fl_punch_result {
	size_t size;
	struct fl_compress_result compressed;
	uint64_t freed_bytes;
	uint64_t journal_bytes;
	uint64_t syncs;
	int unfinished;
};

/**
 * fl_compress_punch() - compress a file, freeing it meanwhile
 * @run: how to read; its range does not matter; NULL = defaults
 * @ret: ret->size must be set; filled also after an error
 *
 * The output gets the input's mode, owner and times, as far as the user may give them.
 *
 * Return: 0. Before anything was written: -ELOOP: a symbolic link; -EINVAL: no regular file;
 * -EMLINK: hard links; -EOPNOTSUPP: the file system frees no blocks of a file; -EPERM: immutable or
 * append-only; -EAGAIN: others have it open; -EACCES: not the owner; -EEXIST: the output is there;
 * -FL_EUNFINISHED: an interrupted job waits for fl_recover(). At any time, ret->unfinished says
 * whether blocks may have been freed then: -FL_ECHANGED: someone else writes to it; -ENOSPC;
 * -FL_ECANCELED; -EIO and others.
 */
FL_API int fl_compress_punch(const char *path, const struct fl_options *run,
			     const struct fl_punch_options *opt, struct fl_punch_result *ret,
			     struct fl_error *reterr);

FL_END_DECLS

#endif
