/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_MOVE_LOOK_H
#define FL_STORE_MOVE_LOOK_H

#include "store/move_store.h"

/**
 * DOC: What an interrupted rewrite left of a batch: for comparing (move_compare.c), which writes nothing,
 * and for what is done then (move_recover.c).
 */

/** fl_move_grows() - is the new file longer? */
bool fl_move_grows(const struct fl_recovery *rec);

/** fl_move_check_source() - is batch @b what it was? Return: 0; -FL_ECHANGED; -errno. */
int fl_move_check_source(struct fl_recovery *rec, size_t b, struct fl_error *reterr);

/** fl_move_read_batch() - the BATCH group of place @k again. Return: 0; -FL_ECORRUPT; -errno. */
int fl_move_read_batch(struct fl_recovery *rec, size_t k, struct fl_jgroup *ret,
		       struct fl_error *reterr);

/** fl_move_read_image() - the image, if it is of place @k; else *ret is NULL. Return: 0; -errno. */
int fl_move_read_image(struct fl_recovery *rec, size_t k, unsigned char **ret,
		       struct fl_error *reterr);

/**
 * fl_move_old_bytes() - what the batch of place @k was, from what it becomes and the undo log of its group
 * @ret: to be freed by free(3)
 * Return: 0; -ENOMEM; -FL_ECORRUPT.
 */
int fl_move_old_bytes(const struct fl_recovery *rec, size_t k, const struct fl_jgroup *g,
		      const unsigned char *result, unsigned char **ret, struct fl_error *reterr);

#endif
