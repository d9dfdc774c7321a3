/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "plat/durable.h"
#include "plat/inplace_file.h"

static char dir[] = "/var/tmp/fl-target-XXXXXX";
static char path[64];

static void setup(void)
{
	FILE *f;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t", dir);
	f = fopen(path, "we");
	fputs("some text\n", f);
	fclose(f);
}

static void teardown(void)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(target, .init = setup, .fini = teardown);

Test(target, links_lead_to_the_file)
{
	struct fl_target t;
	char link_path[80];

	snprintf(link_path, sizeof(link_path), "%s/link", dir);
	cr_assert_eq(symlink("t", link_path), 0);
	cr_assert_eq(fl_target_open(link_path, true, &t, NULL), 0);
	cr_assert_str_eq(t.name, "t");
	cr_assert_eq(t.size_bytes, 10u);
	fl_target_close(&t);
}

Test(target, what_is_no_regular_file_is_refused)
{
	struct fl_target t;
	struct fl_error err;
	char fifo[80];

	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	cr_assert_eq(mkfifo(fifo, 0600), 0);
	cr_assert_eq(fl_target_open(fifo, true, &t, &err), -EINVAL);
	cr_assert_eq(fl_target_open("/dev/null", true, &t, &err), -EINVAL);
	cr_assert_eq(fl_target_open(dir, true, &t, &err), -EISDIR);
	cr_assert_eq(fl_target_open("/no/such/file", true, &t, &err), -ENOENT);
}

Test(target, one_job_at_a_time)
{
	struct fl_target a, b;

	cr_assert_eq(fl_target_open(path, true, &a, NULL), 0);
	cr_assert_eq(fl_target_open(path, true, &b, NULL), 0);
	cr_assert_eq(fl_target_lock(&a), 0);
	cr_assert_eq(fl_target_lock(&b), -EAGAIN);
	fl_target_close(&a);
	cr_assert_eq(fl_target_lock(&b), 0);
	fl_target_close(&b);
}

Test(target, holes_are_seen)
{
	struct fl_target t;

	cr_assert_eq(truncate(path, 1 << 20), 0);
	cr_assert_eq(fl_target_open(path, true, &t, NULL), 0);
	cr_assert(t.has_holes);
	fl_target_close(&t);
}

