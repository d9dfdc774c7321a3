/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SHM_ROWS_H
#define FAULTLINE_CLI_SHM_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/shm.h>

/** shm_row_name() - how a segment is called in tables: its name, path, or KEY/ID; one line */
void shm_row_name(const struct fl_segment_info *info, char *buf, size_t size);

/** shm_is_left() - its maker is dead, and nobody is attached */
int shm_is_left(const struct fl_segment_info *info);

/** shm_age_s() - seconds since @since_s (from 1970 on); 0 of a time that cannot be, which others may have written */
int64_t shm_age_s(int64_t since_s);

#endif
