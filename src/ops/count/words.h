/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_COUNT_WORDS_H
#define FL_OPS_COUNT_WORDS_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: Words, countable from anywhere.
 *
 * wc(1) walks a state: white space ends a word, a printable character begins
 * or continues one, anything else (control characters, unassigned ones, bytes
 * that are no character) leaves the state alone. A piece of text is summed up
 * by what it counts when it starts outside of a word, by its first character
 * that decides, and by its state at the end; two such sums join into one. In
 * UTF-8, characters never overlap, so a piece keeps only the continuation
 * bytes it begins with and the unfinished character it ends with.
 */

/* What a character does to the state. */
enum fl_char_class {
	FL_CHAR_NEUTRAL,
	FL_CHAR_SPACE,
	FL_CHAR_WORD
};

enum fl_words_mode {
	FL_WORDS_ASCII, /* single bytes, classes as in the C locale */
	FL_WORDS_TABLE, /* single bytes, classes of another locale */
	FL_WORDS_UTF8
};

/**
 * struct fl_words_rules - a locale's answers; constant after init, any thread
 * @locale: our copy of the locale, for characters beyond ASCII
 * @no_break_is_space: U+00A0 and its kind end words (POSIXLY_CORRECT unset)
 */
struct fl_words_rules {
	enum fl_words_mode mode;
	locale_t locale;
	bool no_break_is_space;
	unsigned char table[256];
};

/**
 * struct fl_words - the sum of one piece of text; all zero is the empty piece
 * @words:       words that begin in it, if it starts outside of one
 * @decided:     some character in it decided the state
 * @starts_word: the first one that did was printable
 * @in_word:     state at its end
 * @body:        it is longer than @head
 * @head:        continuation bytes at its very start
 * @tail:        unfinished character at its very end
 *
 * Shape: bytes only, so that it may travel in a part.
 */
struct fl_words {
	uint64_t words;
	uint8_t decided;
	uint8_t starts_word;
	uint8_t in_word;
	uint8_t body;
	uint8_t head_len;
	uint8_t tail_len;
	uint8_t head[3];
	uint8_t tail[3];
	uint8_t reserved[4];
};

/** fl_words_rules_init() - from the calling thread's LC_CTYPE. Return: 0; -ENOMEM. */
int fl_words_rules_init(struct fl_words_rules *rules);

/** fl_words_rules_done() - free what init took; all zero is fine */
void fl_words_rules_done(struct fl_words_rules *rules);

/** fl_words_feed() - append @n bytes of text to the piece; any thread */
void fl_words_feed(struct fl_words *w, const struct fl_words_rules *rules, const unsigned char *p,
		   size_t n);

/** fl_words_join() - append the piece @next to @w */
void fl_words_join(struct fl_words *w, const struct fl_words_rules *rules,
		   const struct fl_words *next);

#endif
