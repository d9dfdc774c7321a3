/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <faultline/shm.h>

#include "shm/segment_impl.h"

#include "../support/scale.h"

/* nobody's number on every system that has Debian's base-passwd. */
#define OTHER_UID 65534

static char name[64], path[96];
static struct fl_error err;

static void make_names(void)
{
	snprintf(name, sizeof(name), "/flt-segment-%ld", (long)getpid());
	snprintf(path, sizeof(path), "/dev/shm%s", name);
}

static void drop_names(void)
{
	unlink(path);
}

TestSuite(segment, .init = make_names, .fini = drop_names);

static struct fl_segment_options options(enum fl_segment_type type, uint64_t bytes, unsigned flags)
{
	static char file[128];
	struct fl_segment_options o;

	fl_segment_options_init(&o);
	o.type = type;
	o.bytes = bytes;
	o.flags = flags;
	snprintf(file, sizeof(file), "/tmp/flt-segment-%ld", (long)getpid());
	o.name = type == FL_SEGMENT_POSIX ? name : type == FL_SEGMENT_FILE ? file : NULL;
	return o;
}

static struct fl_segment *create(enum fl_segment_type type, uint64_t bytes, unsigned flags)
{
	struct fl_segment_options o = options(type, bytes, flags);
	struct fl_segment *seg = NULL;

	cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
	return seg;
}

/* How another process finds what create() made. */
static struct fl_segment_options address(const struct fl_segment *seg, unsigned flags)
{
	struct fl_segment_info info = {.size = sizeof(info)};
	struct fl_segment_options o;

	cr_assert_eq(fl_segment_info(seg, &info), 0);
	o = options(info.type, 0, flags);
	if (info.type == FL_SEGMENT_SYSV)
		o.id = info.id;
	if (info.type == FL_SEGMENT_MEMFD)
		o.fd = fl_segment_fd(seg);
	return o;
}

static void destroy(struct fl_segment *seg)
{
	struct fl_segment_options o = address(seg, FL_SEGMENT_TRUST);

	if (o.type != FL_SEGMENT_MEMFD)
		cr_assert_eq(fl_segment_remove(&o, &err), 0, "%s", err.text);
	fl_segment_detach(seg);
}

static int attach(struct fl_segment_options o)
{
	struct fl_segment *seg = NULL;
	int r = fl_segment_attach(&o, &seg, &err);

	fl_segment_detach(seg);
	return r;
}

#define EACH_TYPE(t) (enum fl_segment_type t = FL_SEGMENT_POSIX; t <= FL_SEGMENT_MEMFD; t++)

static int wait_status(pid_t pid)
{
	int status = 0;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Test(segment, another_process_sees_the_same_bytes)
{
	for
		EACH_TYPE(t)
	for (unsigned flags = 0; flags <= FL_SEGMENT_MANAGED; flags++) {
		struct fl_segment *seg = create(t, 3 * 4096 + 5, flags);
		struct fl_segment_options o = address(seg, flags);
		uint64_t bytes;
		char *mine = fl_segment_data(seg, &bytes);
		pid_t pid = fork();

		if (pid == 0) {
			struct fl_segment *there = NULL;
			char *p;

			if (fl_segment_attach(&o, &there, NULL) < 0)
				_exit(1);
			p = fl_segment_data(there, NULL);
			p[bytes - 1] = 'x';
			fl_segment_detach(there);
			_exit(0);
		}
		cr_assert_eq(wait_status(pid), 0, "type %d", (int)t);
		cr_assert_eq(mine[bytes - 1], 'x');
		cr_assert_eq(mine[0], 0);
		cr_assert_eq(bytes, 3 * 4096 + 5 - (flags ? 4096u : 0u));
		destroy(seg);
	}
}

Test(segment, creation_is_exclusive_and_for_the_owner_only)
{
	for
		EACH_TYPE(t)
		{
			struct fl_segment_options o = options(t, 4096, 0);
			struct fl_segment_info info = {.size = sizeof(info)};
			struct fl_segment *seg = NULL, *second = NULL;

			umask(0);
			if (t == FL_SEGMENT_SYSV)
				o.key = 0x464c0000 + (getpid() & 0xffff);
			cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
			cr_assert_eq(fl_segment_info(seg, &info), 0);
			cr_assert_eq(info.mode, 0600);
			cr_assert_eq(info.uid, geteuid());
			cr_assert_eq(info.bytes, 4096);
			if (t != FL_SEGMENT_MEMFD) {
				cr_assert_eq(fl_segment_create(&o, &second, &err), -EEXIST);
				cr_assert_null(second);
				cr_assert_not_null(strstr(err.text, "exists"));
			}
			destroy(seg);
		}
}

Test(segment, the_umask_changes_nothing_and_a_mode_is_kept)
{
	struct fl_segment_options o = options(FL_SEGMENT_POSIX, 1, 0);
	struct fl_segment *seg = NULL;
	struct stat st;

	umask(0777);
	o.mode = 0640;
	cr_assert_eq(fl_segment_create(&o, &seg, NULL), 0);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0640);
	destroy(seg);
}

