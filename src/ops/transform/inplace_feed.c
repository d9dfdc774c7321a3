/* SPDX-License-Identifier: MIT */
#include "ops/transform/inplace_feed.h"

#include "base/error.h"
#include "base/size.h"
#include "engine/beside.h"

/* A line may be longer than a part should be. */
static int append(struct fl_part *part, const unsigned char *p, size_t len, struct fl_error *reterr)
{
	int r = 0;

	while (r == 0 && len > 0) {
		size_t some = fl_min_size(len, part->limit);

		r = fl_part_append(part, p, some);
		if (r < 0)
			return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
		p += some;
		len -= some;
		if (len > 0)
			r = fl_part_flush(part, reterr);
	}
	return r == FL_FOLD_STOP ? 0 : r;
}

static int feed_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	(void)op;
	(void)scratch;
	if (part->len > 0 && in->len > part->limit - fl_min_size(part->limit, part->len)) {
		part->next_off = in->off;
		return FL_MAP_FULL;
	}
	return append(part, in->data, in->len, reterr);
}

/* Taps that want no more leave the pass alone; taps that failed end it. */
static int feed_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	int r = part->len > 0 ? fl_beside_write(op, part->data, part->len) : 0;

	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : r;
}

static const struct fl_operator feed_operator = {.size = sizeof(feed_operator),
						 .name = "feed",
						 .cut = FL_CUT_RECORD,
						 .map = feed_map,
						 .fold = feed_fold};

static int run_alone(const struct fl_edit_pass *pass, struct fl_pipeline *pl, struct fl_source *src,
		     struct fl_error *reterr)
{
	int r = fl_pipeline_add(pl, pass->ops, pass->op);

	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL)
		     : fl_pipeline_run(pl, src, reterr);
}

static int run_fed(const struct fl_edit_pass *pass, struct fl_pipeline *pl, struct fl_source *src,
		   struct fl_error *reterr)
{
	struct fl_source_info info = {.size = sizeof(info)};
	struct fl_beside *taps = NULL;
	int r = fl_source_info(src, &info);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	r = fl_beside_begin(pass->edit->taps, info.name, &taps, reterr);
	if (r < 0)
		return r;
	r = fl_pipeline_add(pl, &feed_operator, taps);
	if (r == 0)
		r = run_alone(pass, pl, src, reterr);
	else
		fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	return fl_beside_end(taps, r, reterr);
}

static void note_memory(struct fl_store_stats *ret, const struct fl_pipeline *pl)
{
	struct fl_stats stats = {.size = sizeof(stats)};

	if (fl_pipeline_stats(pl, &stats) == 0)
		ret->peak_rss_anon_bytes =
			fl_max_u64(ret->peak_rss_anon_bytes, stats.peak_rss_anon_bytes);
}

int fl_edit_pass_run(const struct fl_edit_pass *pass, struct fl_source *src,
		     struct fl_error *reterr)
{
	const struct fl_inplace_edit *edit = pass->edit;
	struct fl_pipeline *pl = NULL;
	int r = fl_pipeline_new(pass->run, &pl, reterr);

	if (r < 0)
		return r;
	if (edit->watch)
		edit->watch(edit->watch_arg, pl);
	r = pass->feeds && edit->taps ? run_fed(pass, pl, src, reterr)
				      : run_alone(pass, pl, src, reterr);
	note_memory(pass->stats, pl);
	if (edit->watch)
		edit->watch(edit->watch_arg, NULL);
	fl_pipeline_free(pl);
	return r;
}
