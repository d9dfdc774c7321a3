/* SPDX-License-Identifier: MIT */
#include "cli/program.h"

#include <argp.h>
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/info.h>

#include "cli/crew.h"
#include "cli/message.h"
#include "cli/verbs.h"

/* Of one arena. Parts of 512 KiB and less are the most frequent buffers. */
#define HEAP_KEPT_BYTES (256 << 10)

static const char *program_name = "faultline";

static const struct verb verbs[] = {
	{"bench", "Measure mmap against read and others, on this machine and file", cmd_bench},
	{"cache", "Show, load, drop or lock what of files is in the page cache", cmd_cache},
	{"compress", "Compress to .zst, as zstd does, so that all processors can read it",
	 cmd_compress},
	{"count", "Count lines, words and bytes, as wc does", cmd_count},
	{"decompress", "Decompress .zst files, on all processors where they allow it",
	 cmd_decompress},
	{"diff", "Print the byte ranges in which two files differ", cmd_diff},
	{"hash", "Print or check digests, as xxhsum, sha256sum and b2sum do", cmd_hash},
	{"info", "Say what this machine offers, and where files live", cmd_info},
	{"manifest", "Put parts of a manifest together", cmd_manifest},
	{"merge", "Put what 'run --part' found in parts together", cmd_merge},
	{"recover", "Finish or undo a rewrite in place that was interrupted", cmd_recover},
	{"run", "Several jobs in one pass", cmd_run},
	{"scan", "Print the lines that match a pattern, as grep -P does", cmd_scan},
	{"grep", "The same as scan", cmd_scan},
	{"shm", "Make, look into, repair and remove shared memory", cmd_shm},
	{"top", "Show the running jobs, and how far they are", cmd_top},
	{"transform", "Edit lines, as sed does", cmd_transform},
	{"tune", "Find out once how this device is best read, for --io=auto", cmd_tune},
	{"verify", "Name the byte ranges in which files differ from a manifest", cmd_verify},
};

/* What faultline-mpi has. */
static const char *const shared_verbs[] = {"compress", "count", "grep", "hash",
					   "recover",  "run",   "scan", "transform"};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(name, verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

static int is_shared(const char *name)
{
	for (size_t i = 0; i < sizeof(shared_verbs) / sizeof(shared_verbs[0]); i++)
		if (strcmp(name, shared_verbs[i]) == 0)
			return 1;
	return 0;
}

/* Longer words are no slips of the finger. */
#define WORD_MAX 15

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein distance, one row of the table at a time (Wagner and Fischer, JACM 21, 1974). */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t replaced = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(row[j] + 1, row[j - 1] + 1, replaced);
		}
	}
	return row[len];
}

static const char *nearest_verb(const char *name)
{
	size_t best = 3; /* two slips */
	const char *found = NULL;

	if (strlen(name) > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < VERB_COUNT; i++) {
		size_t distance = edit_distance(name, verbs[i].name);

		if (distance < best && distance < strlen(verbs[i].name)) {
			best = distance;
			found = verbs[i].name;
		}
	}
	return found;
}

static void unknown_verb(const char *name) __attribute__((noreturn));
static void unknown_verb(const char *name)
{
	const char *nearest = nearest_verb(name);

	if (nearest != NULL)
		message_usage("unknown verb '%s'; did you mean '%s'?", name, nearest);
	message_usage("unknown verb '%s'", name);
}

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "%s %s\n", program_name, fl_version());
}

static void print_row(void *arg, const char *key, const char *value)
{
	fprintf(arg, "%s: %s\n", key, value);
}

static void print_verbs(void)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (is_shared(verbs[i].name) || !crew_is_there())
			printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
	printf("\n'%s VERB --help' lists the options of a verb.\n", program_name);
}

static void print_help(void)
{
	fputs("Usage: faultline VERB [OPTION...] [FILE...]\n"
	      "       faultline help VERB\n"
	      "       faultline --version [-v]\n"
	      "Work on files that are larger than memory, on all processors.\n\n",
	      stdout);
	print_verbs();
}

