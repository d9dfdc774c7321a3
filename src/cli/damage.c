/* SPDX-License-Identifier: MIT */
#include "cli/damage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hash_line.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"

/* As in the lines of sha256sum -c: only names of several lines are escaped. */
static void begin(const char *name)
{
	int escape = strchr(name, '\n') != NULL;

	progress_bar_erase();
	if (escape)
		outbuf_write("\\", 1);
	hash_name_print(name, escape);
}

void damage_tell(const char *name, const char *what, uint64_t off, uint64_t len)
{
	begin(name);
	outbuf_printf(": %s %" PRIu64 "-%" PRIu64 "\n", what, off, off + len - 1);
	outbuf_flush_lines();
}

void damage_verdict(const char *name, const char *verdict)
{
	begin(name);
	outbuf_printf(": %s\n", verdict);
	outbuf_flush_lines();
}

void damage_print(struct damage *damage)
{
	for (size_t i = 0; i < damage->held && !damage->quiet; i++)
		damage_tell(damage->name, "damaged at bytes", damage->ranges[i].off,
			    damage->ranges[i].end - damage->ranges[i].off);
	damage->held = 0;
}

int damage_add(struct damage *damage, uint64_t off, uint64_t len)
{
	struct damage_range *last = damage->held > 0 ? &damage->ranges[damage->held - 1] : NULL;

	if (last != NULL && last->end == off) {
		last->end = off + len;
		return 0;
	}
	if (damage->direct)
		damage_print(damage);
	if (damage->held == damage->room) {
		size_t room = damage->room > 0 ? 2 * damage->room : 1;
		struct damage_range *ranges =
			realloc(damage->ranges, room * sizeof(*damage->ranges));

		if (ranges == NULL)
			return -ENOMEM;
		damage->ranges = ranges;
		damage->room = room;
	}
	damage->ranges[damage->held++] = (struct damage_range){.off = off, .end = off + len};
	damage->count++;
	return 0;
}

void damage_done(struct damage *damage)
{
	free(damage->ranges);
	damage->ranges = NULL;
	damage->held = damage->room = 0;
}
