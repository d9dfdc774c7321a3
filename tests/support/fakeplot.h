/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_FAKEPLOT_H
#define FL_TESTS_FAKEPLOT_H

/**
 * fakeplot_begin() - a gnuplot that keeps what it is told, and then runs @commands of a shell
 *
 * It stands first in PATH until fakeplot_end().
 */
void fakeplot_begin(const char *commands);

/** fakeplot_seen() - all scripts so far, one behind the other; malloc'ed */
char *fakeplot_seen(void);

/** fakeplot_end() - removes it */
void fakeplot_end(void);

#endif
