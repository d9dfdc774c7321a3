/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SHM_ACTIONS_H
#define FAULTLINE_CLI_SHM_ACTIONS_H

#include "cli/shm_args.h"

/* The actions of `faultline shm`: argv[0] is "faultline shm ACTION"; all return the exit status. */
int shm_create(int argc, char **argv);
int shm_attach(int argc, char **argv);
int shm_resize(int argc, char **argv);
int shm_seal(int argc, char **argv);
int shm_rm(int argc, char **argv);
int shm_read(int argc, char **argv);
int shm_write(int argc, char **argv);
int shm_dump(int argc, char **argv);
int shm_ls(int argc, char **argv);
int shm_stat(int argc, char **argv);
int shm_lock(int argc, char **argv);
int shm_unlock(int argc, char **argv);
int shm_doctor(int argc, char **argv);
int shm_gc(int argc, char **argv);
int shm_demo(int argc, char **argv);
int shm_bench(int argc, char **argv);

/** shm_open_segment() - attach it; says on stderr why not. Return: it, or NULL. */
struct fl_segment *shm_open_segment(const struct shm_args *args, unsigned more_flags);

/** shm_complain() - a message about the segment. Return: EXIT_TROUBLE. */
int shm_complain(const struct shm_args *args, const struct fl_error *err);

/** shm_run_command() - run it and wait; without one, wait for SIGINT or SIGTERM. Return: its exit status. */
int shm_run_command(char **command);

#endif
