/* SPDX-License-Identifier: MIT */
#ifndef FL_SHM_STORING_H
#define FL_SHM_STORING_H

#include <stdbool.h>
#include <stdint.h>

/**
 * DOC: How a ring's producer stores: into its caches, or past them.
 *
 * Where both processors share a cache, a line that was stored into it is there for the other one to
 * read. Where they do not, each line goes to and fro between two caches, and is read sooner from memory.
 * Nobody tells which it is, and a hypervisor changes it under a running program. 4 KiB messages, GB/s
 * (Zen 5, 4 MiB): one shared cache 63 to 75 by the caches; none 12 by the caches, 16 to 24 past them.
 *
 * So it is measured: in windows as long as the ring. The first window after a change does not count, since the
 * other side still reads what was stored the other way. Now and then the other way gets a try.
 */

/**
 * struct fl_storing - of one producer; private to it
 * @window_bytes: the ring's capacity, 0: nothing to choose
 * @bytes:     stored in this window, which began at @begun_ns (fl_clock_ns()); 0: not yet
 * @cost_ps:   of a byte, by each way; 0: unknown
 * @windows:   since the last try; the next one comes after @pause of them
 * @past:      the way now: past the caches?
 * @settled:   the window is all of one way
 * @stale:     what the way now costs was found out long ago
 */
struct fl_storing {
	uint64_t window_bytes;
	uint64_t bytes;
	uint64_t begun_ns;
	uint64_t cost_ps[2];
	unsigned windows;
	unsigned pause;
	bool past;
	bool settled;
	bool stale;
};

/** fl_storing_init() - @window_bytes: the ring's capacity */
void fl_storing_init(struct fl_storing *s, uint64_t window_bytes);

/** fl_storing_past() - does a piece of @len bytes go past the caches? */
bool fl_storing_past(const struct fl_storing *s, uint64_t len);

/** fl_storing_ended() - count @len bytes; is the window over, so that the clock is worth a look? */
bool fl_storing_ended(struct fl_storing *s, uint64_t len);

/** fl_storing_learn() - a window ended at @now_ns: choose the way of the next one */
void fl_storing_learn(struct fl_storing *s, uint64_t now_ns);

#endif
