/* SPDX-License-Identifier: MIT */
#include "ops/hash/evp.h"

#include <stddef.h>

#include <openssl/opensslv.h>

#include "base/error.h"
#include "base/library.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
/* The version that the headers belong to: another one may have other prototypes. */
#define LIBRARY "libcrypto.so." TEXT(OPENSSL_SHLIB_VERSION)

static const struct fl_symbol symbols[] = {
	{"EVP_MD_fetch", offsetof(struct fl_evp, md_fetch)},
	{"EVP_MD_free", offsetof(struct fl_evp, md_free)},
	{"EVP_MD_CTX_new", offsetof(struct fl_evp, ctx_new)},
	{"EVP_MD_CTX_free", offsetof(struct fl_evp, ctx_free)},
	{"EVP_DigestInit_ex2", offsetof(struct fl_evp, init)},
	{"EVP_DigestUpdate", offsetof(struct fl_evp, update)},
	{"EVP_DigestFinal_ex", offsetof(struct fl_evp, final)},
	{"OpenSSL_version", offsetof(struct fl_evp, version)},
};

int fl_evp_load(struct fl_evp *ret, struct fl_error *reterr)
{
	return fl_library_load(LIBRARY, "OpenSSL", symbols, sizeof(symbols) / sizeof(symbols[0]),
			       ret, reterr);
}

int fl_evp_fetch(const struct fl_evp *evp, const char *name, EVP_MD **ret, struct fl_error *reterr)
{
	EVP_MD *md = evp->md_fetch(NULL, name, NULL);

	if (!md)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "OpenSSL's providers do not offer %s here", name);
	*ret = md;
	return 0;
}
