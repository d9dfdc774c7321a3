/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_REDACT_H
#define FL_OPS_TRANSFORM_REDACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/transform/delta.h"
#include "ops/transform/siphash.h"

/**
 * DOC: What redact= knows to find.
 *
 * Each has a finder by hand, several times as fast as a regex; the tests compare it with PCRE2,
 * inet_pton(3) or the definition. None of them matches across a newline or a NUL.
 */

/** struct fl_found - a place in a text */
struct fl_found {
	size_t begin;
	size_t end;
};

/**
 * typedef fl_finder - the next match
 * @from: no match may begin before; what stands there is looked at, though
 * Return: false for none.
 */
typedef bool (*fl_finder)(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

/** enum fl_shape - how letters and digits of a pseudonym come about */
enum fl_shape {
	FL_SHAPE_TEXT,  /* a digit for a digit, a small letter for a small one, a capital for one */
	FL_SHAPE_HEX,   /* a hexadecimal digit for one, in the case that the match uses */
	FL_SHAPE_IPV4,  /* the same number of digits, and below 256 */
	FL_SHAPE_EMAIL, /* as TEXT, the same domain becomes the same one */
	FL_SHAPE_CARD   /* digits, the last of which makes the Luhn check hold */
};

/**
 * struct fl_preset - a thing to redact
 * @find: decides what it is
 */
struct fl_preset {
	const char *name;
	fl_finder find;
	enum fl_shape shape;
};

/** struct fl_redact - a step; constant, any thread */
struct fl_redact {
	const struct fl_preset *preset;
	bool is_hashed;
	unsigned char mask_char;
	unsigned char key[FL_SIPHASH_KEY_BYTES];
};

/** fl_redact_init() - choose a preset by name. Return: 0; -EINVAL. */
int fl_redact_init(struct fl_redact *redact, const char *name, size_t len);

/** fl_redact_names() - "ipv4, ipv6, ..." */
const char *fl_redact_names(void);

/** fl_redact_all() - the names that "all" stands for, with commas, in a sensible order */
const char *fl_redact_all(void);

/** fl_redact_run() - append what the step does. Return: 0; -ENOMEM; -FL_ELIMIT. */
int fl_redact_run(const struct fl_redact *redact, uint64_t off, const unsigned char *p, size_t len,
		  struct fl_deltas *out);

/**
 * fl_pseudonym() - another text of the same length and shape, always the same for the same key
 * @p: @len bytes, which nobody else may change
 */
void fl_pseudonym(const unsigned char key[FL_SIPHASH_KEY_BYTES], enum fl_shape shape,
		  const unsigned char *p, size_t len, unsigned char *ret);

/**
 * fl_find_ipv4() - (?<![0-9])(?<![0-9]\.)(?:B\.){3}B(?![0-9])(?!\.[0-9]), where B is
 * (?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])
 */
bool fl_find_ipv4(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

/**
 * fl_find_ipv6() - a run of hexadecimal digits, colons and dots, between characters that are no
 * letters, digits or _, less a colon or dots at its end, that inet_pton(3) takes, and more than
 * colons
 */
bool fl_find_ipv6(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

/** fl_find_email() - [A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,} */
bool fl_find_email(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

/** fl_find_url_password() - ://[^\s/?#@:\0]*:\K[^\s/?#@\0]+(?=@) */
bool fl_find_url_password(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

/** fl_find_uuid() - (?<!X)X{8}-X{4}-X{4}-X{4}-X{12}(?!X), where X is [0-9A-Fa-f] */
bool fl_find_uuid(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

/** fl_find_jwt() - (?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]* */
bool fl_find_jwt(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

/**
 * fl_find_hexkey() - (?<![0-9A-Za-z])(?:0[xX])?\K[0-9A-Fa-f]{32,}(?![0-9A-Za-z])
 */
bool fl_find_hexkey(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

/**
 * fl_find_card() - the most groups of digits, single spaces or dashes between them, that begin
 * behind no digit, have 13 to 19 digits in all, begin as card numbers do (3 to 6, or 2221 to 2720
 * with 16 digits), end before no digit, and pass the Luhn check
 * Source: ISO/IEC 7812-1.
 */
bool fl_find_card(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

/**
 * fl_find_iban() - the most of [A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}, with or without single spaces
 * behind every fourth character, between characters that are no letters or digits, whose check
 * digits hold
 * Source: ISO 13616-1.
 */
bool fl_find_iban(const unsigned char *p, size_t len, size_t from, struct fl_found *ret);

#endif
