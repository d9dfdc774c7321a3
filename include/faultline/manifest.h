/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_MANIFEST_H
#define FAULTLINE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>

FL_BEGIN_DECLS

/**
 * DOC: Manifests.
 *
 * A file is cut into leaves of one size; a manifest holds the XXH128 of each leaf
 * and of the whole file. So it can say where a file is damaged, and a part of a
 * file can be checked alone. It is a text:
 *
 *   faultline-manifest 1 xxh128 leaf-size 8388608
 *   file SIZE MTIME XXH128 NAME
 *   leaf OFFSET XXH128
 *   ...
 *   end FILES LEAVES XXH3
 *
 * SIZE and OFFSET are bytes, MTIME is seconds since 1970 with nine decimals, the
 * digests are hexadecimal, canonical. In NAME, newline, carriage return and
 * backslash are written \n, \r and \\. The last line's digest is that of all lines
 * before it. A part, made from a range of a file, has
 * "part OFFSET:LENGTH SIZE MTIME NAME" instead of the line "file".
 */

/* XXH128's */
#define FL_LEAF_DIGEST_BYTES 16

/* 2 TB make 240,000 leaves, a manifest of 12 MB; reading one leaf again takes 3 ms from a disk that
 * gives 3 GB/s. */
#define FL_LEAF_BYTES_DEFAULT (UINT64_C(8) << 20)

/* Leaves are multiples of the smallest one. */
#define FL_LEAF_BYTES_MIN UINT64_C(4096)
#define FL_LEAF_BYTES_MAX (UINT64_C(1) << 40)

/* What fl_leaves_save() needs. */
#define FL_LEAVES_STATE_BYTES 4096

/**
 * struct fl_leaf - one leaf
 * @off: bytes from the start of the file
 * @len: bytes; less than the leaf size only at the end of the file (or the run's range)
 */
struct fl_leaf {
	uint64_t off;
	uint64_t len;
	unsigned char digest[FL_LEAF_DIGEST_BYTES];
};

enum fl_leaves_turns {
	FL_LEAVES_ALONE,
	FL_LEAVES_FIRST,
	FL_LEAVES_OTHER
};

/* What is carried has room for the leaves of 512 MiB then. */
#define FL_LEAF_BYTES_TURNS (UINT64_C(1) << 20)

/**
 * struct fl_leaves_options
 * @size:       sizeof this struct
 * @leaf_bytes: multiple of FL_LEAF_BYTES_MIN, up to FL_LEAF_BYTES_MAX
 * @leaf:       called for each leaf, in file order, on the folding thread
 * @sums:       called with what fl_leaves_replay() takes, in file order; or NULL
 * @arg:        for both
 * @turns:      FL_LEAVES_ALONE; or folds go from process to process (struct fl_carry), of which one,
 *              FL_LEAVES_FIRST, has @leaf called, and the others are FL_LEAVES_OTHER. Leaves have
 *              FL_LEAF_BYTES_TURNS at least then, there are no @sums, and FL_FOLD_STOP stops nothing
 *
 * Return of both: 0, FL_FOLD_STOP, or a negative error, which ends the run.
 */
struct fl_leaves_options {
	size_t size;
	uint64_t leaf_bytes;
	int (*leaf)(void *arg, const struct fl_leaf *leaf);
	int (*sums)(void *arg, const void *data, size_t len);
	void *arg;
	enum fl_leaves_turns turns;
};

/**
 * struct fl_leaves - the operator that digests leaves and, in the same pass, the file
 *
 * A run's range must begin at a multiple of the leaf size, but where a run goes on
 * from a saved state.
 */
struct fl_leaves;

/** fl_leaves_new() - Return: 0; -EINVAL; -ENOMEM. */
FL_API int fl_leaves_new(const struct fl_leaves_options *opt, struct fl_leaves **ret,
			 struct fl_error *reterr);

/** fl_leaves_operator() - its code, for fl_pipeline_add(); lives as long as @leaves */
FL_API const struct fl_operator *fl_leaves_operator(const struct fl_leaves *leaves);

/** fl_leaves_digest() - XXH128 of all bytes of the last run (and the runs it went on from) */
FL_API void fl_leaves_digest(const struct fl_leaves *leaves,
			     unsigned char ret[FL_LEAF_DIGEST_BYTES]);

/**
 * fl_leaves_save() - what is needed to go on later from where the folds are
 * @ret_off: how many bytes of the file (of the range) have been digested: where to go on
 *
 * Threads: from callbacks of the run (progress, @leaf) or after it.
 */
FL_API void fl_leaves_save(const struct fl_leaves *leaves, unsigned char ret[FL_LEAVES_STATE_BYTES],
			   uint64_t *ret_off);

/**
 * fl_leaves_restore() - the next run goes on from a saved state
 *
 * Its range must begin where fl_leaves_save() said. Return: 0; -FL_ECORRUPT for a state of
 * another leaf size or one that is none.
 */
