/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/inbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/error.h>

void fl_inbox_begin(struct fl_inbox *in, uint64_t credit)
{
	in->at = in->len = 0;
	in->got = in->folded = 0;
	in->told = in->want = (struct fl_control){.given = credit};
	in->done = in->left = false;
}

static int make_room(struct fl_inbox *in, size_t n)
{
	size_t room = in->room ? in->room : 65536;
	unsigned char *more;

	if (in->at > 0 && in->room - in->len < n) {
		memmove(in->data, in->data + in->at, in->len - in->at);
		in->len -= in->at;
		in->at = 0;
	}
	if (in->data && in->room - in->len >= n)
		return 0;
	while (room - in->len < n)
		room *= 2;
	more = realloc(in->data, room);
	if (!more)
		return -ENOMEM;
	in->data = more;
	in->room = room;
	return 0;
}

int fl_inbox_receive(struct fl_inbox *all, struct fl_ranks *r, uint64_t *bytes)
{
	struct fl_inbox *in;
	MPI_Message message;
	MPI_Status status;
	int there = 0, n = 0;

	MPI_Improbe(MPI_ANY_SOURCE, FL_TAG_DATA, r->comm, &there, &message, &status);
	if (!there)
		return 0;
	in = &all[status.MPI_SOURCE];
	MPI_Get_count(&status, MPI_BYTE, &n);
	if (n < 0 || make_room(in, (size_t)n) < 0)
		return -ENOMEM;
	MPI_Mrecv(in->data + in->len, n, MPI_BYTE, &message, MPI_STATUS_IGNORE);
	in->len += (size_t)n;
	in->got += (uint64_t)n;
	*bytes += (uint64_t)n;
	if (n == 0)
		in->left = true;
	return in->got > in->told.given ? -FL_ECORRUPT : 1;
}

void fl_inbox_tell(struct fl_inbox *in, struct fl_ranks *r, int rank)
{
	int sent = 0;

	if (in->sending) {
		MPI_Test(&in->request, &sent, MPI_STATUS_IGNORE);
		in->sending = !sent;
	}
	if (in->sending || memcmp(&in->told, &in->want, sizeof(in->want)) == 0)
		return;
	in->buffer = in->told = in->want;
	MPI_Isend(&in->buffer, (int)sizeof(in->buffer), MPI_BYTE, rank, FL_TAG_CONTROL, r->comm,
		  &in->request);
	in->sending = true;
}

int fl_inbox_peek(const struct fl_inbox *in, struct fl_packet *ret, const unsigned char **ret_data)
{
	size_t have = in->len - in->at;

	if (have < sizeof(*ret))
		return 0;
	memcpy(ret, in->data + in->at, sizeof(*ret));
	*ret_data = in->data + in->at + sizeof(*ret);
	return have - sizeof(*ret) >= ret->len ? 2 : 1;
}

void fl_inbox_drop(struct fl_inbox *in, const struct fl_packet *head)
{
	size_t n = sizeof(*head) + (size_t)head->len;

	in->at += n;
	in->folded += n;
	if (in->at == in->len)
		in->at = in->len = 0;
}

void fl_inbox_done(struct fl_inbox *in)
{
	free(in->data);
	in->data = NULL;
	in->room = 0;
}
