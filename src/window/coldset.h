/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_COLDSET_H
#define FL_WINDOW_COLDSET_H

#include <stdint.h>

#include "plat/file.h"

/**
 * DOC: Leaving the page cache as it was found.
 *
 * Before the run, which parts of the file are in the cache is noted; behind
 * the run, the parts that were not are dropped again. Pages that were there
 * stay.
 */
struct fl_coldset;

/**
 * fl_coldset_new() - note what of the source is not in the page cache
 * Cost: 1 us per granule that is partly cached; one bit of memory each. A granule is a page,
 * 64 KiB on files of others, or as much as keeps the set under 1 MiB.
 * Return: 0; -ENOMEM; -EOPNOTSUPP when residency cannot be seen.
 */
int fl_coldset_new(const struct fl_file *file, uint64_t size, struct fl_coldset **ret);

/** fl_coldset_drop() - drop what was absent from [off, end); rounds inwards to granules */
void fl_coldset_drop(const struct fl_coldset *set, uint64_t off, uint64_t end);

/** fl_coldset_cold_bytes() - how much was absent */
uint64_t fl_coldset_cold_bytes(const struct fl_coldset *set);

/** fl_coldset_free() - NULL is fine */
void fl_coldset_free(struct fl_coldset *set);

#endif
