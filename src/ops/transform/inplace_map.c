/* SPDX-License-Identifier: MIT */
#include "ops/transform/inplace_map.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/transform/change_sink.h"
#include "store/journal_block.h"
#include "window/source_impl.h"

struct scratch {
	const struct fl_inplace_edit *edit;
	void *of_edit;
	struct fl_change_sink sink;
};

int fl_edit_worker_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	const struct fl_edit_run *run = op;
	struct scratch *s = calloc(1, sizeof(*s));
	int r = s ? 0 : -ENOMEM;

	if (r == 0) {
		s->edit = run->edit;
		s->sink.keeps_length = run->edit->keeps_length;
		s->sink.measured = run->measured;
		s->sink.compared = run->edit->drops_repeats;
		r = s->edit->scratch_new(s->edit->arg, &s->of_edit);
	}
	if (r < 0) {
		free(s);
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	*ret_scratch = s;
	return 0;
}

void fl_edit_worker_moves(void *scratch, const atomic_bool *moves)
{
	struct scratch *s = scratch;

	s->sink.moves = moves;
}

void fl_edit_worker_done(const void *op, void *scratch)
{
	struct scratch *s = scratch;

	(void)op;
	s->edit->scratch_free(s->of_edit);
	fl_change_sink_done(&s->sink);
	free(s);
}

int fl_edit_run_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	struct scratch *s = scratch;
	size_t before = part->len;
	int r;

	(void)op;
	/* Found before the work is done, not after it: no view is mapped twice. */
	if (part->len > part->limit / 2) {
		part->next_off = in->off;
		return FL_MAP_FULL;
	}
	r = fl_change_sink_begin(&s->sink, in, part);
	if (r == 0) {
		r = s->edit->map(s->edit->arg, s->of_edit, in, &s->sink, reterr);
		if (r < 0) {
			part->len = before;
			return r;
		}
		r = fl_change_sink_end(&s->sink);
	}
	if (r < 0) {
		part->len = before;
		return fl_error_set(reterr, r, in->off, NULL);
	}
	return 0;
}

bool fl_edit_part_next(const struct fl_part *part, size_t *at, struct fl_edit_part_run *ret)
{
	const unsigned char *head = part->data + *at;

	if (*at >= part->len)
		return false;
	ret->off = fl_get64(head);
	ret->end = fl_get64(head + 8);
	ret->len = (size_t)fl_get64(head + 16);
	ret->growth = (int64_t)fl_get64(head + 24);
	ret->crc = (uint32_t)fl_get64(head + 32);
	ret->old_bytes = fl_get64(head + 40);
	ret->ends = (struct fl_record_ends){
		.first_len = fl_get64(head + 48),
		.first = {.half = {fl_get64(head + 56), fl_get64(head + 64)}},
		.last = {.half = {fl_get64(head + 72), fl_get64(head + 80)}}};
	ret->p = head + FL_SINK_HEAD_BYTES;
	*at += FL_SINK_HEAD_BYTES + ret->len;
	return true;
}

int fl_inplace_source(const struct fl_store_job *job, struct fl_source **ret,
		      struct fl_error *reterr)
{
	int r = fl_source_open_fd(job->target.fd, job->target.path, ret, reterr);

	/* What was appended since is not ours. */
	if (r == 0)
		(*ret)->file.size_bytes =
			fl_min_u64((*ret)->file.size_bytes, job->target.size_bytes);
	return r;
}
