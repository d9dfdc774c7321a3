/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_TESTEDIT_H
#define FL_TESTS_TESTEDIT_H

#include <stddef.h>

#include "ops/transform/inplace.h"

/**
 * DOC: Edits for the tests of rewriting in place.
 *
 * Their programs are short texts: "yab:ba" replaces bytes, newlines too; "mWORD" masks with
 * asterisks; "sWORD:OTHER" substitutes; "dWORD" deletes the lines that hold the word: all of
 * these look at one record at a time. "u" and any of them, or nothing, then drops the records of
 * the result that equal the one before them.
 */

/** testedit_make() - the edit that @program means; @program must outlive it */
void testedit_make(const char *program, struct fl_inplace_edit *ret);

/** testedit_loader - makes them from journals */
extern const struct fl_inplace_loader testedit_loader;

/**
 * testedit_apply() - the result on a whole text, by itself
 * Return: malloc'ed, *ret_len bytes.
 */
unsigned char *testedit_apply(const char *program, const unsigned char *text, size_t len,
			      size_t *ret_len);

#endif
