/* SPDX-License-Identifier: MIT */
/*
 * The kernels, once per instruction set. Defined before inclusion: SUFFIX(name), TARGET (a function
 * attribute), VEC (bytes in a vector), ANY(masks) (is a lane set?), BLOCK_SUMS (the XXH3 kernel). The compiler's own vector types carry the arithmetic, so one
 * text serves every instruction set; VEC * 64 bit lanes are native under TARGET.
 */
typedef unsigned char SUFFIX(bytes) __attribute__((vector_size(VEC), aligned(1), may_alias));
typedef signed char SUFFIX(masks) __attribute__((vector_size(VEC)));

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

/* Which of the VEC places from p on have both rare bytes where they belong. */
TARGET static inline SUFFIX(masks)
	SUFFIX(pair)(const unsigned char *p, const struct fl_literal *lit, unsigned char fold_a,
		     unsigned char fold_b)
{
	SUFFIX(bytes) a = *(const SUFFIX(bytes) *)(p + lit->rare1) | fold_a;
	SUFFIX(bytes) b = *(const SUFFIX(bytes) *)(p + lit->rare2) | fold_b;

	return (a == lit->bytes[lit->rare1]) & (b == lit->bytes[lit->rare2]);
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
	for (; i + 2 * VEC <= last + 1; i += 2 * VEC) {
		SUFFIX(masks) hit = SUFFIX(pair)(p + i, lit, fold_a, fold_b);
		SUFFIX(masks) next = SUFFIX(pair)(p + i + VEC, lit, fold_a, fold_b);

		if (FL_LIKELY(!ANY(hit | next)))
			continue;
		for (k = 0; k < 2 * VEC; k++)
			if ((k < VEC ? hit[k] : next[k - VEC]) && matches_at(lit, p + i + k))
				return p + i + k;
	}
	for (; i <= last; i++)
		if (matches_at(lit, p + i))
			return p + i;
	return NULL;
}

static const struct fl_kernels SUFFIX(kernels) = {.name = KERNELS_NAME,
						  .count_byte = SUFFIX(count_byte),
						  .find_literal = SUFFIX(find_literal),
						  .count_words_ascii = count_words_ascii,
						  .xxh3_block_sums = BLOCK_SUMS};

#undef SUFFIX
#undef TARGET
#undef VEC
#undef ANY
#undef BLOCK_SUMS
#undef KERNELS_NAME
