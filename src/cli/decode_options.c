/* SPDX-License-Identifier: MIT */
#include "cli/decode_options.h"

#include <string.h>

#include "cli/common_options.h"
#include "cli/message.h"

enum key {
	KEY_DECOMPRESS = 1280
};

static const struct argp_option decode_table[] = {
	{.name = "decompress",
	 .key = KEY_DECOMPRESS,
	 .arg = "WHEN",
	 .doc = "Read what zstd files decompress to: auto (default), never, always (refuse others)",
	 .group = 10},
	{0},
};

static enum decode_when when_value(const char *text)
{
	if (strcmp(text, "never") == 0)
		return DECODE_NEVER;
	if (strcmp(text, "auto") == 0)
		return DECODE_AUTO;
	if (strcmp(text, "always") == 0)
		return DECODE_ALWAYS;
	message_usage("--decompress: '%s' is none of auto, never, always", text);
}

static error_t parse_decode(int key, char *arg, struct argp_state *state)
{
	struct common_options *common = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		common->decode_when = DECODE_AUTO;
		return 0;
	case KEY_DECOMPRESS:
		common->decode_when = when_value(arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp decode_argp = {.options = decode_table, .parser = parse_decode};
