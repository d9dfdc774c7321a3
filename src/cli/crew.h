/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_CREW_H
#define FAULTLINE_CLI_CREW_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/pipeline.h>

/**
 * DOC: The program as one of several: faultline-mpi.
 *
 * All ranks of a crew run the same verb with the same command line. The leader is the program as it
 * always is; others print nothing, and do what the leader orders: for each run that is shared they
 * are told the file's name and the recipe, and run a pipeline that the leader's is made like. What that
 * does is in src/cluster/mpi/mpi_crew.h.
 *
 * A verb whose files come from job_next() and whose pipeline is the job's needs to do nothing, except to
 * leave alone what only the leader may: files that are written (crew_follows()).
 */

/**
 * struct crew_order - what a follower is to run
 * @name: of the file, until the next order
 * @recipe: as the leader gave it to crew_share() or crew_together(); @recipe_len bytes; no alignment
 * @together: it is from crew_together()
 */
struct crew_order {
	const char *name;
	const void *recipe;
	size_t recipe_len;
	int together;
};

/**
 * struct crew_ops - what MPI does; see the functions below
 */
struct crew_ops {
	int leads;
	unsigned rank;
	unsigned size;
	void (*share)(struct fl_pipeline *pl, const void *recipe, size_t recipe_len);
	void (*alone)(struct fl_pipeline *pl);
	int (*wait)(struct crew_order *ret);
	void (*refuse)(const struct fl_error *err);
	void (*together)(const char *name, const void *what, size_t len);
	void (*apart)(void);
	int (*lowest)(int value);
	void (*place)(uint64_t mine, uint64_t *ret_before, uint64_t *ret_all);
	void (*all)(uint64_t mine, uint64_t *ret);
	int (*agree)(int rc, struct fl_error *err);
	void (*alarm)(void);
	int (*alarmed)(void);
	void (*calm)(void);
	int (*collect)(const void *data, size_t len,
		       int (*take)(void *arg, const void *data, size_t len), void *arg);
	int (*open_file)(const char *path, struct fl_error *err);
	int (*write_file)(uint64_t off, const void *data, size_t len, struct fl_error *err);
	int (*close_file)(struct fl_error *err);
};

/** crew_set() - before a verb runs; without it the program is alone */
void crew_set(const struct crew_ops *ops);

/** crew_is_there() - Return: 1 in faultline-mpi */
int crew_is_there(void);

/**
 * crew_is_terminal() - isatty(3) of a descriptor
 *
 * Without a crew. MPI's launchers may put a pseudo terminal between a rank and their own output.
 */
int crew_is_terminal(int fd);

/** crew_follows() - Return: 1: this is not the leader: it writes nothing, and asks crew_wait() for work */
int crew_follows(void);

/**
 * crew_share() - the next run of @pl, over the file @name, may be shared with the others
 * @recipe: how a follower makes that pipeline, where that is not the verb's only one; lives until the
 *          run has ended; or NULL and 0
 *
 * On followers: it is the run that was ordered. Standard input is never shared.
 */
void crew_share(struct fl_pipeline *pl, const char *name, const void *recipe, size_t recipe_len);

/** crew_wait() - followers: the next order. Return: 1; 0 when there are no more. */
int crew_wait(struct crew_order *ret);

/**
 * crew_ops_now() - for what all ranks do side by side, the leader as one of them; NULL without a crew
 *
 * The leader calls together() with a file's name and what is to be done with it; followers find both in the
 * order that their crew_wait() returns, and call it, too. From there to apart() all ranks call the same
 * functions in the same order: lowest() to agree(), calm(), collect(), and those of the one file that all write to
 * (src/cluster/mpi/together.h says what they do). A rank that ends in between ends the job.
 * alarm() and alarmed() are for one rank alone, one thread at a time; calm() follows where agree() returned an error.
 */
const struct crew_ops *crew_ops_now(void);

/** crew_refuse() - followers: what was ordered cannot be done: the leader's run fails with @err */
void crew_refuse(const struct fl_error *err);

#endif
