/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_JOB_H
#define FAULTLINE_CLI_JOB_H

#include <faultline/pipeline.h>

#include "cli/common_options.h"
#include "cli/crew.h"
#include "cli/inputs.h"
#include "cli/stats_report.h"

/**
 * struct job - what the verbs do alike: one pipeline, run over file after file
 * @trouble: something failed: the exit status will be 2
 * @complain: says what is wrong with a file, instead of message_file(); @was_run: the pipeline
 *            returned the error; or NULL
 * @kind:     of the source of the last run
 * @order:    on followers (crew.h): what job_next() was told
 */
struct job {
	struct common_options *common;
	struct fl_pipeline *pl;
	struct inputs inputs;
	struct run_stats stats;
	int trouble;
	void (*complain)(struct job *job, const char *name, const struct fl_error *err,
			 int was_run);
	enum fl_source_kind kind;
	struct crew_order order;
};

/** job_begin() - pipeline, signals, list of files; ends the program when that fails */
void job_begin(struct job *job, struct common_options *common);

/** job_add() - fl_pipeline_add(); ends the program when that fails */
void job_add(struct job *job, const struct fl_operator *ops, void *op);

/**
 * job_next() - the next file
 * Return: 1; 0 when there is none, after a signal, or when standard output is lost.
 */
int job_next(struct job *job, const char **ret_name);

/**
 * job_run() - run the pipeline over one file; prints the message if that fails
 * Return: 0; a negative error.
 */
int job_run(struct job *job, const char *name);

/** job_complain() - a file's message on stderr, if it is wanted; the exit status will be 2 */
void job_complain(struct job *job, const char *name, const struct fl_error *err);

/** job_interrupted() - Return: 1 after a signal that wants the program to end */
int job_interrupted(void);

/**
 * job_end() - statistics, standard output, clean-up
 * @plan: for --stats, or NULL
 * @json: the statistics are in a document already
 *
 * Does not return after a signal that should end the program.
 * Return: 0, or EXIT_TROUBLE.
 */
int job_end(struct job *job, const char *plan, int json);

#endif