Test(segment, no_room_is_an_error_and_leaves_nothing)
{
	struct fl_segment_options o = options(FL_SEGMENT_POSIX, UINT64_C(1) << 46, 0);
	struct fl_segment *seg = NULL;

	cr_assert_eq(fl_segment_create(&o, &seg, &err), -ENOMEM);
	cr_assert_null(seg);
	cr_assert_eq(access(path, F_OK), -1);
	o.type = FL_SEGMENT_MEMFD;
	cr_assert_eq(fl_segment_create(&o, &seg, &err), -ENOMEM);
}

Test(segment, names)
{
	static const char *const bad[] = {"", "/", ".", "..", "/.", "/..", "a/b", "//a", "/a/"};
	struct fl_segment_options o = options(FL_SEGMENT_POSIX, 4096, 0);
	struct fl_segment *seg = NULL;
	char longest[258];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		o.name = bad[i];
		cr_assert_eq(fl_segment_create(&o, &seg, &err), -EINVAL, "'%s'", bad[i]);
		cr_assert_eq(fl_segment_attach(&o, &seg, &err), -EINVAL, "'%s'", bad[i]);
		cr_assert_eq(fl_segment_remove(&o, &err), -EINVAL, "'%s'", bad[i]);
	}
	memset(longest, 'n', sizeof(longest));
	longest[256] = '\0';
	o.name = longest;
	cr_assert_eq(fl_segment_create(&o, &seg, &err), -EINVAL);
	longest[255] = '\0';
	/* Nobody else's: the suite may run twice at a time. */
	memcpy(longest, name, strlen(name));
	cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
	cr_assert_eq(fl_segment_remove(&o, &err), 0);
	fl_segment_detach(seg);
}

