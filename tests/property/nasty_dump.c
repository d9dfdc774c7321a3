/* SPDX-License-Identifier: MIT */
/* nasty_dump SEED: writes the texts that invariance.c makes, one file of each kind, named by kind. */
#include <stdio.h>
#include <stdlib.h>

#include "../support/nasty.h"

int main(int argc, char **argv)
{
	unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

	for (unsigned kind = 0; kind < NASTY_KINDS; kind++) {
		struct nasty text;
		char path[32];
		FILE *f;
		size_t n;

		nasty_make(kind, seed, &text);
		snprintf(path, sizeof(path), "text%u", kind);
		f = fopen(path, "we");
		n = f ? fwrite(text.data, 1, text.len, f) : 0;
		if (!f || fclose(f) != 0 || n != text.len) {
			perror(path);
			return 1;
		}
		free(text.data);
	}
	return 0;
}
