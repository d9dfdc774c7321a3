/* SPDX-License-Identifier: MIT */
#include "cli/redact_key.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/verbs.h"

void redact_key_read(const char *name, unsigned char ret[FL_TRANSFORM_KEY_BYTES])
{
	size_t most = name != NULL ? SIZE_MAX : FL_TRANSFORM_KEY_BYTES;
	const char *path = name != NULL ? name : "/dev/urandom";
	FILE *file = fopen(path, "re");
	size_t n = 0;
	int c;

	memset(ret, 0, FL_TRANSFORM_KEY_BYTES);
	for (; file != NULL && n < most && (c = getc(file)) != EOF; n++) {
		unsigned char *byte = &ret[n % FL_TRANSFORM_KEY_BYTES];

		*byte = (unsigned char)((*byte << 1 | *byte >> 7) ^ c);
	}
	if (file == NULL || ferror(file)) {
		message_error("%s: %s", path, strerror(errno));
		exit(EXIT_TROUBLE);
	}
	fclose(file);
	if (n < FL_TRANSFORM_KEY_BYTES)
		message_usage("--redact-key: %s has fewer than %d bytes", path,
			      FL_TRANSFORM_KEY_BYTES);
}