Test(segment, a_name_that_is_something_else_is_refused_and_stays)
{
	struct fl_segment_options o = options(FL_SEGMENT_POSIX, 0, 0);
	char victim[] = "/tmp/flt-victim-XXXXXX", other[128];
	int fd = mkstemp(victim);
	struct stat st;

	cr_assert(fd >= 0 && ftruncate(fd, 8192) == 0);
	cr_assert_eq(symlink(victim, path), 0);
	cr_assert_eq(attach(o), -ELOOP);
	cr_assert_eq(fl_segment_remove(&o, &err), -ELOOP);
	o.bytes = 4096;
	cr_assert_eq(fl_segment_create(&o, &(struct fl_segment *){0}, &err), -EEXIST);
	cr_assert(stat(victim, &st) == 0 && st.st_size == 8192);
	unlink(path);

	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(attach(o), -EINVAL);
	cr_assert_eq(fl_segment_remove(&o, &err), -EINVAL);
	unlink(path);

	snprintf(other, sizeof(other), "%s-other", path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	cr_assert(fd >= 0 && ftruncate(fd, 4096) == 0 && link(path, other) == 0);
	cr_assert_eq(attach(o), -EMLINK);
	cr_assert_eq(fl_segment_remove(&o, &err), -EMLINK);
	cr_assert_eq(access(other, F_OK), 0);
	unlink(other);
	cr_assert_eq(attach(o), 0, "%s", err.text);
	unlink(victim);
}

Test(segment, owner_and_mode_are_looked_at)
{
	struct fl_segment_options o = options(FL_SEGMENT_POSIX, 0, 0);
	struct fl_segment *seg = create(FL_SEGMENT_POSIX, 4096, 0);

	cr_assert_eq(chmod(path, 0666), 0);
	cr_assert_eq(attach(o), -EPERM);
	cr_assert_not_null(strstr(err.text, "0666"));
	o.flags = FL_SEGMENT_TRUST;
	cr_assert_eq(attach(o), 0);
	o.flags = 0;
	cr_assert_eq(chmod(path, 0600), 0);
	if (geteuid() != 0) {
		destroy(seg);
		cr_skip_test("only root can give a segment away");
	}
	cr_assert_eq(chown(path, OTHER_UID, OTHER_UID), 0);
	cr_assert_eq(attach(o), -EPERM);
	cr_assert_eq(fl_segment_remove(&o, &err), -EPERM);
	cr_assert_eq(access(path, F_OK), 0);
	destroy(seg);
}

/* Someone else was quicker: made the name, with everything right but the owner. */
Test(segment, a_squatter_of_another_user_gets_nothing)
{
	struct fl_segment_options o = options(FL_SEGMENT_POSIX, 4096, FL_SEGMENT_MANAGED);
	struct fl_segment *seg = NULL;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("needs root to become another user");
	pid = fork();
	if (pid == 0) {
		if (setgid(OTHER_UID) < 0 || setuid(OTHER_UID) < 0)
			_exit(2);
		o.mode = 0600;
		_exit(fl_segment_create(&o, &seg, NULL) < 0);
	}
	cr_assert_eq(wait_status(pid), 0);
	cr_assert_eq(fl_segment_create(&o, &seg, &err), -EEXIST);
	cr_assert_eq(attach(o), -EPERM);
	cr_assert_not_null(strstr(err.text, "belongs to user"));
}

Test(segment, sysv_of_another_owner_or_mode_is_refused)
{
	struct fl_segment *seg = create(FL_SEGMENT_SYSV, 4096, 0);
	struct fl_segment_options o = address(seg, 0);
	struct shmid_ds ds;

	cr_assert_eq(shmctl(o.id, IPC_STAT, &ds), 0);
	ds.shm_perm.mode = 0666;
	cr_assert_eq(shmctl(o.id, IPC_SET, &ds), 0);
	cr_assert_eq(attach(o), -EPERM);
	ds.shm_perm.mode = 0600;
	if (geteuid() == 0) {
		ds.shm_perm.uid = OTHER_UID;
		cr_assert_eq(shmctl(o.id, IPC_SET, &ds), 0);
		cr_assert_eq(attach(o), -EPERM);
	}
	destroy(seg);
}

Test(segment, too_short_is_refused)
{
	for
		EACH_TYPE(t)
		{
			struct fl_segment *seg = create(t, 4096, 0);
			struct fl_segment_options o = address(seg, 0);

			o.bytes = 4097;
			cr_assert_eq(attach(o), -FL_ETRUNCATED, "type %d", (int)t);
			o.bytes = 4096;
			cr_assert_eq(attach(o), 0);
			destroy(seg);
		}
}

static void spoil(struct fl_segment *seg, size_t off, uint32_t value, int want)
{
	struct fl_segment_options o = address(seg, FL_SEGMENT_MANAGED);
	unsigned char *base = seg->base;
	uint32_t old;

	memcpy(&old, base + off, sizeof(old));
	memcpy(base + off, &value, sizeof(value));
	cr_assert_eq(attach(o), want, "at %zu: %s", off, err.text);
	memcpy(base + off, &old, sizeof(old));
	cr_assert_eq(attach(o), 0, "%s", err.text);
}

Test(segment, a_header_that_is_wrong_is_refused)
{
	for
		EACH_TYPE(t)
		{
			struct fl_segment *seg = create(t, 8192, FL_SEGMENT_MANAGED);

			spoil(seg, 0, 0x12345678, -FL_ECORRUPT);
			spoil(seg, offsetof(struct fl_segment_header, byte_order), 0x04030201,
			      -FL_EUNSUPPORTED);
			spoil(seg, offsetof(struct fl_segment_header, byte_order), 7, -FL_ECORRUPT);
			spoil(seg, offsetof(struct fl_segment_header, version),
			      FL_SEGMENT_VERSION + 1, -FL_EUNSUPPORTED);
			spoil(seg, offsetof(struct fl_segment_header, nonce), 1, -FL_ECORRUPT);
			spoil(seg, offsetof(struct fl_segment_header, bytes), 8193, -FL_ETRUNCATED);
			spoil(seg, offsetof(struct fl_segment_header, bytes), 1, -FL_ECORRUPT);
			spoil(seg, offsetof(struct fl_segment_header, used), 8193, -FL_ECORRUPT);
			spoil(seg, offsetof(struct fl_segment_header, used), 0, -FL_ECORRUPT);
			destroy(seg);
		}
}

Test(segment, a_raw_one_is_no_managed_one)
{
	struct fl_segment *seg = create(FL_SEGMENT_POSIX, 8192, 0);

	cr_assert_eq(attach(address(seg, FL_SEGMENT_MANAGED)), -FL_ECORRUPT);
	destroy(seg);
	seg = create(FL_SEGMENT_POSIX, 100, 0);
	cr_assert_eq(attach(address(seg, FL_SEGMENT_MANAGED)), -FL_ETRUNCATED);
	destroy(seg);
}

Test(segment, the_nonce_tells_a_segment_from_its_successor)
{
	struct fl_segment_info info = {.size = sizeof(info)};
	struct fl_segment *seg = create(FL_SEGMENT_POSIX, 8192, FL_SEGMENT_MANAGED);
	struct fl_segment_options o = address(seg, FL_SEGMENT_MANAGED);

	cr_assert_eq(fl_segment_info(seg, &info), 0);
	o.nonce = info.nonce;
	cr_assert_eq(attach(o), 0);
	destroy(seg);
	seg = create(FL_SEGMENT_POSIX, 8192, FL_SEGMENT_MANAGED);
	cr_assert_eq(attach(o), -FL_ECHANGED);
	destroy(seg);
}

Test(segment, the_nonce_keeps_a_successor_from_being_removed)
{
	struct fl_segment_info info = {.size = sizeof(info)};
	struct fl_segment *seg = create(FL_SEGMENT_POSIX, 8192, FL_SEGMENT_MANAGED);
	struct fl_segment_options o = options(FL_SEGMENT_POSIX, 0, 0);

	cr_assert_eq(fl_segment_info(seg, &info), 0);
	o.nonce = info.nonce;
	destroy(seg);
	seg = create(FL_SEGMENT_POSIX, 8192, FL_SEGMENT_MANAGED);
	cr_assert_eq(fl_segment_remove(&o, &err), -FL_ECHANGED);
	cr_assert_eq(access(path, F_OK), 0);
	cr_assert_eq(fl_segment_info(seg, &info), 0);
	o.nonce = info.nonce;
	cr_assert_eq(fl_segment_remove(&o, &err), 0, "%s", err.text);
	fl_segment_detach(seg);
}

/* Nothing to be left behind: only children have it. */
Test(segment, without_a_name)
{
	for
		EACH_TYPE(t)
		{
			struct fl_segment_options o =
				options(t, 8192, FL_SEGMENT_MANAGED | FL_SEGMENT_UNNAMED);
			struct fl_segment *seg = NULL;
			struct fl_segment_info info = {.size = sizeof(info)};
			struct fl_segment *second = NULL;
			char *data;
			pid_t pid;

			cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
			cr_assert_eq(access(path, F_OK), -1);
			cr_assert(t != FL_SEGMENT_FILE || access(o.name, F_OK) == -1);
			data = fl_segment_data(seg, NULL);
			pid = fork();
			if (pid == 0) {
				data[5] = 'x';
				_exit(0);
			}
			cr_assert_eq(wait_status(pid), 0);
			cr_assert_eq(data[5], 'x');
			cr_assert_eq(fl_segment_check(seg, &err), 0, "%s", err.text);
			cr_assert_eq(fl_segment_info(seg, &info), 0);
			cr_assert_eq(info.header, FL_SEGMENT_OK);
			/* The name is not taken. */
			cr_assert_eq(fl_segment_create(&o, &second, &err), 0, "%s", err.text);
			fl_segment_detach(second);
			fl_segment_detach(seg);
			if (t == FL_SEGMENT_SYSV)
				cr_assert_eq(shmctl(info.id, IPC_STAT, &(struct shmid_ds){0}), -1);
		}
}

Test(segment, what_is_attached_for_reading_is_not_written)
{
	for
		EACH_TYPE(t)
		{
			struct fl_segment *seg = create(t, 8192, 0), *there = NULL;
			struct fl_segment_options o = address(seg, FL_SEGMENT_READ_ONLY);

			cr_assert_eq(fl_segment_attach(&o, &there, &err), 0, "%s", err.text);
			cr_assert_eq(fl_segment_write(there, 0, "x", 1, &err), -EPERM);
			fl_segment_detach(there);
			destroy(seg);
		}
}

Test(segment, cut_while_attached_is_no_signal)
{
	static const enum fl_segment_type types[] = {FL_SEGMENT_POSIX, FL_SEGMENT_FILE,
						     FL_SEGMENT_MEMFD};

	for (size_t i = 0; i < 3; i++) {
		struct fl_segment *seg = create(types[i], 16384, 0);
		volatile char *data = fl_segment_data(seg, NULL);
		char byte;

		data[9000] = 'x';
		cr_assert_eq(fl_segment_check(seg, &err), 0);
		cr_assert_eq(ftruncate(fl_segment_fd(seg), 4096), 0);
		cr_assert_eq(fl_segment_check(seg, &err), -FL_ETRUNCATED);
		cr_assert_eq(err.off, 4096);
		cr_assert_eq(data[9000], 0);
		data[9000] = 'y'; /* must not kill either */
		cr_assert_eq(fl_segment_read(seg, 9000, &byte, 1, &err), -FL_ETRUNCATED);
		cr_assert_eq(fl_segment_write(seg, 9000, &byte, 1, &err), -FL_ETRUNCATED);
		/* Grown again: what was stored meanwhile went nowhere, and that is told. */
		cr_assert_eq(ftruncate(fl_segment_fd(seg), 16384), 0);
		cr_assert_eq(fl_segment_check(seg, &err), -FL_ETRUNCATED);
		destroy(seg);
	}
}

Test(segment, sysv_removed_while_attached)
{
	struct fl_segment *seg = create(FL_SEGMENT_SYSV, 4096, 0);
	struct fl_segment_options o = address(seg, 0);
	char *data = fl_segment_data(seg, NULL);

	cr_assert_eq(fl_segment_remove(&o, &err), 0);
	data[0] = 'x';
	cr_assert_eq(fl_segment_check(seg, &err), -EIDRM);
	cr_assert_eq(attach(o), -EIDRM);
	fl_segment_detach(seg);
	cr_assert_eq(attach(o), -ENOENT);
}

struct looking {
	enum fl_segment_type type;
	int32_t id;
	int found;
	struct fl_segment_info info;
	int32_t pid;
};

static int look(void *arg, const struct fl_segment_info *info)
{
	struct looking *l = arg;

	if (info->type != l->type || (l->type == FL_SEGMENT_SYSV && info->id != l->id) ||
	    (l->type == FL_SEGMENT_POSIX && strcmp(info->name, name + 1) != 0) ||
	    (l->type == FL_SEGMENT_FILE && strcmp(info->name, options(l->type, 0, 0).name) != 0))
		return 0;
	if (l->type == FL_SEGMENT_MEMFD && (info->pid_count == 0 || info->pids[0] != getpid()))
		return 0;
	l->found++;
	l->info = *info;
	l->pid = info->pid_count > 0 ? info->pids[0] : 0;
	return 0;
}

/* What a maker leaves that is killed between shmget(2) and the last step. */
Test(segment, sysv_that_was_never_finished)
{
	struct fl_segment_options o = options(FL_SEGMENT_SYSV, 0, 0);
	struct looking l = {.type = FL_SEGMENT_SYSV};

	o.id = l.id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0611);
	cr_assert(o.id >= 0);
	cr_assert_eq(attach(o), -ENOENT);
	cr_assert_not_null(strstr(err.text, "made"));
	cr_assert_eq(fl_segment_list(look, &l, &err), 0, "%s", err.text);
	cr_assert_eq(l.found, 1);
	cr_assert_eq(l.info.header, FL_SEGMENT_UNFINISHED);
	cr_assert_eq(fl_segment_remove(&o, &err), 0, "%s", err.text);
	cr_assert(attach(o) < 0);
}

