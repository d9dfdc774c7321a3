/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_SHARD_H
#define FAULTLINE_SHARD_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/pipeline.h>

FL_BEGIN_DECLS

/**
 * DOC: One run, on several machines or at several times.
 *
 * A run with a shard does the maps of its share of the file, and writes what they return instead
 * of folding it. A replay folds what all shards wrote, in their order: that is the run that was
 * shared out, with its results bit for bit, because folds see nothing but what maps returned.
 *
 * A share is a range of bytes; the records and units that start in it are its own. Only the maps
 * of the first segment are shared out; what stands behind it runs in the replay.
 *
 * What is written is the maps' memory as it is, with a header that other versions of the library,
 * and machines of another byte order or word size, refuse.
 */

#define FL_SHARDS_MAX 65536u

/**
 * struct fl_shard_options - a share
 * @size:  sizeof this struct
 * @index: 0 .. @count - 1
 * @count: 1 .. FL_SHARDS_MAX
 * @write: takes all of @len bytes, in order, from one thread at a time. Return: 0 or -errno
 * @arg:   handed to @write
 */
struct fl_shard_options {
	size_t size;
	unsigned index;
	unsigned count;
	int (*write)(void *arg, const void *data, size_t len);
	void *arg;
};

/**
 * fl_pipeline_set_shard() - later runs do only a share
 * @opt: copied; NULL: runs are whole again
 *
 * Such a run needs a file (or a block device) that is not decoded, and operators that do not fold
 * over the input bytes (FL_OP_KEEP_VIEW, FL_OP_LIVE): else it is -FL_EUNSUPPORTED. Progress and statistics are
 * those of the share.
 * Return: 0; -EINVAL; -EBUSY during a run.
 */
FL_API int fl_pipeline_set_shard(struct fl_pipeline *pl, const struct fl_shard_options *opt);

/**
 * struct fl_replay_options
 * @size:       sizeof this struct
 * @name:       of the file, for the operators
 * @size_bytes: of the file
 * @read:       up to @n bytes of what the shards wrote, one behind the other, in the order of their
 *              shares. Return: bytes; 0 at the end; -errno
 * @arg:        handed to @read
 */
struct fl_replay_options {
	size_t size;
	const char *name;
	uint64_t size_bytes;
	int64_t (*read)(void *arg, void *buf, size_t n);
	void *arg;
};

/**
 * fl_pipeline_replay() - in place of fl_pipeline_run(): fold what shards of the same pipeline wrote
 *
 * The pipeline has the same operators and the same range as theirs.
 * Return: 0; -FL_ECORRUPT for what is damaged, cut off, not in order, or of another pipeline;
 * -FL_EUNSUPPORTED for what another version of the library wrote; else as fl_pipeline_run().
 */
FL_API int fl_pipeline_replay(struct fl_pipeline *pl, const struct fl_replay_options *opt,
			      struct fl_error *reterr);

FL_END_DECLS

#endif
