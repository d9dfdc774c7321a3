/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "cluster/mpi/inbox.h"

/* What comes from a rank, in whatever steps. */
static void put(struct fl_inbox *in, const void *data, size_t len)
{
	in->data = realloc(in->data, in->len + len);
	memcpy(in->data + in->len, data, len);
	in->len += len;
	in->got += len;
}

Test(inbox, a_packet_is_seen_when_its_head_is_there_and_taken_when_all_of_it_is)
{
	struct fl_inbox in = {0};
	struct fl_packet head = {.kind = FL_PACKET_PART, .chunk = 4, .len = 10}, seen;
	const unsigned char *data;
	unsigned char bytes[sizeof(head) + 10];

	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), "0123456789", 10);
	fl_inbox_begin(&in, 4096);
	for (size_t n = 0; n < sizeof(bytes); n++) {
		cr_assert(fl_inbox_peek(&in, &seen, &data) == (n < sizeof(head) ? 0 : 1));
		put(&in, bytes + n, 1);
	}
	cr_assert(fl_inbox_peek(&in, &seen, &data) == 2);
	cr_assert(seen.chunk == 4 && seen.len == 10 && memcmp(data, "0123456789", 10) == 0);
	put(&in, bytes, sizeof(bytes));
	fl_inbox_drop(&in, &seen);
	cr_assert(in.folded == sizeof(bytes) && in.at == sizeof(bytes));
	cr_assert(fl_inbox_peek(&in, &seen, &data) == 2);
	fl_inbox_drop(&in, &seen);
	cr_assert(in.at == 0 && in.len == 0 && in.folded == in.got);
	fl_inbox_done(&in);
	cr_assert(!in.data);
}

Test(inbox, a_new_run_has_forgotten_the_last_one)
{
	struct fl_inbox in = {.got = 5, .folded = 3, .at = 1, .len = 2, .done = true, .left = true};

	fl_inbox_begin(&in, 1234);
	cr_assert(in.got == 0 && in.folded == 0 && in.len == 0 && !in.done && !in.left);
	cr_assert(in.told.given == 1234 && in.want.given == 1234 && !in.told.over);
}
