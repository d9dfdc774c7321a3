/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_LIST_H
#define FL_OPS_TRANSFORM_EDIT_LIST_H

#include "ops/transform/edit.h"

/**
 * DOC: Several edit programs in a row, as one.
 *
 * As with `a | b`: a program sees the records of what the one before it made, where a step within a
 * program sees what became of one record of the original. A view of whole records becomes a text
 * of whole records, so each view is done by itself.
 */
struct fl_edit_list;
struct fl_edit_list_scratch;

/** fl_edit_list_new() - @count >= 1 programs, which must outlive it. Return: 0; -ENOMEM. */
int fl_edit_list_new(const struct fl_edit *const *edits, size_t count, struct fl_edit_list **ret);

/** fl_edit_list_free() - the list, and its programs if fl_edit_list_load() made them */
void fl_edit_list_free(struct fl_edit_list *list);

/** fl_edit_list_preserves_length() - fl_edit_preserves_length() of all */
bool fl_edit_list_preserves_length(const struct fl_edit_list *list);

/** fl_edit_list_never_grows() - fl_edit_never_grows() of all */
bool fl_edit_list_never_grows(const struct fl_edit_list *list);

/** fl_edit_list_drops_repeats() - fl_edit_drops_repeats() of the last one; of no other, in place */
bool fl_edit_list_drops_repeats(const struct fl_edit_list *list);

/** fl_edit_list_delimiter() - that of the first program: all have the same */
unsigned char fl_edit_list_delimiter(const struct fl_edit_list *list);

/** fl_edit_list_scratch_new() - what one thread needs. Return: 0; -ENOMEM. */
int fl_edit_list_scratch_new(const struct fl_edit_list *list, struct fl_edit_list_scratch **ret);

/** fl_edit_list_scratch_free() - NULL is fine */
void fl_edit_list_scratch_free(struct fl_edit_list_scratch *scratch);

/**
 * fl_edit_list_map() - what the programs do to some records, see fl_edit_map()
 * @limit_bytes: of each list of deltas
 * @ret: the deltas from the original to the last text; valid until the next call with this scratch
 *
 * Return: as fl_edit_map(); FL_EDIT_FULL (edit_piece.h) where they exceed @limit_bytes.
 */
int fl_edit_list_map(const struct fl_edit_list *list, struct fl_edit_list_scratch *scratch,
		     const struct fl_view *in, size_t limit_bytes, const struct fl_deltas **ret,
		     struct fl_error *reterr);

/** fl_edit_list_save() - as text, that of fl_edit_save() where there is one program */
int fl_edit_list_save(const struct fl_edit_list *list, char **ret, size_t *ret_len);

/** fl_edit_list_load() - the same programs again, see fl_edit_load() */
int fl_edit_list_load(const char *text, size_t len, const unsigned char *key,
		      struct fl_edit_list **ret, struct fl_error *reterr);

#endif
