/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_LIBRARY_H
#define FL_BASE_LIBRARY_H

#include <stddef.h>

#include <faultline/error.h>

/**
 * struct fl_symbol - a function of a library
 * @at: where its address goes: the offset of a pointer to a function in the caller's table
 */
struct fl_symbol {
	const char *name;
	size_t at;
};

/**
 * fl_library_load() - load a library that few runs need, and look its functions up
 * @file:  its name, with the version whose headers the table was written from
 * @title: what messages call it
 * @table: changed if all @count @symbols were found, and only then
 *
 * Threads: any. The library stays loaded until the program ends.
 * Return: 0; -FL_EUNSUPPORTED: there is no such library, or a function is missing.
 */
int fl_library_load(const char *file, const char *title, const struct fl_symbol *symbols,
		    size_t count, void *table, struct fl_error *reterr);

#endif
