/* SPDX-License-Identifier: MIT */
#include <faultline/transform.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/size.h"
#include "ops/transform/edit.h"
#include "ops/transform/edit_piece.h"
#include "ops/transform/repeats.h"
#include "ops/transform/transform_part.h"

/* Deltas of one record: far more than it can hold, unless it is the whole file. */
#define DELTAS_MAX_BYTES FL_MIB(256)

/**
 * struct fl_transform - a job
 * @pages:    FL_BLOCK_COUNTS with pages were folded
 * @last_page: of the last of them
 * @shown:    changes handed to diff in this run
 * @repeats:  between the text and @write, where the edit drops repeats
 */
struct fl_transform {
	struct fl_edit *edit;
	unsigned flags;
	unsigned char delimiter;
	int (*write)(void *arg, const void *data, size_t len);
	int (*diff)(void *arg, const struct fl_transform_change *change);
	uint64_t diff_count;
	void *arg;
	struct fl_transform_result sum;
	uint64_t last_page;
	uint64_t shown;
	bool drops_repeats;
	struct fl_repeats repeats;
};

/** struct transform_scratch - what a thread needs; @part: where the view at work goes */
struct transform_scratch {
	const struct fl_transform *transform;
	struct fl_edit_scratch *edit;
	struct fl_edit_pieces pieces;
	struct fl_deltas deltas;
	struct fl_part *part;
};

const struct fl_edit *fl_transform_edit(const struct fl_transform *transform)
{
	return transform->edit;
}

static int transform_start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct fl_transform *t = op;

	if (run->delimiter != t->delimiter)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "the edit's records end otherwise than the pipeline's");
	t->sum = (struct fl_transform_result){.size = sizeof(t->sum)};
	t->shown = 0;
	fl_repeats_start(&t->repeats);
	return 0;
}

static void transform_worker_done(const void *op FL_UNUSED, void *scratch)
{
	struct transform_scratch *s = scratch;

	if (!s)
		return;
	fl_edit_scratch_free(s->edit);
	fl_deltas_done(&s->deltas);
	free(s);
}

static bool needs_text(const struct fl_transform *t)
{
	return t->write || t->drops_repeats;
}

static int put_all(const struct fl_transform *t, const struct fl_view *in,
		   const struct fl_deltas *d, struct fl_part *part, struct fl_error *reterr)
{
	int r = fl_part_put_counts(part, d);

	if (r == 0 && t->diff)
		r = fl_part_put_changes(part, in, d, t->delimiter, t->diff_count);
	if (r == 0 && needs_text(t))
		return fl_part_put_text(part, in, d, reterr);
	return r < 0 ? fl_error_set(reterr, r, in->off, NULL) : 0;
}

static int edit_piece(void *arg, const struct fl_view *piece, size_t limit_bytes,
		      struct fl_error *reterr)
{
	struct transform_scratch *s = arg;
	int r;

	fl_deltas_reset(&s->deltas);
	s->deltas.limit_bytes = limit_bytes;
	r = fl_edit_map(s->transform->edit, s->edit, piece, &s->deltas, reterr);
	if (r == -FL_ELIMIT && s->deltas.is_full && limit_bytes < DELTAS_MAX_BYTES)
		return FL_EDIT_FULL;
	return r < 0 ? r : put_all(s->transform, piece, &s->deltas, s->part, reterr);
}

static int transform_worker_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	const struct fl_transform *t = op;
	struct transform_scratch *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (s) {
		s->transform = t;
		s->pieces = (struct fl_edit_pieces){.edit = edit_piece,
						    .delimiter = t->delimiter,
						    .limit_bytes = DELTAS_MAX_BYTES};
		fl_deltas_init(&s->deltas, DELTAS_MAX_BYTES);
		r = fl_edit_scratch_new(t->edit, &s->edit);
	}
	if (r < 0) {
		free(s);
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	*ret_scratch = s;
	return 0;
}

static int transform_map(const void *op, void *scratch, const struct fl_view *in,
			 struct fl_part *part, struct fl_error *reterr)
{
	const struct fl_transform *t = op;
	struct transform_scratch *s = scratch;
	int r;

	/* A full part would have to be folded in the middle of this view. */
	if (needs_text(t) && part->len > 0 &&
	    part->limit - fl_min_size(part->limit, part->len) < in->len) {
		part->next_off = in->off;
		return FL_MAP_FULL;
	}
	s->part = part;
	r = fl_edit_in_pieces(&s->pieces, s, in, reterr);
	return r == FL_FOLD_STOP ? 0 : r;
}

static void add_counts(struct fl_transform *t, const unsigned char *p)
{
	struct fl_block_counts c;

	memcpy(&c, p, sizeof(c));
	t->sum.matches += c.matches;
	t->sum.changes += c.changes;
	t->sum.old_bytes += c.old_bytes;
	t->sum.new_bytes += c.new_bytes;
	if (c.pages == 0)
		return;
	t->sum.pages += c.pages - (t->sum.pages > 0 && t->last_page == c.first_page);
	t->last_page = c.last_page;
}

static int show_change(struct fl_transform *t, const unsigned char *p)
{
	struct fl_transform_change change = {.size = sizeof(change)};
	struct fl_block_change head;

	if (t->shown == t->diff_count)
		return 0;
	t->shown++;
	memcpy(&head, p, sizeof(head));
	change.off = head.off;
	change.is_deleted = head.is_deleted != 0;
	change.old_text = (const char *)p + sizeof(head);
	change.old_len = (size_t)head.old_len;
	change.new_text = change.old_text + head.old_len;
	change.new_len = (size_t)head.new_len;
	return t->diff(t->arg, &change);
}

