/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_CRASHKIT_H
#define FL_TESTS_CRASHKIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ops/transform/inplace.h"

/**
 * struct crashkit - a file in a directory of its own, the text it had, and what it should become
 */
struct crashkit {
	char dir[64];
	char path[96];
	char journal[128];
	const char *program;
	unsigned char *before;
	size_t before_len;
	unsigned char *after;
	size_t after_len;
};

/* How a hooked call ends. */
enum crash_kind {
	CRASH_NOTHING,
	CRASH_KILL,  /* kill -9, in the middle of a write */
	CRASH_ERROR, /* the call returns hook.error */
	CRASH_SHORT  /* a write stops half way */
};

/**
 * struct crash_hook - counts durable calls; at number @at, @kind happens, once or from there on
 * @append_to: a file that somebody else appends crashkit_theirs to, before call @append_at
 * @appended:  becomes 1 then; in memory that outlives the process
 */
struct crash_hook {
	enum crash_kind kind;
	int error;
	bool for_ever;
	uint64_t at;
	uint64_t calls;
	const char *append_to;
	uint64_t append_at;
	int *appended;
};

/* Longer than what an edit takes away, so that it overlaps with itself when it moves. */
extern const char crashkit_theirs[];

/** crashkit_append() - what others do. Return: false when a lease stands in the way. */
bool crashkit_append(const char *path);

/** crashkit_open() - a directory; false: the machine's fault */
bool crashkit_open(struct crashkit *kit);
void crashkit_close(struct crashkit *kit);

/** crashkit_set() - another text and program; the file holds the text */
void crashkit_set(struct crashkit *kit, const char *program, const unsigned char *text, size_t len);

/** crashkit_text() - lines of words from a generator; malloc'ed */
unsigned char *crashkit_text(unsigned seed, size_t len);

/** crashkit_text_for() - the same; for every other seed, if it drops repeats, with many of these */
unsigned char *crashkit_text_for(const char *program, unsigned seed, size_t len);

/** crashkit_rnd() - below n */
unsigned crashkit_rnd(unsigned *state, unsigned n);

/** crashkit_durable() - calls that do not wait for the device and go through @hook */
struct fl_durable crashkit_durable(struct crash_hook *hook);

/** crashkit_edit() - rewrite the file. Return: as fl_inplace_edit_file(). */
int crashkit_edit(const struct crashkit *kit, struct crash_hook *hook, size_t chunk,
		  unsigned threads, unsigned flags);

/** crashkit_edit_with() - the same with other calls */
int crashkit_edit_with(const struct crashkit *kit, const struct fl_durable *durable, size_t chunk,
		       unsigned threads, unsigned flags);

/** crashkit_recover() */
int crashkit_recover(const struct crashkit *kit, enum fl_recover_action action,
		     struct crash_hook *hook, struct fl_recover_result *ret);

/* Of the last crashkit_recover() that failed. */
extern struct fl_error crashkit_error;

/** crashkit_put() - write bytes to a path, same inode if it is there */
bool crashkit_put(const char *path, const void *data, size_t len);

/** crashkit_poke() - change one byte */
void crashkit_poke(const char *path, size_t at, unsigned char byte);

/** crashkit_get() - all of a file; malloc'ed; NULL if there is none */
unsigned char *crashkit_get(const char *path, size_t *ret_len);

/** crashkit_holds() - is the file exactly this? */
bool crashkit_holds(const struct crashkit *kit, const unsigned char *text, size_t len);

/**
 * crashkit_is_right() - may a file be what it is, after a recovery?
 * @action, @state: asked for; found by it
 * @is_old, @is_new: what the file is
 */
bool crashkit_is_right(enum fl_recover_action action, enum fl_recover_state state, bool is_old,
		       bool is_new);

/**
 * crashkit_child() - how a child of a kill test ended
 * @by_clock: it is killed after @delay_us; else its hook does that, or it comes to its end
 * Return: 1: killed; 0: it ended with status 0; -1: anything else.
 */
int crashkit_child(pid_t pid, bool by_clock, unsigned delay_us);

/** crashkit_has_journal() */
bool crashkit_has_journal(const struct crashkit *kit);

#endif
