/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_DRAWN_H
#define FL_TESTS_DRAWN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * DOC: what tests share that draw cases and compare programs over them. A case is drawn anew from
 * its seed; anything that fails in here ends the test program.
 */

/** rnd_seed() - what is drawn from now on depends on @seed alone */
void rnd_seed(unsigned seed);

/** rnd() - 0 .. n - 1 */
unsigned rnd(unsigned n);

/** one_in() - true once in @n times */
bool one_in(unsigned n);

/* One of an array's elements. */
#define PICK(list) (list)[rnd(sizeof(list) / sizeof((list)[0]))]

#define LINE_ARGS_MAX 48
#define LINE_ARG_BYTES 400

/* A command line under construction. */
struct line {
	char text[LINE_ARGS_MAX][LINE_ARG_BYTES];
	unsigned count;
};

/** line_add() - one more argument; what is longer than LINE_ARG_BYTES is cut */
void line_add(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** line_show() - as a comment of the test's output */
void line_show(const char *label, const struct line *l);

/**
 * line_run() - run it, its standard output going to the file @out
 * @in: its standard input; NULL: the test's own
 * Return: exit status, or 1000 + signal.
 */
int line_run(const struct line *l, const char *in, const char *out);

/* The most that bytes_read() takes: files that these programs make are smaller. */
#define BYTES_MAX (16u << 20)

struct bytes {
	char *p;
	size_t len;
};

/** bytes_read() - a whole file, of BYTES_MAX at most; empty where it cannot be opened; @p is the caller's */
struct bytes bytes_read(const char *name);

/** bytes_write() - make the file @name of @len bytes */
void bytes_write(const char *name, const char *p, size_t len);

/** program_exists() - can the shell start it? */
bool program_exists(const char *name);

#endif
