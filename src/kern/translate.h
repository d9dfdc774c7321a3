/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_TRANSLATE_H
#define FL_KERN_TRANSLATE_H

#include <stddef.h>
#include <stdint.h>

/* A bit of fl_kernels.translate's @changed stands for so many bytes. */
#define FL_TRANSLATE_BLOCK_BYTES 64

/**
 * struct fl_translation - what each byte becomes, prepared
 * @table: byte by byte
 * @rows:  of the 16 rows of 16 bytes in the table, those in which something changes, @row_count of
 *         them: @row_high is their bytes' high half, @row_xor what changes
 */
struct fl_translation {
	unsigned char table[256];
	unsigned row_count;
	unsigned char row_high[16];
	unsigned char row_xor[16][16];
};

/** fl_translation_init() - prepare a table */
void fl_translation_init(struct fl_translation *t, const unsigned char table[256]);

/** fl_translate_generic(), fl_translate_avx2() - fl_kernels.translate */
uint64_t fl_translate_generic(const struct fl_translation *t, const unsigned char *src, size_t n,
			      unsigned char *dst, uint64_t *changed);
#if defined(__x86_64__)
uint64_t fl_translate_avx2(const struct fl_translation *t, const unsigned char *src, size_t n,
			   unsigned char *dst, uint64_t *changed);
#endif

#endif
