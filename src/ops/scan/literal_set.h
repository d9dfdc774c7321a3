/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_LITERAL_SET_H
#define FL_OPS_SCAN_LITERAL_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "kern/grams.h"
#include "kern/packed.h"
#include "ops/scan/literal.h"

/**
 * struct fl_literal_set - literals of which any may stand in a line; constant after init, any thread
 * @count:    how many; 0: nothing was made
 * @is_packed: by @packed, else by @grams
 * @is_exact: all of them are whole alternatives
 */
struct fl_literal_set {
	unsigned char *bytes;
	size_t count;
	bool is_packed;
	bool is_exact;
	struct fl_packed packed;
	struct fl_grams grams;
};

/**
 * fl_literal_set_init() - choose a kernel
 * @parts:  @count of them
 * @icase:  ASCII letters match in either case
 * @any:    also where something else is likely to be faster
 * Return: 0; -FL_EUNSUPPORTED: not for these; -ENOMEM.
 */
int fl_literal_set_init(struct fl_literal_set *set, const struct fl_literal_part *parts,
			size_t count, bool icase, bool any);

/** fl_literal_set_done() - free; all zero is fine */
void fl_literal_set_done(struct fl_literal_set *set);

/** fl_literal_set_find() - where one begins so that no other ends there or before, or NULL */
const unsigned char *fl_literal_set_find(const struct fl_literal_set *set, const unsigned char *p,
					 size_t n);

#endif