/* The kernel gives the id of a removed segment to a new one: with the nonce nobody is deceived. */
Test(segment, sysv_id_used_again)
{
	struct fl_segment *seg = create(FL_SEGMENT_SYSV, 8192, FL_SEGMENT_MANAGED), *other;
	struct fl_segment_options o = address(seg, FL_SEGMENT_MANAGED);
	struct fl_segment_info info = {.size = sizeof(info)};
	FILE *next;

	cr_assert_eq(fl_segment_info(seg, &info), 0);
	o.nonce = info.nonce;
	cr_assert_eq(attach(o), 0);
	destroy(seg);
	cr_assert(attach(o) < 0);
	/* As if the id had been given to another one. */
	other = create(FL_SEGMENT_SYSV, 8192, FL_SEGMENT_MANAGED);
	o.id = address(other, 0).id;
	cr_assert_eq(attach(o), -FL_ECHANGED);
	cr_assert_not_null(strstr(err.text, "another segment"));
	destroy(other);
	o.id = info.id;
	next = fopen("/proc/sys/kernel/shm_next_id", "w");
	if (!next)
		cr_skip_test("nobody lets us choose the next id");
	cr_assert(fprintf(next, "%d", o.id) > 0);
	cr_assert_eq(fclose(next), 0);
	other = create(FL_SEGMENT_SYSV, 8192, FL_SEGMENT_MANAGED);
	if (address(other, 0).id == o.id)
		cr_assert_eq(attach(o), -FL_ECHANGED);
	destroy(other);
}

