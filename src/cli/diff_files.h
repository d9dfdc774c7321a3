/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_DIFF_FILES_H
#define FAULTLINE_CLI_DIFF_FILES_H

#include "cli/diff_report.h"

/** diff_is_manifest() - does this file begin as one? Not asked of standard input */
int diff_is_manifest(const struct diff_options *opt, const char *name);

/** diff_files() - compare two files byte by byte; errors are told and noted in the job */
void diff_files(struct diff_run *run, const char *a, const char *b);

/** diff_manifest() - compare a file with what a manifest says of it, or of its only file */
void diff_manifest(struct diff_run *run, const char *file, const char *manifest);

#endif
