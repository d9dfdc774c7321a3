/* SPDX-License-Identifier: MIT */
#include "cli/hash_line.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/inputs.h"
#include "cli/outbuf.h"

enum style {
	STYLE_COREUTILS,
	STYLE_XXHSUM,
	STYLE_FSVERITY
};

/* The first tag is what is written; the others are read, too: OpenSSL's (openssl-dgst(1)), BSD's. */
static const struct {
	const char *tags[4];
	enum style style;
} forms[] = {
	[FL_HASH_XXH32] = {{"XXH32"}, STYLE_XXHSUM},
	[FL_HASH_XXH64] = {{"XXH64"}, STYLE_XXHSUM},
	[FL_HASH_XXH3] = {{"XXH3"}, STYLE_XXHSUM},
	[FL_HASH_XXH128] = {{"XXH128"}, STYLE_XXHSUM},
	[FL_HASH_MD5] = {{"MD5"}, STYLE_COREUTILS},
	[FL_HASH_SHA1] = {{"SHA1", "SHA-1"}, STYLE_COREUTILS},
	[FL_HASH_SHA224] = {{"SHA224", "SHA2-224"}, STYLE_COREUTILS},
	[FL_HASH_SHA256] = {{"SHA256", "SHA2-256"}, STYLE_COREUTILS},
	[FL_HASH_SHA384] = {{"SHA384", "SHA2-384"}, STYLE_COREUTILS},
	[FL_HASH_SHA512] = {{"SHA512", "SHA2-512"}, STYLE_COREUTILS},
	[FL_HASH_SHA512_256] = {{"SHA512/256", "SHA2-512/256", "SHA512t256", "SHA512-256"},
				STYLE_COREUTILS},
	[FL_HASH_SHA3_256] = {{"SHA3-256"}, STYLE_COREUTILS},
	[FL_HASH_BLAKE2B] = {{"BLAKE2b", "BLAKE2B-512"}, STYLE_COREUTILS},
	[FL_HASH_BLAKE2S] = {{"BLAKE2s", "BLAKE2S-256"}, STYLE_COREUTILS},
	[FL_HASH_CRC32] = {{"CRC32"}, STYLE_COREUTILS},
	[FL_HASH_CRC32C] = {{"CRC32C"}, STYLE_COREUTILS},
	[FL_HASH_FSVERITY] = {{"FSVERITY-SHA256"}, STYLE_FSVERITY},
	[FL_HASH_BLAKE3] = {{"BLAKE3"}, STYLE_COREUTILS},
};

#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

const char *hash_tag(enum fl_hash_alg alg)
{
	return forms[alg].tags[0];
}

int hash_is_xxh(enum fl_hash_alg alg)
{
	return forms[alg].style == STYLE_XXHSUM;
}

static int has_tag(size_t form, const char *text, size_t len)
{
	for (size_t i = 0; i < 4 && forms[form].tags[i] != NULL; i++) {
		const char *tag = forms[form].tags[i];

		if (strlen(tag) == len && strncasecmp(tag, text, len) == 0)
			return 1;
	}
	return 0;
}

int hash_tag_find(const char *text, size_t len, enum fl_hash_alg *ret, int *ret_little_endian)
{
	int little = len > 3 && memcmp(text + len - 3, "_LE", 3) == 0;

	for (size_t i = 0; i < FORM_COUNT; i++) {
		if (little && !hash_is_xxh((enum fl_hash_alg)i))
			continue;
		/* Of a library that was not there when this was built. */
		if (fl_hash_alg_name((enum fl_hash_alg)i) == NULL)
			continue;
		if (has_tag(i, text, little ? len - 3 : len)) {
			*ret = (enum fl_hash_alg)i;
			*ret_little_endian = little;
			return 1;
		}
	}
	return 0;
}

void hash_reverse(unsigned char *digest, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		unsigned char byte = digest[i];

		digest[i] = digest[len - 1 - i];
		digest[len - 1 - i] = byte;
	}
}

void hash_hex(const unsigned char *digest, size_t len, char ret[2 * FL_HASH_DIGEST_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		ret[2 * i] = digits[digest[i] >> 4];
		ret[2 * i + 1] = digits[digest[i] & 15];
	}
	ret[2 * len] = '\0';
}

static void put(const char *text)
{
	outbuf_write(text, strlen(text));
}

/* coreutils 9.1: newline, carriage return and backslash; others are written as they are. */
void hash_name_print(const char *name, int escape)
{
	if (!escape) {
		put(name);
		return;
	}
	for (; *name != '\0'; name++) {
		if (*name == '\n')
			put("\\n");
		else if (*name == '\r')
			put("\\r");
		else if (*name == '\\')
			put("\\\\");
		else
			outbuf_write(name, 1);
	}
}

static void print_tagged(const struct hash_layout *layout, enum fl_hash_alg alg, const char *name,
			 int escape)
{
	put(hash_tag(alg));
	if (layout->little_endian && hash_is_xxh(alg))
		put("_LE");
	put(" (");
	hash_name_print(name, escape);
	put(") = ");
}

void hash_line_print(const struct hash_layout *layout, enum fl_hash_alg alg,
		     const unsigned char *digest, const char *name)
{
	enum style style = forms[alg].style;
	/* xxhsum tags XXH3 always, because its digest is as long as that of XXH64. */
	int tag = layout->tag || alg == FL_HASH_XXH3;
	int escape = style == STYLE_COREUTILS && !layout->zero && strpbrk(name, "\n\r\\") != NULL;
	unsigned char bytes[FL_HASH_DIGEST_MAX];
	char hex[2 * FL_HASH_DIGEST_MAX + 1];
	size_t len = fl_hash_alg_bytes(alg);

	memcpy(bytes, digest, len);
	if (layout->little_endian && style == STYLE_XXHSUM)
		hash_reverse(bytes, len);
	if (layout->raw) {
		outbuf_write(bytes, len);
		return;
	}
	if (input_is_stdin(name) && style == STYLE_XXHSUM)
		name = "stdin";
	hash_hex(bytes, len, hex);
	if (escape)
		put("\\");
	if (tag)
		print_tagged(layout, alg, name, escape);
	else if (style == STYLE_FSVERITY)
		put("sha256:");
	put(hex);
	if (!tag) {
		put(style == STYLE_FSVERITY                      ? " "
		    : layout->binary && style == STYLE_COREUTILS ? " *"
								 : "  ");
		hash_name_print(name, escape);
	}
	outbuf_write(layout->zero ? "" : "\n", 1);
}
