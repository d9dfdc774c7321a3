/* SPDX-License-Identifier: MIT */
#include "ops/transform/inplace_edit.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/error.h"
#include "engine/stages.h"
#include "ops/transform/edit_list.h"
#include "ops/transform/edit_piece.h"
#include "ops/transform/edit_repeats.h"

/** struct edits - what is done; @key: for tags of records, where repeats are dropped */
struct edits {
	struct fl_edit_list *list;
	unsigned char key[FL_RECORD_KEY_BYTES];
};

/**
 * struct scratch - of one thread
 * @sink:    where the view at work goes; @ends: of its pieces so far
 * @repeats: of a piece, in what it becomes; @sum: all that is done to it
 */
struct scratch {
	const struct edits *edits;
	struct fl_edit_list_scratch *of_list;
	struct fl_edit_pieces pieces;
	struct fl_change_sink *sink;
	struct fl_record_ends ends;
	struct fl_deltas repeats;
	struct fl_deltas sum;
};

static void scratch_free(void *scratch)
{
	struct scratch *s = scratch;

	fl_edit_list_scratch_free(s->of_list);
	fl_deltas_done(&s->repeats);
	fl_deltas_done(&s->sum);
	free(s);
}

static int put_all(struct fl_change_sink *sink, const struct fl_deltas *deltas,
		   struct fl_error *reterr)
{
	int r = 0;

	for (size_t k = 0; r == 0 && k < deltas->count; k++) {
		const struct fl_delta *d = &deltas->list[k];

		r = fl_change_sink_put(sink, d->off, d->old_len, d->new_bytes, d->new_len);
		if (r < 0)
			r = fl_error_set(reterr, r, d->off, NULL);
	}
	return r;
}

/* Records that equal the one before them go, too: @deltas becomes all that is done. */
static int drop_repeats(struct scratch *s, const struct fl_view *piece, size_t limit_bytes,
			const struct fl_deltas **deltas)
{
	const struct edits *e = s->edits;
	struct fl_record_ends ends = s->ends;
	int r;

	fl_deltas_reset(&s->repeats);
	fl_deltas_reset(&s->sum);
	s->repeats.limit_bytes = s->sum.limit_bytes = limit_bytes;
	r = fl_edit_repeats(piece, *deltas, fl_edit_list_delimiter(e->list), e->key, &ends,
			    &s->repeats);
	if (r == 0 && s->repeats.count > 0 && (*deltas)->count > 0)
		r = fl_deltas_compose(*deltas, &s->repeats, &s->sum);
	if (r < 0)
		return r == -FL_ELIMIT ? FL_EDIT_FULL : r;
	s->ends = ends;
	if (s->repeats.count > 0)
		*deltas = (*deltas)->count > 0 ? &s->sum : &s->repeats;
	return 0;
}

static int edit_piece(void *arg, const struct fl_view *piece, size_t limit_bytes,
		      struct fl_error *reterr)
{
	struct scratch *s = arg;
	const struct fl_deltas *deltas;
	int r = fl_edit_list_map(s->edits->list, s->of_list, piece, limit_bytes, &deltas, reterr);

	if (r == 0 && fl_edit_list_drops_repeats(s->edits->list)) {
		r = drop_repeats(s, piece, limit_bytes, &deltas);
		if (r < 0)
			return fl_error_set(reterr, r, piece->off, NULL);
	}
	return r != 0 ? r : put_all(s->sink, deltas, reterr);
}

static int scratch_new(const void *arg, void **ret)
{
	const struct edits *edits = arg;
	struct scratch *s = calloc(1, sizeof(*s));
	int r = s ? fl_edit_list_scratch_new(edits->list, &s->of_list) : -ENOMEM;

	if (r < 0) {
		free(s);
		return r;
	}
	s->edits = edits;
	fl_deltas_init(&s->repeats, SIZE_MAX);
	fl_deltas_init(&s->sum, SIZE_MAX);
	s->pieces = (struct fl_edit_pieces){.edit = edit_piece,
					    .delimiter = fl_edit_list_delimiter(edits->list),
					    .limit_bytes = SIZE_MAX};
	*ret = s;
	return 0;
}

static int map(const void *arg FL_UNUSED, void *scratch, const struct fl_view *view,
	       struct fl_change_sink *sink, struct fl_error *reterr)
{
	struct scratch *s = scratch;
	int r;

	s->sink = sink;
	s->ends = (struct fl_record_ends){0};
	r = fl_edit_in_pieces(&s->pieces, s, view, reterr);
	if (r == 0)
		fl_change_sink_ends(sink, &s->ends);
	return r;
}

static int edits_new(struct fl_edit_list *list, struct edits **ret)
{
	struct edits *edits = calloc(1, sizeof(*edits));
	int r = edits ? 0 : -ENOMEM;

	if (r == 0 && fl_edit_list_drops_repeats(list))
		r = fl_record_key(edits->key);
	if (r < 0) {
		free(edits);
		return r;
	}
	edits->list = list;
	*ret = edits;
	return 0;
}

