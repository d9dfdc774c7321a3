/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_DAMAGE_H
#define FAULTLINE_CLI_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct damage - ranges of one file that are not as they should be; begin with zeros
 * @name:   of the file
 * @direct: print what is complete at once: the caller's turn to print has come
 * @quiet:  print nothing at all
 * @count:  how many ranges there have been
 */
struct damage {
	const char *name;
	int direct;
	int quiet;
	uint64_t count;
	struct damage_range {
		uint64_t off;
		uint64_t end;
	} * ranges;
	size_t held;
	size_t room;
};

/** damage_add() - neighbouring ranges become one. Return: 0; -ENOMEM. */
int damage_add(struct damage *damage, uint64_t off, uint64_t len);

/** damage_print() - "NAME: damaged at bytes A-B" for what has not been printed yet */
void damage_print(struct damage *damage);

/** damage_tell() - "NAME: WHAT A-B"; @len: not 0 */
void damage_tell(const char *name, const char *what, uint64_t off, uint64_t len);

/* A verdict: a manifest whose leaves are right contradicts itself. */
#define DAMAGE_WHOLE "no leaf is damaged, but the digest of the whole file differs"

/** damage_verdict() - "NAME: VERDICT" */
void damage_verdict(const char *name, const char *verdict);

/** damage_done() - free */
void damage_done(struct damage *damage);

#endif
