/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_JSON_DOC_H
#define FAULTLINE_CLI_JSON_DOC_H

#include <jansson.h>

#include "cli/stats_report.h"

/**
 * DOC: JSON documents.
 *
 * {"schema": "faultline-VERB/1", "files": [{"name": ...}, ...], ...}
 * A name that is not UTF-8 has U+FFFD in place of each wrong byte, and its bytes
 * in hexadecimal under "name_hex".
 */

/** json_doc_new() - @schema: "faultline-count/1". Ends the program without memory. */
json_t *json_doc_new(const char *schema);

/** json_doc_add_file() - append {"name": @name} to "files". Return: that object, borrowed. */
json_t *json_doc_add_file(json_t *doc, const char *name);

/** json_doc_add_stats() - "stats" */
void json_doc_add_stats(json_t *doc, const struct run_stats *stats);

/** json_doc_set() - json_object_set_new() that ends the program without memory */
void json_doc_set(json_t *object, const char *key, json_t *value);

/** json_doc_print() - on standard output, one line; frees @doc */
void json_doc_print(json_t *doc);

#endif