int fl_inplace_edit_make(struct fl_edit_list *list, struct fl_inplace_edit *ret)
{
	struct fl_inplace_edit ie = {.drops_repeats = fl_edit_list_drops_repeats(list),
				     .keeps_length = fl_edit_list_preserves_length(list),
				     .never_grows = fl_edit_list_never_grows(list),
				     .delimiter = fl_edit_list_delimiter(list),
				     .scratch_new = scratch_new,
				     .scratch_free = scratch_free,
				     .map = map};
	struct edits *edits;
	char *program;
	int r = edits_new(list, &edits);

	if (r == 0) {
		ie.arg = edits;
		r = fl_edit_list_save(list, &program, &ie.program_len);
		if (r < 0)
			free(edits);
	}
	if (r < 0)
		return r;
	ie.program = program;
	*ret = ie;
	return 0;
}

void fl_inplace_edit_done(struct fl_inplace_edit *ie)
{
	free((void *)(uintptr_t)ie->program);
	free((void *)(uintptr_t)ie->arg);
	ie->program = NULL;
	ie->arg = NULL;
}

/* Return: 0; -ENOMEM; -EINVAL: they do not go together; -FL_EUNSUPPORTED: not in this order. */
static int list_of(struct fl_transform *const *transforms, size_t count, struct fl_edit_list **ret)
{
	const struct fl_edit **edits = calloc(count, sizeof(const struct fl_edit *));
	int r = edits ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < count; i++) {
		edits[i] = fl_transform_edit(transforms[i]);
		if (fl_edit_delimiter(edits[i]) != fl_edit_delimiter(edits[0]))
			r = -EINVAL;
		/* An edit behind it would have to wait for what it says of records that meet. */
		else if (i + 1 < count && fl_edit_drops_repeats(edits[i]))
			r = -FL_EUNSUPPORTED;
	}
	if (r == 0)
		r = fl_edit_list_new(edits, count, ret);
	free((void *)edits);
	return r;
}

static int edit_with(struct fl_edit_list *list, const char *path, const struct fl_options *run,
		     const struct fl_inplace_options *opt, struct fl_inplace_result *ret,
		     struct fl_error *reterr)
{
	struct fl_inplace_options defaults;
	struct fl_options options;
	struct fl_inplace_edit edit;
	int r;

	fl_inplace_options_init(&defaults);
	fl_options_init(&options);
	if (run)
		options = *run;
	options.range_off = 0;
	options.range_len = FL_SIZE_UNKNOWN;
	r = fl_inplace_edit_make(list, &edit);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	r = fl_inplace_edit_file(path, &edit, &options, opt ? opt : &defaults, NULL, ret, reterr);
	fl_inplace_edit_done(&edit);
	return r;
}

int fl_transforms_in_place(struct fl_transform *const *transforms, size_t count, const char *path,
			   const struct fl_options *run, const struct fl_inplace_options *opt,
			   struct fl_inplace_result *ret, struct fl_error *reterr)
{
	struct fl_edit_list *list;
	int r = ret->size != sizeof(*ret) || count == 0 ? -EINVAL
							: list_of(transforms, count, &list);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    r == -FL_EUNSUPPORTED
					    ? "in place, dedup-adjacent must be the last edit"
					    : NULL);
	/* Taps that do not come to run are not to blame. */
	if (opt && opt->taps)
		fl_stages_blame(opt->taps, FL_OPERATOR_NONE, FL_OFF_NONE);
	r = edit_with(list, path, run, opt, ret, reterr);
	fl_edit_list_free(list);
	return r;
}

int fl_transform_in_place(struct fl_transform *transform, const char *path,
			  const struct fl_options *run, const struct fl_inplace_options *opt,
			  struct fl_inplace_result *ret, struct fl_error *reterr)
{
	return fl_transforms_in_place(&transform, 1, path, run, opt, ret, reterr);
}

static int load(const void *key, const char *program, size_t len, struct fl_inplace_edit *ret,
		struct fl_error *reterr)
{
	struct fl_edit_list *list = NULL;
	int r = fl_edit_list_load(program, len, key, &list, reterr);

	if (r < 0)
		return r;
	r = fl_inplace_edit_make(list, ret);
	if (r < 0)
		fl_edit_list_free(list);
	return r;
}

static void unload(struct fl_inplace_edit *ie)
{
	const struct edits *edits = ie->arg;
	struct fl_edit_list *list = edits->list;

	fl_inplace_edit_done(ie);
	fl_edit_list_free(list);
}

struct fl_inplace_loader fl_inplace_edit_loader(const unsigned char *key)
{
	return (struct fl_inplace_loader){.arg = key, .load = load, .unload = unload};
}
