/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SHM_SEALS_H
#define FAULTLINE_CLI_SHM_SEALS_H

#include <stddef.h>

/** shm_seals_parse() - "shrink,grow" as FL_SEAL_... bits. Return: 0; -EINVAL. */
int shm_seals_parse(const char *text, unsigned *ret);

/** shm_seals_format() - the other way; "-" for none; @size: 64 is enough for all */
void shm_seals_format(unsigned seals, char *buf, size_t size);

#endif
