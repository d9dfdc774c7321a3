/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check_line.h"

#define MD5_ZERO "00000000000000000000000000000000"
#define HEX64 "0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789"

static char buffer[600];
static struct check_line line;

static int parse(const char *text)
{
	strcpy(buffer, text);
	return check_line_parse(buffer, strlen(buffer), &line);
}

static void is_name(const char *text, const char *name, size_t len)
{
	cr_assert(parse(text) == 1, "%s", text);
	cr_assert(strcmp(line.name, name) == 0, "%s: %s", text, line.name);
	cr_assert(line.len == len, "%s: %zu", text, line.len);
}

Test(check_line, plain_forms)
{
	is_name(MD5_ZERO "  name\n", "name", 16);
	is_name(MD5_ZERO " *name", "name", 16);
	is_name(MD5_ZERO " name", "name", 16);
	is_name(MD5_ZERO "   two blanks ", " two blanks ", 16);
	is_name(MD5_ZERO "  **", "**", 16);
	is_name(" \t" MD5_ZERO "\t name\r\n", "name", 16);
	cr_assert(!line.tagged);
	is_name(HEX64 "  a = b (c) = d", "a = b (c) = d", 32);
	cr_assert(line.digest[0] == 0x01 && line.digest[8] == 0xAB && line.digest[31] == 0x89);
}

/* As in coreutils: else who can choose names that begin with a blank could have another file checked. */
Test(check_line, the_first_line_decides_how_many_blanks_there_are)
{
	int form = 0;

	cr_assert(parse(MD5_ZERO " name") == 1 && check_line_follow(&line, &form) == 0);
	cr_assert(parse(MD5_ZERO "  name") == 1 && check_line_follow(&line, &form) == 0);
	cr_assert(strcmp(line.name, " name") == 0);
	cr_assert(parse("\\" MD5_ZERO " *na\\nme") == 1 && check_line_follow(&line, &form) == 0);
	cr_assert(strcmp(line.name, "*na\nme") == 0);
	cr_assert(parse("MD5 (name) = " MD5_ZERO) == 1 && check_line_follow(&line, &form) == 0);
	cr_assert(strcmp(line.name, "name") == 0);
	form = 0;
	cr_assert(parse(MD5_ZERO " *name") == 1 && check_line_follow(&line, &form) == 0);
	cr_assert(strcmp(line.name, "name") == 0);
	cr_assert(parse(MD5_ZERO " name") == 1 && check_line_follow(&line, &form) == -EINVAL);
	cr_assert(parse("sha256:" HEX64 " x") == 1 && check_line_follow(&line, &form) == 0);
}

Test(check_line, tagged_forms)
{
	is_name("MD5 (na (m) = e) = " MD5_ZERO, "na (m) = e", 16);
	cr_assert(line.tagged && line.alg == FL_HASH_MD5 && !line.little_endian);
	is_name("SHA2-256(x)= " HEX64, "x", 32);
	cr_assert(line.alg == FL_HASH_SHA256);
	is_name("blake2s (x) =" HEX64, "x", 32);
	cr_assert(line.alg == FL_HASH_BLAKE2S);
	is_name("XXH64_LE (x) = 0011223344556677\n", "x", 8);
	cr_assert(line.alg == FL_HASH_XXH64 && line.little_endian && line.digest[0] == 0);
	is_name("sha256:" HEX64 "  x", " x", 32);
	cr_assert(line.tagged && line.alg == FL_HASH_FSVERITY);
	is_name("XXH3_0011223344556677  x", "x", 8);
	cr_assert(line.tagged && line.alg == FL_HASH_XXH3);
}

Test(check_line, escapes)
{
	is_name("\\" MD5_ZERO "  a\\nb\\\\c\\r", "a\nb\\c\r", 16);
	is_name("\\MD5 (a\\nb) = " MD5_ZERO, "a\nb", 16);
	is_name(MD5_ZERO "  a\\nb", "a\\nb", 16);
	cr_assert(parse("\\" MD5_ZERO "  a\\tb") == -EINVAL);
	cr_assert(parse("\\" MD5_ZERO "  a\\") == -EINVAL);
}

Test(check_line, passed_over)
{
	cr_assert(parse("") == 0 && parse("\n") == 0 && parse("\r\n") == 0);
	cr_assert(parse("# " MD5_ZERO "  x\n") == 0);
}

Test(check_line, not_understood)
{
	static const char *const wrong[] = {
		"garbage",
		" ",
		"\\",
		MD5_ZERO,
		MD5_ZERO "\n",
		MD5_ZERO "  ",
		MD5_ZERO "0  odd",
		"g" MD5_ZERO "  x",
		MD5_ZERO "g  x",
		MD5_ZERO "x",
		"MD5 (x) = 00",
		"MD5 (x) " MD5_ZERO,
		"MD5 (x) = " MD5_ZERO "0",
		"MD5 (x) = " MD5_ZERO " ",
		"MD5 () = " MD5_ZERO,
		"MD6 (x) = " MD5_ZERO,
		"MD5_LE (x) = " MD5_ZERO,
		"MD5 )x( = " MD5_ZERO,
		"sha256:" MD5_ZERO " x",
		"XXH3_" MD5_ZERO "  x",
		HEX64 HEX64 "00  too long",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_assert(parse(wrong[i]) == -EINVAL, "%s", wrong[i]);
	memcpy(buffer, MD5_ZERO "  a\0b", 37);
	cr_assert(check_line_parse(buffer, 37, &line) == -EINVAL);
}

/* Bytes of all kinds, in memory of exactly their size: the parser stays inside. */
Test(check_line, noise)
{
	static const char alphabet[] = "0123456789abcdef ()=\\\n\r*_#MD5XH3\tsha:2";
	unsigned seed = 4;

	for (int i = 0; i < 50000; i++) {
		size_t len = (size_t)rand_r(&seed) % 90;
		char *text = malloc(len + 1);
		int rc;

		for (size_t k = 0; k < len; k++)
			text[k] = alphabet[(size_t)rand_r(&seed) % sizeof(alphabet)];
		rc = check_line_parse(text, len, &line);
		cr_assert(rc == 0 || rc == -EINVAL ||
			  (rc == 1 && line.name > text && *line.name != '\0' && line.len > 0));
		free(text);
	}
}