/* Another user, who may reach the segment, cuts it or removes it under our feet: no signal. */
Test(segment, a_bad_peer_of_another_user)
{
	struct fl_segment_options o = options(FL_SEGMENT_POSIX, 16384, 0);
	struct fl_segment *seg = NULL;
	volatile char *data;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("needs root to become another user");
	umask(0);
	o.mode = 0666;
	cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
	data = fl_segment_data(seg, NULL);
	data[9000] = 'x';
	/* Who may be written to by others is refused, by root, too. */
	cr_assert_eq(attach(address(seg, 0)), -EPERM);
	pid = fork();
	if (pid == 0)
		_exit(setgid(OTHER_UID) < 0 || setuid(OTHER_UID) < 0 || truncate(path, 0) < 0);
	cr_assert_eq(wait_status(pid), 0);
	cr_assert_eq(data[9000], 0);
	cr_assert_eq(fl_segment_check(seg, &err), -FL_ETRUNCATED);
	destroy(seg);
}

Test(segment, resize)
{
	for
		EACH_TYPE(t)
		{
			struct fl_segment *seg = create(t, 8192, 0);
			struct fl_segment_info info = {.size = sizeof(info)};
			char *data = fl_segment_data(seg, NULL);

			data[100] = 'x';
			if (t == FL_SEGMENT_SYSV) {
				cr_assert_eq(fl_segment_resize(seg, 4096, &err), -FL_EUNSUPPORTED);
				destroy(seg);
				continue;
			}
			cr_assert_eq(fl_segment_resize(seg, 1 << 20, &err), 0, "%s", err.text);
			data = fl_segment_data(seg, NULL);
			cr_assert(data[100] == 'x' && data[(1 << 20) - 1] == 0);
			cr_assert_eq(fl_segment_resize(seg, 4096, &err), 0);
			cr_assert_eq(fl_segment_info(seg, &info), 0);
			cr_assert_eq(info.bytes, 4096);
			if (t != FL_SEGMENT_FILE) {
				cr_assert_eq(fl_segment_resize(seg, UINT64_C(1) << 46, &err),
					     -ENOMEM);
				cr_assert_eq(fl_segment_info(seg, &info), 0);
				cr_assert_eq(info.bytes, 4096);
			}
			destroy(seg);
		}
}

