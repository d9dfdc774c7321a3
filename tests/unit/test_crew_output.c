/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/crew.h"
#include "cli/crew_output.h"

/* What was written, wherever it is. */
static size_t read_back(struct crew_output *o, unsigned char *buf)
{
	size_t n = o->held;

	memcpy(buf, o->memory, n);
	if (o->rest) {
		rewind(o->rest);
		n += fread(buf + n, 1, 1 << 20, o->rest);
	}
	return n;
}

Test(crew_output, what_does_not_fit_into_memory_is_in_a_file)
{
	static unsigned char all[300000], back[1 << 20];
	struct crew_output o = {.most = 100000};
	size_t at = 0;

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)(i * 7 >> 3);
	for (size_t n = 1; at < sizeof(all); n = 1 + n * 5 % 40009) {
		if (n > sizeof(all) - at)
			n = sizeof(all) - at;
		cr_assert(crew_output_write(&o, all + at, n) == 0);
		at += n;
	}
	cr_assert(o.held == 100000 && o.room <= 100000 && o.len == sizeof(all) && o.rest);
	cr_assert(read_back(&o, back) == sizeof(all) && memcmp(all, back, sizeof(all)) == 0);
	fclose(o.rest);
	free(o.memory);
}

Test(crew_output, what_fits_needs_no_file)
{
	struct crew_output o = {.most = 100};

	cr_assert(crew_output_write(&o, NULL, 0) == 0);
	cr_assert(crew_output_write(&o, "0123456789", 10) == 0);
	cr_assert(o.held == 10 && o.len == 10 && !o.rest &&
		  memcmp(o.memory, "0123456789", 10) == 0);
	free(o.memory);
}

Test(crew_output, a_name_is_needed_where_several_write)
{
	static struct crew_ops ops = {.leads = 1, .size = 1};

	cr_assert(crew_output_flags() == 0);
	crew_set(&ops);
	cr_assert(crew_output_flags() == 0);
	ops.size = 2;
	cr_assert(crew_output_flags() == FL_OUTPUT_NAMED);
}
