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

#endif
