/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_MULTI_H
#define FL_OPS_SCAN_SCAN_MULTI_H

#include "ops/scan/scan_emit.h"

/**
 * DOC: Views and matches that go on over line ends.
 *
 * A map looks for the matches that begin in its view, as if none before reached into it. Only where
 * it finds some does it wait until all parts before have been folded: then it knows where the last
 * match before ends. If that is behind the first one that it found itself, it looks again from there.
 */

/**
 * fl_scan_multi_view() - append what is selected in a view to its part
 *
 * The mapping is open. Return: as fl_scan_map_view().
 */
int fl_scan_multi_view(struct fl_scan_mapping *m, struct fl_error *reterr);

#endif
