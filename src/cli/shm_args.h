/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SHM_ARGS_H
#define FAULTLINE_CLI_SHM_ARGS_H

#include <stdint.h>

#include <faultline/shm.h>

/* The actions, as bits: which options go with which. */
enum shm_action {
	SHM_CREATE = 1,
	SHM_ATTACH = 2,
	SHM_LS = 4,
	SHM_STAT = 8,
	SHM_READ = 16,
	SHM_WRITE = 32,
	SHM_DUMP = 64,
	SHM_RESIZE = 128,
	SHM_SEAL = 256,
	SHM_RM = 512,
	SHM_LOCK = 1024,
	SHM_UNLOCK = 2048,
	SHM_DOCTOR = 4096,
	SHM_GC = 8192,
	SHM_DEMO = 16384,
	SHM_BENCH = 32768
};

/**
 * struct shm_args - what was typed behind `faultline shm ACTION`
 * @segment: which one
 * @shown:   how messages call it
 * @held_s:  doctor: a lock may be held so long
 * @report:  bench: the page to be made, or NULL
 * @timeout_ns: of lock, UINT64_MAX = for ever; of a measurement (bench)
 * @command: behind --, or NULL
 */
struct shm_args {
	enum shm_action action;
	struct fl_segment_options segment;
	const char *name;
	const char *path;
	const char *shown;
	char shown_id[24];
	int named;
	int keyed;
	int typed;
	uint64_t offset;
	int sized;
	int json;
	unsigned seals;
	const char *file;
	const char *report;
	int32_t pid;
	uint64_t timeout_ns;
	int64_t held_s;
	int recover;
	int dry_run;
	char **command;
};

/**
 * shm_args_parse() - options and operands of one action; ends the program when they are wrong
 * @doc: for --help
 */
void shm_args_parse(struct shm_args *args, enum shm_action action, const char *doc, int argc,
		    char **argv);

#endif
