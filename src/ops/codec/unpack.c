/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "ops/codec/unpack.h"

#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/igzip.h"

int64_t fl_unpack_failed(const struct fl_packed *in, const char *name, const char *text,
			 struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_ECORRUPT, in->pos, "%s: %s", name, text);
}

int64_t fl_unpack_ends_early(const struct fl_packed *in, const char *name, struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_ECORRUPT, in->pos, "the file ends in the middle of %s data",
			    name);
}

#ifndef HAVE_ZLIB
const struct fl_unpack fl_unpack_gzip = {.name = "gzip"};
#endif
#ifndef HAVE_LZMA
const struct fl_unpack fl_unpack_xz = {.name = "xz"};
#endif
#ifndef HAVE_BZIP2
const struct fl_unpack fl_unpack_bzip2 = {.name = "bzip2"};
#endif
#ifndef HAVE_LZ4
const struct fl_unpack fl_unpack_lz4 = {.name = "lz4"};
#endif

static bool begins(const unsigned char *p, size_t n, const char *magic, size_t len)
{
	return n >= len && memcmp(p, magic, len) == 0;
}

/* "BZh", the block size, and pi (a block) or its square root (the end): no text begins so. */
static bool is_bzip2(const unsigned char *p, size_t n)
{
	return n >= FL_UNPACK_MAGIC_BYTES && memcmp(p, "BZh", 3) == 0 && p[3] >= '1' &&
	       p[3] <= '9' &&
	       (memcmp(p + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
		memcmp(p + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

/* RFC 1952 for gzip (method 8, three flags must be 0); the format descriptions of xz and lz4. */
const struct fl_unpack *fl_unpack_of(const unsigned char *p, size_t n)
{
	if (begins(p, n, "\x1f\x8b\x08", 3) && n > 3 && p[3] < 32)
		return fl_igzip_check(NULL) == 0 ? &fl_unpack_igzip : &fl_unpack_gzip;
	if (begins(p, n,
		   "\xFD"
		   "7zXZ",
		   6))
		return &fl_unpack_xz;
	if (is_bzip2(p, n))
		return &fl_unpack_bzip2;
	if (begins(p, n, "\x04\x22\x4D\x18", 4))
		return &fl_unpack_lz4;
	return NULL;
}

bool fl_unpack_may_begin(const unsigned char *p, size_t n)
{
	static const char *const magics[] = {"\x1f\x8b\x08", "\xFD\x37zXZ", "BZh",
					     "\x04\x22\x4D\x18"};

	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		if (memcmp(p, magics[i], fl_min_size(n, strlen(magics[i]))) == 0)
			return true;
	return false;
}
