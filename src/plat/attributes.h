/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_ATTRIBUTES_H
#define FL_PLAT_ATTRIBUTES_H

#include <stdbool.h>

/**
 * fl_attributes_copy() - extended attributes, and with them ACLs, of one file to another
 * @from: its path
 * @to:   descriptor of the other
 *
 * What only the system's own programs may set (security.*, trusted.*) is left out where it is
 * refused; so is all where the file systems have no such attributes, the mark of a journal, and an
 * ACL where @to has another group.
 * Return: 0; -ENOMEM; -errno of the attribute that could not be kept.
 */
int fl_attributes_copy(const char *from, int to);

/** fl_attributes_copy_fd() - the same, @from being a descriptor */
int fl_attributes_copy_fd(int from, int to);

/**
 * fl_attributes_access() - the ACL alone, for a file that has got owner and mode already
 * @path: of the file that has it; NULL: it is @fd
 *
 * The group's bits of such a file are what its ACL grants at most, to anybody it names. Where the ACL
 * cannot be kept they would open the other file to the group, and are taken away.
 * Return: 0, also without an ACL; -errno.
 */
int fl_attributes_access(const char *path, int fd, int to);

/**
 * fl_attributes_owner() - give a file an owner, a group and a mode
 *
 * An owner that the user may not give is kept away, and with it set-user-ID and set-group-ID; with
 * a group its bits, too.
 * Return: 0 or -errno.
 */
int fl_attributes_owner(int fd, unsigned uid, unsigned gid, unsigned mode);

/** fl_attributes_fixed() - is the file immutable or append-only (chattr(1))? false if not known */
bool fl_attributes_fixed(const char *path);

#endif
