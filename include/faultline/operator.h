/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_OPERATOR_H
#define FAULTLINE_OPERATOR_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>

FL_BEGIN_DECLS

/**
 * DOC: Operators.
 *
 * A job is a `map` over pieces of the input and an ordered `fold` over what
 * the maps returned. Maps run on all threads, in any order, and share nothing;
 * folds run one at a time, in file order. That is the whole contract, and it
 * is what makes the result independent of the number of threads, the loader,
 * the window size and the chunk size.
 */

/**
 * struct fl_view - bytes that a map may look at
 * @off:   offset of data[0], bytes from the start of the file
 * @len:   bytes; never 0
 * @data:  the bytes; may be a mapping of a file that others are writing to, so
 *         a field is read once; valid until the map returns
 * @ahead: so many bytes behind the view may be looked at, too: as many as the operator's
 *         ahead_bytes, or up to the end of the stream; they belong to the next views
 * @warm:  another operator has just read the view: it is in the processor's cache
 *
 * Shape: an operator with FL_CUT_RECORD gets whole records (the last one of
 * the stream may lack its delimiter), mostly 256 or 512 KiB of them, at most 4 MiB
 * unless one record is longer. One with FL_CUT_UNIT gets a multiple of unit_bytes from
 * the start of the range, except at the end of the stream. With FL_CUT_RECORD
 * and unit_bytes, views are whole groups: the records that start in a unit, for
 * one unit or several.
 */
struct fl_view {
	uint64_t off;
	size_t len;
	const unsigned char *data;
	size_t ahead;
	int warm;
};

/**
 * struct fl_part - the result of mapping one chunk, on its way to the fold
 * @data:     the bytes appended so far; in a map, may be changed in place
 * @len:      bytes used
 * @limit:    bytes the part should not exceed: a map that would, and has
 *            something in the part, stops and returns FL_MAP_FULL
 * @off:      where the part's input begins, bytes from the start of the file
 * @end:      where it ends (set before the fold)
 * @next_off: set by a map that returns FL_MAP_FULL: the offset it wants to go
 *            on from (a record start, or a multiple of the unit)
 * @view:     in a fold of an operator with FL_OP_KEEP_VIEW: the input bytes,
 *            @view_count of them in file order, valid until the fold returns
 * @capacity, @flush, @flush_arg, @is_next: the library's
 *
 * Several views of one chunk are mapped into the same part, in file order. It
 * is a plain byte string so that threads, processes and files can carry it.
 */
struct fl_part {
	unsigned char *data;
	size_t len;
	size_t limit;
	uint64_t off;
	uint64_t end;
	uint64_t next_off;
	const struct fl_view *view;
	size_t view_count;
	size_t capacity;
	int (*flush)(void *arg, struct fl_part *part, struct fl_error *reterr);
	void *flush_arg;
	int (*is_next)(void *arg, const struct fl_part *part);
};

/**
 * fl_part_append() - add bytes to a part
 * Cost: amortised O(len). Return: 0, or -ENOMEM with the part unchanged.
 */
FL_API int fl_part_append(struct fl_part *part, const void *data, size_t len);

/**
 * fl_part_reserve() - room for `len` more bytes at part->data + part->len
 *
 * The caller writes there and then adds to part->len itself.
 * Return: 0, or -ENOMEM with the part unchanged.
 */
FL_API int fl_part_reserve(struct fl_part *part, size_t len);

/**
 * fl_part_flush() - have a part folded before its map returns
 *
 * For a map that has more to say about one record than a part should hold:
 * what is in the part is folded as soon as all that precedes it has been, and
 * if the bytes it was made from are sound; then the part is empty.
 *
 * Threads: the one that the map runs on; only in a map. Cost: may wait for
 * other threads.
 * Return: 0; FL_FOLD_STOP when no more is needed; a negative error, which the
 * map must return.
 */
FL_API int fl_part_flush(struct fl_part *part, struct fl_error *reterr);

/**
 * fl_part_is_next() - has all that precedes the part's input been folded?
 *
 * If so, no fold runs before the map has returned, and the map may look at what folds have made of *op and
 * prepare what its own will do with the part, in memory that no other map uses. The bytes of its view may
 * still turn out not to be the file's: then what it has put into the part is dropped, and the part's input
 * is mapped anew.
 *
 * Threads: the one that the map runs on; only in a map. Cost: 20 ns.
 * Return: 0 or 1; always 0 where the part is folded by another process.
 */
