/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "ops/transform/edit_step.h"

/* Records [begin, end) go, with their ends. */
static int drop(const struct fl_edit_text *text, size_t begin, size_t end, struct fl_deltas *out)
{
	if (begin == end && !text->one_record)
		return 0;
	return fl_deltas_put(out, text->off + begin, end - begin, 0);
}

static int next(struct fl_step_scratch *scratch, const struct fl_edit_text *text, size_t pos,
		struct fl_edit_span *record, struct fl_error *reterr)
{
	int r = fl_edit_next_record(&scratch->matcher, text, pos, record);

	if (r == -FL_ELIMIT)
		return fl_error_set(reterr, r, text->off + record->begin,
				    "the match exceeds a limit");
	return r < 0 ? fl_error_set(reterr, r, text->off + record->begin, NULL) : r;
}

static int drop_matching(struct fl_step_scratch *scratch, const struct fl_edit_text *text,
			 struct fl_deltas *out, struct fl_error *reterr)
{
	struct fl_edit_span record;
	size_t begin = 0, pos = 0;
	int r;

	/* Neighbours go together. */
	while ((r = next(scratch, text, pos, &record, reterr)) > 0) {
		out->matches++;
		if (record.begin > pos) {
			r = drop(text, begin, pos, out);
			begin = record.begin;
		}
		if (r < 0)
			return r;
		pos = fl_edit_record_next(text, &record);
		if (text->one_record)
			break;
	}
	return r < 0 || pos == begin ? r : drop(text, begin, pos, out);
}

static int drop_others(struct fl_step_scratch *scratch, const struct fl_edit_text *text,
		       struct fl_deltas *out, struct fl_error *reterr)
{
	struct fl_edit_span record;
	size_t pos = 0;
	int r;

	while ((r = next(scratch, text, pos, &record, reterr)) > 0) {
		out->matches++;
		r = drop(text, pos, record.begin, out);
		if (r < 0 || text->one_record)
			return r;
		pos = fl_edit_record_next(text, &record);
	}
	return r < 0 ? r : drop(text, pos, text->len, out);
}

int fl_step_lines(const struct fl_step *step, struct fl_step_scratch *scratch,
		  const struct fl_edit_text *text, struct fl_deltas *out, struct fl_error *reterr)
{
	return step->kind == FL_STEP_DELETE ? drop_matching(scratch, text, out, reterr)
					    : drop_others(scratch, text, out, reterr);
}