Test(segment, seals)
{
	struct fl_segment *seg = create(FL_SEGMENT_MEMFD, 8192, 0), *reader = NULL;
	struct fl_segment_info info = {.size = sizeof(info)};
	struct fl_segment_options o;

	cr_assert_eq(fl_segment_seal(seg, FL_SEAL_WRITE, &err), -EBUSY);
	cr_assert_eq(fl_segment_seal(seg, FL_SEAL_SHRINK | FL_SEAL_SEAL, &err), 0);
	cr_assert_eq(fl_segment_resize(seg, 4096, &err), -EPERM);
	cr_assert_eq(fl_segment_resize(seg, 16384, &err), 0);
	cr_assert_eq(fl_segment_seal(seg, FL_SEAL_GROW, &err), -EPERM);
	cr_assert_eq(fl_segment_info(seg, &info), 0);
	cr_assert_eq(info.seals, FL_SEAL_SHRINK | FL_SEAL_SEAL);
	fl_segment_detach(seg);
	/* Against writing: by one who has it for reading only, when all others do. */
	seg = create(FL_SEGMENT_MEMFD, 8192, 0);
	o = address(seg, FL_SEGMENT_READ_ONLY);
	cr_assert_eq(fl_segment_attach(&o, &reader, &err), 0, "%s", err.text);
	cr_assert_eq(fl_segment_seal(reader, FL_SEAL_WRITE, &err), -EBUSY);
	fl_segment_detach(seg);
	cr_assert_eq(fl_segment_seal(reader, FL_SEAL_WRITE, &err), 0, "%s", err.text);
	o = address(reader, 0);
	cr_assert_eq(attach(o), -EPERM);
	cr_assert_not_null(strstr(err.text, "sealed"), "%s", err.text);
	fl_segment_detach(reader);
	seg = create(FL_SEGMENT_POSIX, 8192, 0);
	cr_assert_eq(fl_segment_seal(seg, FL_SEAL_GROW, &err), -FL_EUNSUPPORTED);
	destroy(seg);
}

