/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/packet.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Smaller ones are copied: that costs less than a buffer of another size for the next part. */
#define TAKE_BYTES FL_KIB(16)

/* Spare buffers beyond that are freed: as many as are in the maps' hands at a time. */
#define SPARE_BYTES FL_MIB(16)

struct fl_packet_node *fl_packet_new(const struct fl_packet *head, const void *data)
{
	size_t len = (size_t)head->len;
	struct fl_packet_node *node = malloc(sizeof(*node));

	if (!node)
		return NULL;
	*node = (struct fl_packet_node){.head = *head, .capacity = len};
	if (len == 0)
		return node;
	node->data = malloc(len);
	if (!node->data) {
		free(node);
		return NULL;
	}
	if (data)
		memcpy(node->data, data, len);
	return node;
}

/* The part goes on with a buffer that was in use before: its pages are there, and in the caches. */
static void exchange(struct fl_packets *spare, struct fl_packet_node *node, struct fl_part *part)
{
	struct fl_packet_node *old = fl_packets_pop(spare);

	node->data = part->data;
	node->capacity = part->capacity;
	part->data = old ? old->data : NULL;
	part->capacity = old ? old->capacity : 0;
	part->len = 0;
	free(old);
}

struct fl_packet_node *fl_packet_take(struct fl_packets *spare, unsigned stage,
				      struct fl_part *part)
{
	struct fl_packet head = {.kind = FL_PACKET_PART,
				 .stage = stage,
				 .off = part->off,
				 .end = part->end,
				 .len = part->len};
	struct fl_packet_node *node;

	if (part->len < TAKE_BYTES)
		return fl_packet_new(&head, part->data);
	node = malloc(sizeof(*node));
	if (!node)
		return NULL;
	*node = (struct fl_packet_node){.head = head};
	exchange(spare, node, part);
	return node;
}

void fl_packet_free(struct fl_packet_node *node)
{
	if (node)
		free(node->data);
	free(node);
}

void fl_packet_spare(struct fl_packets *spare, struct fl_packet_node *node)
{
	if (node->capacity < TAKE_BYTES || spare->bytes + fl_packet_bytes(node) > SPARE_BYTES)
		fl_packet_free(node);
	else
		fl_packets_put_back(spare, node);
}

size_t fl_packet_bytes(const struct fl_packet_node *node)
{
	return sizeof(*node) + node->capacity;
}

void fl_packets_add(struct fl_packets *list, struct fl_packet_node *node)
{
	node->next = NULL;
	if (list->last)
		list->last->next = node;
	else
		list->first = node;
	list->last = node;
	list->bytes += fl_packet_bytes(node);
}

void fl_packets_put_back(struct fl_packets *list, struct fl_packet_node *node)
{
	node->next = list->first;
	list->first = node;
	if (!list->last)
		list->last = node;
	list->bytes += fl_packet_bytes(node);
}

struct fl_packet_node *fl_packets_pop(struct fl_packets *list)
{
	struct fl_packet_node *node = list->first;

	if (!node)
		return NULL;
	list->first = node->next;
	if (!list->first)
		list->last = NULL;
	list->bytes -= fl_packet_bytes(node);
	node->next = NULL;
	return node;
}

void fl_packets_drop(struct fl_packets *list)
{
	struct fl_packet_node *node;

	while ((node = fl_packets_pop(list)))
		fl_packet_free(node);
}
