/* SPDX-License-Identifier: MIT */
#include "plat/pseudo_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool fl_pseudo_text(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, room - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool fl_pseudo_line(const char *path, char *text, size_t room)
{
	bool any = fl_pseudo_text(path, text, room);

	text[strcspn(text, "\n")] = '\0';
	return any;
}

uint64_t fl_pseudo_number(const char *path, uint64_t fallback)
{
	char text[32];

	return fl_pseudo_text(path, text, sizeof(text)) && *text >= '0' && *text <= '9'
		       ? strtoull(text, NULL, 10)
		       : fallback;
}
