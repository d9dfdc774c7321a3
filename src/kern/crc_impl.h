/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_CRC_IMPL_H
#define FL_KERN_CRC_IMPL_H

#include <stdbool.h>

#include "kern/crc.h"

/** fl_crc_update_generic() - fl_crc.update by tables */
uint32_t fl_crc_update_generic(const struct fl_crc *crc, uint32_t reg, const unsigned char *p,
			       size_t n);

#if defined(__x86_64__)
/**
 * fl_crc_choose_x86() - set the functions and @lane_bytes for one of this architecture's kernels
 * Return: whether generator and processor allow one that is @kernel.
 */
bool fl_crc_choose_x86(struct fl_crc *crc, enum fl_crc_kernel kernel);
#endif

#endif
