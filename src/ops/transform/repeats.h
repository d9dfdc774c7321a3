/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_REPEATS_H
#define FL_OPS_TRANSFORM_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: Records that equal the one before them are dropped, as uniq does.
 *
 * The one edit that looks beyond a record, and so works on the result, in order, as it is written. A
 * record longer than FL_REPEATS_RECORD_MAX is never taken for a repeat: the one before a record has
 * to be kept.
 */
#define FL_REPEATS_RECORD_MAX ((size_t)16 << 20)

/**
 * struct fl_repeats - the state between two pieces of text; private but for @records and @bytes
 * @write:    takes what stays; returns 0, or what ends the run; NULL = it is only counted
 * @records:  dropped since fl_repeats_start(); @bytes: of them, with their ends
 * @last:     the record before, @last_len bytes; in @kept unless it stands in the text at work
 * @has_last: there is one that others may equal
 * @same:     bytes of the record at work that equal @last's and have not been written
 * @copying:  the record at work is another one, and goes to @kept
 * @too_long: and is longer than is kept
 */
struct fl_repeats {
	unsigned char delimiter;
	int (*write)(void *arg, const void *data, size_t len);
	void *arg;
	uint64_t records;
	uint64_t bytes;
	const unsigned char *last;
	size_t last_len;
	bool has_last;
	size_t same;
	bool copying;
	bool too_long;
	unsigned char *kept;
	size_t kept_len;
	size_t kept_size;
};

/** fl_repeats_start() - a new text begins; memory is kept */
void fl_repeats_start(struct fl_repeats *r);

/**
 * fl_repeats_put() - the next @len bytes of the text, cut anywhere
 * Return: 0; -ENOMEM; what @write returned.
 */
int fl_repeats_put(struct fl_repeats *r, const unsigned char *data, size_t len);

/** fl_repeats_end() - the text ends, with or without a delimiter. Return: as fl_repeats_put(). */
int fl_repeats_end(struct fl_repeats *r);

/** fl_repeats_done() - free */
void fl_repeats_done(struct fl_repeats *r);

#endif
