/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without libFuzzer: over every seed in tests/fuzz/seeds/TARGET, and over ROUNDS
 * changed copies of them, the same ones in each run. With arguments: over these files only, which is
 * how a file that scripts/fuzz has found is looked at.
 *
 * FL_TEST_SCALE scales the number of copies.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/drawn.h"
#include "../support/scale.h"
#include "fuzz_target.h"

#define ROUNDS 1000
#define SEEDS_MAX 64
/* Longer inputs only cost time. */
#define INPUT_MAX 4096

static struct bytes seeds[SEEDS_MAX];
static unsigned seed_count;

static int is_seed(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* In the order of their names: a run is the same on every file system. */
static void read_seeds(const char *directory)
{
	struct dirent **names;
	int n = chdir(directory) < 0 ? -1 : scandir(".", &names, is_seed, alphasort);

	for (int i = 0; i < n; i++) {
		if (seed_count < SEEDS_MAX)
			seeds[seed_count++] = bytes_read(names[i]->d_name);
		free(names[i]);
	}
	if (n > 0)
		free(names);
}

static void show(const void *data, size_t len)
{
	/* Of exactly this length: a sanitizer sees who reads behind it. */
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (!copy)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

/* One change; @p has room for INPUT_MAX bytes. Return: the new length. */
static size_t change(unsigned char *p, size_t len)
{
	size_t at = len > 0 ? rnd((unsigned)len) : 0;
	size_t n = 1 + rnd(16);
	const struct bytes *other = &seeds[rnd(seed_count)];

	switch (rnd(6)) {
	case 0: /* a bit */
		if (len > 0)
			p[at] ^= (unsigned char)(1u << rnd(8));
		return len;
	case 1: /* a byte, often one at the end of a range */
		if (len > 0)
			p[at] = (unsigned char)(one_in(2)
							? rnd(256)
							: PICK(((const unsigned[]){0, 1, 0x7F, 0x80,
										   0xFF, '\n'})));
		return len;
	case 2: /* the end is gone */
		return at;
	case 3: /* bytes are gone */
		n = n < len - at ? n : len - at;
		memmove(p + at, p + at + n, len - at - n);
		return len - n;
	case 4: /* bytes are there twice */
		n = n < len - at ? n : len - at;
		if (len + n > INPUT_MAX)
			return len;
		memmove(p + at + n, p + at, len - at);
		return len + n;
	default: /* from here on another seed */
		n = other->len < INPUT_MAX - at ? other->len : INPUT_MAX - at;
		if (n > 0)
			memcpy(p + at, other->p, n);
		return at + n;
	}
}

static void show_changed(unsigned round)
{
	static unsigned char input[INPUT_MAX];
	const struct bytes *seed;
	size_t len;

	rnd_seed(round);
	seed = &seeds[rnd(seed_count)];
	len = seed->len < INPUT_MAX ? seed->len : INPUT_MAX;
	if (len > 0)
		memcpy(input, seed->p, len);
	for (unsigned n = 1 + rnd(4); n > 0; n--)
		len = change(input, len);
	show(input, len);
}

int main(int argc, char **argv)
{
	const char *source = getenv("abs_top_srcdir");
	const char *slash = strrchr(argv[0], '/');
	const char *target = slash ? slash + 1 : argv[0];
	unsigned rounds = (unsigned)(ROUNDS * test_scale());
	char directory[4096];

	for (int i = 1; i < argc; i++) {
		struct bytes file = bytes_read(argv[i]);

		show(file.p, file.len);
		free(file.p);
	}
	if (argc > 1)
		return 0;
	snprintf(directory, sizeof(directory), "%s/tests/fuzz/seeds/%s", source ? source : ".",
		 target);
	read_seeds(directory);
	if (seed_count == 0) {
		fprintf(stderr, "%s: no seeds in %s\n", target, directory);
		return 1;
	}
	for (unsigned i = 0; i < seed_count; i++)
		show(seeds[i].p, seeds[i].len);
	for (unsigned i = 0; i < rounds; i++)
		show_changed(i);
	printf("# %s: %u seeds, %u changed copies\n", target, seed_count, rounds);
	for (unsigned i = 0; i < seed_count; i++)
		free(seeds[i].p);
	return 0;
}
