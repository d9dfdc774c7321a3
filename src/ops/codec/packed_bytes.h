/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_PACKED_BYTES_H
#define FL_OPS_CODEC_PACKED_BYTES_H

#include <stdbool.h>
#include <stddef.h>

/** struct fl_packed - compressed bytes on their way; @end: no more will come behind data[len - 1] */
struct fl_packed {
	const unsigned char *data;
	size_t len;
	size_t pos;
	bool end;
};

#endif
