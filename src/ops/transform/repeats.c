/* SPDX-License-Identifier: MIT */
#include "ops/transform/repeats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

void fl_repeats_start(struct fl_repeats *r)
{
	r->records = r->bytes = 0;
	r->last = NULL;
	r->last_len = r->same = r->kept_len = 0;
	r->has_last = r->copying = r->too_long = false;
}

void fl_repeats_done(struct fl_repeats *r)
{
	free(r->kept);
	*r = (struct fl_repeats){0};
}

static int put_out(struct fl_repeats *r, const unsigned char *data, size_t len)
{
	return len > 0 && r->write ? r->write(r->arg, data, len) : 0;
}

/* Bytes of a record of which only a part is in sight. */
static int keep(struct fl_repeats *r, const unsigned char *data, size_t len)
{
	size_t need = r->kept_len + len;

	r->too_long = r->too_long || need > FL_REPEATS_RECORD_MAX;
	if (r->too_long || len == 0)
		return 0;
	if (need > r->kept_size) {
		size_t size = fl_max_size(need, fl_max_size(2 * r->kept_size, FL_KIB(4)));
		unsigned char *kept = realloc(r->kept, size);

		if (!kept)
			return -ENOMEM;
		r->kept = kept;
		r->kept_size = size;
	}
	memcpy(r->kept + r->kept_len, data, len);
	r->kept_len = need;
	return 0;
}

static void last_is(struct fl_repeats *r, const unsigned char *p, size_t len)
{
	r->last = p;
	r->last_len = len;
	r->has_last = len <= FL_REPEATS_RECORD_MAX;
}

static void last_is_kept(struct fl_repeats *r)
{
	last_is(r, r->kept, r->kept_len);
	r->has_last = !r->too_long;
	r->copying = r->too_long = false;
	r->same = 0;
}

/** struct piece - of the text: [pos, len) is to be looked at, [begin, pos) stays and is not written */
struct piece {
	const unsigned char *data;
	size_t len;
	size_t begin;
	size_t pos;
};

static int put_run(struct fl_repeats *r, struct piece *p, size_t end)
{
	size_t begin = p->begin;

	p->begin = end;
	return put_out(r, p->data + begin, end - begin);
}

/*
 * The record began in an earlier piece, is not what @last is, and its first @same bytes, which are
 * those of @last in @kept, were held back.
 */
static int tell_apart(struct fl_repeats *r)
{
	size_t same = r->same;

	r->kept_len = same;
	r->copying = true;
	r->has_last = false;
	r->same = 0;
	return put_out(r, r->kept, same);
}

/* An empty record that was kept stands nowhere. */
static bool may_be_last(const struct fl_repeats *r, const struct piece *p, size_t n)
{
	return r->has_last && !r->copying && n <= r->last_len - r->same &&
	       (n == 0 || memcmp(p->data + p->pos, r->last + r->same, n) == 0);
}

/* The record whose end, without the delimiter, is at @end. */
static int whole_record(struct fl_repeats *r, struct piece *p, size_t end)
{
	size_t n = end - p->pos;
	int rc = 0;

	if (may_be_last(r, p, n) && r->same + n == r->last_len) {
		r->records++;
		r->bytes += r->last_len + 1;
		rc = put_run(r, p, p->pos);
		p->begin = end + 1;
		r->same = 0;
	} else {
		if (r->same > 0)
			rc = tell_apart(r);
		if (rc == 0 && r->copying)
			rc = keep(r, p->data + p->pos, n);
		if (r->copying)
			last_is_kept(r);
		else
			last_is(r, p->data + p->pos, n);
	}
	p->pos = end + 1;
	return rc;
}

/* The piece ends within a record. */
static int first_part(struct fl_repeats *r, struct piece *p)
{
	size_t n = p->len - p->pos;
	int rc = 0;

	if (may_be_last(r, p, n)) {
		rc = put_run(r, p, p->pos);
		p->begin = p->len;
		r->same += n;
	} else {
		if (r->same > 0)
			rc = tell_apart(r);
		else if (!r->copying)
			r->kept_len = 0;
		r->copying = true;
		r->has_last = false;
		if (rc == 0)
			rc = keep(r, p->data + p->pos, n);
	}
	p->pos = p->len;
	return rc;
}

/* What the next piece is compared with does not stand in this one. */
static int save_last(struct fl_repeats *r)
{
	int rc;

	if (!r->has_last || r->copying || r->last == r->kept)
		return 0;
	r->kept_len = 0;
	rc = keep(r, r->last, r->last_len);
	r->last = r->kept;
	return rc;
}

int fl_repeats_put(struct fl_repeats *r, const unsigned char *data, size_t len)
{
	struct piece p = {.data = data, .len = len};
	int rc = 0;

	while (rc == 0 && p.pos < len) {
		const unsigned char *end = memchr(data + p.pos, r->delimiter, len - p.pos);

		rc = end ? whole_record(r, &p, (size_t)(end - data)) : first_part(r, &p);
	}
	if (rc == 0)
		rc = put_run(r, &p, len);
	return rc < 0 ? rc : rc == 0 ? save_last(r) : rc;
}

int fl_repeats_end(struct fl_repeats *r)
{
	if (r->same == 0)
		return 0;
	if (r->same < r->last_len)
		return tell_apart(r);
	r->records++;
	r->bytes += r->same;
	r->same = 0;
	return 0;
}
