/* SPDX-License-Identifier: MIT */
#include "cli/temp_file.h"

#include <errno.h>
#include <unistd.h>

#include <faultline/output.h>

FILE *temp_file(void)
{
	int fd = fl_output_scratch(), saved;
	FILE *file;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	file = fdopen(fd, "w+");
	if (file == NULL) {
		saved = errno;
		close(fd);
		errno = saved;
	}
	return file;
}
