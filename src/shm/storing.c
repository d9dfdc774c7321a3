/* SPDX-License-Identifier: MIT */
#include "shm/storing.h"

#include "base/size.h"
#include "base/stream_copy.h"

/* Of shorter pieces the lines at both ends, which are stored the usual way, are too many. */
#define PIECE_LEAST 1024u

/* A window of fewer bytes takes less time than a switch between processes. */
#define WINDOW_LEAST (UINT64_C(1) << 20)

/* A try takes two windows, which may be five times as long. Each one that was in vain makes the next one
 * come half as soon; the last ones cost 0.2 %, and come once per 16 GiB of a ring of 4 MiB. */
#define PAUSE_FIRST 4u
#define PAUSE_MOST 4096u

void fl_storing_init(struct fl_storing *s, uint64_t window_bytes)
{
	*s = (struct fl_storing){
		.window_bytes = FL_HAS_STREAM_COPY ? fl_max_u64(window_bytes, WINDOW_LEAST) : 0,
		.pause = PAUSE_FIRST};
}

bool fl_storing_past(const struct fl_storing *s, uint64_t len)
{
	return s->past && len >= PIECE_LEAST;
}

bool fl_storing_ended(struct fl_storing *s, uint64_t len)
{
	if (len < PIECE_LEAST || s->window_bytes == 0)
		return false;
	s->bytes += len;
	return s->bytes >= s->window_bytes;
}

/* One window in some takes several times as long: the producer had nothing to say, or was not running. So
 * a way becomes dearer slowly, and cheaper at once. */
static void note_cost(struct fl_storing *s, uint64_t now_ns)
{
	uint64_t *cost = &s->cost_ps[s->past];
	uint64_t seen = fl_max_u64(1, (now_ns - s->begun_ns) * 1000 / s->bytes);

	if (*cost == 0 || s->stale || seen < *cost)
		*cost = seen;
	else
		*cost = fl_min_u64(seen, *cost + *cost / 16 + 1);
	s->stale = false;
}

static void change(struct fl_storing *s)
{
	/* Back from a try that was in vain, it is known what the other way costs. */
	s->stale = s->windows > 0;
	s->past = !s->past;
	s->settled = false;
	s->windows = 0;
}

/* The other way is better, or not known, or it is time to try it again. */
static bool other_is_due(struct fl_storing *s)
{
	uint64_t other = s->cost_ps[!s->past];

	if (other == 0 || other < s->cost_ps[s->past])
		return true;
	if (++s->windows < s->pause)
		return false;
	s->pause = (unsigned)fl_min_u64(2 * s->pause, PAUSE_MOST);
	return true;
}

void fl_storing_learn(struct fl_storing *s, uint64_t now_ns)
{
	if (!s->settled) {
		s->settled = true;
	} else {
		note_cost(s, now_ns);
		if (other_is_due(s))
			change(s);
	}
	s->bytes = 0;
	s->begun_ns = now_ns;
}
