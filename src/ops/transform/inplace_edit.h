/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_INPLACE_EDIT_H
#define FL_OPS_TRANSFORM_INPLACE_EDIT_H

#include "ops/transform/edit_list.h"
#include "ops/transform/inplace.h"

/**
 * fl_inplace_edit_make() - edit programs as the stores see them
 * @list: must outlive it
 * @ret:  freed with fl_inplace_edit_done()
 * Return: 0; -ENOMEM.
 */
int fl_inplace_edit_make(struct fl_edit_list *list, struct fl_inplace_edit *ret);

/** fl_inplace_edit_done() - frees its program text; the list stays */
void fl_inplace_edit_done(struct fl_inplace_edit *ie);

/** fl_inplace_edit_loader() - makes them from journals; @key: FL_REDACT_KEY_BYTES, or NULL */
struct fl_inplace_loader fl_inplace_edit_loader(const unsigned char *key);

#endif
