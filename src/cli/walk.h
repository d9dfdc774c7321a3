/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_WALK_H
#define FAULTLINE_CLI_WALK_H

#include <stddef.h>

/**
 * struct walk_rule - --include, --exclude
 * @pattern: of the shell's kind; must match a name that was given, or what follows a slash in it; in
 *           directories the name that a file has there
 */
struct walk_rule {
	const char *pattern;
	int include;
};

/**
 * struct walk_options - how names become files
 * @recursive:      -r: directories stand for the files below them
 * @no_dereference: a name that is a symbolic link is refused
 * @devices:        also devices and FIFOs below a directory
 * @pass_over:      devices and FIFOs below a directory are no problem, but no files either
 * @rules:          the last one that matches decides; where none does, a file is left out if
 *                  the first one is an include; malloc'ed
 * @no_dirs:        --exclude-dir: directories that are not entered; malloc'ed
 */
struct walk_options {
	int recursive;
	int no_dereference;
	int devices;
	int pass_over;
	struct walk_rule *rules;
	size_t rule_count;
	const char **no_dirs;
	size_t no_dir_count;
};

/**
 * walk_excludes() - is what was given this name left out, where directories are not walked through?
 *
 * Rules are for files and --exclude-dir is for directories, as in grep: of a name that leads nowhere neither
 * is, so whoever opens it says so.
 */
int walk_excludes(const struct walk_options *opt, const char *name);

/**
 * DOC: Walking through directories.
 *
 * Depth first; the entries of a directory in the order of their names' bytes, a
 * directory in its place among the files. Symbolic links below the start are
 * passed over, as by grep -r, and so are devices, FIFOs and sockets, with a
 * problem for each.
 */
struct walk;

/**
 * walk_open() - begin at @start
 * @implied: nobody named it: no --exclude-dir is meant for it
 * Return: 0; -ENOMEM.
 */
int walk_open(struct walk **ret, const char *start, int implied, const struct walk_options *opt);

/**
 * walk_next() - the next file
 * @ret_name:    valid until the next call; @start first, as it was given
 * @ret_problem: why it should not be opened, or NULL; static text
 * Return: 1; 0 at the end; -errno.
 */
int walk_next(struct walk *walk, const char **ret_name, const char **ret_problem);

/** walk_close() - free; NULL is fine */
void walk_close(struct walk *walk);

#endif
