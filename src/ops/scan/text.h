/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_TEXT_H
#define FL_OPS_SCAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct fl_text - bytes that grow; all zero is empty
 * @failed: memory ran out: bytes are missing
 */
struct fl_text {
	char *p;
	size_t len;
	size_t size;
	bool failed;
};

/** fl_text_add() - append */
void fl_text_add(struct fl_text *t, const char *p, size_t len);

/** fl_text_adds() - append a string */
void fl_text_adds(struct fl_text *t, const char *s);

/** fl_text_insert() - put a string at @at, before what stands there */
void fl_text_insert(struct fl_text *t, size_t at, const char *s);

/** fl_text_done() - free */
void fl_text_done(struct fl_text *t);

#endif
