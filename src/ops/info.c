/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <xxhash.h>

#include <faultline/info.h>
#include <faultline/version.h>

#include "kern/kernels.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *fl_version(void)
{
	return TEXT(FL_VERSION_MAJOR) "." TEXT(FL_VERSION_MINOR) "." TEXT(FL_VERSION_PATCH);
}

void fl_info(void (*row)(void *arg, const char *key, const char *value), void *arg)
{
	char text[64];
	uint32_t jit = 0;
	unsigned v = XXH_versionNumber();

	row(arg, "kernels", fl_kernels_get()->name);
	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) <= (int)sizeof(text) &&
	    pcre2_config(PCRE2_CONFIG_VERSION, text) > 0)
		row(arg, "pcre2", text);
	pcre2_config(PCRE2_CONFIG_JIT, &jit);
	row(arg, "pcre2-jit", jit ? "yes" : "no");
	snprintf(text, sizeof(text), "%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
	row(arg, "xxhash", text);
#ifdef HAVE_LIBURING
	row(arg, "liburing", "built in");
#else
	row(arg, "liburing", "not built in");
#endif
#ifdef HAVE_BLAKE3
	row(arg, "blake3", "built in");
#else
	row(arg, "blake3", "not built in");
#endif
#ifdef FL_TINY_WINDOWS
	row(arg, "windows", "tiny (test build)");
#endif
}