static void print_crew_help(void)
{
	fputs("Usage: mpirun [-n RANKS] faultline-mpi VERB [OPTION...] [FILE...]\n"
	      "       faultline-mpi help VERB\n"
	      "       faultline-mpi --version [-v]\n"
	      "What 'faultline' does, with the same options and output, on all ranks of an MPI "
	      "job,\n"
	      "which see the same files.\n\n",
	      stdout);
	print_verbs();
}

/* What stdio wrote: argp's help, too, behind which it calls exit(). What verbs print is outbuf.c's. */
static void check_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	message_error("write error: %s", strerror(errno));
	_exit(EXIT_TROUBLE);
}

static int run_verb(const char *name, int argc, char **argv)
{
	static char program[sizeof("faultline-mpi ") + WORD_MAX];
	const struct verb *verb = find_verb(name);

	if (verb == NULL)
		unknown_verb(name);
	if (crew_is_there() && !is_shared(verb->name))
		message_usage("'%s' is done by one process: 'faultline %s'", name, name);
	snprintf(program, sizeof(program), "%s %s", program_name, verb->name);
	message_set_program(program);
	argv[0] = program;
	return verb->func(argc, argv);
}

static int run_help(int argc, char **argv)
{
	char help[] = "--help";
	char *help_argv[] = {argv[0], help, NULL};

	if (argc > 3)
		message_usage("extra operand '%s'", argv[3]);
	if (argc == 3)
		return run_verb(argv[2], 2, help_argv);
	if (crew_is_there())
		print_crew_help();
	else
		print_help();
	return 0;
}

static int is_verbose(const char *arg)
{
	return strcmp(arg, "-v") == 0 || strcmp(arg, "--verbose") == 0;
}

static int run_version(int argc, char **argv)
{
	int verbose = 0;

	for (int i = 2; i < argc; i++) {
		if (!is_verbose(argv[i]))
			message_usage("extra operand '%s'", argv[i]);
		verbose = 1;
	}
	print_version(stdout, NULL);
	if (verbose)
		fl_info(print_row, stdout);
	return 0;
}

/*
 * What a thread frees goes back to the kernel: by itself, the C library keeps up to 64 MiB in each of its
 * arenas once some buffer of 32 MiB was freed, and --max-memory says what all of it may take. Buffers
 * live as long as a file is worked on, so this costs nothing that could be measured.
 */
static void keep_no_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
	mallopt(M_MMAP_THRESHOLD, HEAP_KEPT_BYTES);
}

/*
 * The first file that is opened would become the standard stream that the caller has closed: a manifest
 * would hold the messages, and "-" would be the file it is compared with. Opened the wrong way round, the
 * stream stays one that cannot be used (EBADF), and its number is taken.
 */
static void occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (!isatty(fd) && errno == EBADF)
			(void)!fopen("/dev/null", fd == STDIN_FILENO ? "w" : "r");
}

static void do_nothing(int sig)
{
	(void)sig;
}

/*
 * A write beyond RLIMIT_FSIZE is then an error with a message (EFBIG), as on a full disk. By a handler:
 * programs that are started here get the default action again (execve(2)).
 */
static void outlive_file_size_limit(void)
{
	struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART}, old;

	if (sigaction(SIGXFSZ, NULL, &old) < 0 || old.sa_handler != SIG_DFL)
		return;
	sigemptyset(&action.sa_mask);
	sigaction(SIGXFSZ, &action, NULL);
}

int program_main(const char *name, int argc, char **argv)
{
	occupy_standard_streams();
	atexit(check_stdout);
	keep_no_memory();
	outlive_file_size_limit();
	program_name = name;
	message_set_program(name);
	/* Characters and texts of errors; each category is a file to open. Numbers stay as in C, for they are for
	 * programs, too: CSV, gnuplot, --duration=1.5. */
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	argp_err_exit_status = EXIT_TROUBLE;
	argp_program_version_hook = print_version;
	if (argc < 2)
		message_usage("no verb given");
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return run_version(argc, argv);
	/* The order of the two does not matter to those who type it. */
	if (argc == 3 && is_verbose(argv[1]) && strcmp(argv[2], "--version") == 0) {
		argv[2] = argv[1];
		return run_version(argc, argv);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return run_help(argc, argv);
	if (argv[1][0] == '-')
		message_usage("unrecognized option '%s'", argv[1]);
	return run_verb(argv[1], argc - 1, argv + 1);
}
