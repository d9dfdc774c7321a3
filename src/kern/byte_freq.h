/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_BYTE_FREQ_H
#define FL_KERN_BYTE_FREQ_H

#include <stdint.h>

/**
 * fl_bytes_per_million - how often each byte stands in a million bytes of logs and other files
 *
 * Source: counted; byte_freq.c names the files and the script that makes it.
 */
extern const uint32_t fl_bytes_per_million[256];

#endif
