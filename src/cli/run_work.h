/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_RUN_WORK_H
#define FAULTLINE_CLI_RUN_WORK_H

#include <stdio.h>

#include <jansson.h>

#include "cli/job.h"
#include "cli/run_line.h"

/**
 * struct run_work - the stages of a command line at work: what run and merge do alike
 * @line:    parsed by the caller
 * @results: where labelled lines go: standard output, unless a stage's bytes do
 * @doc:     --json, or NULL
 * @sums:    of all files: for each stage an object with what its results add up to
 * @files:   done without error; @bytes: of them
 * @broken:  a file of the run itself, not of a stage, that cannot be written; or NULL
 * @reads_beside: stages do not read the file themselves: what else goes wrong is not theirs
 */
struct run_work {
	struct job job;
	struct run_line line;
	FILE *results;
	json_t *doc;
	json_t *sums;
	uint64_t files;
	uint64_t bytes;
	const char *broken;
	int reads_beside;
};

/** run_work_begin() - the pipeline; ends the program when it cannot be made */
void run_work_begin(struct run_work *run);

/** run_work_open_outputs() - the stages' files, without names yet; ends the program as above */
void run_work_open_outputs(struct run_work *run);

/** run_work_begin_file() - before the pipeline runs; @name: what results call it */
void run_work_begin_file(struct run_work *run, const char *name);

/**
 * run_work_end() - outputs get their names if nothing went wrong; totals; clean-up
 * @is_whole: a total is wanted
 * Return: exit status.
 */
int run_work_end(struct run_work *run, int is_whole);

#endif
