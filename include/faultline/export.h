/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_EXPORT_H
#define FAULTLINE_EXPORT_H

/**
 * DOC: Symbols.
 *
 * The shared library is built with hidden visibility; what carries FL_API is
 * its interface, and src/libfaultline.map lists the same names.
 */
#if defined(__GNUC__)
#define FL_API __attribute__((visibility("default")))
#else
#define FL_API
#endif

/* Around the declarations of each header: C++ programs call the same functions. */
#if defined(__cplusplus)
#define FL_BEGIN_DECLS extern "C" {
#define FL_END_DECLS }
#else
#define FL_BEGIN_DECLS
#define FL_END_DECLS
#endif

#endif
