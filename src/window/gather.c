/* SPDX-License-Identifier: MIT */
#include "window/gather.h"

#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "plat/file.h"
#include "plat/mapping.h"

/* How often the address space is looked at: to write so much takes 10 ms and more. */
#define CHECK_BYTES FL_MIB(64)

void fl_gather_init(struct fl_gather *g, size_t limit)
{
	*g = (struct fl_gather){.limit = limit, .fd = -1};
}

void fl_gather_reset(struct fl_gather *g)
{
	fl_unmap(g->map, g->map_len);
	fl_fd_close(g->fd);
	g->map = NULL;
	g->fd = -1;
	g->len = 0;
}

void fl_gather_done(struct fl_gather *g)
{
	fl_gather_reset(g);
	fl_unmap(g->buffer, g->capacity);
	g->buffer = NULL;
	g->capacity = 0;
}

static int grow(struct fl_gather *g, size_t need)
{
	size_t capacity = fl_max_size(g->capacity, FL_KIB(64));
	unsigned char *bigger;

	while (capacity < need)
		capacity *= 2;
	capacity = fl_min_size(capacity, fl_max_size(need, g->limit));
	if (capacity <= g->capacity)
		return 0;
	bigger = fl_map_anon(capacity);
	if (!bigger)
		return -ENOMEM;
	if (g->len > 0 && g->fd < 0)
		memcpy(bigger, g->buffer, (size_t)g->len);
	fl_unmap(g->buffer, g->capacity);
	g->buffer = bigger;
	g->capacity = capacity;
	return 0;
}

static int spill(struct fl_gather *g)
{
	int r = fl_file_temp();

	if (r < 0)
		return r;
	g->fd = r;
	return fl_fd_pwrite(g->fd, g->buffer, (size_t)g->len, 0);
}

int fl_gather_space(struct fl_gather *g, size_t n, unsigned char **ret)
{
	int r = 0;

	if (g->fd < 0 && g->len > 0 && g->len + n > g->limit)
		r = spill(g);
	if (r == 0)
		r = grow(g, g->fd < 0 ? (size_t)g->len + n : n);
	if (r < 0)
		return r;
	/* Once spilled, the memory is where pieces stay until they are written. */
	*ret = g->fd < 0 ? g->buffer + g->len : g->buffer;
	return 0;
}

/* In the end it is mapped: gigabytes are not written that cannot be. */
static int check_room(const struct fl_gather *g, size_t n)
{
	if (g->len / CHECK_BYTES == (g->len + n) / CHECK_BYTES)
		return 0;
	return fl_address_space_left() < g->len ? -ENOMEM : 0;
}

int fl_gather_commit(struct fl_gather *g, size_t n)
{
	int r = 0;

	if (g->fd >= 0)
		r = check_room(g, n);
	if (g->fd >= 0 && r == 0)
		r = fl_fd_pwrite(g->fd, g->buffer, n, g->len);
	if (r == 0)
		g->len += n;
	return r;
}

int fl_gather_finish(struct fl_gather *g, const unsigned char **ret)
{
	int r = 0;

	if (g->fd < 0) {
		*ret = g->buffer;
		return 0;
	}
	if (g->map && g->map_len == g->len) {
		*ret = g->map;
		return 0;
	}
	fl_unmap(g->map, g->map_len);
	g->map_len = (size_t)g->len;
	g->map = fl_map_file(g->fd, 0, g->map_len, &r);
	*ret = g->map;
	return g->map ? 0 : r;
}
