/* SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PART_IMPL_H
#define FL_ENGINE_PART_IMPL_H

#include <faultline/operator.h>

/** fl_part_reset() - empty for the next chunk; memory beyond twice the limit is given back */
void fl_part_reset(struct fl_part *part);

/** fl_part_free() - give the memory back; the part is empty */
void fl_part_free(struct fl_part *part);

#endif
