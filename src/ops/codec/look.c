/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/size.h"
#include "ops/codec/cutter.h"

struct fl_look *fl_look_new(const struct fl_source *src)
{
	struct fl_look *look = malloc(sizeof(*look));

	if (!look)
		return NULL;
	look->src = src;
	look->size = fl_source_raw_file(src)->size_bytes;
	look->off = look->len = 0;
	return look;
}

int64_t fl_look_at(struct fl_look *look, uint64_t off, size_t want, const unsigned char **ret)
{
	uint64_t end = fl_min_u64(look->size, fl_add_sat(off, want));
	size_t got;
	int r;

	off = fl_min_u64(off, look->size);
	if (off < look->off || end > look->off + look->len) {
		r = fl_source_raw_pread(look->src, look->data, sizeof(look->data), off, &got);
		look->off = off;
		look->len = r < 0 ? 0 : got;
		if (r < 0)
			return r;
	}
	*ret = look->data + (off - look->off);
	return (int64_t)(look->off + look->len - off);
}
