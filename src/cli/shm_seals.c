/* SPDX-License-Identifier: MIT */
#include "cli/shm_seals.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <faultline/shm.h>

static const struct {
	const char *name;
	unsigned seal;
} names[] = {
	{"seal", FL_SEAL_SEAL},
	{"shrink", FL_SEAL_SHRINK},
	{"grow", FL_SEAL_GROW},
	{"write", FL_SEAL_WRITE},
	{"future-write", FL_SEAL_FUTURE_WRITE},
};

#define COUNT (sizeof(names) / sizeof(*names))

static unsigned one(const char *text, size_t len)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strlen(names[i].name) == len && strncmp(names[i].name, text, len) == 0)
			return names[i].seal;
	return 0;
}

int shm_seals_parse(const char *text, unsigned *ret)
{
	unsigned seals = 0, seal;
	size_t len;

	for (;;) {
		len = strcspn(text, ",");
		seal = one(text, len);
		if (seal == 0)
			return -EINVAL;
		seals |= seal;
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	*ret = seals;
	return 0;
}

void shm_seals_format(unsigned seals, char *buf, size_t size)
{
	size_t at = 0;

	snprintf(buf, size, "-");
	for (size_t i = 0; i < COUNT && at < size; i++)
		if (seals & names[i].seal)
			at += (size_t)snprintf(buf + at, size - at, "%s%s", at > 0 ? "," : "",
					       names[i].name);
}
