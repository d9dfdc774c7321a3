/* SPDX-License-Identifier: MIT */
#include "cli/crew.h"

#include <unistd.h>

#include "cli/inputs.h"

static const struct crew_ops *crew;

void crew_set(const struct crew_ops *ops)
{
	crew = ops;
}

int crew_is_there(void)
{
	return crew != NULL;
}

const struct crew_ops *crew_ops_now(void)
{
	return crew;
}

int crew_is_terminal(int fd)
{
	return crew == NULL && isatty(fd);
}

int crew_follows(void)
{
	return crew != NULL && !crew->leads;
}

void crew_share(struct fl_pipeline *pl, const char *name, const void *recipe, size_t recipe_len)
{
	if (crew == NULL)
		return;
	if (input_is_stdin(name))
		crew->alone(pl);
	else
		crew->share(pl, recipe, recipe_len);
}

int crew_wait(struct crew_order *ret)
{
	return crew != NULL ? crew->wait(ret) : 0;
}

void crew_refuse(const struct fl_error *err)
{
	if (crew != NULL)
		crew->refuse(err);
}
