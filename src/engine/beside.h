/* SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_BESIDE_H
#define FL_ENGINE_BESIDE_H

#include <faultline/pipeline.h>

/**
 * DOC: A pipeline that runs beside another one, on what that one's operators hand to it.
 *
 * As with segments, but the two are made by different hands, and the second one ends first: whoever
 * feeds it knows how it ended before going on.
 */
struct fl_beside;

/**
 * fl_beside_begin() - @pl starts to read; it reports no progress any more: that of the run which feeds
 * it is the one to be seen
 * @name: what messages call its source
 * Return: 0; -ENOMEM; -errno.
 */
int fl_beside_begin(struct fl_pipeline *pl, const char *name, struct fl_beside **ret,
		    struct fl_error *reterr);

/**
 * fl_beside_write() - bytes for it, waiting for room; one writer at a time
 * Return: 0; FL_FOLD_STOP when it needs no more; -FL_ECANCELED when it failed.
 */
int fl_beside_write(struct fl_beside *beside, const void *data, size_t len);

/**
 * fl_beside_end() - there will be no more: wait for it, and free
 * @result: of the run that fed it, whose detail is in @reterr
 * Return: @result, or the error of this one where that came first.
 */
int fl_beside_end(struct fl_beside *beside, int result, struct fl_error *reterr);

#endif
