/* SPDX-License-Identifier: MIT */
/* Makes and removes segments of all kinds, with objects in them, until it is killed: what it leaves
 * behind, `faultline shm gc` must find. Arguments: a name of its own, and "stop" to be stopped by
 * SIGSTOP each time all of them stand. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/shm_sync.h>

static struct fl_segment *make(enum fl_segment_type type, const char *name, unsigned flags)
{
	struct fl_segment_options o;
	struct fl_segment *seg = NULL;

	fl_segment_options_init(&o);
	o.type = type;
	o.name = name;
	o.bytes = 64 << 10;
	o.flags = flags;
	if (fl_segment_create(&o, &seg, NULL) < 0)
		_exit(1);
	return seg;
}

static void use(struct fl_segment *seg)
{
	struct fl_shm_spec spec = {.size = sizeof(spec), .kind = FL_SHM_MUTEX, .name = "m"};
	struct fl_shm_object *m = NULL;

	if (fl_shm_open(seg, &spec, &m, NULL) < 0 ||
	    fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL) < 0)
		_exit(2);
	fl_shm_mutex_unlock(m);
	fl_shm_close(m);
}

static void drop(struct fl_segment *seg, enum fl_segment_type type, const char *name)
{
	struct fl_segment_info info = {.size = sizeof(info)};
	struct fl_segment_options o;

	fl_segment_options_init(&o);
	o.type = type;
	o.name = name;
	if (fl_segment_info(seg, &info) < 0)
		_exit(3);
	o.id = info.id;
	if (type != FL_SEGMENT_MEMFD && fl_segment_remove(&o, NULL) < 0)
		_exit(4);
	fl_segment_detach(seg);
}

int main(int argc, char **argv)
{
	const bool stops = argc > 2 && !strcmp(argv[2], "stop");
	char name[100];

	snprintf(name, sizeof(name), "/%.64s-%ld", argc > 1 ? argv[1] : "flt-maker",
		 (long)getpid());
	for (;;) {
		struct fl_segment *posix = make(FL_SEGMENT_POSIX, name, FL_SEGMENT_MANAGED);
		struct fl_segment *sysv = make(FL_SEGMENT_SYSV, NULL, FL_SEGMENT_MANAGED);
		struct fl_segment *memfd = make(FL_SEGMENT_MEMFD, NULL, FL_SEGMENT_MANAGED);

		use(posix);
		use(sysv);
		use(memfd);
		if (stops)
			raise(SIGSTOP);
		drop(posix, FL_SEGMENT_POSIX, name);
		drop(sysv, FL_SEGMENT_SYSV, NULL);
		drop(memfd, FL_SEGMENT_MEMFD, NULL);
	}
}
