/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_NASTY_H
#define FL_TESTS_NASTY_H

#include <stddef.h>

/* Kinds of texts: 0 .. NASTY_KINDS - 1 */
#define NASTY_KINDS 11

/**
 * struct nasty - a text made to break what cuts files into pieces
 * @name: of its kind, for messages
 * @data: malloc'ed
 */
struct nasty {
	const char *name;
	unsigned char *data;
	size_t len;
};

/** nasty_rnd() - a number in [0, n), from a generator that is the same everywhere */
size_t nasty_rnd(unsigned *seed, size_t n);

/** nasty_make() - the text of that kind and seed; free ret->data. Aborts without memory. */
void nasty_make(unsigned kind, unsigned seed, struct nasty *ret);

#endif
