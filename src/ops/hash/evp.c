/* SPDX-License-Identifier: MIT */
#include "ops/hash/evp.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include <openssl/opensslv.h>

#include "base/error.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
/* The version that the headers belong to: another one may have other prototypes. */
#define LIBRARY "libcrypto.so." TEXT(OPENSSL_SHLIB_VERSION)

static const struct {
	const char *name;
	size_t at;
} symbols[] = {
	{"EVP_MD_fetch", offsetof(struct fl_evp, md_fetch)},
	{"EVP_MD_free", offsetof(struct fl_evp, md_free)},
	{"EVP_MD_CTX_new", offsetof(struct fl_evp, ctx_new)},
	{"EVP_MD_CTX_free", offsetof(struct fl_evp, ctx_free)},
	{"EVP_DigestInit_ex2", offsetof(struct fl_evp, init)},
	{"EVP_DigestUpdate", offsetof(struct fl_evp, update)},
	{"EVP_DigestFinal_ex", offsetof(struct fl_evp, final)},
};

int fl_evp_load(struct fl_evp *ret, struct fl_error *reterr)
{
	/* NODELETE: OpenSSL's handlers at exit and in threads must not outlive its code. */
	void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
	struct fl_evp evp;

	if (!library)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "OpenSSL cannot be loaded: %s", dlerror());
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *symbol = dlsym(library, symbols[i].name);

		if (!symbol) {
			dlclose(library);
			return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
					    LIBRARY " has no %s", symbols[i].name);
		}
		memcpy((char *)&evp + symbols[i].at, &symbol, sizeof(symbol));
	}
	dlclose(library);
	*ret = evp;
	return 0;
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
