/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_PACKET_H
#define FL_CLUSTER_MPI_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/operator.h>

enum fl_packet_kind {
	FL_PACKET_PART = 1, /* of an operator */
	FL_PACKET_HELD,     /* parts of operators with a carry are held here: @off is their mark */
	FL_PACKET_END,      /* the chunk is done, or failed */
	FL_PACKET_DONE      /* the rank has mapped all it will, or failed before it could */
};

/**
 * struct fl_packet - the head of what goes from maps to folds, also through MPI; @len bytes follow
 * @stage: PART: operator; END, DONE: whose error it is, at work at @failed_off, or FL_OPERATOR_NONE
 * @off, @end: PART: as in struct fl_part. END: @end as in struct fl_slot
 * @code:  END, DONE: 0 or the error, with @off, and its text behind it
 */
struct fl_packet {
	uint32_t kind;
	uint32_t stage;
	uint64_t chunk;
	uint64_t off;
	uint64_t end;
	uint64_t len;
	int64_t code;
	uint64_t failed_off;
};

/**
 * struct fl_packet_node - a packet in a list
 * @data: its bytes, in a buffer of @capacity, which is the node's
 */
struct fl_packet_node {
	struct fl_packet_node *next;
	struct fl_packet head;
	unsigned char *data;
	size_t capacity;
};

/**
 * struct fl_packets - a list
 * @bytes: of the nodes in it
 */
struct fl_packets {
	struct fl_packet_node *first;
	struct fl_packet_node *last;
	size_t bytes;
};

/** fl_packet_new() - with room for head->len bytes, copied from @data if it is not NULL. Return: or NULL. */
struct fl_packet_node *fl_packet_new(const struct fl_packet *head, const void *data);

/**
 * fl_packet_take() - of a part: large ones are not copied: the node has the part's buffer then, and the
 *                    part another one
 * @spare: buffers of nodes that are done with
 * Return: or NULL: nothing has changed.
 */
struct fl_packet_node *fl_packet_take(struct fl_packets *spare, unsigned stage,
				      struct fl_part *part);

/** fl_packet_free() - NULL is fine */
void fl_packet_free(struct fl_packet_node *node);

/** fl_packet_spare() - done with a node: its buffer may be of use to fl_packet_take(), which takes the last one */
void fl_packet_spare(struct fl_packets *spare, struct fl_packet_node *node);

/** fl_packet_bytes() - memory that a node takes */
size_t fl_packet_bytes(const struct fl_packet_node *node);

/** fl_packets_add() - at the end */
void fl_packets_add(struct fl_packets *list, struct fl_packet_node *node);

/** fl_packets_put_back() - at the beginning */
void fl_packets_put_back(struct fl_packets *list, struct fl_packet_node *node);

/** fl_packets_pop() - the first one; NULL: none */
struct fl_packet_node *fl_packets_pop(struct fl_packets *list);

/** fl_packets_drop() - free all */
void fl_packets_drop(struct fl_packets *list);

#endif
