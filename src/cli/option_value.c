/* SPDX-License-Identifier: MIT */
#include "cli/option_value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/message.h"
#include "cli/parse_size.h"

uint64_t option_size(const char *option, const char *text)
{
	uint64_t value = 0;
	int rc = faultline_parse_size(text, &value);

	if (rc < 0)
		message_usage("%s: '%s' %s", option, text, faultline_size_problem(text, rc));
	return value;
}

uint64_t option_count(const char *option, const char *text, uint64_t least, uint64_t most)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	/* A digit first: strtoull() takes blanks and a sign, too. */
	if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 || value < least ||
	    value > most)
		message_usage("%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, option, text,
			      least, most);
	return value;
}
