/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/file.h"

static char dir[64];

static void make_dir(void)
{
	strcpy(dir, "/var/tmp/fl_file_XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static void remove_dir(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(file, .init = make_dir, .fini = remove_dir);

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

static struct fl_file opened(const char *path)
{
	struct fl_file f;
	struct fl_error e = {.text = ""};

	cr_assert_eq(fl_file_open(path, &f, &e), 0, "%s: %s", path, e.text);
	return f;
}

Test(file, regular)
{
	struct fl_file f;
	struct stat st;

	put("a", "hello");
	f = opened("a");
	stat("a", &st);
	cr_assert_eq(f.kind, FL_SOURCE_REGULAR);
	cr_assert_eq(f.size_bytes, 5u);
	cr_assert_eq(f.base_off, 0u);
	cr_assert(f.can_map && f.owns_fd && !f.rotational);
	cr_assert(f.dev == st.st_dev && f.ino == st.st_ino);
	cr_assert_str_eq(f.path, "a");
	cr_assert(fcntl(f.fd, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(fcntl(f.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	fl_file_close(&f);
	cr_assert_eq(f.fd, -1);
	fl_file_close(&f);
}

Test(file, empty_is_regular)
{
	struct fl_file f;

	put("a", "");
	f = opened("a");
	cr_assert_eq(f.kind, FL_SOURCE_REGULAR);
	cr_assert_eq(f.size_bytes, 0u);
	fl_file_close(&f);
}

Test(file, sparse_above_4_gib)
{
	struct fl_file f;

	put("a", "");
	cr_assert_eq(truncate("a", ((off_t)1 << 32) + 12345), 0);
	f = opened("a");
	cr_assert_eq(f.kind, FL_SOURCE_REGULAR);
	cr_assert_eq(f.size_bytes, ((uint64_t)1 << 32) + 12345);
	fl_file_close(&f);
}

static void is_pseudo(const char *path)
{
	struct fl_file f;

	if (access(path, R_OK) != 0)
		return;
	f = opened(path);
	cr_assert_eq(f.kind, FL_SOURCE_PSEUDO, "%s", path);
	cr_assert_eq(f.size_bytes, FL_SIZE_UNKNOWN);
	cr_assert_not(f.can_map);
	fl_file_close(&f);
}

Test(file, pseudo_files_whatever_size_they_claim)
{
	is_pseudo("/proc/self/status");                /* 0 */
	is_pseudo("/proc/self/environ");               /* 0 */
	is_pseudo("/sys/devices/system/cpu/possible"); /* 4096 */
	is_pseudo("/proc/kcore");                      /* 128 TiB */
	is_pseudo("/sys/kernel/btf/vmlinux");          /* megabytes */
}

Test(file, memfd_is_regular)
{
	int fd = memfd_create("x", MFD_CLOEXEC);
	struct fl_file f;

	cr_assert_eq(fl_fd_pwrite(fd, "abcdef", 6, 0), 0);
	cr_assert_eq(fl_file_from_fd(fd, &f, NULL), 0);
	cr_assert_eq(f.kind, FL_SOURCE_REGULAR);
	cr_assert_eq(f.size_bytes, 6u);
	cr_assert(f.can_map);
	fl_file_close(&f);
	cr_assert(fcntl(fd, F_GETFD) >= 0);
}

/* Opening fails with this code and text, and *ret is left alone. */
static void refused(const char *path, int code, const char *text)
{
	struct fl_file f, before;
	struct fl_error e;

	memset(&before, 0x5a, sizeof(before));
	f = before;
	cr_assert_eq(fl_file_open(path, &f, &e), code);
	cr_assert_eq(e.code, code);
	cr_assert_eq(e.off, FL_OFF_NONE);
	cr_assert_str_eq(e.text, text);
	cr_assert_eq(memcmp(&f, &before, sizeof(f)), 0);
}

static int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

Test(file, what_cannot_be_read_says_so_and_leaks_nothing)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX, .sun_path = "sock"};
	int s = socket(AF_UNIX, SOCK_STREAM, 0), before;

	cr_assert_eq(bind(s, (struct sockaddr *)&sun, sizeof(sun)), 0);
	cr_assert_eq(symlink("nowhere", "dangling"), 0);
	cr_assert_eq(symlink("loop", "loop"), 0);
	before = descriptors();
	refused(".", -EISDIR, "Is a directory");
	refused("sock", -ENXIO, "Is a socket");
	refused("dangling", -ENOENT, "No such file or directory");
	refused("loop", -ELOOP, "Too many levels of symbolic links");
	refused("", -ENOENT, "No such file or directory");
	cr_assert_eq(descriptors(), before);
}

Test(file, no_permission)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("needs root to become somebody else");
	put("a", "x");
	chmod("a", 0600);
	chmod(dir, 0755);
	pid = fork();
	if (pid == 0) {
		struct fl_file f;

		_exit(setuid(65534) == 0 && fl_file_open("a", &f, NULL) == -EACCES ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	cr_assert_eq(status, 0);
}

static void nothing(int sig)
{
	(void)sig;
}

Test(file, a_signal_ends_the_wait_for_a_fifos_writer)
{
	/* Again and again: the first may come before open(2). */
	struct itimerval often = {.it_interval.tv_usec = 30000, .it_value.tv_usec = 30000};
	struct itimerval off = {.it_value.tv_sec = 0};
	struct sigaction act = {.sa_handler = nothing};
	struct fl_file f;

	cr_assert_eq(mkfifo("fifo", 0600), 0);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	cr_assert_eq(fl_file_open("fifo", &f, NULL), -EINTR);
	setitimer(ITIMER_REAL, &off, NULL);
}

Test(file, a_fifo_waits_for_its_writer)
{
	struct fl_file f;
	char text[8] = "";
	pid_t pid;

	cr_assert_eq(mkfifo("fifo", 0600), 0);
	pid = fork();
	if (pid == 0) {
		usleep(30000);
		put("fifo", "late");
		_exit(0);
	}
	f = opened("fifo");
	cr_assert_eq(f.kind, FL_SOURCE_STREAM);
	cr_assert_eq(f.size_bytes, FL_SIZE_UNKNOWN);
	cr_assert_not(f.can_map);
	cr_assert_eq(fl_file_read(f.fd, text, sizeof(text), false), 4);
	cr_assert_str_eq(text, "late");
	fl_file_close(&f);
	waitpid(pid, NULL, 0);
}

Test(file, character_devices_and_pipes_are_streams)
{
	struct fl_file f = opened("/dev/null");
	int fd[2];

	cr_assert_eq(f.kind, FL_SOURCE_STREAM);
	fl_file_close(&f);
	cr_assert_eq(pipe(fd), 0);
	cr_assert_eq(fl_file_from_fd(fd[0], &f, NULL), 0);
	cr_assert_eq(f.kind, FL_SOURCE_STREAM);
	cr_assert_eq(f.base_off, 0u);
	cr_assert_null(f.path);
}

static void is_block(const char *path, uint64_t bytes)
{
	struct fl_file_state state;
	struct fl_file f = opened(path);

	cr_assert_eq(f.kind, FL_SOURCE_BLOCK);
	cr_assert_eq(f.size_bytes, bytes);
	cr_assert(f.can_map);
	cr_assert_eq(fl_file_state(&f, &state), 0);
	cr_assert_eq(state.size_bytes, bytes);
	fl_file_close(&f);
}

/* A loop device over a file of ours; detached as soon as the last descriptor is closed. */
Test(file, block_devices_have_the_devices_size)
{
	char path[64] = "", command[160];
	FILE *p;
	int fd;

	put("disk", "");
	cr_assert_eq(truncate("disk", 1 << 20), 0);
	p = popen("PATH=$PATH:/sbin:/usr/sbin; losetup -f --show disk 2>/dev/null", "re");
	cr_assert_not_null(p);
	if (!fgets(path, sizeof(path), p))
		path[0] = '\0';
	pclose(p);
	path[strcspn(path, "\n")] = '\0';
	fd = *path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin; losetup -d '%s'", path);
	if (*path && system(command) != 0)
		cr_log_warn("%s stays attached", path);
	if (fd < 0)
		cr_skip_test("no loop device can be set up here");
	is_block(path, 1 << 20);
	fl_fd_close(fd);
}

Test(file, a_descriptor_counts_from_its_position_and_keeps_it)
{
	struct fl_file f;
	struct fl_file_state state;
	int fd;

	put("a", "0123456789");
	fd = open("a", O_RDONLY);
	lseek(fd, 4, SEEK_SET);
	cr_assert_eq(fl_file_from_fd(fd, &f, NULL), 0);
	cr_assert_eq(f.base_off, 4u);
	cr_assert_eq(f.size_bytes, 6u);
	cr_assert_not(f.owns_fd);
	cr_assert_eq(fl_file_state(&f, &state), 0);
	cr_assert_eq(state.size_bytes, 10u);
	cr_assert_eq(lseek(fd, 0, SEEK_CUR), 4);
	fl_file_close(&f);
	lseek(fd, 40, SEEK_SET);
	cr_assert_eq(fl_file_from_fd(fd, &f, NULL), 0);
	cr_assert_eq(f.size_bytes, 0u);
	cr_assert_eq(lseek(fd, 0, SEEK_CUR), 40);
}

Test(file, descriptors_that_cannot_be_read)
{
	struct fl_file f;
	int w = open("a", O_WRONLY | O_CREAT, 0600), p = open("a", O_PATH);
	int d = open(".", O_RDONLY | O_DIRECTORY);

	cr_assert_eq(fl_file_from_fd(-1, &f, NULL), -EBADF);
	cr_assert_eq(fl_file_from_fd(999, &f, NULL), -EBADF);
	cr_assert_eq(fl_file_from_fd(w, &f, NULL), -EBADF);
	cr_assert_eq(fl_file_from_fd(p, &f, NULL), -EBADF);
	cr_assert_eq(fl_file_from_fd(d, &f, NULL), -EISDIR);
}

Test(file, state_follows_the_file)
{
	struct fl_file_state a, b;
	struct fl_file f;

	put("a", "12345");
	f = opened("a");
	cr_assert_eq(fl_file_state(&f, &a), 0);
	usleep(20000); /* file times move with the kernel's tick */
	cr_assert_eq(truncate("a", 2), 0);
	cr_assert_eq(fl_file_state(&f, &b), 0);
	cr_assert_eq(a.size_bytes, 5u);
	cr_assert_eq(b.size_bytes, 2u);
	cr_assert(b.ctime_ns > a.ctime_ns && b.mtime_ns > a.mtime_ns);
	cr_assert_eq(f.size_bytes, 5u);
	fl_file_close(&f);
}

Test(file, replaced_means_another_inode_or_none)
{
	struct fl_file f, g;

	put("a", "old");
	f = opened("a");
	cr_assert_eq(fl_file_from_fd(f.fd, &g, NULL), 0);
	cr_assert_not(fl_file_replaced(&f));
	put("a", "written again, same inode");
	cr_assert_not(fl_file_replaced(&f));
	put("b", "new");
	cr_assert_eq(rename("b", "a"), 0);
	cr_assert(fl_file_replaced(&f));
	unlink("a");
	cr_assert(fl_file_replaced(&f));
	cr_assert_not(fl_file_replaced(&g));
	fl_file_close(&f);
}
