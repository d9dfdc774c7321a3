/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "shm/segment_impl.h"

/* NAME_MAX of tmpfs. */
#define NAME_BYTES_MAX 255u

static const char *const type_names[] = {"posix", "sysv", "file", "memfd"};

const char *fl_segment_type_name(enum fl_segment_type type)
{
	return (unsigned)type < sizeof(type_names) / sizeof(*type_names) ? type_names[type] : NULL;
}

static const char *name_problem(const char *name)
{
	size_t len = strlen(name);

	if (len == 0)
		return "an empty name";
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return "'.' and '..' are no names";
	if (strchr(name, '/'))
		return "a name has no '/' but a leading one";
	if (len > NAME_BYTES_MAX)
		return "a name has 255 characters at most";
	return NULL;
}

static int posix_path(const char *name, char **ret, struct fl_error *reterr)
{
	const char *bare = *name == '/' ? name + 1 : name;
	const char *problem = name_problem(bare);
	size_t size = sizeof(FL_SHM_FOLDER) + 1 + strlen(bare);

	if (problem)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "%s", problem);
	*ret = malloc(size);
	if (!*ret)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	strcpy(*ret, FL_SHM_FOLDER "/");
	strcat(*ret, bare);
	return 0;
}

int fl_segment_path(const struct fl_segment_options *opt, char **ret, struct fl_error *reterr)
{
	if (!opt->name)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "a name is needed");
	if (opt->type == FL_SEGMENT_POSIX)
		return posix_path(opt->name, ret, reterr);
	if (*opt->name == '\0')
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "an empty name");
	*ret = strdup(opt->name);
	return *ret ? 0 : fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
}