Test(segment, a_descriptor_goes_over_a_socket)
{
	struct fl_segment *seg = create(FL_SEGMENT_MEMFD, 4096, FL_SEGMENT_MANAGED);
	char *data = fl_segment_data(seg, NULL);
	int pair[2];
	pid_t pid;

	(void)data;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		struct fl_segment_options o = options(FL_SEGMENT_MEMFD, 0, FL_SEGMENT_MANAGED);
		struct fl_segment *there = NULL;

		o.fd = fl_segment_receive(pair[1]);
		_exit(o.fd < 0 || fl_segment_attach(&o, &there, NULL) < 0);
	}
	close(pair[1]);
	cr_assert_eq(fl_segment_send(seg, pair[0]), 0);
	cr_assert_eq(wait_status(pid), 0);
	cr_assert(fl_segment_receive(pair[0]) < 0);
	fl_segment_detach(seg);
	seg = create(FL_SEGMENT_SYSV, 4096, 0);
	cr_assert_eq(fl_segment_send(seg, pair[0]), -FL_EUNSUPPORTED);
	destroy(seg);
}

Test(segment, the_list_has_all_kinds_and_their_users)
{
	for
		EACH_TYPE(t)
		{
			struct fl_segment *seg = create(t, 12288, FL_SEGMENT_MANAGED);
			struct looking l = {.type = t, .id = address(seg, 0).id};

			cr_assert_eq(fl_segment_list(look, &l, &err), 0, "%s", err.text);
			cr_assert_eq(l.found, 1, "type %d: %d", (int)t, l.found);
			cr_assert_eq(l.pid, getpid(), "type %d", (int)t);
			cr_assert_eq(l.info.bytes, 12288);
			/* Who lists System V segments beside us attaches them for a moment. */
			cr_assert(t == FL_SEGMENT_SYSV ? l.info.attached >= 1
						       : l.info.attached == 1);
			cr_assert_eq(l.info.header, FL_SEGMENT_OK);
			cr_assert_eq(l.info.lock, FL_SEGMENT_LOCK_FREE);
			cr_assert_eq(l.info.creator, getpid());
			cr_assert_eq(l.info.creator_alive, 1);
			destroy(seg);
		}
}

