/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_BLOCK_SUMS_H
#define FL_KERN_BLOCK_SUMS_H

#include "kern/kernels.h"

/** fl_block_sums_generic(), fl_block_sums_avx2(), ..._avx512() - fl_kernels.xxh3_block_sums; that of
 * AVX-512 needs DQ, too */
void fl_block_sums_generic(const unsigned char *p, size_t blocks,
			   const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *sums,
			   const struct fl_xxh3_late *late);

/** fl_apply_blocks_generic(), ... - fl_kernels.xxh3_apply_blocks, likewise */
void fl_apply_blocks_generic(uint64_t acc[FL_XXH3_LANES], const uint64_t *sums, size_t blocks,
			     const unsigned char key[FL_XXH3_STRIPE_BYTES]);

#if defined(__x86_64__)
void fl_block_sums_avx2(const unsigned char *p, size_t blocks,
			const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *sums,
			const struct fl_xxh3_late *late);
void fl_block_sums_avx512(const unsigned char *p, size_t blocks,
			  const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *sums,
			  const struct fl_xxh3_late *late);
void fl_apply_blocks_avx2(uint64_t acc[FL_XXH3_LANES], const uint64_t *sums, size_t blocks,
			  const unsigned char key[FL_XXH3_STRIPE_BYTES]);
void fl_apply_blocks_avx512(uint64_t acc[FL_XXH3_LANES], const uint64_t *sums, size_t blocks,
			    const unsigned char key[FL_XXH3_STRIPE_BYTES]);
#endif

#endif
