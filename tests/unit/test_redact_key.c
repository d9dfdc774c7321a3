/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/redact_key.h"

static char path[32];

static void put(const char *bytes, size_t len)
{
	FILE *f;
	int fd;

	strcpy(path, "/tmp/fl-key-XXXXXX");
	fd = mkstemp(path);
	f = fdopen(fd, "w");
	cr_assert_eq(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static int status_of(const char *name)
{
	unsigned char key[FL_TRANSFORM_KEY_BYTES];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fclose(stderr);
		redact_key_read(name, key);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(redact_key, a_key_of_its_length_is_taken_as_it_is)
{
	unsigned char key[FL_TRANSFORM_KEY_BYTES];

	memset(key, 0xff, sizeof(key));
	put("0123456789abcdef", 16);
	redact_key_read(path, key);
	cr_assert_arr_eq(key, "0123456789abcdef", 16);
	unlink(path);
}

Test(redact_key, of_a_longer_one_all_bytes_count)
{
	unsigned char key[FL_TRANSFORM_KEY_BYTES], other[FL_TRANSFORM_KEY_BYTES];
	char text[40] = "the first bytes of two keys are the same";

	for (size_t at = 0; at < sizeof(text); at++) {
		put(text, sizeof(text));
		redact_key_read(path, key);
		unlink(path);
		text[at] ^= 1;
		put(text, sizeof(text));
		redact_key_read(path, other);
		unlink(path);
		text[at] ^= 1;
		cr_assert_neq(memcmp(key, other, sizeof(key)), 0, "byte %zu", at);
	}
}

Test(redact_key, without_a_file_it_is_drawn)
{
	unsigned char key[FL_TRANSFORM_KEY_BYTES], other[FL_TRANSFORM_KEY_BYTES];

	redact_key_read(NULL, key);
	redact_key_read(NULL, other);
	cr_assert_neq(memcmp(key, other, sizeof(key)), 0);
}

Test(redact_key, no_file_and_a_short_one_are_errors)
{
	put("0123456789abcde", 15);
	cr_assert_eq(status_of(path), 2);
	unlink(path);
	cr_assert_eq(status_of(path), 2);
}
