/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/hash.h>

#include "../support/opharness.h"

struct vector {
	enum fl_hash_alg alg;
	const char *text;
	size_t times;
	const char *hex;
};

#define TWO_BLOCKS "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define LONGER                                                                                     \
	"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr" \
	"lmnopqrsmnopqrstnopqrstu"

/* RFC 1321 A.5; FIPS 180-4's and FIPS 202's example files (NIST, "Examples with Intermediate
 * Values"); RFC 7693 A and B; RFC 3720 B.4 */
static const struct vector vectors[] = {
	{FL_HASH_MD5, "", 1, "d41d8cd98f00b204e9800998ecf8427e"},
	{FL_HASH_MD5, "a", 1, "0cc175b9c0f1b6a831c399e269772661"},
	{FL_HASH_MD5, "abc", 1, "900150983cd24fb0d6963f7d28e17f72"},
	{FL_HASH_MD5, "message digest", 1, "f96b697d7cb7938d525a2f31aaf161d0"},
	{FL_HASH_MD5, "1234567890", 8, "57edf4a22be3c955ac49da2e2107b67a"},
	{FL_HASH_SHA1, "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
	{FL_HASH_SHA1, TWO_BLOCKS, 1, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	{FL_HASH_SHA1, "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
	{FL_HASH_SHA224, "abc", 1, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
	{FL_HASH_SHA256, "abc", 1,
	 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{FL_HASH_SHA256, TWO_BLOCKS, 1,
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{FL_HASH_SHA256, "a", 1000000,
	 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	{FL_HASH_SHA384, "abc", 1,
	 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	 "8086072ba1e7cc2358baeca134c825a7"},
	{FL_HASH_SHA512, "abc", 1,
	 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	{FL_HASH_SHA512, LONGER, 1,
	 "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
	 "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
	{FL_HASH_SHA512_256, "abc", 1,
	 "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"},
	{FL_HASH_SHA3_256, "", 1,
	 "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"},
	{FL_HASH_SHA3_256, "abc", 1,
	 "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
	{FL_HASH_BLAKE2B, "abc", 1,
	 "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
	 "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
	{FL_HASH_BLAKE2S, "abc", 1,
	 "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"},
	{FL_HASH_CRC32, "123456789", 1, "cbf43926"},
	{FL_HASH_CRC32C, "123456789", 1, "e3069283"},
};

static void check(enum fl_hash_alg alg, uint64_t seed, const void *data, size_t len,
		  const char *hex)
{
	struct opharness how = {.chunk = 65536, .slice = 32768, .part_limit = 1 << 20, .seed = 1};
	unsigned char digest[FL_HASH_DIGEST_MAX];
	char got[2 * FL_HASH_DIGEST_MAX + 1];
	struct fl_hash *hash = NULL;
	size_t n;

	cr_assert(fl_hash_new(alg, seed, &hash) == 0);
	cr_assert(opharness_run(fl_hash_operator(hash), hash, data, len, &how, NULL) == 0);
	n = fl_hash_digest(hash, digest);
	for (size_t i = 0; i < n; i++)
		snprintf(got + 2 * i, 3, "%02x", digest[i]);
	cr_assert(strcmp(got, hex) == 0, "%s of %zu bytes: %s", fl_hash_alg_name(alg), len, got);
	fl_hash_free(hash);
}

Test(hash_vectors, published_by_the_authors)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		size_t len = strlen(v->text);
		char *data = malloc(len * v->times + 1);

		for (size_t k = 0; k < v->times; k++)
			memcpy(data + k * len, v->text, len);
		check(v->alg, 0, data, len * v->times, v->hex);
		free(data);
	}
}

struct xxh_vector {
	enum fl_hash_alg alg;
	size_t len;
	int seeded;
	const char *hex;
};

/* xxHash 0.8's own sanity tests (cli/xsum_sanity_check.c): the input, seeds and results */
#define XXH_GENERATOR 2654435761u
#define XXH_MULTIPLIER UINT64_C(11400714785074694797)

static const struct xxh_vector xxh_vectors[] = {
	{FL_HASH_XXH32, 0, 0, "02cc5d05"},
	{FL_HASH_XXH32, 0, 1, "36b78ae7"},
	{FL_HASH_XXH32, 1, 0, "cf65b03e"},
	{FL_HASH_XXH32, 1, 1, "b4545aa4"},
	{FL_HASH_XXH32, 14, 0, "1208e7e2"},
	{FL_HASH_XXH32, 14, 1, "6af1d1fe"},
	{FL_HASH_XXH32, 222, 0, "5bd11dbd"},
	{FL_HASH_XXH32, 222, 1, "58803c5f"},
	{FL_HASH_XXH64, 0, 0, "ef46db3751d8e999"},
	{FL_HASH_XXH64, 0, 1, "ac75fda2929b17ef"},
	{FL_HASH_XXH64, 1, 0, "e934a84adb052768"},
	{FL_HASH_XXH64, 1, 1, "5014607643a9b4c3"},
	{FL_HASH_XXH64, 14, 0, "8282dcc4994e35c8"},
	{FL_HASH_XXH64, 222, 0, "b641ae8cb691c174"},
	{FL_HASH_XXH64, 222, 1, "20cb8ab7ae10c14a"},
	{FL_HASH_XXH3, 0, 0, "2d06800538d394c2"},
	{FL_HASH_XXH3, 1, 0, "c44bdff4074eecdb"},
	{FL_HASH_XXH3, 6, 0, "27b56a84cd2d7325"},
	{FL_HASH_XXH3, 12, 0, "a713daf0dfbb77e7"},
	{FL_HASH_XXH3, 24, 0, "a3fe70bf9d3510eb"},
	{FL_HASH_XXH3, 48, 0, "397da259ecba1f11"},
	{FL_HASH_XXH3, 80, 0, "bcdefbbb2c47c90a"},
	{FL_HASH_XXH3, 195, 0, "cd94217ee362ec3a"},
	{FL_HASH_XXH3, 403, 0, "cdeb804d65c6dea4"},
	{FL_HASH_XXH3, 512, 0, "617e49599013cb6b"},
	{FL_HASH_XXH3, 2048, 0, "dd59e2c3a5f038e0"},
	{FL_HASH_XXH3, 2240, 0, "6e73a90539cf2948"},
	{FL_HASH_XXH3, 2367, 0, "cb37aeb9e5d361ed"},
	{FL_HASH_XXH128, 0, 0, "99aa06d3014798d86001c324468d497f"},
};

Test(hash_vectors, published_by_xxhash)
{
	static unsigned char data[4096];
	uint64_t generator = XXH_GENERATOR;

	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (unsigned char)(generator >> 56);
		generator *= XXH_MULTIPLIER;
	}
	for (size_t i = 0; i < sizeof(xxh_vectors) / sizeof(xxh_vectors[0]); i++) {
		const struct xxh_vector *v = &xxh_vectors[i];

		check(v->alg, v->seeded ? XXH_GENERATOR : 0, data, v->len, v->hex);
	}
}

/* fsverity-utils 1.5: fsverity digest of the empty file and of "abc" */
Test(hash_vectors, fsverity)
{
	check(FL_HASH_FSVERITY, 0, "", 0,
	      "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95");
	check(FL_HASH_FSVERITY, 0, "abc", 3,
	      "700b6bd8510f0b4f9bac8b9cf0459151a1c4a99f467892bb4bd289a67df8e19c");
}