FL_API int fl_part_is_next(const struct fl_part *part);

/* What a map returns besides 0 and errors. */
#define FL_MAP_FULL 1 /* the part is full; part->next_off says where to go on */
/* What a fold returns besides 0 and errors. */
#define FL_FOLD_STOP 1 /* this operator needs no more input */

enum fl_cut {
	FL_CUT_RECORD, /* views begin and end at records */
	FL_CUT_UNIT    /* views begin at multiples of unit_bytes from the start of the range */
};

/* The fold reads the input bytes themselves: they stay visible until it has run. */
#define FL_OP_KEEP_VIEW 1u
/* What was found before an error counts: where a map fails, what it had put into the part by then
 * is folded, and finish is called after a run that failed, too, unless it was fold that failed. */
#define FL_OP_UNTIL_ERROR 2u
/* start sets something going, which folds feed and finish ends: not in a shard, where neither comes. */
#define FL_OP_LIVE 4u
/* Parts are short, however long the chunk: chunks of files that are in the page cache may be long. */
#define FL_OP_SHORT_PARTS 8u

/**
 * struct fl_run - what an operator may know about the run that begins
 * @size:       sizeof this struct
 * @name:       of the source
 * @off:        first byte of the range, from the start of the file
 * @len:        bytes in the range, or FL_SIZE_UNKNOWN for streams
 * @file_bytes: of the whole file, also of what stands before a descriptor's position, or FL_SIZE_UNKNOWN
 * @delimiter:  byte that ends a record
 * @threads:    worker threads that may call map
 * @records_before: how many records begin before the range: what folds find there. NULL where that is
 *              not known, as it is not for sources of known size, of which no byte before the range is read
 */
struct fl_run {
	size_t size;
	const char *name;
	uint64_t off;
	uint64_t len;
	uint64_t file_bytes;
	unsigned char delimiter;
	unsigned threads;
	const uint64_t *records_before;
};

/**
 * struct fl_carry - what a fold knows of all before, where that is little and parts are much
 * @bytes: of it, the same throughout a run
 * @save:  write it
 * @load:  go on from there; a start has been before. Return: 0; -FL_ECORRUPT
 *
 * With this, where several machines or worker processes share a run, parts stay where they were made,
 * the fold runs there, and this goes from one to the next: what the fold keeps elsewhere is lost. The
 * same version of the library on the same kind of machine reads it.
 */
struct fl_carry {
	size_t (*bytes)(const void *op);
	void (*save)(const void *op, unsigned char *ret);
	int (*load)(void *op, const unsigned char *state, size_t size);
};

/**
 * struct fl_operator - the code of a job; one static table per kind of job
 * @size:        sizeof this struct: it can grow without breaking programs
 * @name:        short, for messages and statistics
 * @cut:         how its views are cut
 * @unit_bytes:  FL_CUT_UNIT: 1 .. 1 GiB; units above 256 KiB may make all views of the run that long.
 *               FL_CUT_RECORD: 0, or groups of that length
 * @flags:       FL_OP_...
 * @ahead_bytes: FL_CUT_RECORD: how far behind its views it looks, at most 8 MiB; chunks are then
 *               no longer than a view, where their size is automatic
 * @start:       before the first map of a run; may be NULL
 * @worker_init: once per thread and run, on that thread; may be NULL
 * @worker_done: frees the scratch; may be NULL
 * @map:         any thread, any order; must not write to *op
 * @fold:        one at a time, in file order
 * @carry:       or NULL
 * @finish:      after the last fold of a run that did not fail (see FL_OP_UNTIL_ERROR); may be NULL
 *
 * Return of all: 0, or a negative error, which ends the run; the first one in
 * file order is the run's. map may also return FL_MAP_FULL, fold FL_FOLD_STOP.
 */
struct fl_operator {
	size_t size;
	const char *name;
	enum fl_cut cut;
	uint32_t unit_bytes;
	unsigned flags;
	uint32_t ahead_bytes;
	int (*start)(void *op, const struct fl_run *run, struct fl_error *reterr);
	int (*worker_init)(const void *op, void **ret_scratch, struct fl_error *reterr);
	void (*worker_done)(const void *op, void *scratch);
	int (*map)(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		   struct fl_error *reterr);
	int (*fold)(void *op, const struct fl_part *part, struct fl_error *reterr);
	int (*finish)(void *op, struct fl_error *reterr);
	const struct fl_carry *carry;
};

FL_END_DECLS

#endif
