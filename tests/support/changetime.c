/* SPDX-License-Identifier: MIT */
#include "changetime.h"

#include <stdlib.h>
#include <sys/stat.h>

void move_change_time(int fd)
{
	struct stat old, now;

	if (fstat(fd, &old) < 0)
		abort();
	do {
		if (fchmod(fd, old.st_mode ^ S_IXUSR) < 0 || fchmod(fd, old.st_mode) < 0 ||
		    fstat(fd, &now) < 0)
			abort();
	} while (now.st_ctim.tv_sec == old.st_ctim.tv_sec &&
		 now.st_ctim.tv_nsec == old.st_ctim.tv_nsec);
}
