/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_REDACT_KEY_H
#define FAULTLINE_CLI_REDACT_KEY_H

#include <faultline/transform.h>

/**
 * redact_key_read() - the key of pseudonyms
 * @name: a file of at least that many bytes, or NULL: a key that nobody will know
 *
 * A file of FL_TRANSFORM_KEY_BYTES is taken as it is; of a longer one all bytes count. Ends the program
 * where there is no key.
 */
void redact_key_read(const char *name, unsigned char ret[FL_TRANSFORM_KEY_BYTES]);

#endif
