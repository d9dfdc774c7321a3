/* SPDX-License-Identifier: MIT */
#include "cli/check_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/hash_line.h"

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Return: characters that were digits of a whole number of bytes; 0 where it is no digest. */
static size_t read_hex(const char *text, struct check_line *ret)
{
	size_t n = 0;

	while (n < 2 * FL_HASH_DIGEST_MAX && digit(text[n]) >= 0) {
		if (n % 2 == 0)
			ret->digest[n / 2] = (unsigned char)(digit(text[n]) << 4);
		else
			ret->digest[n / 2] |= (unsigned char)digit(text[n]);
		n++;
	}
	if (n == 0 || n % 2 != 0 || digit(text[n]) >= 0)
		return 0;
	ret->len = n / 2;
	return n;
}

static int unescape(char *name)
{
	char *to = name;

	for (; *name != '\0'; name++) {
		if (*name != '\\') {
			*to++ = *name;
			continue;
		}
		name++;
		if (*name == 'n')
			*to++ = '\n';
		else if (*name == 'r')
			*to++ = '\r';
		else if (*name == '\\')
			*to++ = '\\';
		else
			return -EINVAL;
	}
	*to = '\0';
	return 0;
}

/*
 * "BLAKE2b-256 (name) = hex": another digest than the first bits of the one of 512. OpenSSL has it from 3.2
 * on, and earlier versions pass over the length that is asked for.
 */
static int is_short_blake2b(const char *tag, size_t tag_len, const struct check_line *line)
{
	char want[sizeof("BLAKE2b-504")];
	int n = snprintf(want, sizeof(want), "BLAKE2b-%zu", 8 * line->len);

	return line->len < fl_hash_alg_bytes(FL_HASH_BLAKE2B) && (size_t)n == tag_len &&
	       memcmp(tag, want, tag_len) == 0;
}

/* "ALG (name) = hex": 1; 0 where it begins in another way; -EINVAL where it goes wrong then. */
static int parse_tagged(char *line, struct check_line *ret)
{
	char *open = strchr(line, '('), *close = strrchr(line, ')'), *p;
	size_t len, tag_len;
	int known;

	if (open == NULL || close == NULL || close < open)
		return 0;
	tag_len = (size_t)(open - line);
	while (tag_len > 0 && is_blank(line[tag_len - 1]))
		tag_len--;
	known = hash_tag_find(line, tag_len, &ret->alg, &ret->little_endian);
	if (!known && strncmp(line, "BLAKE2b-", 8) != 0)
		return 0;
	for (p = close + 1; is_blank(*p); p++)
		;
	if (*p++ != '=')
		return -EINVAL;
	while (is_blank(*p))
		p++;
	len = read_hex(p, ret);
	if (len == 0 || p[len] != '\0')
		return -EINVAL;
	if (!known)
		return is_short_blake2b(line, tag_len, ret) ? -ENOTSUP : -EINVAL;
	if (ret->len != fl_hash_alg_bytes(ret->alg))
		return -EINVAL;
	*close = '\0';
	ret->name = open + 1;
	ret->tagged = 1;
	return 1;
}

/* Prefixes: fsverity's, and what xxhsum 0.8.2 and later write before untagged XXH3 digests. */
static char *read_prefix(char *line, struct check_line *ret)
{
	if (strncmp(line, "sha256:", 7) == 0) {
		ret->tagged = 1;
		ret->alg = FL_HASH_FSVERITY;
		return line + 7;
	}
	if (strncmp(line, "XXH3_", 5) == 0) {
		ret->tagged = 1;
		ret->alg = FL_HASH_XXH3;
		return line + 5;
	}
	return line;
}

static int parse_plain(char *line, struct check_line *ret)
{
	char *p = read_prefix(line, ret);
	size_t n = read_hex(p, ret);

	p += n;
	if (n == 0 || !is_blank(*p))
		return -EINVAL;
	if (ret->tagged && ret->len != fl_hash_alg_bytes(ret->alg))
		return -EINVAL;
	p++;
	/* One blank alone is the form of fsverity, and of BSD's md5 -r. */
	if (!(ret->tagged && ret->alg == FL_HASH_FSVERITY)) {
		ret->blanks = *p == ' ' || *p == '*' ? 2 : 1;
		p += ret->blanks - 1;
	}
	ret->name = p;
	return 1;
}

int check_line_parse(char *line, size_t len, struct check_line *ret)
{
	int escaped, rc;

	memset(ret, 0, sizeof(*ret));
	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	if (len == 0 || *line == '#')
		return 0;
	if (memchr(line, '\0', len) != NULL)
		return -EINVAL;
	while (is_blank(*line))
		line++;
	escaped = *line == '\\';
	line += escaped;
	rc = parse_tagged(line, ret);
	if (rc == 0)
		rc = parse_plain(line, ret);
	if (rc > 0 && escaped && unescape(ret->name) < 0)
		rc = -EINVAL;
	return rc > 0 && *ret->name == '\0' ? -EINVAL : rc;
}

int check_line_follow(struct check_line *line, int *form)
{
	if (line->tagged || line->blanks == 0)
		return 0;
	if (*form == 0)
		*form = line->blanks;
	if (*form == 2 && line->blanks == 1)
		return -EINVAL;
	line->name -= line->blanks - *form;
	return 0;
}
