/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_OUTPUT_H
#define FAULTLINE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>

FL_BEGIN_DECLS

/**
 * DOC: Output files that appear when they are complete.
 *
 * A new file has no name (O_TMPFILE) and mode 0600 until fl_output_commit(),
 * so that nobody sees half of it and a killed program leaves nothing behind.
 * Where the file system cannot do that, it is called .NAME.XXXXXX meanwhile.
 * What is not a regular file (a FIFO, /dev/null) is written as it is.
 *
 * Threads: any number of outputs at once, each used by one thread at a time.
 */
struct fl_output;

#define FL_OUTPUT_REPLACE 1u /* what stands under the name may go when the new file is complete */
#define FL_OUTPUT_KEEP                                                                             \
	4u /* it is @like, rewritten: extended attributes and ACLs, too, not its times */
#define FL_OUTPUT_NAMED 8u /* .NAME.XXXXXX in any case: others write to it, too */
#define FL_OUTPUT_SYNC 2u  /* commit returns when the file would survive a power cut */
#define FL_OUTPUT_SPARSE                                                                           \
	16u /* 32 KiB of zeros and more become a hole where whole blocks of 4 KiB are written */

/**
 * struct fl_output_options
 * @size:  sizeof this struct
 * @path:  the name to be
 * @like:  file whose mode, owner and times the output gets, or NULL: mode 0666 less the umask
 * @flags: FL_OUTPUT_...
 */
struct fl_output_options {
	size_t size;
	const char *path;
	const char *like;
	unsigned flags;
};

/**
 * fl_output_open() - begin
 * Return: 0; -EEXIST without FL_OUTPUT_REPLACE; -EISDIR; -EINVAL; -ENOMEM; -EPERM with
 * FL_OUTPUT_KEEP where @like is immutable or append-only; -errno of open(2).
 */
FL_API int fl_output_open(const struct fl_output_options *opt, struct fl_output **ret,
			  struct fl_error *reterr);

/**
 * fl_output_write() - append
 * Threads: one at a time. Return: 0; -errno of write(2) (a full disk: -ENOSPC).
 */
FL_API int fl_output_write(struct fl_output *out, const void *data, size_t len);

/** fl_output_temp() - its name until it is complete; NULL: it has none, or is written as it is */
FL_API const char *fl_output_temp(const struct fl_output *out);

/**
 * fl_output_commit() - give it its name, mode, owner and times; frees @out in every case
 *
 * An owner that the user may not give is kept away, and with it set-user-ID and set-group-ID.
 * Return: 0; -EEXIST when the name was taken meanwhile and FL_OUTPUT_REPLACE was not set;
 * -errno: nothing stands under the name that did not before.
 */
FL_API int fl_output_commit(struct fl_output *out, struct fl_error *reterr);

/**
 * fl_output_sync() - wait until what was written to a file by other means would survive a power cut
 * @fd: its descriptor; one of what knows no syncing, a pipe or /dev/null, is fine
 * Return: 0; -errno of fdatasync(2): what was written may be lost, and another sync would not tell.
 */
FL_API int fl_output_sync(int fd);

/** fl_output_discard() - leave nothing behind; frees @out; NULL is fine */
FL_API void fl_output_discard(struct fl_output *out);

/**
 * fl_output_scratch() - a file without a name, to be written, read and closed by the caller
 *
 * In TMPDIR, else in /var/tmp: it is for what does not fit into memory, and /tmp may be memory. Mode 0600;
 * programs that are started do not inherit it.
 * Threads: any. Return: a descriptor; -errno of open(2).
 */
FL_API int fl_output_scratch(void);

FL_END_DECLS

#endif
