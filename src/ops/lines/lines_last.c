/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/lines/lines_impl.h"

/* Twice what tail -n 10 of a log needs, and no more than other operators hold in a part. */
#define MAX_BYTES_DEFAULT FL_MIB(16)

static size_t max_bytes(const struct fl_lines *l)
{
	return l->opt.max_bytes ? l->opt.max_bytes : MAX_BYTES_DEFAULT;
}

/* Complete lines at the front go as long as those behind them, the open one counted, are enough. */
static void trim(struct fl_lines *l)
{
	struct fl_lines_last *k = &l->last;
	const unsigned char *end;
	size_t len;

	for (;;) {
		uint64_t lines =
			k->ends + (k->len > 0 && k->data[k->begin + k->len - 1] != l->delimiter);

		if (k->len == 0 || lines <= l->opt.to)
			return;
		end = memchr(k->data + k->begin, l->delimiter, k->len);
		len = end ? (size_t)(end - (k->data + k->begin)) + 1 : k->len;
		k->begin += len;
		k->len -= len;
		k->ends -= end != NULL;
	}
}

static int make_room(struct fl_lines_last *k, size_t len)
{
	unsigned char *bigger;
	size_t capacity = k->capacity ? k->capacity : 65536;

	if (k->begin > 0) {
		memmove(k->data, k->data + k->begin, k->len);
		k->begin = 0;
	}
	while (capacity < k->len + len)
		capacity *= 2;
	if (capacity == k->capacity)
		return 0;
	bigger = realloc(k->data, capacity);
	if (!bigger)
		return -ENOMEM;
	k->data = bigger;
	k->capacity = capacity;
	return 0;
}

int fl_lines_last_add(struct fl_lines *l, const unsigned char *data,
		      const struct fl_lines_piece *piece, struct fl_error *reterr)
{
	struct fl_lines_last *k = &l->last;

	if (k->capacity - k->begin - k->len < piece->len && make_room(k, piece->len) < 0)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	memcpy(k->data + k->begin + k->len, data, piece->len);
	k->len += piece->len;
	k->ends += piece->ends;
	trim(l);
	if (k->len > max_bytes(l))
		return fl_error_set(reterr, -FL_ELIMIT, FL_OFF_NONE,
				    "the last %llu lines take more than %zu bytes",
				    (unsigned long long)l->opt.to, max_bytes(l));
	return 0;
}

int fl_lines_last_finish(struct fl_lines *l)
{
	struct fl_lines_last *k = &l->last;

	return k->len > 0 ? l->opt.write(l->opt.arg, k->data + k->begin, k->len) : 0;
}
