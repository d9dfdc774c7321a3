/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SHM_ROWS_H
#define FAULTLINE_CLI_SHM_ROWS_H

#include <stddef.h>

#include <faultline/shm.h>

/** shm_row_name() - how a segment is called in tables: its name, path, or KEY/ID; one line */
void shm_row_name(const struct fl_segment_info *info, char *buf, size_t size);

/** shm_is_left() - its maker is dead, and nobody is attached */
int shm_is_left(const struct fl_segment_info *info);

#endif
