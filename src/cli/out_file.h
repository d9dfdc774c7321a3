/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_OUT_FILE_H
#define FAULTLINE_CLI_OUT_FILE_H

#include <stdio.h>

/**
 * out_file_write() - make the file @name, or empty it, and have @write write it
 * Return: 0, or EXIT_TROUBLE with a message, also where the disk is full.
 */
int out_file_write(const char *name, void (*write)(FILE *f, void *arg), void *arg);

/**
 * out_file_check() - could it be written? It is neither made nor changed.
 * Return: 0, or EXIT_TROUBLE with a message.
 */
int out_file_check(const char *name);

/**
 * out_file_flush() - give what was written to @file to the kernel; to the device, too, with @sync
 * Return: 0; -errno; as fl_output_sync(). No message.
 */
int out_file_flush(FILE *file, int sync);

#endif
