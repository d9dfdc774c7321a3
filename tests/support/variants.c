/* SPDX-License-Identifier: MIT */
#include "variants.h"

const struct fl_kernels *kernels_variant(size_t i)
{
	size_t n;
	const struct fl_kernels_variant *v = fl_kernels_variants(&n);

	for (; n > 0; n--, v++)
		if (v->supported() && i-- == 0)
			return v->kernels;
	return NULL;
}