Test(segment, a_kill_during_creation_leaves_a_whole_one_or_none)
{
	int rounds = (int)test_rounds(100, 10);

	for (int i = 0; i < rounds; i++) {
		struct fl_segment_options o =
			options(FL_SEGMENT_POSIX, 256 << 10, FL_SEGMENT_MANAGED);
		pid_t pid = fork();
		int r;

		if (pid == 0) {
			struct fl_segment *seg = NULL;

			fl_segment_create(&o, &seg, NULL);
			_exit(0);
		}
		cr_assert(pid > 0);
		usleep((useconds_t)(i * 7 % 400));
		kill(pid, SIGKILL);
		wait_status(pid);
		r = attach(o);
		cr_assert(r == 0 || r == -ENOENT, "round %d: %s", i, err.text);
		unlink(path);
	}
}

Test(segment, options_of_another_version_are_refused)
{
	struct fl_segment_options o = options(FL_SEGMENT_POSIX, 4096, 0);
	struct fl_segment *seg = NULL;

	o.size--;
	cr_assert_eq(fl_segment_create(&o, &seg, &err), -EINVAL);
	o = options(FL_SEGMENT_POSIX, 0, 0);
	cr_assert_eq(fl_segment_create(&o, &seg, &err), -EINVAL);
	o = options(FL_SEGMENT_POSIX, 4095, FL_SEGMENT_MANAGED);
	cr_assert_eq(fl_segment_create(&o, &seg, &err), -EINVAL);
	o = options((enum fl_segment_type)9, 4096, 0);
	cr_assert_eq(fl_segment_create(&o, &seg, &err), -EINVAL);
}

static unsigned count_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* More than one is no segment of ours: none of them stays open. */
Test(segment, descriptors_that_nobody_asked_for_are_closed)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	char byte = 'x';
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int pair[2], fds[2];
	unsigned before;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fds[0] = fds[1] = pair[0];
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	before = count_fds();
	cr_assert_eq(sendmsg(pair[0], &msg, 0), 1);
	cr_assert_eq(fl_segment_receive(pair[1]), -EPROTO);
	cr_assert_eq(count_fds(), before);
	close(pair[0]);
	close(pair[1]);
}
