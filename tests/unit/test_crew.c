/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/crew.h"

static struct fl_pipeline *shared, *left_alone;
static const void *recipe;
static size_t recipe_len;
static int refused;

static void share(struct fl_pipeline *pl, const void *what, size_t len)
{
	shared = pl;
	recipe = what;
	recipe_len = len;
}

static void alone(struct fl_pipeline *pl)
{
	left_alone = pl;
}

static int wait_order(struct crew_order *ret)
{
	ret->name = "a name";
	return 1;
}

static void refuse(const struct fl_error *err)
{
	refused = err->code;
}

static struct crew_ops ops = {.share = share, .alone = alone, .wait = wait_order, .refuse = refuse};

Test(crew, without_one_the_program_is_alone)
{
	struct crew_order order;
	struct fl_error err = {.code = -5};

	cr_assert(!crew_is_there() && !crew_follows() && !crew_ops_now());
	cr_assert(crew_wait(&order) == 0);
	crew_share(NULL, "file", NULL, 0);
	crew_refuse(&err);
	cr_assert(crew_is_terminal(STDERR_FILENO) == isatty(STDERR_FILENO));
}

Test(crew, a_file_is_shared_and_standard_input_is_not)
{
	struct fl_pipeline *pl = (struct fl_pipeline *)&ops;

	ops.leads = 1;
	crew_set(&ops);
	cr_assert(crew_is_there() && !crew_follows() && crew_ops_now() == &ops);
	crew_share(pl, "file", "recipe", 6);
	cr_assert(shared == pl && recipe_len == 6 && strcmp(recipe, "recipe") == 0 && !left_alone);
	shared = NULL;
	crew_share(pl, "-", "recipe", 6);
	cr_assert(!shared && left_alone == pl);
}

Test(crew, a_follower_waits_and_refuses)
{
	struct crew_order order = {0};
	struct fl_error err = {.code = -5};

	ops.leads = 0;
	crew_set(&ops);
	cr_assert(crew_follows());
	cr_assert(crew_wait(&order) == 1 && strcmp(order.name, "a name") == 0);
	crew_refuse(&err);
	cr_assert(refused == -5);
	/* A launcher's pseudo terminal is nobody's. */
	cr_assert(!crew_is_terminal(STDERR_FILENO));
}
