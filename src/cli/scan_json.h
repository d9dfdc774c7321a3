/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SCAN_JSON_H
#define FAULTLINE_CLI_SCAN_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/scan.h>

/**
 * DOC: JSON Lines, as ripgrep --json prints them: begin, match, context and end for each file with
 * matches, one summary. Text that is no UTF-8 is told in base64, under "bytes" in place of "text".
 */
struct scan_json;

/** struct scan_json_run - what a search of one file took */
struct scan_json_run {
	uint64_t ns;
	uint64_t bytes;
	uint64_t binary_off;
};

/**
 * scan_json_new() - ends the program without memory
 * @eol:  ends a line
 * @ids:  matches tell their pattern
 * @most: bytes of a line that may be held; 0: 16 MiB
 */
struct scan_json *scan_json_new(char eol, int ids, uint64_t most);

/** scan_json_begin() - the next file; the name must stay until scan_json_end() */
void scan_json_begin(struct scan_json *json, const char *name);

/** scan_json_event() - one piece; @arg: struct scan_json. Return: 0; -errno; -FL_ELIMIT: too long a line. */
int scan_json_event(void *arg, const struct fl_scan_event *event);

/** scan_json_end() - the file has been searched */
void scan_json_end(struct scan_json *json, const struct scan_json_run *run);

/** scan_json_finish() - the summary; frees. @ns: of the program */
void scan_json_finish(struct scan_json *json, uint64_t ns);

#endif
