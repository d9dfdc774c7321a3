/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_TARGET_H
#define TESTS_FUZZ_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/**
 * DOC: fuzz targets. Each is a program that shows drawn bytes to one reader of untrusted bytes and
 * aborts when what must hold does not. `make check` draws them by changing seeds (fuzz_mutate.c);
 * `scripts/fuzz` links the same targets with libFuzzer, which looks for bytes that reach new code.
 */

/** LLVMFuzzerTestOneInput() - libFuzzer's name for a target. Return: 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
