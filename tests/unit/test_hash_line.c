/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/hash_line.h"
#include "cli/outbuf.h"

static unsigned char digest[FL_HASH_DIGEST_MAX];
static int out_fd;

static void set_up(void)
{
	char path[] = "/tmp/fl-hashline-XXXXXX";

	out_fd = mkstemp(path);
	unlink(path);
	cr_assert_eq(dup2(out_fd, STDOUT_FILENO), STDOUT_FILENO);
	for (size_t i = 0; i < sizeof(digest); i++)
		digest[i] = (unsigned char)(i * 17 + 1);
}

TestSuite(hash_line, .init = set_up);

/* @want: @len bytes, for lines may hold NULs */
static void line_is(const struct hash_layout *layout, enum fl_hash_alg alg, const char *name,
		    const char *want, size_t len)
{
	static off_t at;
	char got[512];
	ssize_t n;

	hash_line_print(layout, alg, digest, name);
	cr_assert_eq(outbuf_flush(), 0);
	n = pread(out_fd, got, sizeof(got), at);
	at += n;
	cr_assert(n == (ssize_t)len && memcmp(got, want, len) == 0, "got: %.*s", (int)n, got);
}

#define LINE(layout, alg, name, want) line_is(layout, alg, name, want, sizeof(want) - 1)

#define HEX4 "01122334"
#define HEX8 HEX4 "45566778"
#define HEX16 HEX8 "899aabbccddeef00"

Test(hash_line, as_coreutils)
{
	struct hash_layout plain = {0}, binary = {.binary = 1}, tag = {.tag = 1},
			   zero = {.zero = 1};

	LINE(&plain, FL_HASH_MD5, "a b", HEX16 "  a b\n");
	LINE(&plain, FL_HASH_MD5, "-", HEX16 "  -\n");
	LINE(&binary, FL_HASH_MD5, "f", HEX16 " *f\n");
	LINE(&tag, FL_HASH_MD5, "f", "MD5 (f) = " HEX16 "\n");
	LINE(&plain, FL_HASH_MD5, "a\\b\nc\rd", "\\" HEX16 "  a\\\\b\\nc\\rd\n");
	LINE(&tag, FL_HASH_MD5, "\\", "\\MD5 (\\\\) = " HEX16 "\n");
	LINE(&zero, FL_HASH_MD5, "a\nb", HEX16 "  a\nb\0");
	LINE(&plain, FL_HASH_CRC32, "f", HEX4 "  f\n");
}

Test(hash_line, as_xxhsum)
{
	struct hash_layout plain = {0}, little = {.little_endian = 1},
			   both = {.little_endian = 1, .tag = 1}, binary = {.binary = 1};

	LINE(&plain, FL_HASH_XXH64, "f", HEX8 "  f\n");
	LINE(&binary, FL_HASH_XXH64, "f", HEX8 "  f\n");
	LINE(&plain, FL_HASH_XXH64, "-", HEX8 "  stdin\n");
	/* It writes names as they are. */
	LINE(&plain, FL_HASH_XXH64, "a\nb\\", HEX8 "  a\nb\\\n");
	LINE(&plain, FL_HASH_XXH3, "f", "XXH3 (f) = " HEX8 "\n");
	LINE(&little, FL_HASH_XXH32, "f", "34231201  f\n");
	LINE(&both, FL_HASH_XXH32, "f", "XXH32_LE (f) = 34231201\n");
	/* Only XXH digests have another way round. */
	LINE(&both, FL_HASH_CRC32, "f", "CRC32 (f) = " HEX4 "\n");
}

Test(hash_line, as_fsverity)
{
	struct hash_layout plain = {0};
	char want[128];

	snprintf(want, sizeof(want), "sha256:%s", HEX16);
	for (size_t i = 16; i < 32; i++)
		snprintf(want + strlen(want), 3, "%02x", digest[i]);
	strcat(want, " a\\b\n");
	line_is(&plain, FL_HASH_FSVERITY, "a\\b", want, strlen(want));
}

Test(hash_line, raw_bytes)
{
	struct hash_layout raw = {.raw = 1}, little = {.raw = 1, .little_endian = 1};

	LINE(&raw, FL_HASH_XXH32, "f", "\x01\x12\x23\x34");
	LINE(&little, FL_HASH_XXH32, "f", "\x34\x23\x12\x01");
	LINE(&little, FL_HASH_CRC32, "f", "\x01\x12\x23\x34");
}

Test(hash_line, every_tag_that_is_written_is_read)
{
	char text[64];

	for (int i = 0; fl_hash_alg_bytes((enum fl_hash_alg)i) > 0; i++) {
		enum fl_hash_alg alg = (enum fl_hash_alg)i, got;
		int little = 7;

		snprintf(text, sizeof(text), "%s_LE", hash_tag(alg));
		cr_assert(hash_tag_find(text, strlen(text) - 3, &got, &little) && got == alg &&
			  little == 0);
		cr_assert_eq(hash_tag_find(text, strlen(text), &got, &little), hash_is_xxh(alg));
		cr_assert(!hash_is_xxh(alg) || (got == alg && little == 1));
	}
}

Test(hash_line, what_is_no_tag)
{
	static const char *const wrong[] = {"",       "_LE",      "SHA",  "SHA2567",
					    "MD5_LE", "XXH64_BE", "XXH3 "};
	enum fl_hash_alg alg = FL_HASH_MD5;
	int little = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_assert_eq(hash_tag_find(wrong[i], strlen(wrong[i]), &alg, &little), 0, "%s",
			     wrong[i]);
	cr_assert(alg == FL_HASH_MD5 && little == 7);
	cr_assert(hash_tag_find("SHA2-256", 8, &alg, &little) && alg == FL_HASH_SHA256);
}

Test(hash_line, reversed_twice_is_the_same)
{
	unsigned char odd[3] = {1, 2, 3};

	hash_reverse(odd, 3);
	cr_assert(odd[0] == 3 && odd[1] == 2 && odd[2] == 1);
	hash_reverse(odd, 0);
	hash_reverse(odd, 1);
	cr_assert(odd[0] == 3);
}
