/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "shm/mutex.h"
#include "shm/object.h"

/* A value that is put more often than it can be read is torn this often at most. */
#define TRIES 1000u

/* 1 GiB: a value, not a file. */
#define ROOM_MAX (UINT64_C(1) << 30)

static uint64_t words_of(uint64_t bytes)
{
	return (bytes + 7) / 8;
}

uint64_t fl_cell_bytes(const struct fl_shm_spec *spec)
{
	if (spec->bytes == 0 || spec->bytes > ROOM_MAX)
		return 0;
	return sizeof(struct fl_cell_body) + 2 * 8 * words_of(spec->bytes);
}

int fl_cell_init(void *body, const struct fl_shm_spec *spec)
{
	struct fl_cell_body *c = body;

	c->room = spec->bytes;
	return fl_mutex_init(&c->lock);
}

/* Return: bytes of a value, as far as the body really has room for two. */
static uint64_t room_of(const struct fl_shm_object *o, const struct fl_cell_body *c)
{
	uint64_t room = c->room;

	return room <= ROOM_MAX && sizeof(*c) + 16 * words_of(room) <= o->bytes ? room : 0;
}

/* By whole words: what a reader copies while it is written is torn between words, and is thrown
 * away because the version moved. */
static void store_words(_Atomic uint64_t *to, const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = 0;

		memcpy(&word, data + i, fl_min_size(8, len - i));
		atomic_store_explicit(&to[i / 8], word, memory_order_release);
	}
}

static void load_words(unsigned char *buf, const _Atomic uint64_t *from, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = atomic_load_explicit(&from[i / 8], memory_order_acquire);

		memcpy(buf + i, &word, fl_min_size(8, len - i));
	}
}

int fl_shm_cell_put(struct fl_shm_object *o, const void *data, size_t len)
{
	struct fl_cell_body *c = fl_object_body(o);
	uint64_t room, next;
	int r;

	if (o->kind != FL_SHM_CELL)
		return -EINVAL;
	room = room_of(o, c);
	if (len > room)
		return -EMSGSIZE;
	/* A writer that died in here left the slot half written that does not count. */
	r = fl_mutex_lock(&c->lock, FL_FOREVER, NULL, NULL);
	if (r < 0)
		return r;
	next = atomic_load(&c->version) + 1;
	/* Who sees one of the words sees the version before this one. */
	atomic_store_explicit(&c->len[next % 2], len, memory_order_release);
	store_words(c->words + (next % 2) * words_of(room), data, len);
	atomic_store_explicit(&c->version, next, memory_order_release);
	fl_mutex_unlock(&c->lock);
	return 0;
}

int64_t fl_shm_cell_get(struct fl_shm_object *o, void *buf, size_t size, uint64_t *ret_version)
{
	struct fl_cell_body *c = fl_object_body(o);
	uint64_t room, version, len;

	if (o->kind != FL_SHM_CELL)
		return -EINVAL;
	room = room_of(o, c);
	for (unsigned i = 0; i < TRIES; i++) {
		version = atomic_load_explicit(&c->version, memory_order_acquire);
		len = atomic_load_explicit(&c->len[version % 2], memory_order_acquire);
		if (len <= room && len <= size)
			load_words(buf, c->words + (version % 2) * words_of(room), (size_t)len);
		if (atomic_load_explicit(&c->version, memory_order_relaxed) != version)
			continue;
		if (len > room)
			return -FL_ECORRUPT;
		if (ret_version)
			*ret_version = version;
		return len > size ? -EMSGSIZE : (int64_t)len;
	}
	return -EAGAIN;
}