Test(target, backup_is_a_copy_with_its_attributes)
{
	struct fl_target t;
	struct stat st;
	char copy[80], text[16] = "";
	struct fl_error err;
	bool has_attributes;
	FILE *f;

	has_attributes = setxattr(path, "user.color", "blue", 4, 0) == 0;
	cr_assert_eq(chmod(path, 0640), 0);
	cr_assert_eq(fl_target_open(path, true, &t, NULL), 0);
	cr_assert_eq(fl_target_backup(&t, ".bak", NULL), 0);
	cr_assert_eq(fl_target_backup(&t, "old.*", NULL), 0);
	cr_assert_eq(fl_target_backup(&t, "a/b", &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "no '/'"));
	cr_assert_eq(fl_target_backup(&t, "*", &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "the file itself"));
	snprintf(copy, sizeof(copy), "%s/old.t", dir);
	cr_assert_eq(stat(copy, &st), 0);
	snprintf(copy, sizeof(copy), "%s/t.bak", dir);
	cr_assert_eq(stat(copy, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0640u);
	cr_assert(!has_attributes || getxattr(copy, "user.color", text, sizeof(text)) == 4);
	f = fopen(copy, "re");
	cr_assert_not_null(fgets(text, sizeof(text), f));
	fclose(f);
	cr_assert_str_eq(text, "some text\n");
	fl_target_close(&t);
}

/* The last word is refused while another process has the file open. */
Test(target, lease)
{
	struct fl_target t;
	int ready[2], go[2];
	pid_t pid;
	char c;

	cr_assert(pipe(ready) == 0 && pipe(go) == 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_WRONLY | O_APPEND);

		c = fd >= 0 ? 'y' : 'n';
		if (write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	cr_assert_eq(read(ready[0], &c, 1), 1);
	cr_assert_eq(c, 'y');
	cr_assert_eq(fl_target_open(path, true, &t, NULL), 0);
	cr_assert_eq(fl_target_lease(&t, true), -EAGAIN);
	cr_assert_eq(write(go[1], "x", 1), 1);
	waitpid(pid, NULL, 0);
	cr_assert_eq(fl_target_lease(&t, true), 0);
	cr_assert_eq(fl_target_lease(&t, false), 0);
	fl_target_close(&t);
}

static int64_t two_bytes(void *ctx, int fd, const void *buf, size_t n, uint64_t off)
{
	int *calls = ctx;

	if (++*calls % 3 == 0)
		return -EINTR;
	return pwrite(fd, buf, n < 2 ? n : 2, (off_t)off);
}

static int64_t interrupted(void *ctx, int fd, const void *buf, size_t n, uint64_t off)
{
	(void)ctx;
	(void)fd;
	(void)buf;
	(void)n;
	(void)off;
	return -EINTR;
}

Test(target, short_writes_go_on_and_signals_for_ever_end)
{
	struct fl_durable_ops ops = fl_durable_kernel;
	int calls = 0;
	struct fl_durable d = {.ops = &ops, .ctx = &calls};
	char text[16] = "";
	struct fl_target t;

	ops.pwrite = two_bytes;
	cr_assert_eq(fl_target_open(path, true, &t, NULL), 0);
	cr_assert_eq(fl_durable_write(&d, t.fd, "other", 5, 0), 0);
	cr_assert_eq(pread(t.fd, text, 10, 0), 10);
	cr_assert_str_eq(text, "othertext\n");
	ops.pwrite = interrupted;
	cr_assert_eq(fl_durable_write(&d, t.fd, "x", 1, 0), -EINTR);
	cr_assert_eq(fl_durable_sync(&d, t.fd), 0);
	cr_assert_eq(d.syncs, 1u);
	d.never_syncs = true;
	cr_assert_eq(fl_durable_sync(&d, -1), 0);
	cr_assert_eq(fl_durable_allocate(&d, t.fd, 9000), 0);
	cr_assert_eq(fl_target_size(&t, &t.size_bytes), 0);
	cr_assert_eq(t.size_bytes, 9000u);
	cr_assert_eq(fl_durable_truncate(&d, t.fd, 3), 0);
	fl_target_close(&t);
}

/* By a run that was killed, and had the number that we have now: in containers they are few. */
Test(target, what_another_run_left_is_not_in_the_way_of_a_backup)
{
	struct fl_target t;
	char left[80];

	snprintf(left, sizeof(left), "%s/.faultline-backup.%ld", dir, (long)getpid());
	fclose(fopen(left, "we"));
	cr_assert_eq(fl_target_open(path, true, &t, NULL), 0);
	cr_assert_eq(fl_target_backup(&t, ".bak", NULL), 0);
	fl_target_close(&t);
}

static bool lies;

/* In place of the C library's: a kernel that says so without having copied (copy_file_range(2), BUGS). */
ssize_t copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t len, unsigned flags)
{
	return lies ? 0 : syscall(SYS_copy_file_range, from, in, to, out, len, flags);
}

Test(target, a_backup_is_whole_whatever_the_kernel_says_of_it)
{
	struct fl_target t;
	char name[80], got[32] = "";
	FILE *f;

	lies = true;
	cr_assert_eq(fl_target_open(path, true, &t, NULL), 0);
	cr_assert_eq(fl_target_backup(&t, ".bak", NULL), 0);
	fl_target_close(&t);
	snprintf(name, sizeof(name), "%s.bak", path);
	f = fopen(name, "re");
	cr_assert(f != NULL && fgets(got, sizeof(got), f) != NULL);
	fclose(f);
	cr_assert_str_eq(got, "some text\n");
}
