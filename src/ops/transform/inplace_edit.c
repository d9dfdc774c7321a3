/* SPDX-License-Identifier: MIT */
#include "ops/transform/inplace_edit.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "ops/transform/edit_impl.h"

/* Deltas of one view; kept from view to view, so that memory is asked for once. */
struct scratch {
	struct fl_edit_scratch *of_edit;
	struct fl_deltas deltas;
};

static void scratch_free(void *scratch)
{
	struct scratch *s = scratch;

	if (!s)
		return;
	fl_edit_scratch_free(s->of_edit);
	fl_deltas_done(&s->deltas);
	free(s);
}

static int scratch_new(const void *arg, void **ret)
{
	struct scratch *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	fl_deltas_init(&s->deltas, SIZE_MAX);
	r = fl_edit_scratch_new(arg, &s->of_edit);
	if (r < 0) {
		scratch_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static int map(const void *arg, void *scratch, const struct fl_view *view,
	       struct fl_change_sink *sink, struct fl_error *reterr)
{
	struct scratch *s = scratch;
	int r;

	fl_deltas_reset(&s->deltas);
	r = fl_edit_map(arg, s->of_edit, view, &s->deltas, reterr);
	for (size_t k = 0; r == 0 && k < s->deltas.count; k++) {
		const struct fl_delta *d = &s->deltas.list[k];

		r = fl_change_sink_put(sink, d->off, d->old_len, d->new_bytes, d->new_len);
		if (r < 0)
			r = fl_error_set(reterr, r, d->off, NULL);
	}
	return r;
}

int fl_inplace_edit_make(const struct fl_edit *edit, struct fl_inplace_edit *ret)
{
	struct fl_inplace_edit ie = {.arg = edit,
				     .keeps_length = fl_edit_preserves_length(edit),
				     .delimiter = edit->opt.delimiter,
				     .scratch_new = scratch_new,
				     .scratch_free = scratch_free,
				     .map = map};
	char *program;
	int r = fl_edit_save(edit, &program, &ie.program_len);

	if (r < 0)
		return r;
	ie.program = program;
	*ret = ie;
	return 0;
}

void fl_inplace_edit_done(struct fl_inplace_edit *ie)
{
	free((void *)(uintptr_t)ie->program);
	ie->program = NULL;
}

int fl_transform_in_place(struct fl_transform *transform, const char *path,
			  const struct fl_options *run, const struct fl_inplace_options *opt,
			  struct fl_inplace_result *ret, struct fl_error *reterr)
{
	struct fl_inplace_options defaults;
	struct fl_options options;
	struct fl_inplace_edit edit;
	int r;

	if (ret->size != sizeof(*ret))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	fl_inplace_options_init(&defaults);
	fl_options_init(&options);
	if (run)
		options = *run;
	options.range_off = 0;
	options.range_len = FL_SIZE_UNKNOWN;
	r = fl_inplace_edit_make(fl_transform_edit(transform), &edit);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	r = fl_inplace_edit_file(path, &edit, &options, opt ? opt : &defaults, NULL, ret, reterr);
	fl_inplace_edit_done(&edit);
	return r;
}

static int load(const void *key, const char *program, size_t len, struct fl_inplace_edit *ret,
		struct fl_error *reterr)
{
	struct fl_edit *edit;
	int r = fl_edit_load(program, len, key, &edit, reterr);

	if (r < 0)
		return r;
	r = fl_inplace_edit_make(edit, ret);
	if (r < 0)
		fl_edit_free(edit);
	return r;
}

static void unload(struct fl_inplace_edit *ie)
{
	fl_edit_free((struct fl_edit *)(uintptr_t)ie->arg);
	fl_inplace_edit_done(ie);
}

struct fl_inplace_loader fl_inplace_edit_loader(const unsigned char *key)
{
	return (struct fl_inplace_loader){.arg = key, .load = load, .unload = unload};
}

int fl_recover(const char *path, enum fl_recover_action action, const unsigned char *key,
	       struct fl_recover_result *ret, struct fl_error *reterr)
{
	struct fl_inplace_loader loader = fl_inplace_edit_loader(key);

	if (ret->size != sizeof(*ret))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	return fl_inplace_recover(path, action, &loader, NULL, NULL, ret, reterr);
}
