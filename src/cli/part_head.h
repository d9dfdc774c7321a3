/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_PART_HEAD_H
#define FAULTLINE_CLI_PART_HEAD_H

#include <stdint.h>

#include <jansson.h>

#include "cli/run_line.h"

/**
 * DOC: Part files.
 *
 * A part is two files: P, one JSON object that says which part of which run over which file it is,
 * and P.data, what the stages found there (<faultline/shard.h>).
 *
 *   {"schema": "faultline-part/1", "faultline": "0.1.0", "part": 3, "parts": 16,
 *    "file": {"name", "size", "mtime", "first_leaf", "last_leaf"},
 *    "range": [OFFSET, LENGTH], "locale", "null_data", "command": [WORD...], "data_bytes"}
 *
 * Leaves are those of a manifest, the first and the last 8 MiB that a multiple of 8 MiB begins,
 * and their XXH128. A word that is not UTF-8 is {"hex": ...}.
 */
#define PART_DATA_SUFFIX ".data"

/**
 * struct part_head - what P says
 * @path:  of P
 * @doc:   all of it; the strings below are in it, or made of it
 * @index: from 0
 * @name:  of the file
 * @words: of the stages, @word_count of them
 */
struct part_head {
	const char *path;
	json_t *doc;
	unsigned index;
	unsigned count;
	char *name;
	uint64_t size_bytes;
	uint64_t data_bytes;
	uint64_t range_off;
	uint64_t range_len;
	int null_data;
	char **words;
	int word_count;
};

/**
 * part_head_new() - of a run with --part over @name, before it reads
 * Return: the object, without "data_bytes"; NULL: a message has been printed.
 */
json_t *part_head_new(const struct run_line *line, const char *name);

/** part_head_read() - Return: 0; -1: a message that names the file has been printed. */
int part_head_read(struct part_head *head, const char *path);

/** part_head_done() - free */
void part_head_done(struct part_head *head);

/** part_data_path() - P.data; malloc'ed; ends the program without memory */
char *part_data_path(const char *path);

#endif
