/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/size.h"

/* A nap begins at what the kernel's timers can do (50 us of slack) and ends where 1,000 looks a second
 * are less than 1 % of a processor. */
#define NAP_LEAST_NS UINT64_C(20000)
#define NAP_MOST_NS UINT64_C(1000000)

void fl_ranks_init(struct fl_ranks *r, int *argc, char ***argv)
{
	char host[MPI_MAX_PROCESSOR_NAME];
	int provided = 0, len = 0;

	MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &provided);
	r->start_ns = fl_clock_ns();
	if (provided < MPI_THREAD_SERIALIZED) {
		fputs("faultline-mpi: this MPI library does not go with threads\n", stderr);
		MPI_Abort(MPI_COMM_WORLD, 2);
	}
	r->comm = MPI_COMM_WORLD;
	MPI_Comm_rank(r->comm, &r->rank);
	MPI_Comm_size(r->comm, &r->size);
	MPI_Get_processor_name(host, &len);
	snprintf(r->where, sizeof(r->where), " (rank %d on %.*s)", r->rank, len, host);
	MPI_Win_allocate(r->rank == 0 ? sizeof(*r->counter) : 0, sizeof(*r->counter), MPI_INFO_NULL,
			 r->comm, &r->counter, &r->window);
	MPI_Win_lock_all(0, r->window);
}

void fl_ranks_done(struct fl_ranks *r)
{
	MPI_Win_unlock_all(r->window);
	MPI_Win_free(&r->window);
	MPI_Finalize();
}

uint64_t fl_nap_ns(unsigned quiet)
{
	return fl_min_u64(NAP_LEAST_NS << (quiet < 8 ? quiet : 8), NAP_MOST_NS);
}

void fl_ranks_nap(unsigned quiet)
{
	struct timespec t = {.tv_nsec = (long)fl_nap_ns(quiet / 16)};

	nanosleep(&t, NULL);
}

void fl_ranks_wait(MPI_Request *request)
{
	unsigned quiet = 0;
	int done = 0;

	for (;;) {
		MPI_Test(request, &done, MPI_STATUS_IGNORE);
		if (done)
			return;
		fl_ranks_nap(quiet++);
	}
}

static void broadcast(struct fl_ranks *r, void *data, size_t len)
{
	MPI_Request request;

	MPI_Ibcast(data, (int)len, MPI_BYTE, 0, r->comm, &request);
	fl_ranks_wait(&request);
}

size_t fl_order_tail_bytes(const struct fl_order *order)
{
	return (size_t)(order->name_len + 1 + order->recipe_len + order->pieces_len);
}

void fl_ranks_order(struct fl_ranks *r, struct fl_order *order, char **tail)
{
	size_t len, at, n;

	broadcast(r, order, sizeof(*order));
	len = fl_order_tail_bytes(order);
	if (r->rank > 0)
		*tail = calloc(1, len);
	if (!*tail)
		MPI_Abort(r->comm, 2);
	/* MPI counts in int. */
	for (at = 0; at < len; at += n) {
		n = fl_min_size(len - at, FL_MIB(64));
		broadcast(r, *tail + at, n);
	}
}

void fl_ranks_reset(struct fl_ranks *r, uint64_t chunk)
{
	int64_t first = (int64_t)chunk, before;

	MPI_Fetch_and_op(&first, &before, MPI_INT64_T, 0, 0, MPI_REPLACE, r->window);
	MPI_Win_flush(0, r->window);
}

uint64_t fl_ranks_claim(struct fl_ranks *r, uint64_t step)
{
	int64_t add = (int64_t)step, before = 0;

	MPI_Fetch_and_op(&add, &before, MPI_INT64_T, 0, 0, MPI_SUM, r->window);
	MPI_Win_flush(0, r->window);
	return (uint64_t)before;
}

void fl_ranks_sum(struct fl_ranks *r, struct fl_tally *tally)
{
	struct fl_tally sum = {0};
	MPI_Request request;

	_Static_assert(sizeof(*tally) % sizeof(uint64_t) == 0, "numbers only");
	MPI_Ireduce(tally, &sum, (int)(sizeof(*tally) / sizeof(uint64_t)), MPI_UINT64_T, MPI_SUM, 0,
		    r->comm, &request);
	fl_ranks_wait(&request);
	if (r->rank == 0)
		*tally = sum;
}
