/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_STREAM_IMPL_H
#define FL_WINDOW_STREAM_IMPL_H

#include <faultline/stream.h>

/** fl_stream_reopen() - empty, and open on both sides, for another run; nobody may be using it */
void fl_stream_reopen(struct fl_stream *st);

#endif