static int fold_text(struct fl_transform *t, const unsigned char *p, size_t len)
{
	if (len == 0)
		return 0;
	return t->drops_repeats ? fl_repeats_put(&t->repeats, p, len) : t->write(t->arg, p, len);
}

static int fold_block(struct fl_transform *t, const struct fl_block_head *head,
		      const unsigned char *p)
{
	switch (head->kind) {
	case FL_BLOCK_TEXT:
		return fold_text(t, p, (size_t)head->bytes);
	case FL_BLOCK_COUNTS:
		add_counts(t, p);
		return 0;
	case FL_BLOCK_CHANGE:
		return show_change(t, p);
	default:
		return -EINVAL;
	}
}

static int transform_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_transform *t = op;
	struct fl_block_head head;
	size_t at = 0;
	int r = 0;

	while (r == 0 && part->len - at >= sizeof(head)) {
		memcpy(&head, part->data + at, sizeof(head));
		at += sizeof(head);
		if (head.version != FL_TRANSFORM_PART_VERSION || head.bytes > part->len - at)
			return fl_error_set(reterr, -EINVAL, part->off, NULL);
		r = fold_block(t, &head, part->data + at);
		at += (size_t)head.bytes;
	}
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

static int transform_finish(void *op, struct fl_error *reterr)
{
	struct fl_transform *t = op;
	int r = t->drops_repeats ? fl_repeats_end(&t->repeats) : 0;

	t->sum.matches += t->repeats.records;
	t->sum.changes += t->repeats.records;
	t->sum.old_bytes += t->repeats.bytes;
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

static const struct fl_operator transform_operator = {
	.size = sizeof(transform_operator),
	.name = "transform",
	.cut = FL_CUT_RECORD,
	.flags = FL_OP_UNTIL_ERROR,
	.start = transform_start,
	.worker_init = transform_worker_init,
	.worker_done = transform_worker_done,
	.map = transform_map,
	.fold = transform_fold,
	.finish = transform_finish,
};

void fl_transform_options_init(struct fl_transform_options *opt)
{
	*opt = (struct fl_transform_options){
		.size = sizeof(*opt), .delimiter = '\n', .mask_char = '*', .range_len = UINT64_MAX};
}

static unsigned edit_flags(unsigned flags)
{
	return (flags & FL_TRANSFORM_UTF ? FL_EDIT_UTF : 0) |
	       (flags & FL_TRANSFORM_MULTILINE ? FL_EDIT_MULTILINE : 0) |
	       (flags & FL_TRANSFORM_HASH ? FL_EDIT_REDACT_HASH : 0);
}

static int compile(struct fl_transform *t, const struct fl_transform_options *opt,
		   struct fl_error *reterr)
{
	struct fl_edit_step *steps = calloc(opt->step_count + 1, sizeof(*steps));
	struct fl_edit_options edit;
	int r;

	if (!steps)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	for (size_t k = 0; k < opt->step_count; k++)
		steps[k] = (struct fl_edit_step){opt->steps[k].text, opt->steps[k].len};
	fl_edit_options_init(&edit);
	edit.steps = steps;
	edit.step_count = opt->step_count;
	edit.where = opt->where;
	edit.where_len = opt->where_len;
	edit.flags = edit_flags(opt->flags);
	edit.delimiter = opt->delimiter;
	edit.mask_char = opt->mask_char;
	edit.range_off = opt->range_off;
	edit.range_len = opt->range_len;
	edit.label = opt->label;
	memcpy(edit.key, opt->key, sizeof(edit.key));
	r = fl_edit_compile(&edit, &t->edit, reterr);
	free(steps);
	return r;
}

int fl_transform_new(const struct fl_transform_options *opt, struct fl_transform **ret,
		     struct fl_error *reterr)
{
	const unsigned known = FL_TRANSFORM_UTF | FL_TRANSFORM_MULTILINE | FL_TRANSFORM_HASH |
			       FL_TRANSFORM_DRY_RUN;
	struct fl_transform *t;
	int r;

	if (opt->size != sizeof(*opt) || (opt->flags & ~known) ||
	    (!opt->write && !(opt->flags & FL_TRANSFORM_DRY_RUN)))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	t = calloc(1, sizeof(*t));
	if (!t)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	t->flags = opt->flags;
	t->delimiter = opt->delimiter;
	t->write = opt->flags & FL_TRANSFORM_DRY_RUN ? NULL : opt->write;
	t->diff = opt->diff_count > 0 ? opt->diff : NULL;
	t->diff_count = opt->diff_count;
	t->arg = opt->arg;
	r = compile(t, opt, reterr);
	if (r < 0) {
		free(t);
		return r;
	}
	t->drops_repeats = fl_edit_drops_repeats(t->edit);
	t->repeats.delimiter = t->delimiter;
	t->repeats.write = t->write;
	t->repeats.arg = t->arg;
	*ret = t;
	return 0;
}

const struct fl_operator *fl_transform_operator(const struct fl_transform *transform FL_UNUSED)
{
	return &transform_operator;
}

int fl_transform_result(const struct fl_transform *transform, struct fl_transform_result *ret)
{
	if (ret->size != sizeof(*ret))
		return -EINVAL;
	*ret = transform->sum;
	ret->size = sizeof(*ret);
	return 0;
}

const char *fl_transform_plan(const struct fl_transform *transform)
{
	return fl_edit_plan(transform->edit);
}

void fl_transform_free(struct fl_transform *transform)
{
	if (!transform)
		return;
	fl_edit_free(transform->edit);
	fl_repeats_done(&transform->repeats);
	free(transform);
}
