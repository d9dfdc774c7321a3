/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_TEMP_FILE_H
#define FAULTLINE_CLI_TEMP_FILE_H

#include <stdio.h>

/**
 * temp_file() - an unlinked file to be written and read, as tmpfile(3) makes one
 *
 * In TMPDIR, else /var/tmp: it is for what does not fit into memory, and /tmp may be memory. No child
 * inherits it. Return: NULL with errno.
 */
FILE *temp_file(void);

#endif
