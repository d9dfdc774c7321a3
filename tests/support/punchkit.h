/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_PUNCHKIT_H
#define FL_TESTS_PUNCHKIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crashkit.h"
#include "ops/codec/punch.h"

/**
 * struct punchkit - a file in a directory of its own that is compressed and freed
 * @text: what it holds, @len bytes
 * @frame, @batch, @flags: how it is compressed
 * @chunk, @threads: how it is read
 */
struct punchkit {
	char dir[64];
	char path[96];
	char output[96];
	char journal[128];
	unsigned char *text;
	size_t len;
	uint32_t frame;
	uint64_t batch;
	unsigned flags;
	size_t chunk;
	unsigned threads;
	struct fl_error err;
	struct fl_punch_result result;
};

/** punchkit_open() - false: the machine's fault, or no holes here (@ret_why) */
bool punchkit_open(struct punchkit *kit, const char **ret_why);
void punchkit_close(struct punchkit *kit);

/** punchkit_set() - another text of words that do not compress much; nothing else is there */
void punchkit_set(struct punchkit *kit, unsigned seed, size_t len);

/** punchkit_reset() - the file is as punchkit_set() made it */
void punchkit_reset(struct punchkit *kit);

/** punchkit_run() - Return: as fl_compress_punch() */
int punchkit_run(struct punchkit *kit, struct crash_hook *hook);

/** punchkit_recover() - fl_punch_recover(), or what fl_recover() does where it is no such journal */
int punchkit_recover(struct punchkit *kit, enum fl_recover_action action, struct crash_hook *hook,
		     struct fl_recover_result *ret);

/** punchkit_is_done() - only the output is there, and zstd makes the text of it */
bool punchkit_is_done(const struct punchkit *kit);

/** punchkit_is_untouched() - only the file is there, and holds the text */
bool punchkit_is_untouched(const struct punchkit *kit);

/** punchkit_has_journal() */
bool punchkit_has_journal(const struct punchkit *kit);

/** punchkit_part() - path of the output that is not complete; false: there is none */
bool punchkit_part(const struct punchkit *kit, char *ret, size_t size);

/** punchkit_clear() - all names in the directory go */
void punchkit_clear(const struct punchkit *kit);

#endif
