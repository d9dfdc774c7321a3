/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_HASH_EVP_H
#define FL_OPS_HASH_EVP_H

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <faultline/error.h>

/**
 * struct fl_evp - the functions of OpenSSL that digests need
 *
 * libcrypto is loaded when a digest of it is first asked for: linked, it would add 1.7 ms to every
 * start of the program, which takes 2.2 (measured: --version, mean of 600).
 */
struct fl_evp {
	__typeof__(EVP_MD_fetch) *md_fetch;
	__typeof__(EVP_MD_free) *md_free;
	__typeof__(EVP_MD_CTX_new) *ctx_new;
	__typeof__(EVP_MD_CTX_free) *ctx_free;
	__typeof__(EVP_DigestInit_ex2) *init;
	__typeof__(EVP_DigestUpdate) *update;
	__typeof__(EVP_DigestFinal_ex) *final;
	__typeof__(OpenSSL_version) *version;
};

/**
 * fl_evp_load() - fill the table; the library stays loaded until the program ends
 *
 * Threads: any. Cost: 10 ms the first time, then 3 us.
 * Return: 0; -FL_EUNSUPPORTED where the library is not installed.
 */
int fl_evp_load(struct fl_evp *ret, struct fl_error *reterr);

/** fl_evp_fetch() - EVP_MD_fetch(3) from the default context. Return: 0; -FL_EUNSUPPORTED. */
int fl_evp_fetch(const struct fl_evp *evp, const char *name, EVP_MD **ret, struct fl_error *reterr);

#endif
