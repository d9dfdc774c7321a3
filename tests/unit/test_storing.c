/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "base/stream_copy.h"
#include "shm/storing.h"

#define MIB (UINT64_C(1) << 20)
#define PIECE 4096u

/**
 * struct machine - where a MiB costs so many ns by the caches, and past them
 * @now_ns, @past_bytes, @bytes: what has gone by
 */
struct machine {
	uint64_t cost_ns[2];
	uint64_t now_ns;
	uint64_t past_bytes;
	uint64_t bytes;
};

static void store(struct fl_storing *s, struct machine *m, uint64_t mib)
{
	for (uint64_t i = 0; i < mib * MIB / PIECE; i++) {
		bool past = fl_storing_past(s, PIECE);

		m->now_ns += m->cost_ns[past] * PIECE / MIB;
		m->past_bytes += past ? PIECE : 0;
		m->bytes += PIECE;
		if (fl_storing_ended(s, PIECE))
			fl_storing_learn(s, m->now_ns);
	}
}

static struct machine machine(uint64_t caches_ns, uint64_t past_ns)
{
	return (struct machine){.cost_ns = {caches_ns, past_ns}, .now_ns = 1000};
}

Test(storing, the_cheaper_way_is_found_and_kept)
{
	struct fl_storing s;
	struct machine m = machine(80000, 40000);

	if (!FL_HAS_STREAM_COPY)
		cr_skip_test("this processor has no stores past the caches");
	fl_storing_init(&s, 4 * MIB);
	store(&s, &m, 2000);
	cr_assert(m.past_bytes > m.bytes * 95 / 100);
	m = machine(16000, 40000);
	fl_storing_init(&s, 4 * MIB);
	store(&s, &m, 2000);
	cr_assert(m.past_bytes < m.bytes * 5 / 100);
}

/* A hypervisor moves one of the two processors. */
Test(storing, a_change_is_noticed)
{
	struct fl_storing s;
	struct machine m = machine(16000, 40000);

	if (!FL_HAS_STREAM_COPY)
		cr_skip_test("this processor has no stores past the caches");
	fl_storing_init(&s, 4 * MIB);
	store(&s, &m, 2000);
	m = machine(80000, 40000);
	store(&s, &m, 2000);
	cr_assert(m.past_bytes > m.bytes * 90 / 100);
	m = machine(16000, 40000);
	store(&s, &m, 100000);
	cr_assert(m.past_bytes < m.bytes * 50 / 100);
}

Test(storing, small_pieces_never_go_past_and_do_not_count)
{
	struct fl_storing s;

	fl_storing_init(&s, 64);
	s.past = true;
	cr_assert_not(fl_storing_past(&s, 1023));
	for (int i = 0; i < 100000; i++)
		cr_assert_not(fl_storing_ended(&s, 1023));
	cr_assert_eq(s.bytes, 0);
}

Test(stream_copy, is_memcpy_at_every_offset_and_length)
{
	static unsigned char from[700], to[700], want[700];

	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (unsigned char)(i * 7 + i / 256);
	for (size_t at = 0; at < 64; at += 3)
		for (size_t source = 0; source < 64; source += 13)
			for (size_t len = 0; len < 500; len += len < 140 ? 1 : 37) {
				memset(to, 0xaa, sizeof(to));
				memset(want, 0xaa, sizeof(want));
				memcpy(want + at, from + source, len);
				fl_stream_copy(to + at, from + source, len);
				cr_assert(memcmp(to, want, sizeof(to)) == 0, "%zu %zu %zu", at,
					  source, len);
			}
}