FL_API int fl_leaves_restore(struct fl_leaves *leaves,
			     const unsigned char state[FL_LEAVES_STATE_BYTES]);

/**
 * fl_leaves_replay_begin(), fl_leaves_replay(), fl_leaves_replay_end() - in place of a run: what
 * @sums was given by one or several runs over neighbouring ranges
 * @off:  where the first range begins, a multiple of the leaf size
 * @data: @len bytes: begins with a record; each is followed by its checksum
 * Return of replay: bytes taken, 0 when there is no whole record in @data yet; -FL_ECORRUPT;
 * what the callbacks returned. Return of the others: 0 or what the callbacks returned.
 */
FL_API int fl_leaves_replay_begin(struct fl_leaves *leaves, uint64_t off, struct fl_error *reterr);
FL_API int64_t fl_leaves_replay(struct fl_leaves *leaves, const void *data, size_t len,
				struct fl_error *reterr);
FL_API int fl_leaves_replay_end(struct fl_leaves *leaves, struct fl_error *reterr);

/** fl_leaves_offset() - of the byte that comes next, in a replay or after a run */
FL_API uint64_t fl_leaves_offset(const struct fl_leaves *leaves);

/** fl_leaves_free() - NULL is fine */
FL_API void fl_leaves_free(struct fl_leaves *leaves);

/**
 * struct fl_manifest_file - the line of a file, or of a part of one
 * @name:    any bytes but NUL
 * @part:    1 for a part: @off and @len are its range, and @digest is nothing
 * @digest:  of the whole file
 */
struct fl_manifest_file {
	const char *name;
	uint64_t size_bytes;
	int64_t mtime_s;
	uint32_t mtime_ns;
	int part;
	uint64_t off;
	uint64_t len;
	unsigned char digest[FL_LEAF_DIGEST_BYTES];
};

/**
 * DOC: Writing a manifest: a file's line, its leaves, the next file ..., the end.
 */
struct fl_manifest_writer;

/**
 * fl_manifest_writer_new() - begin with the header
 * @write: takes all of @len bytes. Return: 0 or a negative error
 * Return: 0; -EINVAL; -ENOMEM; what @write returned.
 */
FL_API int fl_manifest_writer_new(uint64_t leaf_bytes,
				  int (*write)(void *arg, const void *data, size_t len), void *arg,
				  struct fl_manifest_writer **ret);

/** fl_manifest_write_file() - Return: 0; -ENOMEM; what @write returned. */
FL_API int fl_manifest_write_file(struct fl_manifest_writer *w,
				  const struct fl_manifest_file *file);

/** fl_manifest_write_leaf() - Return: 0, or what @write returned. */
FL_API int fl_manifest_write_leaf(struct fl_manifest_writer *w, const struct fl_leaf *leaf);

/** fl_manifest_write_end() - the last line. Return: 0, or what @write returned. */
FL_API int fl_manifest_write_end(struct fl_manifest_writer *w);

/** fl_manifest_writer_free() - NULL is fine */
FL_API void fl_manifest_writer_free(struct fl_manifest_writer *w);

enum fl_manifest_kind {
	FL_MANIFEST_END,
	FL_MANIFEST_FILE,
	FL_MANIFEST_LEAF
};

/**
 * struct fl_manifest_entry - a line that was read
 * @file: of the line, or of the file that @leaf belongs to; the name lives until the next one
 */
struct fl_manifest_entry {
	size_t size; /* sizeof this struct, set by the caller */
	struct fl_manifest_file file;
	struct fl_leaf leaf;
};

struct fl_manifest_reader;

/**
 * fl_manifest_reader_new() - read the header
 * @read: up to @n bytes. Return: bytes; 0 at the end; a negative error
 * Return: 0; -ENOMEM; -FL_ECORRUPT where it is no manifest; what @read returned.
 */
FL_API int fl_manifest_reader_new(int64_t (*read)(void *arg, void *buf, size_t n), void *arg,
				  struct fl_manifest_reader **ret, struct fl_error *reterr);

/** fl_manifest_reader_leaf_bytes() - of the header */
FL_API uint64_t fl_manifest_reader_leaf_bytes(const struct fl_manifest_reader *r);

/**
 * fl_manifest_read() - the next line
 *
 * That all leaves are there and in order is looked at; that all lines are as they were written is
 * known once FL_MANIFEST_END was returned.
 * Return: enum fl_manifest_kind; -ENOMEM; -FL_ECORRUPT with the line's offset; what @read returned.
 */
FL_API int fl_manifest_read(struct fl_manifest_reader *r, struct fl_manifest_entry *ret,
			    struct fl_error *reterr);

/** fl_manifest_reader_free() - NULL is fine */
FL_API void fl_manifest_reader_free(struct fl_manifest_reader *r);

FL_END_DECLS

#endif
