/* SPDX-License-Identifier: MIT */
/*
 * The kernels, once per instruction set. Defined before inclusion: SUFFIX(name), TARGET (a function
 * attribute), VEC (bytes in a vector). The compiler's own vector types carry the arithmetic, so one
 * text serves every instruction set; VEC * 64 bit lanes are native under TARGET.
 */
typedef unsigned char SUFFIX(bytes) __attribute__((vector_size(VEC), aligned(1), may_alias));
typedef signed char SUFFIX(masks) __attribute__((vector_size(VEC)));
typedef uint64_t SUFFIX(words) __attribute__((vector_size(64)));

TARGET static bool SUFFIX(any)(SUFFIX(masks) m)
{
	uint64_t part[VEC / 8], all = 0;
	size_t i;

	memcpy(part, &m, sizeof(part));
	for (i = 0; i < VEC / 8; i++)
		all |= part[i];
	return all != 0;
}

TARGET static uint64_t SUFFIX(count_byte)(const unsigned char *p, size_t n, unsigned char c)
{
	const unsigned char *end = p + n;
	uint64_t count = 0;

	while ((size_t)(end - p) >= VEC) {
		/* A byte lane holds 255 hits before it would wrap. */
		size_t rounds = (size_t)(end - p) / VEC, i;
		SUFFIX(bytes) lanes = {0};

		rounds = rounds > 255 ? 255 : rounds;
		for (i = 0; i < rounds; i++, p += VEC)
			lanes -= (SUFFIX(bytes))(*(const SUFFIX(bytes) *)p == c);
		for (i = 0; i < VEC; i++)
			count += lanes[i];
	}
	for (; p < end; p++)
		count += *p == c;
	return count;
}

/* Candidates are places where both rare bytes stand; the rest of the literal decides. */
TARGET static const unsigned char *SUFFIX(find_literal)(const struct fl_literal *lit,
							const unsigned char *p, size_t n)
{
	unsigned char a = lit->bytes[lit->rare1], b = lit->bytes[lit->rare2];
	unsigned char fold_a = fold_bit(lit, a), fold_b = fold_bit(lit, b);
	size_t last = n - lit->len, i = 0, k;

	if (n < lit->len)
		return NULL;
	for (; i + VEC <= last + 1; i += VEC) {
		SUFFIX(bytes) va = *(const SUFFIX(bytes) *)(p + i + lit->rare1) | fold_a;
		SUFFIX(bytes) vb = *(const SUFFIX(bytes) *)(p + i + lit->rare2) | fold_b;
		SUFFIX(masks) hit = (va == a) & (vb == b);

		if (!SUFFIX(any)(hit))
			continue;
		for (k = 0; k < VEC; k++)
			if (hit[k] && matches_at(lit, p + i + k))
				return p + i + k;
	}
	for (; i <= last; i++)
		if (matches_at(lit, p + i))
			return p + i;
	return NULL;
}

TARGET static void SUFFIX(xxh3_block_sums)(const unsigned char *p, size_t blocks,
					   const unsigned char secret[FL_XXH3_SECRET_BYTES],
					   uint64_t *sums)
{
	size_t b, s, i;

	for (b = 0; b < blocks; b++, p += FL_XXH3_BLOCK_BYTES, sums += FL_XXH3_LANES) {
		SUFFIX(words) acc = {0};

		for (s = 0; s < FL_XXH3_BLOCK_BYTES / FL_XXH3_STRIPE_BYTES; s++) {
			SUFFIX(words) v, key;

			memcpy(&v, p + s * FL_XXH3_STRIPE_BYTES, sizeof(v));
			memcpy(&key, secret + 8 * s, sizeof(key));
			key ^= v;
			acc += (key & 0xFFFFFFFF) * (key >> 32);
			acc += SWAP_PAIRS(v);
		}
		for (i = 0; i < FL_XXH3_LANES; i++)
			sums[i] = acc[i];
	}
}

static const struct fl_kernels SUFFIX(kernels) = {.name = KERNELS_NAME,
						  .count_byte = SUFFIX(count_byte),
						  .find_literal = SUFFIX(find_literal),
						  .count_words_ascii = count_words_ascii,
						  .xxh3_block_sums = SUFFIX(xxh3_block_sums)};

#undef SUFFIX
#undef TARGET
#undef VEC
#undef KERNELS_NAME
