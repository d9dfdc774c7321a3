/* SPDX-License-Identifier: MIT */
#include "cli/out_file.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/error.h>
#include <faultline/output.h>

#include "cli/message.h"
#include "cli/verbs.h"

static int failed(const char *name, int code)
{
	struct fl_error err = {.code = -code, .off = FL_OFF_NONE};

	snprintf(err.text, sizeof(err.text), "%s", strerror(code));
	message_file(name, &err);
	return EXIT_TROUBLE;
}

int out_file_write(const char *name, void (*write)(FILE *f, void *arg), void *arg)
{
	FILE *f = fopen(name, "we");
	int code;

	if (f == NULL)
		return failed(name, errno);
	errno = 0;
	write(f, arg);
	code = !ferror(f) ? 0 : errno != 0 ? errno : EIO;
	if (fclose(f) != 0 && code == 0)
		code = errno;
	return code == 0 ? 0 : failed(name, code);
}

static int may_write(const char *name)
{
	char *copy;
	int rc;

	if (access(name, F_OK) == 0)
		return access(name, W_OK) == 0;
	copy = strdup(name);
	rc = copy != NULL && access(dirname(copy), W_OK | X_OK) == 0;
	free(copy);
	return rc;
}

int out_file_check(const char *name)
{
	return may_write(name) ? 0 : failed(name, errno);
}

int out_file_flush(FILE *file, int sync)
{
	if (fflush(file) != 0)
		return -errno;
	return sync ? fl_output_sync(fileno(file)) : 0;
}
