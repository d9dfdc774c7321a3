/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_CHANNEL_H
#define FL_PLAT_CHANNEL_H

#include <stddef.h>

/**
 * DOC: The kernel's own ways from one process to another, to be measured against.
 *
 * One direction each; made before fork(2), the child has both ends, too.
 */
enum fl_channel_kind {
	FL_CHANNEL_PIPE,
	FL_CHANNEL_UNIX,
	FL_CHANNEL_SPLICE,
	FL_CHANNEL_MQUEUE
};

/**
 * struct fl_channel - @in, @out: ends of it; @pipe: splice: what pages go through
 */
struct fl_channel {
	enum fl_channel_kind kind;
	int in;
	int out;
	int pipe[2];
	size_t message_bytes;
};

/** fl_channel_open() - Return: 0; -EMSGSIZE: messages too large for a queue; -errno. */
int fl_channel_open(enum fl_channel_kind kind, size_t message_bytes, struct fl_channel *ret);

/** fl_channel_send(), fl_channel_receive() - one whole message. Return: 0; -EPIPE; -errno. */
int fl_channel_send(struct fl_channel *ch, const void *data, size_t len);
int fl_channel_receive(struct fl_channel *ch, void *buf, size_t len);

/** fl_channel_close() - both ends; fine on a closed one */
void fl_channel_close(struct fl_channel *ch);

#endif
