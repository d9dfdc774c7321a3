/* SPDX-License-Identifier: MIT */
#include "ops/transform/redact.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kern/quads.h"

static const struct fl_preset presets[] = {
	{"ipv4", fl_find_ipv4, FL_SHAPE_IPV4},
	{"ipv6", fl_find_ipv6, FL_SHAPE_HEX},
	{"email", fl_find_email, FL_SHAPE_EMAIL},
	{"card", fl_find_card, FL_SHAPE_CARD},
	{"iban", fl_find_iban, FL_SHAPE_TEXT},
	{"uuid", fl_find_uuid, FL_SHAPE_HEX},
	{"jwt", fl_find_jwt, FL_SHAPE_TEXT},
	{"hexkey", fl_find_hexkey, FL_SHAPE_HEX},
	{"url-password", fl_find_url_password, FL_SHAPE_TEXT},
};

int fl_redact_init(struct fl_redact *redact, const char *name, size_t len)
{
	*redact = (struct fl_redact){.mask_char = '*'};
	for (size_t i = 0; i < sizeof(presets) / sizeof(*presets); i++) {
		if (strlen(presets[i].name) != len || memcmp(presets[i].name, name, len) != 0)
			continue;
		redact->preset = &presets[i];
		return 0;
	}
	return -EINVAL;
}

const char *fl_redact_names(void)
{
	return "ipv4, ipv6, email, card, iban, uuid, jwt, hexkey, url-password and all";
}

/* What can hold another thing comes before it. */
const char *fl_redact_all(void)
{
	return "url-password,email,jwt,uuid,iban,card,hexkey,ipv6,ipv4";
}

static int put(const struct fl_redact *redact, uint64_t off, const unsigned char *p, size_t len,
	       struct fl_deltas *out)
{
	unsigned char *room;
	/* A file may change under our hands: the pseudonym is that of a copy. */
	int r = fl_deltas_room(out, redact->is_hashed ? 2 * len : len, 0, &room);

	if (r < 0)
		return r;
	if (redact->is_hashed) {
		memcpy(room + len, p, len);
		fl_pseudonym(redact->key, redact->preset->shape, room + len, len, room);
	} else {
		memset(room, redact->mask_char, len);
	}
	return fl_deltas_put(out, off, len, len);
}

/* Addresses are found a block at a time. */
static int run_ipv4(const struct fl_redact *redact, uint64_t off, const unsigned char *p,
		    size_t len, struct fl_deltas *out)
{
	struct fl_quads quads;
	size_t begin, end;
	int r = 0;

	fl_quads_init(&quads, p, len, 0);
	while (r == 0 && fl_quads_next(&quads, &begin, &end)) {
		out->matches++;
		r = put(redact, off + begin, p + begin, end - begin, out);
	}
	return r;
}

int fl_redact_run(const struct fl_redact *redact, uint64_t off, const unsigned char *p, size_t len,
		  struct fl_deltas *out)
{
	struct fl_found found;
	size_t from = 0;
	int r = 0;

	if (redact->preset->find == fl_find_ipv4)
		return run_ipv4(redact, off, p, len, out);
	while (r == 0 && from < len && redact->preset->find(p, len, from, &found)) {
		out->matches++;
		r = put(redact, off + found.begin, p + found.begin, found.end - found.begin, out);
		from = found.end;
	}
	return r;
}
