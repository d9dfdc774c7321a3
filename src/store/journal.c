/* SPDX-License-Identifier: MIT */
#include "store/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "base/size.h"
#include "store/journal_block.h"
#include "store/journal_name.h"

uint64_t fl_journal_space(uint64_t len)
{
	uint64_t bytes = len + FL_JGROUP_HEAD_BYTES;

	return (bytes + FL_JBLOCK_PAYLOAD - 1) / FL_JBLOCK_PAYLOAD * FL_JBLOCK_BYTES;
}

static int make_nonce(uint64_t *ret)
{
	int r;

	do
		r = fl_random_bytes(ret, sizeof(*ret));
	while (r == 0 && *ret == 0);
	return r;
}

int fl_journal_create(struct fl_durable *durable, const struct fl_target *t, const char *name,
		      struct fl_journal *ret, struct fl_error *reterr)
{
	struct fl_journal j = {
		.durable = durable, .fd = -1, .dir_fd = t->dir_fd, .limit_bytes = UINT64_MAX};
	int r = make_nonce(&j.nonce);

	j.name = name ? strdup(name) : fl_journal_name(t->name);
	j.buffer = malloc(FL_JOURNAL_BUFFER_BYTES);
	if (r == 0 && (!j.name || !j.buffer))
		r = -ENOMEM;
	if (r == 0) {
		j.fd = fl_target_create(t, j.name);
		r = j.fd < 0 ? j.fd : fl_beside_lock(j.fd, false);
	}
	if (r < 0) {
		r = fl_error_set(reterr, r, FL_OFF_NONE, "journal %s: %s", j.name ? j.name : "",
				 r == -EEXIST ? "there is one already" : fl_strerror(r));
		fl_journal_close(&j);
		return r;
	}
	*ret = j;
	return 0;
}

int fl_journal_failed(const struct fl_journal *j, int code, struct fl_error *reterr)
{
	return fl_error_set(reterr, code, FL_OFF_NONE, "journal %s: %s", j->name,
			    fl_strerror(code));
}

int fl_journal_reserve(struct fl_journal *j, uint64_t bytes, struct fl_error *reterr)
{
	uint64_t want = j->blocks * FL_JBLOCK_BYTES + bytes;
	int r;

	if (want > j->limit_bytes)
		return fl_error_set(reterr, -FL_ELIMIT, FL_OFF_NONE,
				    "the journal needs %llu bytes, more than --journal-max allows",
				    (unsigned long long)want);
	if (want <= j->reserved_bytes)
		return 0;
	r = fl_durable_allocate(j->durable, j->fd, want);
	if (r < 0)
		return fl_journal_failed(j, r, reterr);
	j->reserved_bytes = want;
	return 0;
}

/**
 * struct filler - spreads bytes over the payloads of blocks
 * @number: of the next block; @in: blocks that the buffer holds; @used: payload bytes of the last
 */
struct filler {
	struct fl_journal *j;
	uint64_t number;
	size_t in;
	size_t used;
};

static int write_out(struct filler *f)
{
	size_t len = f->in * FL_JBLOCK_BYTES;
	int r;

	for (size_t k = 0; k < f->in; k++)
		fl_jblock_seal(f->j->buffer + k * FL_JBLOCK_BYTES,
			       &(struct fl_jblock_tag){.nonce = f->j->nonce,
						       .seq = f->j->seq,
						       .number = f->number + k,
						       .ahead = f->j->ahead});
	r = fl_durable_write(f->j->durable, f->j->fd, f->j->buffer, len,
			     f->number * FL_JBLOCK_BYTES);
	f->number += f->in;
	f->in = 0;
	return r;
}

static int fill(struct filler *f, const unsigned char *p, size_t len)
{
	while (len > 0) {
		unsigned char *block;
		size_t n;

		if (f->in == 0 || f->used == FL_JBLOCK_PAYLOAD) {
			int r = f->in == FL_JOURNAL_BUFFER_BLOCKS ? write_out(f) : 0;

			if (r < 0)
				return r;
			memset(f->j->buffer + f->in * FL_JBLOCK_BYTES, 0, FL_JBLOCK_BYTES);
			f->in++;
			f->used = 0;
		}
		block = f->j->buffer + (f->in - 1) * FL_JBLOCK_BYTES;
		n = fl_min_size(len, FL_JBLOCK_PAYLOAD - f->used);
		memcpy(block + FL_JBLOCK_TAG_BYTES + f->used, p, n);
		f->used += n;
		p += n;
		len -= n;
	}
	return 0;
}

static void make_head(unsigned char *head, enum fl_jgroup_type type, const uint64_t *numbers,
		      uint64_t len)
{
	memcpy(head, "FLJ1", 4);
	fl_put32(head + 4, (uint32_t)type);
	fl_put64(head + 8, len);
	for (size_t k = 0; k < FL_JGROUP_NUMBERS; k++)
		fl_put64(head + 16 + 8 * k, numbers ? numbers[k] : 0);
}

int fl_journal_append(struct fl_journal *j, enum fl_jgroup_type type, const uint64_t *numbers,
		      const struct fl_jpiece *pieces, size_t count, struct fl_error *reterr)
{
	struct filler f = {.j = j, .number = j->blocks};
	unsigned char head[FL_JGROUP_HEAD_BYTES];
	uint64_t len = 0;
	int r;

	for (size_t k = 0; k < count; k++)
		len += pieces[k].len;
	if (len > FL_JGROUP_BYTES_MAX)
		return fl_journal_failed(j, -FL_ELIMIT, reterr);
	r = fl_journal_reserve(j, fl_journal_space(len), reterr);
	if (r < 0)
		return r;
	make_head(head, type, numbers, len);
	r = fill(&f, head, sizeof(head));
	for (size_t k = 0; r == 0 && k < count; k++)
		r = fill(&f, pieces[k].data, pieces[k].len);
	if (r == 0)
		r = write_out(&f);
	if (r < 0)
		return fl_journal_failed(j, r, reterr);
	j->blocks = f.number;
	j->seq++;
	return 0;
}

int fl_journal_write_at(struct fl_journal *j, uint64_t off, const void *data, size_t len,
			struct fl_error *reterr)
{
	int r = fl_durable_write(j->durable, j->fd, data, len, off);

	return r < 0 ? fl_journal_failed(j, r, reterr) : 0;
}

int fl_journal_sync(struct fl_journal *j, struct fl_error *reterr)
{
	int r = fl_durable_sync(j->durable, j->fd);

	return r < 0 ? fl_journal_failed(j, r, reterr) : 0;
}

int fl_journal_remove(struct fl_journal *j, struct fl_error *reterr)
{
	int r = fl_durable_unlink(j->durable, j->dir_fd, j->name);

	if (r == 0)
		r = fl_durable_sync_all(j->durable, j->dir_fd);
	if (r < 0)
		r = fl_journal_failed(j, r, reterr);
	fl_journal_close(j);
	return r;
}

void fl_journal_close(struct fl_journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	free(j->name);
	free(j->buffer);
	j->name = NULL;
	j->buffer = NULL;
}
