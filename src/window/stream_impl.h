/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_STREAM_IMPL_H
#define FL_WINDOW_STREAM_IMPL_H

#include <faultline/stream.h>

/**
 * fl_stream_fit() - what a stream may hold at most where @memory_bytes are for all that works with it:
 * an eighth, but not more than by default
 */
size_t fl_stream_fit(uint64_t memory_bytes);

/**
 * fl_stream_reopen() - empty, and open on both sides, for another run; nobody may be using it
 * @capacity_bytes: that it holds from now on
 * Return: 0; -ENOMEM: it is as it was.
 */
int fl_stream_reopen(struct fl_stream *st, size_t capacity_bytes);

/** fl_stream_rest() - take no memory until fl_stream_reopen(); nobody may be using it */
void fl_stream_rest(struct fl_stream *st);

#endif
