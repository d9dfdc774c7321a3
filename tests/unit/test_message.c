/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <faultline/faultline.h>

#include "cli/message.h"
#include "cli/outbuf.h"

/* What fn prints to both streams, in the order in which it comes. Return: its exit status. */
static int printed_by(void (*fn)(void), char *text, size_t size)
{
	char path[] = "/tmp/fl-message-XXXXXX";
	int fd = mkstemp(path), status;
	ssize_t n;
	pid_t pid;

	unlink(path);
	pid = fork();
	if (pid == 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		fn();
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	n = pread(fd, text, size - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return WEXITSTATUS(status);
}

static void prints(void (*fn)(void), int status, const char *want)
{
	char text[512];
	int got = printed_by(fn, text, sizeof(text));

	cr_assert_str_eq(text, want);
	cr_assert_eq(got, status);
}

static void before_a_verb(void)
{
	message_error("%s %d", "text", 5);
}

static void after_output(void)
{
	message_set_program("faultline count");
	outbuf_printf("first\n");
	message_error("second");
	outbuf_printf("third\n");
	outbuf_finish();
}

static void of_files(void)
{
	struct fl_error err = {.code = -FL_ETRUNCATED, .off = FL_OFF_NONE, .text = "went away"};

	message_set_program("faultline hash");
	message_file("%s.log", &err);
	err.off = 0;
	message_file("a", &err);
	err.off = UINT64_C(5000000000);
	message_file("a", &err);
}

static void of_usage(void)
{
	message_set_program("faultline scan");
	outbuf_printf("out\n");
	message_usage("no %s", "pattern");
}

static void only_help(void)
{
	message_try_help();
}

Test(message, names_the_program_and_the_verb)
{
	prints(before_a_verb, 0, "faultline: text 5\n");
	prints(of_files, 0,
	       "faultline hash: %s.log: went away\n"
	       "faultline hash: a: at byte 0: went away\n"
	       "faultline hash: a: at byte 5000000000: went away\n");
}

static void of_strange_files(void)
{
	struct fl_error err = {.code = -FL_ETRUNCATED, .off = FL_OFF_NONE, .text = "x\r: gone"};

	message_set_program("faultline hash");
	message_file("a\nb\033[31m'c'\x7f", &err);
	message_error("%s", "");
	message_note("%s: 5 bytes", "\033c");
}

Test(message, names_give_no_orders_to_the_terminal)
{
	prints(of_strange_files, 0,
	       "faultline hash: a$'\\n'b$'\\033'[31m'c'$'\\177': x$'\\r': gone\n"
	       "faultline hash: \n"
	       "$'\\033'c: 5 bytes\n");
}

Test(message, output_comes_first)
{
	prints(after_output, 0, "first\nfaultline count: second\nthird\n");
}

Test(message, wrong_use_ends_with_2)
{
	prints(of_usage, 2,
	       "out\nfaultline scan: no pattern\n"
	       "Try 'faultline scan --help' for more information.\n");
	prints(only_help, 2, "Try 'faultline --help' for more information.\n");
}
