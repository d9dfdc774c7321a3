/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_ATTR_H
#define FL_BASE_ATTR_H

#define FL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define FL_UNUSED __attribute__((unused))
#define FL_NOINLINE __attribute__((noinline))
#define FL_LIKELY(x) __builtin_expect(!!(x), 1)
#define FL_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* x86-64 and arm64 servers: 64; two lines, because adjacent-line prefetch pairs them
 * (Intel optimization manual, 3.7.3). */
#define FL_CACHE_LINE_BYTES 128
#define FL_CACHE_ALIGNED _Alignas(FL_CACHE_LINE_BYTES)

#endif
