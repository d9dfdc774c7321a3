/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/shm_actions.h"
#include "cli/verbs.h"

static const struct verb actions[] = {
	{"create", "Make a segment: for you only, with all its memory, or not at all", shm_create},
	{"attach", "Attach one with all checks, and run a command meanwhile", shm_attach},
	{"ls", "List the segments of all four kinds, and who uses them", shm_ls},
	{"stat", "Print what is known about one", shm_stat},
	{"read", "Copy bytes of one to standard output", shm_read},
	{"write", "Copy standard input into one", shm_write},
	{"dump", "Print bytes of one in hexadecimal, as hexdump -C does", shm_dump},
	{"lock", "Take one's lock, for a command or for the calling shell", shm_lock},
	{"unlock", "Give one's lock back, or take it from a dead holder", shm_unlock},
	{"resize", "Change the size of one", shm_resize},
	{"seal", "Forbid changes of a memfd for good", shm_seal},
	{"rm", "Remove one", shm_rm},
	{"doctor", "Say what is wrong with segments, and what repairs it", shm_doctor},
	{"gc", "Remove those that dead programs left behind", shm_gc},
	{"demo", "Show what happens without locks, with them, and when owners die", shm_demo},
	{"bench", "Measure how fast processes exchange messages", shm_bench},
};

#define ACTIONS (sizeof(actions) / sizeof(*actions))

static int print_help(void)
{
	outbuf_printf("Usage: faultline shm ACTION [OPTION...] [NAME]\n"
		      "Make, look into, repair and remove shared memory: POSIX, System V, mapped "
		      "files, memfd.\n\n");
	for (size_t i = 0; i < ACTIONS; i++)
		outbuf_printf("  %-8s %s\n", actions[i].name, actions[i].summary);
	outbuf_printf("\n'faultline shm ACTION --help' lists the options of an action.\n");
	return outbuf_finish() < 0 ? EXIT_TROUBLE : 0;
}

int cmd_shm(int argc, char **argv)
{
	static char program[64];

	if (argc < 2)
		message_usage("no action given");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)
		return print_help();
	for (size_t i = 0; i < ACTIONS; i++) {
		if (strcmp(argv[1], actions[i].name) != 0)
			continue;
		snprintf(program, sizeof(program), "faultline shm %s", actions[i].name);
		message_set_program(program);
		argv[1] = program;
		return actions[i].func(argc - 1, argv + 1);
	}
	message_usage("unknown action '%s'", argv[1]);
}
