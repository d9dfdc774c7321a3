/* SPDX-License-Identifier: MIT */
#include "ops/scan/text.h"

#include <stdlib.h>
#include <string.h>

static bool reserve(struct fl_text *t, size_t len)
{
	size_t size = 2 * (t->len + len) + 16;
	char *p;

	if (t->failed)
		return false;
	if (len <= t->size - t->len)
		return true;
	p = realloc(t->p, size);
	t->failed = !p;
	if (!p)
		return false;
	t->p = p;
	t->size = size;
	return true;
}

void fl_text_add(struct fl_text *t, const char *p, size_t len)
{
	/* An empty text, too, has a place: NULL would be no pattern. */
	if (!reserve(t, len + 1) || len == 0)
		return;
	memcpy(t->p + t->len, p, len);
	t->len += len;
}

void fl_text_adds(struct fl_text *t, const char *s)
{
	fl_text_add(t, s, strlen(s));
}

void fl_text_insert(struct fl_text *t, size_t at, const char *s)
{
	size_t len = strlen(s);

	if (!reserve(t, len))
		return;
	memmove(t->p + at + len, t->p + at, t->len - at);
	memcpy(t->p + at, s, len);
	t->len += len;
}

void fl_text_done(struct fl_text *t)
{
	free(t->p);
	*t = (struct fl_text){0};
}
