/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "cluster/mpi/packet.h"

static struct fl_part make_part(size_t len, unsigned char fill)
{
	struct fl_part part = {.off = 7, .end = 99, .limit = 1 << 20};

	cr_assert(fl_part_reserve(&part, len) == 0);
	memset(part.data, fill, len);
	part.len = len;
	return part;
}

static void check(const struct fl_packet_node *node, size_t len, unsigned char fill)
{
	cr_assert(node->head.kind == FL_PACKET_PART && node->head.stage == 3);
	cr_assert(node->head.off == 7 && node->head.end == 99 && node->head.len == len);
	for (size_t i = 0; i < len; i++)
		cr_assert(node->data[i] == fill);
}

Test(packet, a_small_part_is_copied)
{
	struct fl_packets spare = {0};
	struct fl_part part = make_part(100, 5);
	unsigned char *data = part.data;
	struct fl_packet_node *node = fl_packet_take(&spare, 3, &part);

	cr_assert(node && part.data == data && node->data != data);
	check(node, 100, 5);
	/* Not worth keeping. */
	fl_packet_spare(&spare, node);
	cr_assert(!spare.first && spare.bytes == 0);
	free(part.data);
}

Test(packet, a_large_part_changes_hands)
{
	struct fl_packets spare = {0};
	struct fl_part part = make_part(100000, 5);
	unsigned char *first = part.data;
	struct fl_packet_node *node = fl_packet_take(&spare, 3, &part);

	cr_assert(node && node->data == first && !part.data && part.capacity == 0 && part.len == 0);
	check(node, 100000, 5);
	fl_packet_spare(&spare, node);
	cr_assert(spare.first && spare.bytes > 100000);

	part = make_part(50000, 6);
	node = fl_packet_take(&spare, 3, &part);
	check(node, 50000, 6);
	/* The next part has the buffer of the one before, all of it. */
	cr_assert(part.data == first && part.capacity >= 100000 && part.len == 0);
	cr_assert(!spare.first && spare.bytes == 0);
	fl_packet_free(node);
	free(part.data);
}

Test(packet, the_last_spare_buffer_is_used_first)
{
	struct fl_packets spare = {0};
	struct fl_part part;
	unsigned char *last = NULL;

	for (unsigned i = 0; i < 3; i++) {
		struct fl_packet head = {.kind = FL_PACKET_PART, .len = 40000};
		struct fl_packet_node *node = fl_packet_new(&head, NULL);

		last = node->data;
		fl_packet_spare(&spare, node);
	}
	part = make_part(40000, 1);
	fl_packet_free(fl_packet_take(&spare, 3, &part));
	cr_assert(part.data == last);
	free(part.data);
	fl_packets_drop(&spare);
	cr_assert(!spare.first && !spare.last && spare.bytes == 0);
}

Test(packet, spare_buffers_are_bounded)
{
	struct fl_packets spare = {0};

	for (unsigned i = 0; i < 100; i++) {
		struct fl_packet head = {.kind = FL_PACKET_PART, .len = 1 << 20};

		fl_packet_spare(&spare, fl_packet_new(&head, NULL));
	}
	cr_assert(spare.bytes <= 16 << 20);
	fl_packets_drop(&spare);
}

Test(packet, lists_are_in_order)
{
	struct fl_packets list = {0};
	struct fl_packet_node *node;

	for (uint64_t i = 0; i < 5; i++) {
		struct fl_packet head = {.kind = FL_PACKET_END, .chunk = i, .len = i};

		node = fl_packet_new(&head, "abcd");
		cr_assert((node->data == NULL) == (i == 0));
		fl_packets_add(&list, node);
	}
	for (uint64_t i = 0; i < 5; i++) {
		node = fl_packets_pop(&list);
		cr_assert(node->head.chunk == i && !node->next);
		cr_assert(i == 0 || memcmp(node->data, "abcd", i) == 0);
		fl_packet_free(node);
	}
	cr_assert(!fl_packets_pop(&list) && list.bytes == 0 && !list.last);
	fl_packet_free(NULL);
}
