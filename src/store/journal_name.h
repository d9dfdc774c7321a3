/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_JOURNAL_NAME_H
#define FL_STORE_JOURNAL_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "plat/inplace_file.h"

/**
 * fl_journal_name() - what the journal of a file called @name is called: ".NAME.faultline"
 *
 * Names of more than 240 bytes are replaced by their FNV-1a hash (64 bits, 16 hex digits), so
 * that the result is a name, too.
 * Return: malloc'ed, or NULL.
 */
char *fl_journal_name(const char *name);

/**
 * fl_journal_member_name() - of journal @k >= 1 of a set: that of journal 0 and ".K"
 * @main: name of journal 0; hashed as above where the result would be too long
 * Return: malloc'ed, or NULL.
 */
char *fl_journal_member_name(const char *main, uint64_t k);

/**
 * fl_journal_mark() - have the inode lead to the journal, so that its other names find it
 * Return: 0, also where the file system has no such attributes; -errno.
 */
int fl_journal_mark(const struct fl_target *t, uint64_t nonce, const char *journal);

/** fl_journal_hint() - may the file have a journal? Two system calls, one if it has. */
bool fl_journal_hint(const char *path);

/**
 * fl_journal_find() - open the journal of a file, if there is one
 * @path:    of the file; @fd: open on it
 * @write:   for recovery
 * @ret_dir: its directory's descriptor; @ret_name: its name there, malloc'ed
 *
 * Beside the file, else where the mark of its inode leads. Whether it really is that file's is
 * for its header to say.
 * Return: descriptor; -ENOENT; -errno.
 */
int fl_journal_find(const char *path, int fd, bool write, int *ret_dir, char **ret_name);

#endif
