/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_VERBS_H
#define FAULTLINE_CLI_VERBS_H

/* Exit statuses, grep's: scan returns 1 when no line was selected. */
#define EXIT_SELECTED_NONE 1
#define EXIT_TROUBLE 2

/**
 * struct verb - one row of the table in program.c
 * @name:    what the user types
 * @summary: one line for `faultline --help`
 * @func:    gets its own argv, argv[0] being "faultline NAME"; returns the exit status
 */
struct verb {
	const char *name;
	const char *summary;
	int (*func)(int argc, char **argv);
};

/** cmd_bench() - `faultline bench`. Return: exit status. */
int cmd_bench(int argc, char **argv);

/** cmd_cache() - `faultline cache`. Return: exit status. */
int cmd_cache(int argc, char **argv);
/** cmd_compress() - `faultline compress`. Return: exit status. */
int cmd_compress(int argc, char **argv);

/** cmd_count() - `faultline count`. Return: exit status. */
int cmd_count(int argc, char **argv);

/** cmd_decompress() - `faultline decompress`. Return: exit status. */
int cmd_decompress(int argc, char **argv);

/** cmd_diff() - `faultline diff`. Return: exit status. */
int cmd_diff(int argc, char **argv);

/** cmd_hash() - `faultline hash`. Return: exit status. */
int cmd_hash(int argc, char **argv);

/** cmd_info() - `faultline info`. Return: exit status. */
int cmd_info(int argc, char **argv);

/** cmd_manifest() - `faultline manifest`. Return: exit status. */
int cmd_manifest(int argc, char **argv);

/** cmd_merge() - `faultline merge`. Return: exit status. */
int cmd_merge(int argc, char **argv);

/** cmd_run() - `faultline run`. Return: exit status. */
int cmd_run(int argc, char **argv);
/** cmd_recover() - `faultline recover`. Return: exit status. */
int cmd_recover(int argc, char **argv);

/** cmd_scan() - `faultline scan`. Return: exit status. */
int cmd_scan(int argc, char **argv);

/** cmd_verify() - `faultline verify`. Return: exit status. */
int cmd_verify(int argc, char **argv);

/** cmd_top() - `faultline top`. Return: exit status. */
int cmd_top(int argc, char **argv);

/** cmd_shm() - `faultline shm`. Return: exit status. */
int cmd_shm(int argc, char **argv);

/** cmd_transform() - `faultline transform`. Return: exit status. */
int cmd_transform(int argc, char **argv);

/** cmd_tune() - `faultline tune`. Return: exit status. */
int cmd_tune(int argc, char **argv);

#endif
