/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <xxhash.h>
#include <zstd.h>

#include <faultline/info.h>
#include <faultline/version.h>

#include "kern/kernels.h"
#include "ops/codec/igzip.h"
#include "ops/hash/evp.h"
#include "ops/scan/hyperscan.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *fl_version(void)
{
	return TEXT(FL_VERSION_MAJOR) "." TEXT(FL_VERSION_MINOR) "." TEXT(FL_VERSION_PATCH);
}

#define ABSENT "not built in"

#ifdef HAVE_LIBURING
#define LIBURING "built in"
#else
#define LIBURING ABSENT
#endif
#ifdef HAVE_BLAKE3
#define BLAKE3 "built in"
#else
#define BLAKE3 ABSENT
#endif

static void row_pcre2(void (*row)(void *arg, const char *key, const char *value), void *arg)
{
	char text[64];
	uint32_t jit = 0;

	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) <= (int)sizeof(text) &&
	    pcre2_config(PCRE2_CONFIG_VERSION, text) > 0)
		row(arg, "pcre2", text);
	pcre2_config(PCRE2_CONFIG_JIT, &jit);
	row(arg, "pcre2-jit", jit ? "yes" : "no");
}

static void row_xxhash(void (*row)(void *arg, const char *key, const char *value), void *arg)
{
	char text[64];
	unsigned v = XXH_versionNumber();

	snprintf(text, sizeof(text), "%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
	row(arg, "xxhash", text);
}

/* Those that are loaded when a job first needs them. */
static void row_loaded(void (*row)(void *arg, const char *key, const char *value), void *arg)
{
	struct fl_error error = {0};
	struct fl_evp evp;
	const char *version;

	if (fl_evp_load(&evp, &error) == 0)
		row(arg, "openssl", evp.version(OPENSSL_VERSION_STRING));
	else
		row(arg, "openssl", error.text);
	if (fl_hs_version(&version, &error) == 0)
		row(arg, "hyperscan", version);
	else
		row(arg, "hyperscan", error.text);
	row(arg, "isa-l", fl_igzip_check(&error) == 0 ? "2, reads .gz" : error.text);
}

void fl_info(void (*row)(void *arg, const char *key, const char *value), void *arg)
{
	row(arg, "kernels", fl_kernels_get()->name);
	row_pcre2(row, arg);
	row_xxhash(row, arg);
	row_loaded(row, arg);
	row(arg, "zstd", ZSTD_versionString());
	row(arg, "liburing", LIBURING);
	row(arg, "blake3", BLAKE3);
#ifdef FL_TINY_WINDOWS
	row(arg, "windows", "tiny (test build)");
#endif
}
