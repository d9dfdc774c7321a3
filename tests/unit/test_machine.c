/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "plat/file.h"
#include "plat/machine.h"

Test(machine, facts_are_those_of_the_system)
{
	struct fl_machine m;
	struct utsname name;

	fl_machine_read(&m);
	cr_assert_eq(uname(&name), 0);
	cr_assert(strstr(m.kernel, name.release), "%s", m.kernel);
	cr_assert_str_eq(m.architecture, name.machine);
	cr_assert(*m.cpu != '\0');
	cr_assert_eq(m.cpus_online, (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
	cr_assert_eq(m.memory_bytes,
		     (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
	/* The page itself is the smallest folio; larger ones are powers of two. */
	cr_assert_eq(strtoul(m.folios, NULL, 10), (unsigned long)sysconf(_SC_PAGESIZE));
	for (const char *comma = strchr(m.folios, ','); comma; comma = strchr(comma + 1, ','))
		cr_assert_eq(__builtin_popcountl(strtoul(comma + 1, NULL, 10)), 1, "%s", m.folios);
	cr_assert(*m.thp != '\0' && !strchr(m.thp, '['));
}

Test(machine, facilities_answer_without_effect)
{
	int before = dup(0), after;

	close(before);
	for (int f = FL_FACILITY_CACHESTAT; f <= FL_FACILITY_POPULATE_READ; f++)
		cr_assert(fl_facility_try((enum fl_facility)f) <= 0);
	cr_assert_eq(fl_facility_try((enum fl_facility)99), -EINVAL);
	after = dup(0);
	cr_assert_eq(after, before, "a descriptor was left open");
}

/* Its name is on devtmpfs; to whom it belongs, and whether there is one, is up to the machine. */
Test(machine, a_block_device_is_no_memory)
{
	struct fl_device device;
	glob_t found;
	int fd = -1;

	if (glob("/dev/loop[0-9]", 0, NULL, &found) == 0)
		for (size_t i = 0; fd < 0 && i < found.gl_pathc; i++)
			fd = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		cr_skip("no block device to look at");
	cr_assert(!fl_device_is_memory(fd));
	cr_assert(fl_device_of(fd, &device) == 0);
	cr_assert(!device.memory_only && strncmp(device.number, "7:", 2) == 0, "%s", device.number);
	close(fd);
	globfree(&found);
}

Test(machine, tmpfs_is_memory_and_a_disk_is_none)
{
	struct fl_device d;
	int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0) {
		cr_assert_eq(fl_device_of(fd, &d), 0);
		cr_assert(d.memory_only);
		cr_assert_str_eq(d.filesystem, "tmpfs");
		cr_assert_str_eq(d.kind, "none");
		close(fd);
	}
	fd = fl_file_temp();
	cr_assert_eq(fl_device_of(fd, &d), 0);
	cr_assert_eq(fl_device_is_memory(fd), d.memory_only);
	cr_assert(*d.filesystem && *d.number && d.kind);
	close(fd);
	cr_assert_eq(fl_device_of(-1, &d), -EBADF);
}
