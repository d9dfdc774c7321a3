/* SPDX-License-Identifier: MIT */
#include "ops/codec/seek_table.h"

#include <errno.h>
#include <stdlib.h>

#include <faultline/codec.h>

int fl_seek_table_add(struct fl_seek_table *t, const struct fl_seek_row *row)
{
	uint32_t capacity = t->capacity ? t->capacity * 2 : 64;
	struct fl_seek_row *bigger;

	if (t->count == FL_COMPRESS_FRAMES_MAX)
		return -FL_ELIMIT;
	if (t->count == t->capacity) {
		bigger = realloc(t->rows, capacity * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		t->rows = bigger;
		t->capacity = capacity;
	}
	t->rows[t->count++] = *row;
	return 0;
}

int fl_seek_table_encode(const struct fl_seek_table *t, unsigned char **ret, size_t *ret_len)
{
	size_t content = (size_t)t->count * FL_SEEK_ROW_BYTES + FL_SEEK_FOOTER_BYTES;
	unsigned char *data = malloc(FL_SEEK_HEADER_BYTES + content), *p = data;
	uint32_t i;

	if (!data)
		return -ENOMEM;
	fl_put_le32(p, FL_SEEK_SKIPPABLE_MAGIC);
	fl_put_le32(p + 4, (uint32_t)content);
	p += FL_SEEK_HEADER_BYTES;
	for (i = 0; i < t->count; i++, p += FL_SEEK_ROW_BYTES) {
		fl_put_le32(p, t->rows[i].packed_bytes);
		fl_put_le32(p + 4, t->rows[i].bytes);
		fl_put_le32(p + 8, t->rows[i].checksum);
	}
	fl_put_le32(p, t->count);
	p[4] = FL_SEEK_FLAG_CHECKSUM;
	fl_put_le32(p + 5, FL_SEEK_MAGIC);
	*ret = data;
	*ret_len = FL_SEEK_HEADER_BYTES + content;
	return 0;
}

void fl_seek_table_done(struct fl_seek_table *t)
{
	free(t->rows);
	*t = (struct fl_seek_table){0};
}
