/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_LIST_H
#define FAULTLINE_CLI_BENCH_LIST_H

#include <stddef.h>
#include <stdint.h>

/* Of any list: more would not be measured in a day. */
#define BENCH_LIST_MAX 32

struct bench_list {
	uint64_t v[BENCH_LIST_MAX];
	size_t n;
};

/**
 * struct bench_list_kind - what an option's list is made of
 * @option:  its name, for messages
 * @add:     one of the functions below
 * @name:    for bench_list_name(): the names of values, numbered without gaps
 * @repeats: a value that comes twice counts twice
 */
struct bench_list_kind {
	const char *option;
	void (*add)(const struct bench_list_kind *kind, const char *word, struct bench_list *list);
	const char *(*name)(unsigned value);
	int repeats;
};

/**
 * bench_list_parse() - words with commas between them, behind those that are in the list already
 *
 * Ends the program (message_usage()) where a word is wrong, there are too many, or there is none.
 */
void bench_list_parse(const struct bench_list_kind *kind, const char *text,
		      struct bench_list *list);

/** bench_list_name() - the number of a name; "all" are all of them */
void bench_list_name(const struct bench_list_kind *kind, const char *word, struct bench_list *list);

/** bench_list_size() - a number of bytes */
void bench_list_size(const struct bench_list_kind *kind, const char *word, struct bench_list *list);

/** bench_list_threads() - a number of threads; 0 are as many as there are processors */
void bench_list_threads(const struct bench_list_kind *kind, const char *word,
			struct bench_list *list);

#endif
