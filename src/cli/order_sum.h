/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_ORDER_SUM_H
#define FAULTLINE_CLI_ORDER_SUM_H

#include <stddef.h>
#include <stdint.h>

/**
 * order_sum_add() - the sum of a row of things that have gone by, and of the one that comes now
 * @sum: of those before; 0 at first
 *
 * For what is noted in a checkpoint and must be found as it was: another thing, one that is missing
 * or two that have changed places give another sum, but for one in 2^64.
 * Cost: XXH3 of @len bytes. Return: the new sum.
 */
uint64_t order_sum_add(uint64_t sum, const void *data, size_t len);

#endif
