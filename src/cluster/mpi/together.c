/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/together.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/* Counts are ints in MPI; and a rank holds so much more than its own. */
#define STEP_BYTES FL_MIB(1)
#define WRITE_BYTES FL_MIB(256)

int fl_together_lowest(struct fl_ranks *r, int value)
{
	MPI_Request request;
	int lowest = value;

	MPI_Iallreduce(&value, &lowest, 1, MPI_INT, MPI_MIN, r->comm, &request);
	fl_ranks_wait(&request);
	return lowest;
}

void fl_together_place(struct fl_ranks *r, uint64_t mine, uint64_t *ret_before, uint64_t *ret_all)
{
	uint64_t before = 0, all = 0;
	MPI_Request request;

	MPI_Iexscan(&mine, &before, 1, MPI_UINT64_T, MPI_SUM, r->comm, &request);
	fl_ranks_wait(&request);
	MPI_Iallreduce(&mine, &all, 1, MPI_UINT64_T, MPI_SUM, r->comm, &request);
	fl_ranks_wait(&request);
	/* MPI leaves that of rank 0 undefined. */
	*ret_before = r->rank == 0 ? 0 : before;
	*ret_all = all;
}

void fl_together_all(struct fl_ranks *r, uint64_t mine, uint64_t *ret)
{
	MPI_Request request;

	MPI_Iallgather(&mine, 1, MPI_UINT64_T, ret, 1, MPI_UINT64_T, r->comm, &request);
	fl_ranks_wait(&request);
}

static void add_where(const struct fl_ranks *r, struct fl_error *err)
{
	size_t len = strnlen(err->text, sizeof(err->text) - 1);

	if (r->rank > 0)
		snprintf(err->text + len, sizeof(err->text) - len, "%.*s",
			 (int)(sizeof(err->text) - len - 1), r->where);
}

int fl_together_agree(struct fl_ranks *r, int rc, struct fl_error *err)
{
	struct fl_error theirs = {.code = rc, .off = FL_OFF_NONE};
	int failed = rc < 0 && rc != -FL_ECANCELED ? r->rank : r->size, first;
	MPI_Request request;

	first = fl_together_lowest(r, failed);
	if (first == r->size) {
		/* Canceled by nobody but a signal, or well. */
		return fl_together_lowest(r, rc < 0 ? rc : 0);
	}
	if (first == r->rank) {
		theirs = *err;
		theirs.code = rc;
		add_where(r, &theirs);
	}
	MPI_Ibcast(&theirs, (int)sizeof(theirs), MPI_BYTE, first, r->comm, &request);
	fl_ranks_wait(&request);
	*err = theirs;
	return theirs.code;
}

void fl_together_alarm(struct fl_ranks *r)
{
	MPI_Request request;

	for (int i = 0; !r->raised && i < r->size; i++) {
		if (i == r->rank)
			continue;
		/* Whether it has gone is seen by fl_together_calm(): nobody waits for it here. */
		MPI_Isend(NULL, 0, MPI_BYTE, i, FL_TAG_ALARM, r->comm, &request);
		MPI_Request_free(&request);
	}
	r->raised = true;
}

bool fl_together_alarmed(struct fl_ranks *r)
{
	int there = 0;

	MPI_Iprobe(MPI_ANY_SOURCE, FL_TAG_ALARM, r->comm, &there, MPI_STATUS_IGNORE);
	return there;
}

void fl_together_calm(struct fl_ranks *r)
{
	uint64_t before, all;
	MPI_Request request;

	fl_together_place(r, r->raised, &before, &all);
	for (all -= r->raised; all > 0; all--) {
		MPI_Irecv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, FL_TAG_ALARM, r->comm, &request);
		fl_ranks_wait(&request);
	}
	r->raised = false;
}

static void send_all(struct fl_ranks *r, const unsigned char *data, size_t len)
{
	MPI_Request request;

	for (size_t n; len > 0; data += n, len -= n) {
		n = fl_min_size(len, STEP_BYTES);
		MPI_Isend(data, (int)n, MPI_BYTE, 0, FL_TAG_PIECE, r->comm, &request);
		fl_ranks_wait(&request);
	}
}

static int take_all(struct fl_ranks *r, int from, uint64_t len, unsigned char *buf,
		    int (*take)(void *arg, const void *data, size_t len), void *arg, int rc)
{
	MPI_Request request;

	for (uint64_t n; len > 0; len -= n) {
		n = fl_min_u64(len, STEP_BYTES);
		MPI_Irecv(buf, (int)n, MPI_BYTE, from, FL_TAG_PIECE, r->comm, &request);
		fl_ranks_wait(&request);
		rc = rc == 0 ? take(arg, buf, (size_t)n) : rc;
	}
	return rc;
}

int fl_together_collect(struct fl_ranks *r, const void *data, size_t len,
			int (*take)(void *arg, const void *data, size_t len), void *arg)
{
	uint64_t *lens = calloc((size_t)r->size, sizeof(*lens));
	unsigned char *buf = malloc(STEP_BYTES);
	int rc = 0;

	if (!lens || !buf)
		MPI_Abort(r->comm, 2);
	fl_together_all(r, len, lens);
	if (r->rank > 0)
		send_all(r, data, len);
	else if (len > 0)
		rc = take(arg, data, len);
	for (int i = 1; r->rank == 0 && i < r->size; i++)
		rc = take_all(r, i, lens[i], buf, take, arg, rc);
	free(lens);
	free(buf);
	return rc;
}

/* MPI's own words: what the system said is not known. */
static int failed(int code, const char *what, struct fl_error *err)
{
	char text[MPI_MAX_ERROR_STRING] = "";
	int class = MPI_SUCCESS, len = 0;

	MPI_Error_class(code, &class);
	MPI_Error_string(code, text, &len);
	return fl_error_set(err,
			    class == MPI_ERR_NO_SPACE       ? -ENOSPC
			    : class == MPI_ERR_QUOTA        ? -EDQUOT
			    : class == MPI_ERR_ACCESS       ? -EACCES
			    : class == MPI_ERR_NO_SUCH_FILE ? -ENOENT
							    : -EIO,
			    FL_OFF_NONE, "%s: %s", what, text);
}

int fl_together_open(struct fl_ranks *r, const char *path, MPI_File *ret, struct fl_error *err)
{
	int code = MPI_File_open(r->comm, path, MPI_MODE_WRONLY, MPI_INFO_NULL, ret);

	return code == MPI_SUCCESS ? 0 : failed(code, "output", err);
}

int fl_together_write(MPI_File file, uint64_t off, const void *data, size_t len,
		      struct fl_error *err)
{
	const unsigned char *p = data;
	int code = MPI_SUCCESS;

	for (size_t n; code == MPI_SUCCESS && len > 0; p += n, off += n, len -= n) {
		n = fl_min_size(len, WRITE_BYTES);
		code = MPI_File_write_at(file, (MPI_Offset)off, p, (int)n, MPI_BYTE,
					 MPI_STATUS_IGNORE);
	}
	return code == MPI_SUCCESS ? 0 : failed(code, "write error", err);
}

int fl_together_close(MPI_File *file, struct fl_error *err)
{
	int code = MPI_File_sync(*file), closed = MPI_File_close(file);

	return code == MPI_SUCCESS && closed == MPI_SUCCESS
		       ? 0
		       : failed(code == MPI_SUCCESS ? closed : code, "write error", err);
}
