/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_OPTIONS_H
#define FAULTLINE_CLI_BENCH_OPTIONS_H

#include <stddef.h>

#include <faultline/bench.h>

#include "cli/bench_list.h"

/**
 * struct bench_options - the command line
 * @io, @op, @cache, @advise, @threads, @window: the matrix; empty = the default
 * @sample:     where, for fl_bench_new()
 * @compare:    --compare
 * @threshold:  --threshold, as a part of 1
 * @json, @csv, @markdown, @report: names of files to write, or NULL
 * @quiet:      no progress, no notes
 * @facts:      `faultline bench facts`
 * @command:    the command line, quoted for a shell
 */
struct bench_options {
	struct bench_list io;
	struct bench_list op;
	struct bench_list cache;
	struct bench_list advise;
	struct bench_list threads;
	struct bench_list window;
	unsigned runs;
	unsigned warmup;
	double duration;
	struct fl_bench_options sample;
	const char *compare;
	double threshold;
	const char *json;
	const char *csv;
	const char *markdown;
	const char *report;
	int quiet;
	int facts;
	char *command;
};

/** bench_options_parse() - ends the program for --help and for what is wrong */
void bench_options_parse(int argc, char **argv, struct bench_options *opt);

#endif
