/* SPDX-License-Identifier: MIT */
#include "cli/transform_dest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/crew_output.h"
#include "cli/inputs.h"
#include "cli/outbuf.h"

static int fail(struct fl_error *err, int code, const char *text)
{
	*err = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(err->text, sizeof(err->text), "%s", text != NULL ? text : fl_strerror(code));
	return code;
}

int transform_dest_open(struct transform_dest *dest, const char *name, struct fl_error *err)
{
	struct fl_output_options opt = {.size = sizeof(opt),
					.path = name,
					.flags = FL_OUTPUT_REPLACE | crew_output_flags()};

	return fl_output_open(&opt, &dest->out, err);
}

static int check_old(const struct transform_dest *dest, struct fl_error *err)
{
	char text[160];

	if (!S_ISREG(dest->before.st_mode))
		return fail(err, -EINVAL, "is not a regular file: it cannot be rewritten");
	if (dest->before.st_nlink > 1) {
		snprintf(text, sizeof(text),
			 "has %lu names (hard links); --rewrite would leave the others behind",
			 (unsigned long)dest->before.st_nlink);
		return fail(err, -EMLINK, text);
	}
	return 0;
}

int transform_dest_rewrite(struct transform_dest *dest, const char *name, struct fl_error *err)
{
	struct fl_output_options opt = {.size = sizeof(opt),
					.flags = FL_OUTPUT_REPLACE | FL_OUTPUT_SYNC |
						 FL_OUTPUT_KEEP | crew_output_flags()};
	int rc;

	if (input_is_stdin(name))
		return fail(err, -EINVAL, "cannot be rewritten");
	dest->path = realpath(name, NULL);
	if (dest->path == NULL || stat(dest->path, &dest->before) < 0) {
		rc = fail(err, -errno, NULL);
	} else {
		opt.path = opt.like = dest->path;
		rc = check_old(dest, err);
	}
	if (rc == 0)
		rc = fl_output_open(&opt, &dest->out, err);
	if (rc < 0) {
		free(dest->path);
		dest->path = NULL;
	}
	return rc;
}

int transform_dest_write(struct transform_dest *dest, const void *data, size_t len)
{
	return dest->out != NULL ? fl_output_write(dest->out, data, len) : outbuf_write(data, len);
}

static int same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* What someone else wrote since it was read would be lost. */
static int is_as_before(const struct transform_dest *dest)
{
	struct stat now;

	return stat(dest->path, &now) == 0 && now.st_dev == dest->before.st_dev &&
	       now.st_ino == dest->before.st_ino && now.st_size == dest->before.st_size &&
	       same_time(&now.st_mtim, &dest->before.st_mtim);
}

int transform_dest_commit(struct transform_dest *dest, int wanted, struct fl_error *err)
{
	struct fl_output *out = dest->out;
	int rc = 0;

	dest->out = NULL;
	if (out == NULL)
		return 0;
	if (wanted && dest->path != NULL && !is_as_before(dest)) {
		rc = fail(err, -FL_ECHANGED, "was changed while it was read; it stays as it is");
		wanted = 0;
	}
	if (wanted)
		rc = fl_output_commit(out, err);
	else
		fl_output_discard(out);
	free(dest->path);
	dest->path = NULL;
	return rc;
}
