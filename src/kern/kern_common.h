/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_KERN_COMMON_H
#define FL_KERN_KERN_COMMON_H

#include <string.h>

#include "base/attr.h"
#include "kern/kernels.h"
#include "kern/literal_same.h"

/**
 * DOC: What every instruction set's kernels share: the scalar parts.
 */

/*
 * From here on a buffer is read as two streams, its halves side by side: the processor's own
 * prefetching follows each to its page's end, and two fetch more at a time. Measured on a Zen 3 with a
 * mapped log: 17 -> 21 GB/s (one stream on each of two cores: 20 -> 25); 4 KiB apart: no gain.
 */
#define FL_TWO_STREAMS_BYTES ((size_t)64 << 10)

#if defined(__x86_64__)
/**
 * fl_is_zen() - is this a processor of AMD's?
 *
 * With AVX-512 (Zen 4, Zen 5) lines are asked for further ahead than elsewhere, and 64-bit lanes are
 * multiplied at once: three cycles, where Intel takes fifteen. What pays was measured on a Zen 5 and
 * stands with each use; other processors keep what was measured on them.
 */
static inline bool fl_is_zen(void)
{
	return __builtin_cpu_is("amd");
}
#endif

/** fl_fold_bit() - the bit in which the cases of a letter differ; 0 where case does not matter */
static inline unsigned char fl_fold_bit(const struct fl_literal *lit, unsigned char c)
{
	return lit->icase && c >= 'a' && c <= 'z' ? 0x20 : 0;
}

/** fl_literal_matches_at() - do the @lit->len bytes at @p match? */
static inline bool fl_literal_matches_at(const struct fl_literal *lit, const unsigned char *p)
{
	return fl_literal_same(p, lit->bytes, lit->len, lit->icase);
}

/**
 * fl_literal_first_of() - the first match among candidates
 * @bits: bit i is set if @p + i is a candidate
 *
 * Return: its address, NULL if no candidate matches
 */
static inline const unsigned char *fl_literal_first_of(const struct fl_literal *lit,
						       const unsigned char *p, uint64_t bits)
{
	for (; bits; bits &= bits - 1) {
		const unsigned char *at = p + __builtin_ctzll(bits);

		if (fl_literal_matches_at(lit, at))
			return at;
	}
	return NULL;
}

/**
 * fl_word_starts() - which of 64 bytes begin a word
 * @print: bit i is set if byte i is printable
 * @space: the same for white space; a byte may be neither, and then keeps the state
 * @in:    1 if a word was going on before the first byte, else 0; updated to the state after the
 *         last one
 *
 * A run of bytes that are neither belongs to the word before it. Adding a bit at the start of such
 * a run carries through to its end and clears it: no loop, whatever the bytes are.
 */
static inline uint64_t fl_word_starts(uint64_t print, uint64_t space, uint64_t *in)
{
	uint64_t neither = ~(print | space);
	uint64_t after_print = print << 1 | *in;
	uint64_t kept = neither & ~(neither + (neither & after_print));
	uint64_t inside = print | kept;
	uint64_t starts = print & ~(inside << 1 | *in);

	*in = inside >> 63;
	return starts;
}

#endif
